/// A deadline on tyme: a start and a stop.
///
/// It reads no clock; each question is asked at a tyme. All its values are single IEEE operations on ``start`` and
/// ``deadline``, so a duration that is carried over may show the rounding of its sum (0.3 may read
/// 0.30000000000000004).
///
/// - Source: hio `Tymer` (`base/tyming.py`).
public struct Tymer: Hashable, Sendable {
    /// The tyme at which it started.
    public private(set) var start: Tyme
    /// The tyme from which on it is expired.
    public private(set) var deadline: Tyme

    /// A tymer that runs `duration` seconds from `start`, which may be any finite tyme, past or future.
    ///
    /// - Throws: ``TymeError/duration(_:)`` unless `duration` is finite and not negative, ``TymeError/tyme(_:)`` unless
    ///   `start` is finite.
    public init(duration: Double = 0.0, start: Tyme) throws(TymeError) {
        guard duration.isSpan else { throw .duration(duration) }
        guard start.isFinite else { throw .tyme(start) }
        self.start = start
        self.deadline = start + duration
    }

    /// Seconds from start to deadline, as their difference.
    public var duration: Double { deadline - start }

    /// Seconds since the start; negative before it.
    public func elapsed(at tyme: Tyme) -> Double { tyme - start }

    /// Seconds until the deadline; negative after it.
    public func remaining(at tyme: Tyme) -> Double { deadline - tyme }

    /// Whether the deadline has come.
    public func isExpired(at tyme: Tyme) -> Bool { tyme >= deadline }

    /// Starts anew at `tyme`, with another duration or the present one, and returns the start.
    ///
    /// - Throws: ``TymeError``, as ``init(duration:start:)``; the tymer is then unchanged.
    @discardableResult
    public mutating func start(at tyme: Tyme, duration: Double? = nil) throws(TymeError) -> Tyme {
        self = try Tymer(duration: duration ?? self.duration, start: tyme)
        return start
    }

    /// Starts anew at the present deadline, so that no time is lost, and returns the start.
    ///
    /// - Throws: ``TymeError/duration(_:)`` unless `duration` is finite and not negative.
    @discardableResult
    public mutating func restart(duration: Double? = nil) throws(TymeError) -> Tyme {
        try start(at: deadline, duration: duration)
    }
}
