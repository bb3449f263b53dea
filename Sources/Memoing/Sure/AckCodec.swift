import Wiring

/// Why a datagram with the code of an ack is none.
public enum AckError: Error, Hashable, Sendable {
    /// No such number of bytes is an ack.
    case badLength(Int)
    /// The code is not that of an ack.
    case notAck
    /// A character outside the alphabet, or a field with another lead than its own.
    case badField(GramError.Field)
    /// A character of the body outside the alphabet.
    case badBody
    /// Another version than 0, an unknown status or an unknown flag.
    case unknown
    /// What could be said shorter, or contradicts itself.
    case notCanonical
}

// MARK: - Writing

extension Ack {
    /// The ack as bytes. Signed acks: ``bytes(in:as:keys:signer:)``.
    ///
    /// - Precondition: numbers are within 24 bits, and ``Body/held`` is as its documentation says.
    public func bytes(in domain: Domain) -> [UInt8] { bytes(in: domain, from: nil) }

    /// The ack with the signature of `vid`.
    ///
    /// - Throws: ``SignerError``, or its ``SignerError/failed(call:code:)`` without a seed.
    public func bytes(
        in domain: Domain, as vid: Vid, keys: KeyPair, signer: any Signer
    ) throws(SignerError) -> [UInt8] {
        guard let seed = keys.seed else { throw .failed(call: "seed of \(vid)", code: 0) }
        var out = bytes(in: domain, from: vid)
        let signature = try unsafe signer.sign(out.span.bytes, seed: seed, verifyKey: keys.verifyKey)
        let field = [0xD0, 0x10] + signature.raw
        out += domain == .text ? Array(Base64URL.text(field).utf8) : field
        return out
    }

    /// The part that every gram has.
    func head(_ code: GramCode, in domain: Domain) -> GramHead {
        precondition(trigger >= 0 && trigger <= Base64URL.maximumNumber, "trigger \(trigger): 24 bits at most")
        return GramHead(code: code, domain: domain, number: trigger, mid: mid)
    }

    /// All but a signature, in one allocation: the array that is returned.
    private func bytes(in domain: Domain, from vid: Vid?) -> [UInt8] {
        let head = head(vid == nil ? .ack : .signedAck, in: domain)
        let vidSize = vid == nil ? 0 : 33
        let size = vidSize + (body?.size ?? 0)
        let headSize = domain == .text ? 32 : 24
        let total = headSize + (domain == .text ? size / 3 * 4 : size)
        return unsafe [UInt8](unsafeUninitializedCapacity: total) { room, count in
            let target = UnsafeMutableRawPointer(room.baseAddress!)
            unsafe head.store(to: target)
            count = total
            guard size > 0 else { return }
            unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { fields in
                let from = fields.baseAddress!
                if let vid {
                    unsafe from.storeBytes(of: vid.code.value << 2, as: UInt8.self)
                    unsafe vid.material.store(to: from + 1)
                }
                if let body { unsafe body.store(to: from + vidSize) }
                switch domain {
                case .text: unsafe Base64URL.encode(from, size, to: target + headSize)
                case .binary: unsafe (target + headSize).copyMemory(from: from, byteCount: size)
                }
            }
        }
    }
}

extension Ack.Body {
    /// Writes the body in the binary domain: ``size`` bytes.
    @unsafe fileprivate func store(to target: UnsafeMutableRawPointer) {
        var at = 0
        func put(_ quad: Int) {
            precondition(quad >= 0 && quad <= Base64URL.maximumNumber, "quad \(quad): 24 bits at most")
            unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: quad &>> 16), toByteOffset: at, as: UInt8.self)
            let low = UInt16(truncatingIfNeeded: quad)
            unsafe target.storeBytes(of: low.bigEndian, toByteOffset: at &+ 1, as: UInt16.self)
            at &+= 3
        }
        let flags = (isDuplicate ? 1 : 0) | (further.isEmpty ? 0 : 2) | (start == nil ? 0 : 4)
        put(Int(status.rawValue) << 12 | Int(reason & 63) << 6 | flags)
        put(base)
        put(credit)
        put(heard)
        put(lag)
        if let start { put(start) }
        for word in held { put(Int(word)) }
        for mid in further {
            unsafe target.storeBytes(of: 0xD0, toByteOffset: at, as: UInt8.self)
            unsafe target.storeBytes(of: 0, toByteOffset: at &+ 1, as: UInt8.self)
            unsafe target.storeBytes(of: mid.high.bigEndian, toByteOffset: at &+ 2, as: UInt64.self)
            unsafe target.storeBytes(of: mid.low.bigEndian, toByteOffset: at &+ 10, as: UInt64.self)
            at &+= 18
        }
    }

    /// Bytes in the binary domain.
    var size: Int { 15 + (start == nil ? 0 : 3) + 3 * held.count + 18 * further.count }
}

// MARK: - Reading

extension Ack {
    /// An ack that was read, and what it takes to check its signature.
    struct Read {
        var ack: Ack
        var domain: Domain
        /// Who claims to have signed it.
        var vid: Vid?
        var signature: Signature?
        /// Bytes in front of the signature.
        var signedCount: Int
    }

