import Wiring

/// How one memo is cut into grams: a value from which any gram can be written, in any order, without allocating.
///
/// - Source: hio `core/memo/memoing.py`, `rend`. Two of its quirks are kept, so that the bytes are the same: later
///   bodies are as long as in the text domain also in the binary one, except where that would leave less than one
///   byte. Two are not: the count is always true, and an empty memo is one gram.
public struct RendPlan: Hashable, Sendable {
    /// What kind of grams.
    public let kind: MemoKind
    /// How the heads are written.
    public let domain: Domain
    /// Bytes of the memo.
    public let length: Int
    /// Bytes of memo in the first gram, if there are more grams.
    public let zerothBody: Int
    /// Bytes of memo in each later gram but the last.
    public let laterBody: Int
    /// How many grams, at least 1.
    public let count: Int

    /// Most grams of a memo: the number has 24 bits.
    public static let maximumCount = (1 << 24) - 1
    /// Most bytes of a memo: hio's `MaxMemoSize`.
    public static let maximumLength = 4_294_967_300

    /// A plan for a memo of `length` bytes in grams of at most `size` bytes, which is what
    /// ``GramSize/effective(_:maximum:kind:domain:)`` has found.
    ///
    /// - Throws: ``MemoError/memoTooLarge(bytes:limit:)`` and ``MemoError/tooManyGrams(count:limit:)``.
    public init(length: Int, kind: MemoKind, domain: Domain, size: Int) throws(MemoError) {
        let overhead = kind.zeroth.layout.overhead(in: domain)
        precondition(length >= 0 && size > overhead, "length \(length), size \(size), overhead \(overhead)")
        guard length <= RendPlan.maximumLength else {
            throw .memoTooLarge(bytes: length, limit: RendPlan.maximumLength)
        }
        self.kind = kind
        self.domain = domain
        self.length = length
        zerothBody = size - overhead
        let laterBody = size - kind.later.layout.overhead(in: .text)
        self.laterBody = laterBody >= 1 ? laterBody : size - kind.later.layout.overhead(in: domain)
        if length <= zerothBody {
            count = 1
        } else {
            count = 1 + (length - zerothBody + self.laterBody - 1) / self.laterBody
        }
        guard count <= RendPlan.maximumCount else {
            throw .tooManyGrams(count: count, limit: RendPlan.maximumCount)
        }
    }

    /// Where the body of gram `number` begins in the memo.
    @inlinable func bodyStart(_ number: Int) -> Int { number == 0 ? 0 : zerothBody + (number - 1) * laterBody }

    /// The bytes of the memo that gram `number` carries.
    public func body(of number: Int) -> Range<Int> {
        precondition(number >= 0 && number < count, "gram \(number) of \(count)")
        let start = bodyStart(number)
        return start..<min(length, start + (number == 0 ? zerothBody : laterBody))
    }

    /// Bytes of gram `number`.
    public func length(of number: Int) -> Int {
        let code = number == 0 ? kind.zeroth : kind.later
        return body(of: number).count + code.layout.overhead(in: domain)
    }

    /// What a gram's head says.
    @inline(__always) func head(of number: Int, mid: Mid) -> GramHead {
        GramHead(
            code: number == 0 ? kind.zeroth : kind.later, domain: domain, number: number == 0 ? count : number,
            mid: mid)
    }
}

extension RendPlan {
    /// Appends gram `number` of an unsigned memo.
    ///
    /// - Parameters:
    ///   - number: from 0 to one below ``count``.
    ///   - memo: ``length`` bytes.
    ///   - mid: the memo's id.
    ///   - out: room for ``length(of:)`` bytes.
    public func append(_ number: Int, of memo: RawSpan, mid: Mid, to out: inout OutputRawSpan) {
        append(number..<number + 1, of: memo, mid: mid, to: &out)
    }

