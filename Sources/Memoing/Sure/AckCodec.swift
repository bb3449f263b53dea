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
    public func bytes(in domain: Domain) -> [UInt8] {
        var out: [UInt8] = []
        append(to: &out, in: domain, vid: nil)
        return out
    }

    /// The ack with the signature of `vid`.
    ///
    /// - Throws: ``SignerError``, or its ``SignerError/failed(call:code:)`` without a seed.
    public func bytes(
        in domain: Domain, as vid: Vid, keys: KeyPair, signer: any Signer
    ) throws(SignerError) -> [UInt8] {
        guard let seed = keys.seed else { throw .failed(call: "seed of \(vid)", code: 0) }
        var out: [UInt8] = []
        append(to: &out, in: domain, vid: vid)
        let signature = try signer.sign(out.span.bytes, seed: seed, verifyKey: keys.verifyKey)
        let field = [0xD0, 0x10] + signature.raw
        append(field, to: &out, in: domain)
        return out
    }

    /// Appends all but a signature.
    func append(to out: inout [UInt8], in domain: Domain, vid: Vid?) {
        var fields: [UInt8] = []
        fields.reserveCapacity(1024)
        let code: GramCode = vid == nil ? .ack : .signedAck
        Ack.append(code.bits, to: &fields)
        Ack.append(UInt32(trigger), to: &fields)
        Ack.append(mid, to: &fields)
        if let vid { fields += [vid.code.value << 2] + vid.raw }
        if let body { body.append(to: &fields) }
        append(fields, to: &out, in: domain)
    }

    private func append(_ fields: [UInt8], to out: inout [UInt8], in domain: Domain) {
        guard domain == .text else {
            out += fields
            return
        }
        out += [UInt8](unsafeUninitializedCapacity: fields.count / 3 * 4) { room, count in
            unsafe fields.withUnsafeBytes { source in
                guard let from = source.baseAddress, let to = room.baseAddress else { return }
                unsafe Base64URL.encode(from, source.count, to: UnsafeMutableRawPointer(to))
            }
            count = fields.count / 3 * 4
        }
    }

    @inline(__always) fileprivate static func append(_ quad: UInt32, to out: inout [UInt8]) {
        precondition(quad < 1 << 24, "quad \(quad): 24 bits at most")
        out.append(UInt8(truncatingIfNeeded: quad >> 16))
        out.append(UInt8(truncatingIfNeeded: quad >> 8))
        out.append(UInt8(truncatingIfNeeded: quad))
    }

    @inline(__always) fileprivate static func append(_ mid: Mid, to out: inout [UInt8]) {
        out.append(0xD0)
        out.append(0)
        withUnsafeBytes(of: mid.high.bigEndian) { out.append(contentsOf: unsafe $0) }
        withUnsafeBytes(of: mid.low.bigEndian) { out.append(contentsOf: unsafe $0) }
    }
}

extension Ack.Body {
    fileprivate func append(to out: inout [UInt8]) {
        let flags: UInt32 = (isDuplicate ? 1 : 0) | (further.isEmpty ? 0 : 2) | (start == nil ? 0 : 4)
        Ack.append(UInt32(status.rawValue) << 12 | UInt32(reason & 63) << 6 | flags, to: &out)
        Ack.append(UInt32(base), to: &out)
        Ack.append(UInt32(credit), to: &out)
        Ack.append(UInt32(heard), to: &out)
        Ack.append(UInt32(lag), to: &out)
        if let start { Ack.append(UInt32(start), to: &out) }
        for word in held { Ack.append(word, to: &out) }
        guard !further.isEmpty else { return }
        // All at once: appended field by field, a sheaf cost as much as the memos in it.
        out += [UInt8](unsafeUninitializedCapacity: 18 * further.count) { room, count in
            let to = UnsafeMutableRawBufferPointer(room)
            for (index, mid) in further.enumerated() {
                unsafe to.storeBytes(of: 0xD0, toByteOffset: 18 * index, as: UInt8.self)
                unsafe to.storeBytes(of: 0, toByteOffset: 18 * index + 1, as: UInt8.self)
                unsafe to.storeBytes(of: mid.high.bigEndian, toByteOffset: 18 * index + 2, as: UInt64.self)
                unsafe to.storeBytes(of: mid.low.bigEndian, toByteOffset: 18 * index + 10, as: UInt64.self)
            }
            count = 18 * further.count
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
    public init(_ bytes: [UInt8]) throws(AckError) { self = try Ack.read(bytes.span.bytes).get().ack }

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
            guard let quads = quads(bytes.extracting(head.bodyStart..<end), head.domain) else {
                return .failure(.badBody)
            }
            switch Body.read(quads) {
            case .success(let body): ack.body = body
            case .failure(let error): return .failure(error)
            }
        }
        return .success(Read(ack: ack, domain: head.domain, vid: vid, signature: signature, signedCount: end))
    }

