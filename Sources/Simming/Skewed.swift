import Doing
import Wiring

/// A core whose clock is wrong: it starts elsewhere, and runs faster or slower than tyme.
///
/// The core sees `offset + rate * tyme` wherever a tyme is handed to it, and is woken when that is what it asked for.
/// What it sends and receives passes at the tyme of everybody.
///
/// ```swift
/// CoreDoer(Skewed(memoer, rate: 1.0001, offset: 3600), over: red.peer(port: 1))
/// ```
public struct Skewed<Core: DatagramCore>: DatagramCore {
    /// The protocol.
    public var core: Core
    /// Seconds of its clock for each second of tyme, greater than 0.
    public let rate: Double
    /// What its clock says at tyme 0, in seconds.
    public let offset: Double

    /// `core` with a clock of its own.
    ///
    /// - Precondition: `rate` is greater than 0, and both are finite.
    public init(_ core: Core, rate: Double = 1, offset: Double = 0) {
        precondition(rate > 0 && rate.isFinite && offset.isFinite, "skew: rate \(rate), offset \(offset)")
        self.core = core
        self.rate = rate
        self.offset = offset
    }

    /// What its clock says at `tyme`.
    public func local(_ tyme: Tyme) -> Tyme { offset + rate * tyme }

    /// A tyme at which its clock says at least `local`, and hardly more.
    public func tyme(local: Tyme) -> Tyme {
        var tyme = (local - offset) / rate
        guard tyme.isFinite else { return tyme }
        var step = max(tyme.ulp, local.ulp / rate)
        while self.local(tyme) < local {
            tyme += step
            step *= 2
        }
        return tyme
    }

    public mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        core.handle(bytes, train, at: local(tyme))
    }

    public mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        core.poll(into: &out, limits, at: local(tyme))
    }

    public mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        core.sent(sending, train, at: local(tyme))
    }

    public mutating func unblock() { core.unblock() }
    public mutating func pollEvent() -> Core.Event? { core.pollEvent() }
    public var hasEvents: Bool { core.hasEvents }
    public var wakeTyme: Tyme? { core.wakeTyme.map { tyme(local: $0) } }
    public var isBlocked: Bool { core.isBlocked }
}
