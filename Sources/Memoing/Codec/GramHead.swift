/// The part of a head that every gram has, read and written without allocating.
struct GramHead: Sendable {
    var code: GramCode
    var domain: Domain
    /// The count of grams on a zeroth gram, else the gram's number; as it stands in the gram.
    var number: Int
    var mid: Mid

    /// Bytes of the head of an unsigned text gram.
    static var unsignedText: Int { 32 }

    init(code: GramCode, domain: Domain, number: Int, mid: Mid) {
        self.code = code
        self.domain = domain
        self.number = number
        self.mid = mid
    }
}

extension GramHead {
    /// Writes the head: 32 bytes as text, 24 as binary.
    @unsafe @inline(__always) func store(to target: UnsafeMutableRawPointer) {
        switch domain {
        case .text:
            unsafe target.storeBytes(of: GramHead.top(code, number, mid), as: SIMD16<UInt8>.self)
            unsafe target.storeBytes(of: GramHead.rest(mid), toByteOffset: 16, as: SIMD16<UInt8>.self)
        case .binary:
            let first = UInt64(code.bits) &<< 40 | UInt64(truncatingIfNeeded: number) &<< 16 | 0xD000
            unsafe target.storeBytes(of: first.bigEndian, as: UInt64.self)
            unsafe target.storeBytes(of: mid.high.bigEndian, toByteOffset: 8, as: UInt64.self)
            unsafe target.storeBytes(of: mid.low.bigEndian, toByteOffset: 16, as: UInt64.self)
        }
    }

    /// The first half of a text head: code, number, the lead and the first four bytes of the mid.
    @inline(__always) static func top(_ code: GramCode, _ number: Int, _ mid: Mid) -> SIMD16<UInt8> {
        Base64URL.encode(
            SIMD2(UInt64(code.bits) &<< 24 | UInt64(truncatingIfNeeded: number), 0xD000 &<< 32 | mid.high &>> 32))
    }

    /// The other half: the rest of the mid.
    @inline(__always) static func rest(_ mid: Mid) -> SIMD16<UInt8> {
        Base64URL.encode(
            SIMD2((mid.high & 0xFFFF_FFFF) &<< 16 | mid.low &>> 48, mid.low & 0xFFFF_FFFF_FFFF))
    }

    /// Writes another number into the head at `target`.
    @unsafe @inline(__always)
    static func store(number: Int, in domain: Domain, to target: UnsafeMutableRawPointer) {
        let number = UInt32(truncatingIfNeeded: number)
        switch domain {
        case .text:
            let characters = Base64URL.encode(number: number).littleEndian
            unsafe target.storeBytes(of: characters, toByteOffset: 4, as: UInt32.self)
        case .binary:
            unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: number >> 16), toByteOffset: 3, as: UInt8.self)
            unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: number >> 8), toByteOffset: 4, as: UInt8.self)
            unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: number), toByteOffset: 5, as: UInt8.self)
        }
    }
}

