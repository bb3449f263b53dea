/// Spreads sending over time: a bucket of bytes that fills at a rate.
///
/// The bucket may go below nothing by the last datagram, so that a datagram longer than a tick's share still leaves.
struct Pacer: Hashable, Sendable {
    /// Bytes times 1,000,000, so that no microsecond's share is lost to rounding.
    private var filled: Int64 = 0
    private var at: Micros?
    /// When it opens for something that waits for it.
    private var opensAt: Micros?
    /// How late its owner was lately when it had waited.
    private var slack: Micros = 0

    /// What a datagram costs beside its bytes: the headers of IPv4 and UDP.
    static let overhead = 28
    /// No scheduler's tick is longer; who is later than that was stopped.
    private static let mostSlack: Micros = 125_000
    /// A rate above this is none.
    static let fastest: Int64 = 1 << 40

    /// Brings the bucket up to `now`. It holds what comes in ``span``, and a datagram.
    mutating func fill(_ rate: Int64, at now: Micros) {
        let rate = min(max(1, rate), Pacer.fastest)
        if let opens = opensAt, now >= opens {
            slack = min(max(now - opens, slack - slack / 8), Pacer.mostSlack)
            opensAt = nil
        }
        let most = rate.multipliedReportingOverflow(by: span)
        let cap = most.overflow ? Int64.max / 4 : min(most.partialValue, .max / 4)
        guard let last = at else {
            at = now
            filled = cap
            return
        }
        guard now > last else { return }
        at = now
        let more = rate.multipliedReportingOverflow(by: now - last)
        filled = more.overflow ? cap : min(cap, filled + min(more.partialValue, .max / 4))
    }

    /// Microseconds for which the bucket can save up: twice what its owner is late where it waits for it, which is a
    /// tick of its scheduler, and 4 ms at least. What is not used in that time is lost, so that no burst follows.
    private var span: Micros { max(4_000, 2 * slack) }

    /// Something waits for the bucket to open.
    ///
    /// - Returns: when it does.
    mutating func close(_ rate: Int64, at now: Micros) -> Micros {
        let opens = now + wait(rate)
        opensAt = opens
        return opens
    }

    /// True if a datagram may leave.
    var isOpen: Bool { filled > 0 }

    /// A datagram of `bytes` left.
    mutating func take(_ bytes: Int) { filled -= Int64(bytes + Pacer.overhead) * 1_000_000 }

    /// How many bytes may leave before it closes.
    var room: Int { Int(max(0, (filled + 999_999) / 1_000_000)) }

    /// Microseconds until a datagram may leave.
    private func wait(_ rate: Int64) -> Micros {
        filled > 0 ? 0 : (-filled) / min(max(1, rate), Pacer.fastest) + 1
    }
}