    /// Appends a run of grams of an unsigned memo, one behind the other.
    public func append(_ numbers: Range<Int>, of memo: RawSpan, mid: Mid, to out: inout OutputRawSpan) {
        precondition(!kind.isSigned && memo.byteCount == length, "memo of \(memo.byteCount), planned \(length)")
        precondition(numbers.lowerBound >= 0 && numbers.upperBound <= count, "grams \(numbers) of \(count)")
        guard let first = numbers.first else { return }
        let last = numbers.upperBound - 1
        let width = domain == .text ? 32 : 24
        let bodies = bodyStart(first)..<body(of: last).upperBound
        precondition(bodies.count + numbers.count * width <= out.freeCapacity, "no room for grams \(numbers)")
        unsafe out.withUnsafeMutableBytes { room, filled in
            unsafe memo.withUnsafeBytes { memo in
                var target = unsafe room.baseAddress! + filled
                var at = bodies.lowerBound
                for number in numbers {
                    let end = number == last ? bodies.upperBound : at &+ (number == 0 ? zerothBody : laterBody)
                    if number <= first &+ 1 {
                        // The zeroth gram and the first later one have heads of their own; the others differ from
                        // the one before in the number only.
                        unsafe head(of: number, mid: mid).store(to: target)
                    } else {
                        unsafe target.copyMemory(from: target - width - laterBody, byteCount: width)
                        unsafe GramHead.store(number: number, in: domain, to: target)
                    }
                    unsafe target += width
                    if at < end { unsafe target.copyMemory(from: memo.baseAddress! + at, byteCount: end &- at) }
                    unsafe target += end &- at
                    at = end
                }
            }
            filled += bodies.count + numbers.count * width
        }
    }

    /// Appends gram `number` of a signed memo, with a signature that was made before if there is one: resent grams are
    /// the same bytes whatever the signer does.
    ///
    /// - Returns: the signature.
    func append(
        _ number: Int, of memo: RawSpan, mid: Mid, as vid: Vid, seed: Seed, verifyKey: VerifyKey, by signer: any Signer,
        signature: Signature?, to out: inout OutputRawSpan
    ) throws(SignerError) -> Signature {
        precondition(kind.isSigned && memo.byteCount == length, "memo of \(memo.byteCount), planned \(length)")
        let body = body(of: number)
        let start = out.byteCount
        precondition(length(of: number) <= out.freeCapacity, "no room for gram \(number)")
        unsafe out.withUnsafeMutableBytes { room, filled in
            let target = unsafe room.baseAddress! + filled
            unsafe head(of: number, mid: mid).store(to: target)
            filled += domain == .text ? 32 : 24
        }
        if number == 0 { append(lead: vid.code.value << 2, nil, Signature(vid.material), to: &out) }
        out.append(contentsOf: memo.extracting(body))
        if let signature {
            append(lead: 0xD0, 0x10, signature, to: &out)
            return signature
        }
        do {
            let made = try signer.sign(out.bytes.extracting(start...), seed: seed, verifyKey: verifyKey)
            append(lead: 0xD0, 0x10, made, to: &out)
            return made
        } catch {
            out.removeLast(out.byteCount - start)
            throw error
        }
    }

    /// Appends gram `number` of a signed memo.
    ///
    /// - Parameters:
    ///   - number: from 0 to one below ``count``.
    ///   - memo: ``length`` bytes.
    ///   - mid: the memo's id.
    ///   - vid: who signs; stands in the first gram.
    ///   - seed: what is signed with.
    ///   - verifyKey: what belongs to the seed.
    ///   - signer: what signs.
    ///   - out: room for ``length(of:)`` bytes; nothing is appended if the signer throws.
    /// - Throws: what the signer throws.
    public func append(
        _ number: Int, of memo: RawSpan, mid: Mid, as vid: Vid, seed: Seed, verifyKey: VerifyKey, by signer: any Signer,
        to out: inout OutputRawSpan
    ) throws(SignerError) {
        _ = try append(
            number, of: memo, mid: mid, as: vid, seed: seed, verifyKey: verifyKey, by: signer, signature: nil, to: &out)
    }

    /// Appends 33 bytes (one of lead) or 66 (two of lead) in the plan's domain.
    private func append(lead first: UInt8, _ second: UInt8?, _ material: Signature, to out: inout OutputRawSpan) {
        var room = (InlineWords8(), InlineWords8())
        let size = second == nil ? 33 : 66
        unsafe withUnsafeMutableBytes(of: &room) { room in
            unsafe room[0] = first
            if let second { unsafe room[1] = second }
            let base = unsafe room.baseAddress! + (second == nil ? 1 : 2)
            unsafe material.r.store(to: base)
            if second != nil { unsafe material.s.store(to: base + 32) }
            switch domain {
            case .binary: out.append(contentsOf: unsafe room.bytes.extracting(first: size))
            case .text:
                unsafe out.withUnsafeMutableBytes { target, filled in
                    unsafe Base64URL.encode(room.baseAddress!, size, to: target.baseAddress! + filled)
                    filled += size / 3 * 4
                }
            }
        }
    }
}
