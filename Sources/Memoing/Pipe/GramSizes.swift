/// The gram size of a sender for each kind and domain: 0 where the transport carries no gram of the kind.
struct GramSizes {
    private var sizes = SIMD8<Int32>()

    init(_ size: Int?, maximum: Int) {
        for (row, kind) in MemoKind.allCases.enumerated() {
            for (column, domain) in Domain.allCases.enumerated() {
                let size = try? GramSize.effective(size, maximum: maximum, kind: kind, domain: domain)
                sizes[2 * row + column] = Int32(clamping: size ?? 0)
            }
        }
    }

    /// The size for a kind, where `lowered` is the longest gram that the way carries, if that is known to be less.
    @inline(__always) func size(_ kind: MemoKind, _ domain: Domain, lowered: Int?) -> Int {
        let row: Int
        switch kind {
        case .plain: row = 0
        case .signed: row = 2
        case .sure: row = 4
        case .sureSigned: row = 6
        }
        let size = Int(sizes[row &+ (domain == .text ? 0 : 1)])
        guard let lowered, lowered < size else { return size }
        return max(lowered, kind.zeroth.layout.overhead(in: domain) &+ 1)
    }

    /// How many grams a memo of `length` bytes is.
    @inline(__always) func count(of length: Int, _ memo: Outgoing.Note, lowered: Int?) -> Int {
        if memo.isGram { return 1 }
        let size = size(memo.kind, memo.domain, lowered: lowered)
        if length &+ memo.kind.zeroth.layout.overhead(in: memo.domain) <= size { return 1 }
        return GramSizes.plan(length, memo.kind, memo.domain, size)?.count ?? 1
    }

    @inline(never) static func plan(_ length: Int, _ kind: MemoKind, _ domain: Domain, _ size: Int) -> RendPlan? {
        try? RendPlan(length: length, kind: kind, domain: domain, size: size)
    }
}
