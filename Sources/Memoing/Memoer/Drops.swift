/// How much was dropped, by reason.
public struct Drops: Hashable, Sendable {
    private var counts = [Int](repeating: 0, count: DropReason.allCases.count)

    /// Nothing yet.
    public init() {}

    /// How often something was dropped for `reason`.
    public subscript(reason: DropReason) -> Int { counts[Drops.index(of: reason)] }

    /// How often something was dropped.
    public var total: Int { counts.reduce(0, +) }

    /// The reasons that occurred with their counts, in the order of the cases of ``DropReason``: the same in every
    /// process.
    public var occurred: [(reason: DropReason, count: Int)] {
        DropReason.allCases.map { ($0, self[$0]) }.filter { $0.1 > 0 }
    }

    mutating func count(_ reason: DropReason) { counts[Drops.index(of: reason)] &+= 1 }

    /// The place of a reason in the order of its cases. A flood comes through here, so it is not searched for.
    @inline(__always) private static func index(of reason: DropReason) -> Int {
        Int(unsafe unsafeBitCast(reason, to: UInt8.self))
    }
}
