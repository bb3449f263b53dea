/// A doer that services a ``RetryTymer``: it sleeps until the next try is due, and costs nothing meanwhile.
///
/// It is done when it is over, or when ``answer()`` says that no more tries are needed. Schedule it when the first try
/// is made; it repeats from then on.
open class TymerDoer: Doer {
    /// The tymer, from enter on.
    public private(set) final var tymer: RetryTymer?
    /// Whether ``answer()`` was called since it was entered.
    public private(set) final var isAnswered = false
    private let make: (Tyme) throws -> RetryTymer
    private let onRetry: (Int, Tyme) throws -> Void

    /// A doer that repeats.
    ///
    /// - Parameters:
    ///   - name: for errors, reports and traces.
    ///   - patience: seconds that the first try is waited for.
    ///   - factor: what the time grows by with each try, 1 or more.
    ///   - cap: the longest time, in seconds.
    ///   - tries: repetitions before it is over.
    ///   - onRetry: makes a repetition; it is given its number, from 1, and the tyme.
    /// - Throws: ``TymeError/duration(_:)`` unless `patience`, `factor` and `cap` are finite and not negative.
    public init(
        name: String = "TymerDoer", patience: Double, factor: Double = 2, cap: Double = 60, tries: Int = 12,
        onRetry: @escaping (Int, Tyme) throws -> Void
    ) throws(TymeError) {
        let model = try RetryTymer(patience: patience, factor: factor, cap: cap, tries: tries, start: 0)
        make = { tyme in
            try RetryTymer(
                patience: model.patience, factor: model.factor, cap: model.cap, tries: model.tries, start: tyme)
        }
        self.onRetry = onRetry
        try super.init(name: name)
    }

    /// Whether all tries were made without an answer.
    public final var isOver: Bool { tymer?.isOver ?? false }

    /// The answer has come: the doer is done at the next pass.
    public final func answer() {
        isAnswered = true
        wake()
    }

    /// There was progress: all tries are there again, and the time runs from `tyme`.
    ///
    /// - Throws: ``TymeError``, for a tyme or a patience that is no such thing.
    public final func progress(at tyme: Tyme, patience: Double? = nil) throws(TymeError) {
        try tymer?.restart(at: tyme, patience: patience)
        if let tymer { wake(by: tymer.deadline) }
    }

    open override func enter(_ tyme: Tyme) throws {
        tymer = try make(tyme)
        isAnswered = false
    }

    open override func recur(_ tyme: Tyme) throws -> Recurrence {
        guard !isAnswered, let turn = tymer?.turn(at: tyme) else { return .done }
        switch turn {
        case .wait: break
        case .again(let number): try onRetry(number, tyme)
        case .over: return .done
        }
        return isAnswered ? .done : .park(until: tymer?.deadline ?? .infinity)
    }
}
