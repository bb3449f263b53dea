/// A time value that cannot be used: not a number, infinite, or negative where that makes no sense.
public enum TymeError: Error, Hashable, CustomStringConvertible {
    /// A start tyme that is not finite.
    case tyme(Tyme)
    /// A tock that is not finite or is negative.
    case tock(Double)
    /// A limit of a run that is not finite or is negative.
    case limit(Double)
    /// A step of a tymist that is not finite or is negative.
    case tick(Double)
    /// A duration of a tymer that is not finite or is negative.
    case duration(Double)

    public var description: String {
        switch self {
        case .tyme(let value): "tyme is \(value), must be finite"
        case .tock(let value): "tock is \(value), must be finite and not negative"
        case .limit(let value): "limit is \(value), must be finite and not negative"
        case .tick(let value): "tick is \(value), must be finite and not negative"
        case .duration(let value): "duration is \(value), must be finite and not negative"
        }
    }
}

extension Double {
    /// What a tock, tick, limit or duration must be: finite and at least zero.
    var isSpan: Bool { self >= 0 && self < .infinity }
}
