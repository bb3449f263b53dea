import Doing

/// The model of one direction of a link: what becomes of each datagram, in whole microseconds.
///
/// For every datagram exactly two numbers are drawn from a splitmix64 stream, whatever the figures are: the first says
/// whether it is lost, the second how much of the jitter it gets. So the fate of the n-th datagram of a direction
/// depends on the seed, the direction, n and the figures, and on nothing else but the queue in front of a slow link.
///
/// With a rate a datagram waits in a drop-tail queue and then takes `(bytes + 28) * 8 / rate` seconds, 28 being the
/// heads of IPv4 and UDP. Lost datagrams take their time too. It arrives at departure + delay + jitter.
///
/// `Tests/Vectors/simnet.json` says the same in numbers.
public struct LinkModel: Hashable, Sendable {
    /// What becomes of a datagram.
    public enum Fate: Hashable, Sendable {
        /// It arrives at this microsecond.
        case arrives(Int64)
        /// It is lost.
        case lost
        /// The queue had no room.
        case queueFull
    }

    /// The figures in the units that are reckoned with.
    struct Figures: Hashable, Sendable {
        var delay: Int64
        var jitter: Double
        var loss: Double
        var rate: Double
        var queueBytes: Double

        init(_ link: SimLink) {
            delay = Micros.span(link.delay)
            jitter = Double(Micros.span(link.jitter))
            loss = link.loss
            rate = link.rate
            queueBytes = Double(link.queueBytes)
        }
    }

    /// Bytes of the heads of IPv4 and UDP.
    static let heads = 28

    private var stream: SplitMix64
    /// When the link is through with what waits, in nanoseconds, at the rate that the last datagram met.
    private var busy = -Micros.limit * 1000
    private var lastRate = 0.0
    var figures: Figures {
        didSet { if figures.rate == 0 { lastRate = 0 } }
    }

    /// The direction 0 or 1 of a network with this seed.
    ///
    /// - Precondition: `link` passes its ``SimLink/check()``.
    public init(_ link: SimLink, seed: UInt64, direction: Int) {
        try! link.check()
        var seeder = SplitMix64(seed: seed &* 2 &+ UInt64(truncatingIfNeeded: direction))
        _ = seeder.next()
        stream = SplitMix64(seed: seeder.next())
        figures = Figures(link)
    }

    /// Sends a datagram.
    ///
    /// - Parameters:
    ///   - count: its bytes.
    ///   - now: the microsecond, never less than at the last call, at most 9 * 10^15 either way.
    @inline(__always) public mutating func send(_ count: Int, at now: Int64) -> Fate {
        // As `draw()` does, but a draw that decides nothing is only passed over.
        var draws = stream
        stream.skip(2)
        guard let departure = depart(count, at: now) else { return .queueFull }
        guard figures.loss > 0 || figures.jitter > 0 else { return .arrives(arrival(departure)) }
        if draws.unit() < figures.loss { return .lost }
        return .arrives(arrival(departure, draws.unit()))
    }

    /// The two draws of a datagram.
    @inline(__always) mutating func draw() -> (loss: Double, jitter: Double) {
        let loss = stream.unit()
        return (loss, stream.unit())
    }

    /// When the last bit of a datagram has left, or nil if the queue has no room.
    @inline(__always) mutating func depart(_ count: Int, at now: Int64) -> Int64? {
        figures.rate > 0 ? departSlowly(count, at: now, figures.rate, figures.queueBytes) : now
    }

    /// The same with another rate and queue in place of the link's own.
    mutating func depart(_ count: Int, at now: Int64, rate: (Double, Double)?) -> Int64? {
        guard let rate else {
            if figures.rate == 0 { lastRate = 0 }
            return depart(count, at: now)
        }
        return departSlowly(count, at: now, rate.0, rate.1)
    }

    @inline(never) private mutating func departSlowly(
        _ count: Int, at now: Int64, _ rate: Double, _ queueBytes: Double
    ) -> Int64? {
        let nanos = now * 1000
        if rate != lastRate { changeRate(to: rate, at: nanos) }
        if busy < nanos { busy = nanos }
        let backlog = Double(busy - nanos) * 1e-9 * rate / 8
        guard backlog + Double(count) + Double(Self.heads) <= queueBytes else { return nil }
        let most = Double(Micros.limit * 1000 - busy)
        busy += Int64(min(Double(count + Self.heads) * 8e9 / rate, most))
        return busy >= 0 ? (busy + 999) / 1000 : busy / 1000
    }

    /// What waits is so many bytes, and takes another time at another rate. A link without a rate has no queue.
    private mutating func changeRate(to rate: Double, at nanos: Int64) {
        if lastRate > 0, busy > nanos {
            busy = nanos + Int64(min(Double(busy - nanos) * lastRate / rate, Double(Micros.limit * 1000 - nanos)))
        } else {
            busy = nanos
        }
        lastRate = rate
    }

    /// When a datagram arrives that has left, on a link without jitter.
    @inline(__always) private func arrival(_ departure: Int64) -> Int64 { Micros.sum(departure, figures.delay) }

    /// When a datagram arrives that has left, given its second draw.
    @inline(__always) func arrival(_ departure: Int64, _ draw: Double) -> Int64 {
        Micros.sum(departure, figures.delay + Int64(draw * figures.jitter))
    }
}