    /// The body in the binary domain, or nil for a character outside the alphabet.
    private static func quads(_ body: RawSpan, _ domain: Domain) -> [UInt8]? {
        guard domain == .text else { return unsafe body.withUnsafeBytes { unsafe Array($0) } }
        var isGood = true
        let count = body.byteCount / 4 * 3
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            unsafe body.withUnsafeBytes { source in
                guard let from = source.baseAddress, let to = room.baseAddress else { return }
                isGood = unsafe Base64URL.decode(from, source.count, to: UnsafeMutableRawPointer(to)) == nil
            }
            filled = isGood ? count : 0
        }
        return isGood ? bytes : nil
    }
}

extension Ack.Body {
    /// Reads a body in the binary domain: 5 quads or more.
    fileprivate static func read(_ bytes: [UInt8]) -> Result<Ack.Body, AckError> {
        func quad(_ index: Int) -> Int {
            Int(bytes[3 * index]) << 16 | Int(bytes[3 * index + 1]) << 8 | Int(bytes[3 * index + 2])
        }
        let first = quad(0)
        guard first >> 18 == 0, let status = Ack.Status(rawValue: UInt8(first >> 12 & 63)), first & 63 <= 5 else {
            return .failure(.unknown)
        }
        var body = Ack.Body(
            status: status, reason: UInt8(first >> 6 & 63), isDuplicate: first & 1 == 1, base: quad(1),
            credit: quad(2), heard: quad(3), lag: quad(4))
        guard body.credit >= body.base, status == .refused || body.reason == 0 else { return .failure(.notCanonical) }
        let rest = bytes.count / 3 - 5
        if first & 2 == 2 {
            guard first & 4 == 0, status == .done, rest > 0, rest % 6 == 0 else { return .failure(.notCanonical) }
            body.further.reserveCapacity(rest / 6)
            for index in 0..<rest / 6 {
                let at = 15 + 18 * index
                guard bytes[at] == 0xD0, bytes[at + 1] == 0 else { return .failure(.badField(.mid)) }
                let (high, low) = (word(bytes, at + 2), word(bytes, at + 10))
                body.further.append(Mid(high: high, low: low))
            }
            return .success(body)
        }
        guard rest <= Ack.mostHeldWords else { return .failure(.badLength(bytes.count)) }
        guard rest == 0 || status == .more && quad(4 + rest) != 0 else { return .failure(.notCanonical) }
        var words = 5
        if first & 4 == 4 {
            // The first gram is held, and the other kind of ack would not reach it.
            guard rest >= 2, quad(5) > body.base + Ack.reach, quad(6) >> 23 == 1 else { return .failure(.notCanonical) }
            body.start = quad(5)
            words = 6
        }
        for index in words..<5 + rest { body.held.append(UInt32(quad(index))) }
        return .success(body)
    }

    private static func word(_ bytes: [UInt8], _ at: Int) -> UInt64 {
        UInt64(bigEndian: unsafe bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
    }
}
