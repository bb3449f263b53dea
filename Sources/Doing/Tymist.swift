/// A clock of artificial time: a tyme, and the tock by which it ticks.
///
/// - Source: hio `Tymist` (`base/tyming.py`); `tick` is one addition, never a multiplication.
public struct Tymist: Hashable, Sendable {
    /// The tock where none is given: 1/32 s, exact in binary.
    public static let defaultTock = 0.03125

    /// Where the clock stands, in seconds.
    public internal(set) var tyme: Tyme

    /// How far a tick goes, in seconds; 0 stands still.
    ///
    /// Setting it to a negative value or one that is not finite is a programmer's error; ``init(tyme:tock:)`` checks
    /// values that come from outside.
    public var tock: Double {
        get { step }
        set {
            precondition(newValue.isSpan, "tock is \(newValue), must be finite and not negative")
            step = newValue
        }
    }
    /// ``tock`` where it stands, for whoever reads it by its address.
    var step: Double

    /// A clock at `tyme`.
    ///
    /// - Throws: ``TymeError/tyme(_:)`` unless `tyme` is finite, ``TymeError/tock(_:)`` unless `tock` is finite and not
    ///   negative.
    public init(tyme: Tyme = 0.0, tock: Double = Tymist.defaultTock) throws(TymeError) {
        guard tyme.isFinite else { throw .tyme(tyme) }
        guard tock.isSpan else { throw .tock(tock) }
        self.tyme = tyme
        step = tock
    }

    /// Advances by one tock and returns the new tyme.
    @discardableResult
    public mutating func tick() -> Tyme {
        tyme += step
        return tyme
    }

    /// Advances by `step` seconds and returns the new tyme.
    ///
    /// - Throws: ``TymeError/tick(_:)`` unless `step` is finite and not negative.
    @discardableResult
    public mutating func tick(by step: Double) throws(TymeError) -> Tyme {
        guard step.isSpan else { throw .tick(step) }
        tyme += step
        return tyme
    }
}
