/// A doer that services a ``RetryTymer``: it sleeps until the next try is due, and costs nothing meanwhile.
///
/// ```swift
/// let asking = TymerDoer(try RetryTymer(patience: 1, tries: 3)) { number, tyme in ask(again: number) }
/// ask()
/// try doist.extend([asking])   // asks again until asking.answer() is called, or three times
/// ```
/// It is done when it is over, or when ``answer()`` says that no more tries are needed. Schedule it when the first try
/// is made; it repeats from then on.
open class TymerDoer: Doer {
    /// The tymer: from enter on the one that runs.
    public private(set) final var tymer: RetryTymer
    /// Whether ``answer()`` was called since it was entered.
    public private(set) final var isAnswered = false
    private let model: RetryTymer
    private let onRetry: (Int, Tyme) throws -> Void

    /// A doer that repeats.
    ///
    /// - Parameters:
    ///   - tymer: how long to wait for each try, and for how many; it starts when the doer is entered.
    ///   - onRetry: makes a repetition; it is given its number, from 1, and the tyme.
    public init(_ tymer: RetryTymer, onRetry: @escaping (Int, Tyme) throws -> Void) {
        (self.tymer, model, self.onRetry) = (tymer, tymer, onRetry)
        super.init()
    }

    /// The same with a name, for errors, reports and traces.
    ///
    /// - Throws: what `Doer.init(name:tock:temp:)` throws.
    public init(
        name: String, _ tymer: RetryTymer, onRetry: @escaping (Int, Tyme) throws -> Void
    ) throws(TymeError) {
        (self.tymer, model, self.onRetry) = (tymer, tymer, onRetry)
        try super.init(name: name)
    }

    /// Whether all tries were made without an answer.
    public final var isOver: Bool { tymer.isOver }

    /// The answer has come: the doer is done at the next pass.
    public final func answer() {
        isAnswered = true
        wake()
    }

    /// There was progress: all tries are there again, and the time runs from `tyme`.
    ///
    /// - Throws: ``TymeError``, for a tyme or a patience that is no such thing.
    public final func progress(at tyme: Tyme, patience: Double? = nil) throws(TymeError) {
        try tymer.restart(at: tyme, patience: patience)
        wake(by: tymer.deadline)
    }

    /// The time of its tries stands still, as while a link is down; see ``RetryTymer/pause(at:)``.
    public final func pause(at tyme: Tyme) { tymer.pause(at: tyme) }

    /// The time of its tries goes on; see ``RetryTymer/resume(at:)``.
    public final func resume(at tyme: Tyme) {
        tymer.resume(at: tyme)
        wake(by: tymer.deadline)
    }

    open override func enter(_ tyme: Tyme) throws {
        tymer = model
        isAnswered = false
        try tymer.restart(at: tyme)
    }

    open override func recur(_ tyme: Tyme) throws -> Recurrence {
        if isAnswered { return .done }
        switch tymer.turn(at: tyme) {
        case .wait: break
        case .again(let number): try onRetry(number, tyme)
        case .over: return .done
        }
        return isAnswered ? .done : .park(until: tymer.deadline)
    }
}
