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
    /// The last sending of gram 0.
    var zeroth: UInt64 = 0
    /// Sendings of its grams.
    var sendings: Int32 = 0
    /// Repetitions of the gram at ``base`` without progress.
    var rounds: Int32 = 0
    /// How many timers of its destination had run out when it started.
    var timers = 0
    /// The lowest gram that the receiver does not take yet.
    var credit: Int32 = SureMemo.firstCredit
    /// The receiver has told what it holds: then it also tells when it is whole.
    var isTold = false
    /// Waits for credit.
    var isParked = false
    /// Given up then.
    var deadline = Micros.max
    var priority = MemoPriority.normal
    /// What it is about, if anything.
    var key: UInt64?
    /// What only memos of several grams, and signed ones, need: one of it, or none yet. A memo of one gram moves and
    /// goes with a single reference, and without an allocation of its own.
    private var parts: [Parts] = []

    private struct Parts {
        /// Acknowledged grams above ``base``.
        var acked = GramSet()
        /// The last sending of the grams behind gram 0.
        var later: [UInt64] = []
        /// Signatures that were made, by gram.
        var signatures: [Int32: Signature] = [:]
    }

    /// A memo in a free row: field by field, since a memo that is made and moved there is copied twice.
    @inline(__always) mutating func begin(
        _ bytes: [UInt8], mid: Mid, kind: MemoKind, domain: Domain, identity: Int32, lane: Int32, serial: UInt64,
        order: UInt64, size: Int32, count: Int32, deadline: Micros, priority: MemoPriority = .normal,
        key: UInt64? = nil
    ) {
        self.bytes = bytes
        self.mid = mid
        self.kind = kind
        self.domain = domain
        self.identity = identity
        self.lane = lane
        self.serial = serial
        self.order = order
        self.size = size
        self.count = count
        self.deadline = deadline
        self.priority = priority
        self.key = key
        (next, base, zeroth, rounds, timers, sendings) = (0, 0, 0, 0, 0, 0)
        credit = SureMemo.firstCredit
        (isParked, isTold) = (false, false)
    }

    /// The row is free: nothing is held on to, and no queue finds it.
    @inline(__always) mutating func leave() {
        bytes = []
        parts = []
        serial = 0
    }

    /// What a receiver takes of a memo before it has said so.
    static let firstCredit: Int32 = 8192

    /// The last sending of a gram.
    @inline(__always) func transmission(of gram: Int32) -> UInt64 {
        if gram == 0 { return zeroth }
        guard !parts.isEmpty, Int(gram) <= parts[0].later.count else { return 0 }
        return parts[0].later[Int(gram) - 1]
    }

    @inline(__always) mutating func setTransmission(_ order: UInt64, of gram: Int32) {
        if gram == 0 { zeroth = order } else { setLater(order, of: gram) }
    }

    @inline(never) private mutating func setLater(_ order: UInt64, of gram: Int32) {
        if parts.isEmpty { parts.append(Parts()) }
        if parts[0].later.isEmpty { parts[0].later.reserveCapacity(Int(count) - 1) }
        while parts[0].later.count < Int(gram) { parts[0].later.append(0) }
        parts[0].later[Int(gram) - 1] = order
    }

    @inline(__always) func isAcked(_ gram: Int32) -> Bool {
        gram < base || gram > base && count > 1 && !parts.isEmpty && parts[0].acked.contains(Int(gram))
    }

    /// Marks a gram as acknowledged.
    @inline(__always) mutating func acknowledge(_ gram: Int32) {
        if count == 1 { base += 1 } else { acknowledgePart(gram) }
    }

    @inline(never) private mutating func acknowledgePart(_ gram: Int32) {
        if parts.isEmpty { parts.append(Parts()) }
        guard gram == base else { return parts[0].acked.insert(Int(gram)) }
        base = Int32(parts[0].acked.firstAbsent(from: Int(base + 1)))
        parts[0].acked.trim(below: Int(base))
    }

    /// The signature that was made of a gram: what is sent again is sent unchanged, and signed once.
    func signature(of gram: Int32) -> Signature? { parts.isEmpty ? nil : parts[0].signatures[gram] }

    mutating func setSignature(_ signature: Signature?, of gram: Int32) {
        if parts.isEmpty { parts.append(Parts()) }
        parts[0].signatures[gram] = signature
    }

    @inline(__always) func plan() -> RendPlan? {
        try? RendPlan(length: bytes.count, kind: kind, domain: domain, size: Int(size))
    }
}
