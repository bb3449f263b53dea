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
public struct Skewed<Base: DatagramCore>: WrappedCore {
    public typealias Event = Base.Event
    /// The protocol.
    public var base: Base
    /// Seconds of its clock for each second of tyme, greater than 0.
    public let rate: Double
    /// What its clock says at tyme 0, in seconds.
    public let offset: Double

    /// `base` with a clock of its own.
    ///
    /// - Precondition: `rate` is greater than 0, and both are finite.
    public init(_ base: Base, rate: Double = 1, offset: Double = 0) {
        precondition(rate > 0 && rate.isFinite && offset.isFinite, "skew: rate \(rate), offset \(offset)")
        self.base = base
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

    public mutating func opened(_ limits: TrainLimits, at tyme: Tyme) { base.opened(limits, at: local(tyme)) }
    public mutating func tick(at tyme: Tyme) { base.tick(at: local(tyme)) }
    public mutating func expire(at tyme: Tyme) { base.expire(at: local(tyme)) }
    public mutating func closing(at tyme: Tyme) { base.closing(at: local(tyme)) }

    public mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        base.handle(bytes, train, at: local(tyme))
    }

    public mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        base.poll(into: &out, limits, at: local(tyme))
    }

    public mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        base.sent(sending, train, at: local(tyme))
    }

    public var wakeTyme: Tyme? { base.wakeTyme.map { tyme(local: $0) } }
}
