/// Shares what a pass reads among the connections that share a ``Burst``, as fq_codel shares a link among flows.
///
/// Whoever says little is served in every pass. Whoever has much takes turns with the others who have much: in a
/// *rotation* each of them reads its quantum once, in as many passes as that takes. So one with little to say waits for
/// one pass, which has a bound, and not for all that a crowd pushes; and the crowd still reads in large pieces.
///
/// - Source: RFC 8290 §4 (new and old flows, deficit round robin).
@usableFromInline final class StreamCrowd {
    /// What one connection has had.
    struct Share {
        /// The rotation in which ``used`` was read.
        var rotation: UInt64 = 0
        /// Bytes read in it.
        var used = 0
        /// It read much when it last read.
        var wasHeavy = false
    }

    /// Bytes that all read in a pass, beside the little of those who say little.
    static let passBytes = 256 << 10
    /// Fewer bytes than these in a rotation are little.
    static let littleBytes = 2 << 10
    /// For so many rotations it counts that somebody has read much.
    static let memory: UInt64 = 8
    /// The least quantum, in bytes.
    static let leastQuantum = 16 << 10

    private var pass: UInt64 = 0
    private var left = 0
    private var rotation: UInt64 = 1
    /// How many have read much in this rotation, and in the one before.
    private var heavy = 0
    private var lastHeavy = 0
    /// Somebody was put off who has not had its quantum.
    private var isWaitedFor = false

    /// Bytes that a connection may read now, 0 if it has to wait for its turn.
    ///
    /// - Parameters:
    ///   - share: what it has had.
    ///   - most: what it may read in a pass at most.
    ///   - pass: the number of the pass.
    func grant(_ share: inout Share, atMost most: Int, in pass: UInt64) -> Int {
        if pass != self.pass { begin(pass) }
        if share.rotation != rotation {
            share.wasHeavy = rotation &- share.rotation <= Self.memory && share.used >= Self.littleBytes
            (share.rotation, share.used) = (rotation, 0)
        }
        let quantum = min(most, max(Self.leastQuantum, Self.passBytes / max(1, heavy, lastHeavy)))
        if left > 0, share.used < quantum { return quantum - share.used }
        if !share.wasHeavy, share.used < Self.littleBytes { return min(most, Self.littleBytes - share.used) }
        if share.used < quantum { isWaitedFor = true }
        return 0
    }

    /// Notes what it has read.
    func note(_ count: Int, _ share: inout Share) {
        left -= count
        let wasLittle = share.used < Self.littleBytes
        share.used += count
        if wasLittle, share.used >= Self.littleBytes { heavy += 1 }
    }

    /// The first of a pass begins it; a new rotation too, when everybody has had a turn.
    private func begin(_ pass: UInt64) {
        self.pass = pass
        left = Self.passBytes
        guard !isWaitedFor else { return isWaitedFor = false }
        rotation += 1
        (lastHeavy, heavy) = (heavy, 0)
    }
}