    /// Reads an ack. A signature is read and not checked.
    ///
    /// - Throws: ``AckError``.
    public init(_ bytes: [UInt8]) throws(AckError) { self = try unsafe Ack.read(bytes.span.bytes).get().ack }

    /// Reads an ack whose head has been looked at by nobody.
    static func read(_ bytes: RawSpan) -> Result<Read, AckError> {
        guard case .success(let head) = GramHead.read(bytes) else { return .failure(.badField(.mid)) }
        guard head.code.isAck else { return .failure(.notAck) }
        return read(head, bytes)
    }

    /// Reads an ack behind its head.
    static func read(_ head: GramHead, _ bytes: RawSpan) -> Result<Read, AckError> {
        var vid: Vid?
        var signature: Signature?
        if head.code.isSigned {
            vid = head.vid(of: bytes)
            guard vid != nil else { return .failure(.badField(.vid)) }
            signature = head.signature(of: bytes)
            guard signature != nil else { return .failure(.badField(.signature)) }
        }
        let end = head.bodyEnd(bytes.byteCount)
        var ack = Ack(mid: head.mid, trigger: head.number)
        let length = end - head.bodyStart
        let unit = head.domain == .text ? 4 : 3
        if length > 0 {
            guard length % unit == 0, length / unit >= 5, length / unit <= 5 + 6 * 4096 else {
                return .failure(.badLength(bytes.byteCount))
            }
            switch readBody(bytes.extracting(head.bodyStart..<end), head.domain) {
            case .success(let body): ack.body = body
            case .failure(let error): return .failure(error)
            }
        }
        return .success(Read(ack: ack, domain: head.domain, vid: vid, signature: signature, signedCount: end))
    }

    private static func readBody(_ body: RawSpan, _ domain: Domain) -> Result<Body, AckError> {
        guard domain == .text else { return Body.read(body) }
        return unsafe withUnsafeTemporaryAllocation(byteCount: body.byteCount / 4 * 3, alignment: 8) { room in
            let isGood = unsafe body.withUnsafeBytes { source in
                unsafe Base64URL.decode(source.baseAddress!, source.count, to: room.baseAddress!) == nil
            }
            return isGood ? unsafe Body.read(room.bytes) : .failure(.badBody)
        }
    }
}

extension Ack.Body {
    /// Reads a body in the binary domain: 5 quads or more.
    fileprivate static func read(_ bytes: RawSpan) -> Result<Ack.Body, AckError> {
        let first = quad(bytes, 0)
        guard first >> 18 == 0, let status = Ack.Status(rawValue: UInt8(first >> 12 & 63)), first & 63 <= 5 else {
            return .failure(.unknown)
        }
        var body = Ack.Body(
            status: status, reason: UInt8(first >> 6 & 63), isDuplicate: first & 1 == 1, base: quad(bytes, 1),
            credit: quad(bytes, 2), heard: quad(bytes, 3), lag: quad(bytes, 4))
        guard body.credit >= body.base, status == .refused || body.reason == 0 else { return .failure(.notCanonical) }
        let rest = bytes.byteCount / 3 - 5
        if first & 2 == 2 {
            guard first & 4 == 0, status == .done, rest > 0, rest % 6 == 0 else { return .failure(.notCanonical) }
            body.further.reserveCapacity(rest / 6)
            for index in 0..<rest / 6 {
                let mid = bytes.extracting(15 + 18 * index..<33 + 18 * index)
                guard unsafe mid.unsafeLoadUnaligned(as: UInt16.self).bigEndian == 0xD000 else {
                    return .failure(.badField(.mid))
                }
                body.further.append(Mid(high: word(mid, 2), low: word(mid, 10)))
            }
            return .success(body)
        }
        guard rest <= Ack.mostHeldWords else { return .failure(.badLength(bytes.byteCount)) }
        guard rest == 0 || status == .more && quad(bytes, 4 + rest) != 0 else { return .failure(.notCanonical) }
        var words = 5
        if first & 4 == 4 {
            // The first gram is held, and the other kind of ack would not reach it.
            guard rest >= 2, quad(bytes, 5) > body.base + Ack.reach, quad(bytes, 6) >> 23 == 1 else {
                return .failure(.notCanonical)
            }
            body.start = quad(bytes, 5)
            words = 6
        }
        for index in words..<5 + rest { body.held.append(UInt32(quad(bytes, index))) }
        return .success(body)
    }

    @inline(__always) private static func quad(_ bytes: borrowing RawSpan, _ index: Int) -> Int {
        let three = bytes.extracting(3 * index..<3 * index + 3)
        let high = unsafe three.unsafeLoad(as: UInt8.self)
        let low = unsafe UInt16(bigEndian: three.unsafeLoadUnaligned(fromByteOffset: 1, as: UInt16.self))
        return Int(high) &<< 16 | Int(low)
    }

    @inline(__always) private static func word(_ bytes: borrowing RawSpan, _ at: Int) -> UInt64 {
        unsafe UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
    }
}
