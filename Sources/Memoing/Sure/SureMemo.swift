import Wiring

/// A sure memo on its way: what was sent of it, and what of that was acknowledged.
struct SureMemo {
    var bytes: [UInt8] = []
    var mid = Mid(high: 0, low: 0)
    var kind = MemoKind.sure
    var domain = Domain.text
    var identity: Int32 = -1
    /// The row of its destination.
    var lane: Int32 = -1
    /// Told from every other memo by this, so that a queue may hold the row of one that is over. 0 in a free row.
    var serial: UInt64 = 0
    /// Its place among the memos of its destination.
    var order: UInt64 = 0
    /// The gram size that it is cut by, and how many grams that makes.
    var size: Int32 = 0
    var count: Int32 = 1
    /// The lowest gram that was never sent.
    var next: Int32 = 0
    /// All grams below are acknowledged.
    var base: Int32 = 0
    /// Acknowledged grams above ``base``.
    var acked = GramSet()
    /// The last sending of gram 0, and of the later ones.
    var zeroth: UInt64 = 0
    var later: [UInt64] = []
    /// Repetitions of the gram at ``base`` without progress.
    var rounds: Int32 = 0
    /// The lowest gram that the receiver does not take yet.
    var credit: Int32 = SureMemo.firstCredit
    /// The receiver has told what it holds: then it also tells when it is whole.
    var isTold = false
    /// Waits for credit.
    var isParked = false
    /// Given up then.
    var deadline = Micros.max
    /// Signatures that were made, by gram.
    var signatures: [Int32: Signature] = [:]

    /// What a receiver takes of a memo before it has said so.
    static let firstCredit: Int32 = 8192

    /// The last sending of a gram.
    @inline(__always) func transmission(of gram: Int32) -> UInt64 {
        gram == 0 ? zeroth : Int(gram) <= later.count ? later[Int(gram) - 1] : 0
    }

    @inline(__always) mutating func setTransmission(_ order: UInt64, of gram: Int32) {
        if gram == 0 {
            zeroth = order
        } else {
            if later.isEmpty { later.reserveCapacity(Int(count) - 1) }
            while later.count < Int(gram) { later.append(0) }
            later[Int(gram) - 1] = order
        }
    }

    @inline(__always) func isAcked(_ gram: Int32) -> Bool {
        gram < base || gram > base && count > 1 && acked.contains(Int(gram))
    }

    /// Marks a gram as acknowledged.
    @inline(__always) mutating func acknowledge(_ gram: Int32) {
        guard gram == base else { return acked.insert(Int(gram)) }
        base += 1
        guard count > 1 else { return }
        base = Int32(acked.firstAbsent(from: Int(base)))
        acked.trim(below: Int(base))
    }

    @inline(__always) var overhead: Int { kind.zeroth.layout.overhead(in: domain) }

    @inline(__always) func plan() -> RendPlan? {
        try? RendPlan(length: bytes.count, kind: kind, domain: domain, size: Int(size))
    }
}
