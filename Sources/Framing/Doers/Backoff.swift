import Doing

/// How long a client waits before it connects again: longer each time, and not in step with others.
///
/// Before each wait the delay is multiplied by ``factor``; then it is scattered around that with a standard deviation
/// of ``jitter`` of it. The scattered value is what is multiplied next. A connection that stood starts it over.
///
/// The scatter is the sum of twelve even draws: near to a normal distribution, never beyond six deviations, and the
/// same bits on every platform.
///
/// - Source: PyPI ltprotocol 0.2.1 over Twisted's ReconnectingClientFactory, as observed: attempts at about 0, 2.7 and
///   10 s.
public struct Backoff: Sendable {
    /// Seconds from which it starts, above 0. 1.
    public var initial = 1.0
    /// What each delay is multiplied by, at least 1. e.
    public var factor = 2.718281828459045
    /// The standard deviation of a delay as a part of it, 0 to 0.16, so that none is negative. 0.12.
    public var jitter = 0.12
    /// Seconds beyond which it never waits. 3600.
    public var maximum = 3600.0
    /// Attempts to connect again until it gives up, at least 0; nil for never.
    public var limit: Int?

    private var delay: Double?
    /// Attempts since it started or was started over.
    public private(set) var attempts = 0
    private var random: Xoshiro256

    /// - Parameter seed: of the scatter. Clients with the same seed wait for as long as each other.
    public init(seed: UInt64) { random = Xoshiro256(seed: seed) }

    /// Seconds until the next attempt; nil when the limit is reached.
    public mutating func next() -> Double? {
        precondition(
            initial > 0 && factor >= 1 && (0...0.16).contains(jitter) && maximum > 0 && limit ?? 0 >= 0,
            "back-off of \(initial) s times \(factor), jitter \(jitter), at most \(maximum) s, limit \(limit ?? 0)")
        guard attempts < limit ?? .max else { return nil }
        attempts += 1
        let mean = min((delay ?? initial) * factor, maximum)
        var deviation = -6.0
        for _ in 0..<12 { deviation += random.unit() }
        let scattered = min(mean + mean * jitter * deviation, maximum)
        delay = scattered
        return scattered
    }

    /// A connection stood: the next delay is a first one again.
    public mutating func reset() { (delay, attempts) = (nil, 0) }
}
