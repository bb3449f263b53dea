/// Estimates the round trip to one destination, and from it how long to wait for an ack.
///
/// - Source: RFC 6298 §2, gains 1/8 and 1/4, K = 4, in whole microseconds, kept eightfold and fourfold as in
///   appendix A of Jacobson's "Congestion Avoidance and Control".
struct RoundTrip: Hashable, Sendable {
    /// Before the first sample (RFC 6298 §2.1, RFC 8085 §3.1.1).
    let initial: Micros
    private var smoothed8: Micros = 0
    private var variation4: Micros = 0
    /// The least sample.
    private(set) var least: Micros = .max
    /// The last sample.
    private(set) var latest: Micros = 0
    private(set) var samples = 0
    /// How long the receiver has kept acks back lately: the timer waits for that too.
    private(set) var lag: Micros = 0

    static let cap: Micros = 60_000_000
    static let silentCap: Micros = 3_000_000

    /// The first sample says little of how much samples differ: half of it is assumed, and a 32nd where the rate
    /// of the link is known.
    private let isSteady: Bool

    init(initial: Micros, isSteady: Bool = false) {
        self.initial = initial
        self.isSteady = isSteady
    }

    /// The smoothed round trip; nil before the first sample.
    var smoothed: Micros? { samples == 0 ? nil : smoothed8 / 8 }
    /// The smoothed deviation.
    var variation: Micros { variation4 / 4 }

    /// Takes in a sample without the receiver's lag, at least one tick, at most the cap; and that lag.
    mutating func sample(_ micros: Micros, lag: Micros = 0, granularity: Micros) {
        self.lag = max(min(lag, 1_000_000), self.lag - self.lag / 8)
        let sample = min(max(micros, max(granularity, 1)), RoundTrip.cap)
        latest = sample
        least = min(least, sample)
        if samples == 0 {
            smoothed8 = sample * 8
            variation4 = isSteady ? sample / 8 : sample * 2
        } else {
            let error = sample - smoothed8 / 8
            smoothed8 += error
            variation4 += abs(error) - variation4 / 4
        }
        samples += 1
    }

    /// How long to wait for an ack of what was sent last before probing, not doubled: srtt + max(4·rttvar, 2 ticks),
    /// at least two ticks.
    func probeTimeout(granularity: Micros, reorder: Micros = 0) -> Micros {
        guard let smoothed else { return max(initial, 2 * granularity) }
        return min(smoothed + lag + max(4 * variation, 2 * granularity, reorder), RoundTrip.cap)
    }

    /// ``probeTimeout(granularity:)`` doubled `times` times, at most 3 s, or twice itself if that is more, and itself
    /// before the peer was heard: so often anybody may send (RFC 8085 §3.1.3).
    ///
    /// A receiver gives up what it has of a memo after a minute without a new gram: there must be many probes in it.
    func probeTimeout(granularity: Micros, reorder: Micros = 0, doubled times: Int) -> Micros {
        let base = probeTimeout(granularity: granularity, reorder: reorder)
        let cap = max(RoundTrip.silentCap, smoothed == nil ? base : min(RoundTrip.cap, 2 * base))
        let shift = Micros(min(max(0, times), 30))
        return base > cap >> shift ? cap : base << shift
    }
}