extension GramHead {
    /// Reads the head of a gram, and sees that there is room for the rest of what its code needs.
    ///
    /// Not by throwing: a flood comes through here, and a throw may cost more than the rest.
    ///
    /// - Parameter recent: a mid whose characters need not be decoded again.
    @inline(__always)
    static func read(_ bytes: borrowing RawSpan, recent: RecentMid = RecentMid()) -> Result<GramHead, GramError> {
        guard bytes.byteCount > 0 else { return .failure(.truncated(have: 0, need: 24)) }
        let first = unsafe bytes.unsafeLoad(as: UInt8.self)
        guard let domain = Domain(firstByte: first) else { return .failure(.unknownDomain(first)) }
        let width = domain == .text ? 32 : 24
        guard bytes.byteCount >= width else { return .failure(.truncated(have: bytes.byteCount, need: width)) }
        var isRecent = false
        let groups: SIMD4<UInt64>
        switch domain {
        case .text:
            isRecent = recent.stands(in: bytes)
            let decoded = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Base64URL.decodeHead(bytes.baseAddress!, onlyFirst: isRecent)
            }
            guard let decoded else { return .failure(badCharacter(bytes)) }
            groups = decoded
        case .binary:
            groups = unsafe bytes.withUnsafeBytes { unsafe Base64URL.pack($0.baseAddress!) }
        }
        guard let code = GramCode(bits: UInt32(truncatingIfNeeded: groups[0] &>> 24)) else {
            return .failure(.unknownCode)
        }
        guard isRecent || groups[1] &>> 32 == 0xD000 else { return .failure(.badField(.mid)) }
        if code.isSigned {
            let need = code.layout.overhead(in: domain)
            guard bytes.byteCount >= need else { return .failure(.truncated(have: bytes.byteCount, need: need)) }
        }
        let mid =
            isRecent ? recent.mid : Mid(high: groups[1] &<< 32 | groups[2] &>> 16, low: groups[2] &<< 48 | groups[3])
        return .success(
            GramHead(code: code, domain: domain, number: Int(truncatingIfNeeded: groups[0] & 0xFF_FFFF), mid: mid))
    }

    /// Which field the first character outside the alphabet is in.
    private static func badCharacter(_ bytes: borrowing RawSpan) -> GramError {
        for index in 0..<32 {
            let character = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            if Base64URL.value(of: character) == nil {
                return index < 4 ? .unknownCode : .badField(index < 8 ? .number : .mid)
            }
        }
        return .unknownCode
    }

    /// Where the body begins.
    @inline(__always) var bodyStart: Int {
        let unsigned = domain == .text ? 32 : 24
        return code.isSigned ? code.layout.head(in: domain) : unsigned
    }

    /// Where the body of a gram of `length` bytes ends.
    @inline(__always) func bodyEnd(_ length: Int) -> Int {
        code.isSigned ? length &- code.layout.tail(in: domain) : length
    }

    /// The vid of a gram whose code has one; nil if that field holds none.
    func vid(of bytes: borrowing RawSpan) -> Vid? {
        // Six bits of code and two zero bits, then the material.
        guard let field = GramHead.field(of: bytes, from: domain == .text ? 32 : 24, bytes: 33, domain),
            let code = Vid.Code(value: field.first >> 2), field.first & 3 == 0
        else { return nil }
        return Vid(code, field.material.r)
    }

    /// The signature of a gram whose code has one; nil if that field holds none.
    func signature(of bytes: borrowing RawSpan) -> Signature? {
        guard let field = GramHead.field(of: bytes, from: bodyEnd(bytes.byteCount), bytes: 66, domain),
            field.first == 0xD0, field.second == 0x10
        else { return nil }
        return field.material
    }

    /// A field of 33 or 66 bytes in either domain: its first bytes, and the 32 or 64 behind its lead.
    private static func field(
        of bytes: borrowing RawSpan, from start: Int, bytes size: Int, _ domain: Domain
    ) -> (first: UInt8, second: UInt8, material: Signature)? {
        // 68 bytes: room for 66, and for the 65 that a vid's 64-byte read would touch.
        var room = (InlineWords8(), InlineWords8())
        let width = domain.bytes(size / 3 * 4)
        let part = bytes.extracting(start..<start + width)
        let isGood = unsafe withUnsafeMutableBytes(of: &room) { room in
            unsafe part.withUnsafeBytes { source in
                switch domain {
                case .text: return unsafe Base64URL.decode(source.baseAddress!, width, to: room.baseAddress!) == nil
                case .binary:
                    unsafe room.baseAddress!.copyMemory(from: source.baseAddress!, byteCount: width)
                    return true
                }
            }
        }
        guard isGood else { return nil }
        return unsafe withUnsafeBytes(of: &room) { room in
            let span = unsafe room.bytes
            return unsafe (room[0], room[1], Signature(span, at: size == 33 ? 1 : 2))
        }
    }
}
