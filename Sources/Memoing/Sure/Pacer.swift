/// Spreads sending over time: a bucket of bytes that fills at a rate.
///
/// The bucket may go below nothing by the last datagram, so that a datagram longer than a tick's share still leaves.
struct Pacer: Hashable, Sendable {
    /// Bytes times 1,000,000, so that no microsecond's share is lost to rounding.
    private var filled: Int64 = 0
    private var at: Micros?

    /// What a datagram costs beside its bytes: the headers of IPv4 and UDP.
    static let overhead = 28
    /// A rate above this is none.
    static let fastest: Int64 = 1 << 40

    /// Brings the bucket up to `now`. It holds what `span` microseconds bring, and a datagram.
    mutating func fill(_ rate: Int64, span: Micros, at now: Micros) {
        let rate = min(max(1, rate), Pacer.fastest)
        let most = rate.multipliedReportingOverflow(by: max(span, 1))
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

    /// True if a datagram may leave.
    var isOpen: Bool { filled > 0 }

    /// A datagram of `bytes` left.
    mutating func take(_ bytes: Int) { filled -= Int64(bytes + Pacer.overhead) * 1_000_000 }

    /// How many bytes may leave before it closes.
    var room: Int { Int(max(0, (filled + 999_999) / 1_000_000)) }

    /// Microseconds until a datagram may leave.
    func wait(_ rate: Int64) -> Micros {
        filled > 0 ? 0 : (-filled) / min(max(1, rate), Pacer.fastest) + 1
    }
}
