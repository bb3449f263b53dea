/// Joins bodies to their memo: the third step of the pipe, as a function of bytes.
///
/// Whether the bodies belong together is the caller's to know: ``Memoer`` keeps apart what comes from different peers.
///
/// - Parameters:
///   - bodies: each with its gram number, in any order; of two with one number the first counts.
///   - count: how many grams the memo has.
/// - Returns: the memo, or nil if a gram is missing.
/// - Complexity: linear in the bytes.
public func fuse(_ bodies: some Sequence<(number: Int, body: [UInt8])>, count: Int) -> [UInt8]? {
    guard count >= 1 else { return nil }
    var held: [Int: [UInt8]] = [:]
    var bytes = 0
    for (number, body) in bodies where number >= 0 && number < count && held[number] == nil {
        held[number] = body
        bytes += body.count
    }
    guard held.count == count else { return nil }
    var memo: [UInt8] = []
    memo.reserveCapacity(bytes)
    for number in 0..<count { memo += held[number]! }
    return memo
}

/// Joins picked grams to their memo; the first gram says how many there are.
///
/// - Returns: the memo, or nil if a gram is missing, they are of two mids or two kinds, or a second count differs.
public func fuse(_ grams: some Collection<Gram>) -> [UInt8]? {
    guard let first = grams.first(where: { $0.view.number == 0 })?.view, let count = first.count else { return nil }
    let belong = grams.allSatisfy {
        $0.view.mid == first.mid && $0.view.code.kind == first.code.kind && $0.view.count ?? count == count
    }
    return belong ? fuse(grams.lazy.map { ($0.view.number, $0.body) }, count: count) : nil
}
