/// A deadline that is put off with every try: what decides when to ask again, and when to give up.
///
/// It reads no clock and is serviced by whoever holds it; ``TymerDoer`` is one that services itself.
///
///     var tymer = try RetryTymer(patience: 1, tries: 3, start: tyme)
///     switch tymer.turn(at: tyme) {
///     case .wait: break
///     case .again(let number): send(again: number)
///     case .over: giveUp()
///     }
///
/// However late it is asked, one turn is one try: whoever was stopped for a while does not repeat everything at once.
public struct RetryTymer: Hashable, Sendable {
    /// What is to be done now.
    public enum Verdict: Hashable, Sendable {
        /// Nothing, until ``RetryTymer/deadline``.
        case wait
        /// To try again: the number of the repetition, from 1.
        case again(Int)
        /// To give up: all tries were made and their time is over.
        case over
    }

    /// Seconds that the first try is waited for.
    public private(set) var patience: Double
    /// What the time grows by with each try, 1 or more.
    public let factor: Double
    /// The longest time, in seconds.
    public let cap: Double
    /// Repetitions before it is over.
    public let tries: Int
    /// Repetitions made.
    public private(set) var count = 0
    /// When the next turn is due; infinite once it is over.
    public private(set) var deadline: Tyme

    /// A tymer whose first try was made at `start`.
    ///
    /// - Parameters:
    ///   - patience: seconds that the first try is waited for.
    ///   - factor: what the time grows by with each try.
    ///   - cap: the longest time, in seconds.
    ///   - tries: repetitions before it is over.
    ///   - start: the tyme of the first try.
    /// - Throws: ``TymeError/duration(_:)`` unless `patience`, `factor` and `cap` are finite and not negative,
    ///   ``TymeError/tyme(_:)`` unless `start` is finite.
    /// - Precondition: `factor` is 1 or more, `tries` is not negative.
    public init(
        patience: Double, factor: Double = 2, cap: Double = 60, tries: Int = 12, start: Tyme
    ) throws(TymeError) {
        for duration in [patience, factor, cap] where !duration.isSpan { throw .duration(duration) }
        guard start.isFinite else { throw .tyme(start) }
        precondition(factor >= 1 && tries >= 0, "factor is \(factor), tries is \(tries)")
        self.patience = patience
        self.factor = factor
        self.cap = cap
        self.tries = tries
        deadline = start + min(patience, cap)
    }

    /// Whether all tries were made and their time is over.
    public var isOver: Bool { deadline == .infinity }

    /// Seconds that the present try is waited for. Linear in ``count``.
    public var span: Double {
        var span = min(patience, cap)
        for _ in 0..<count where span < cap { span = min(cap, span * factor) }
        return span
    }

    /// What is to be done at `tyme`; a try counts as made, and its time runs from `tyme`.
    public mutating func turn(at tyme: Tyme) -> Verdict {
        guard !isOver else { return .over }
        guard tyme >= deadline else { return .wait }
        guard count < tries else {
            deadline = .infinity
            return .over
        }
        count += 1
        deadline = tyme + span
        return .again(count)
    }

    /// There was progress: all tries are there again, and the time of the present one runs from `tyme`, with another
    /// patience or the present one.
    ///
    /// - Throws: ``TymeError``, as ``init(patience:factor:cap:tries:start:)``; the tymer is then unchanged.
    public mutating func restart(at tyme: Tyme, patience: Double? = nil) throws(TymeError) {
        self = try RetryTymer(patience: patience ?? self.patience, factor: factor, cap: cap, tries: tries, start: tyme)
    }
}
