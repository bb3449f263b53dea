/// A value that a clock or tymer cannot use: not a number, infinite, or out of its range.
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
    /// A patience of a retry tymer that is not finite or is negative.
    case patience(Double)
    /// A cap of a retry tymer that is not finite or is negative.
    case cap(Double)
    /// A factor of a retry tymer that is not finite or is below 1.
    case factor(Double)
    /// A number of tries that is negative.
    case tries(Int)
    /// A jitter of a retry tymer that is not in 0..<1.
    case jitter(Double)

    public var description: String {
        switch self {
        case .tyme(let value): "tyme is \(value), must be finite"
        case .tock(let value): "tock is \(value), must be finite and not negative"
        case .limit(let value): "limit is \(value), must be finite and not negative"
        case .tick(let value): "tick is \(value), must be finite and not negative"
        case .duration(let value): "duration is \(value), must be finite and not negative"
        case .patience(let value): "patience is \(value), must be finite and not negative"
        case .cap(let value): "cap is \(value), must be finite and not negative"
        case .factor(let value): "factor is \(value), must be finite and at least 1"
        case .tries(let value): "tries is \(value), must not be negative"
        case .jitter(let value): "jitter is \(value), must be in 0..<1"
        }
    }
}

extension Double {
    /// What a tock, tick, limit or duration must be: finite and at least zero.
    var isSpan: Bool { self >= 0 && self < .infinity }
}
