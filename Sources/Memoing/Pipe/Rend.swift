import Wiring

/// Cuts a memo into grams: the first step of the pipe, as a function of bytes.
///
/// `fuse(rend(memo).map(pick))` is the memo again. Where many grams are to be written without an array for each, use
/// ``RendPlan``, as ``Memoer`` does.
///
/// - Parameters:
///   - memo: any bytes; none make one gram.
///   - mid: the memo's id.
///   - kind: plain or sure. Signed kinds: ``rend(_:mid:kind:domain:size:maximum:as:keys:signer:)``.
///   - domain: how heads are written.
///   - size: bytes of a gram; nil for the maximum; raised to what one byte of body needs.
///   - maximum: what the transport carries.
/// - Throws: ``MemoError`` for a size above the maximum, a memo above the wire's limits, or a signed kind.
/// - Complexity: linear in the memo.
public func rend(
    _ memo: [UInt8], mid: Mid, kind: MemoKind = .plain, domain: Domain = .text, size: Int? = nil,
    maximum: Int = GramSize.largest
) throws(MemoError) -> [[UInt8]] {
    guard !kind.isSigned else { throw .noSigner }
    let size = try GramSize.effective(size, maximum: maximum, kind: kind, domain: domain)
    let plan = try RendPlan(length: memo.count, kind: kind, domain: domain, size: size)
    return (0..<plan.count).map { number in
        [UInt8](capacity: plan.length(of: number)) { out in
            unsafe plan.append(number, of: memo.span.bytes, mid: mid, to: &out)
        }
    }
}

/// Cuts a memo into signed grams.
///
/// - Parameters:
///   - memo: any bytes; none make one gram.
///   - mid: the memo's id.
///   - kind: signed or sure and signed.
///   - domain: how heads are written.
///   - size: bytes of a gram; nil for the maximum; raised to what one byte of body needs.
///   - maximum: what the transport carries.
///   - vid: who signs.
///   - keys: the signer's keys, with the seed.
///   - signer: what signs.
/// - Throws: ``MemoError``: as for plain memos, ``MemoError/noSeed(_:)`` without a seed, ``MemoError/signing(_:)``.
public func rend(
    _ memo: [UInt8], mid: Mid, kind: MemoKind, domain: Domain = .text, size: Int? = nil,
    maximum: Int = GramSize.largest, as vid: Vid, keys: KeyPair, signer: any Signer
) throws(MemoError) -> [[UInt8]] {
    guard kind.isSigned else {
        return try rend(memo, mid: mid, kind: kind, domain: domain, size: size, maximum: maximum)
    }
    guard let seed = keys.seed else { throw .noSeed(vid) }
    let size = try GramSize.effective(size, maximum: maximum, kind: kind, domain: domain)
    let plan = try RendPlan(length: memo.count, kind: kind, domain: domain, size: size)
    var grams: [[UInt8]] = []
    for number in 0..<plan.count {
        do {
            let gram = try [UInt8](capacity: plan.length(of: number)) { out throws(SignerError) in
                try unsafe plan.append(
                    number, of: memo.span.bytes, mid: mid, as: vid, seed: seed, verifyKey: keys.verifyKey, by: signer,
                    to: &out)
            }
            grams.append(gram)
        } catch {
            throw .signing(error)
        }
    }
    return grams
}

extension [UInt8] {
    /// The bytes that `body` appends to room for `capacity` of them.
    init<E: Error>(capacity: Int, _ body: (inout OutputRawSpan) throws(E) -> Void) throws(E) {
        var failure: E?
        unsafe self.init(unsafeUninitializedCapacity: capacity) { room, count in
            var out = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(room), initializedCount: 0)
            do throws(E) { try body(&out) } catch { failure = error }
            count = unsafe out.finalize(for: UnsafeMutableRawBufferPointer(room))
        }
        if let failure { throw failure }
    }
}
