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

    private enum State: Hashable {
        case running(deadline: Tyme)
        case paused(remaining: Double)
        case over
    }

    /// Seconds that the first try is waited for, before jitter.
    public private(set) var patience: Double
    /// What the time grows by with each try, 1 or more.
    public let factor: Double
    /// The longest time, in seconds.
    public let cap: Double
    /// Repetitions before it is over.
    public let tries: Int
    /// By how much of itself a time is scattered at most, both ways; 0 up to but not including 1.
    public let jitter: Double
    /// Repetitions made.
    public private(set) var count = 0
    /// Seconds that the present try is waited for, with its jitter.
    public private(set) var span = 0.0
    /// The same before jitter.
    private var mean: Double
    private var random: SplitMix64
    private var state = State.over

    /// A tymer whose first try was made at `start`; its times are not scattered.
    ///
    /// - Parameters:
    ///   - patience: seconds that the first try is waited for.
    ///   - factor: what the time grows by with each try.
    ///   - cap: the longest time, in seconds.
    ///   - tries: repetitions before it is over; `Int.max` for never.
    ///   - start: the tyme of the first try.
    /// - Throws: ``TymeError`` by the name of the value: `patience` and `cap` must be finite and not negative, `factor`
    ///   finite and 1 or more, `tries` not negative, `start` finite.
    public init(
        patience: Double, factor: Double = 2, cap: Double = 60, tries: Int = 12, start: Tyme = 0
    ) throws(TymeError) {
        try self.init(patience, factor, cap, tries, jitter: 0, seed: 0, start)
    }

    /// A tymer whose times are scattered evenly, so that many that began together do not go on together.
    ///
    /// It takes one number from `random`, and draws from a sequence of its own after that. No time is longer than
    /// `cap`.
    ///
    /// - Parameters:
    ///   - patience: seconds that the first try is waited for.
    ///   - factor: what the time grows by with each try.
    ///   - cap: the longest time, in seconds.
    ///   - tries: repetitions before it is over; `Int.max` for never.
    ///   - jitter: by how much of itself a time is scattered at most, both ways.
    ///   - random: where its scatter comes from.
    ///   - start: the tyme of the first try.
    /// - Throws: as the other initialiser; ``TymeError/jitter(_:)`` unless that is in 0..<1.
    public init(
        patience: Double, factor: Double = 2, cap: Double = 60, tries: Int = 12, jitter: Double,
        using random: inout some RandomSource, start: Tyme = 0
    ) throws(TymeError) {
        try self.init(patience, factor, cap, tries, jitter: jitter, seed: random.next(), start)
    }

    private init(
        _ patience: Double, _ factor: Double, _ cap: Double, _ tries: Int, jitter: Double, seed: UInt64, _ start: Tyme
    ) throws(TymeError) {
        guard patience.isSpan else { throw .patience(patience) }
        guard factor >= 1, factor.isFinite else { throw .factor(factor) }
        guard cap.isSpan else { throw .cap(cap) }
        guard tries >= 0 else { throw .tries(tries) }
        guard jitter >= 0, jitter < 1 else { throw .jitter(jitter) }
        guard start.isFinite else { throw .tyme(start) }
        (self.patience, self.factor, self.cap, self.tries, self.jitter) = (patience, factor, cap, tries, jitter)
        mean = min(patience, cap)
        random = SplitMix64(seed: seed)
        draw()
        state = .running(deadline: start + span)
    }

    /// When the next turn is due; infinite while it is paused and once it is over.
    public var deadline: Tyme { if case .running(let deadline) = state { deadline } else { .infinity } }

    /// Whether all tries were made and their time is over.
    public var isOver: Bool { state == .over }

    /// Whether its time stands still.
    public var isPaused: Bool { if case .paused = state { true } else { false } }

    /// Whether no try is left behind the present one.
    public var isLast: Bool { count == tries }

    /// What is to be done at `tyme`; a try counts as made, and its time runs from `tyme`.
    public mutating func turn(at tyme: Tyme) -> Verdict {
        switch state {
        case .over: return .over
        case .paused: return .wait
        case .running(let deadline):
            guard tyme >= deadline else { return .wait }
            guard !isLast else {
                state = .over
                return .over
            }
            count += 1
            mean = min(mean * factor, cap)
            draw()
            state = .running(deadline: tyme + span)
            return .again(count)
        }
    }

    /// The time of the present try runs from `tyme` anew: where a try fails at once, the next follows as late as if it
    /// had been waited for. Nothing happens once it is over.
    public mutating func wait(from tyme: Tyme) {
        switch state {
        case .running: state = .running(deadline: tyme + span)
        case .paused: state = .paused(remaining: span)
        case .over: break
        }
    }

    /// Its time stands still from `tyme` on, as while a link is down. Nothing happens if it does, or it is over.
    public mutating func pause(at tyme: Tyme) {
        if case .running(let deadline) = state { state = .paused(remaining: max(0, deadline - tyme)) }
    }

    /// Its time goes on from `tyme` with what was left of it. Nothing happens unless it is paused.
    public mutating func resume(at tyme: Tyme) {
        if case .paused(let remaining) = state { state = .running(deadline: tyme + remaining) }
    }

    /// There was progress: all tries are there again, and the time of the present one runs from `tyme`, with another
    /// patience or the present one. One that is paused stays so.
    ///
    /// - Throws: ``TymeError`` by the name of the value, as the initialisers; the tymer is then unchanged.
    public mutating func restart(at tyme: Tyme, patience: Double? = nil) throws(TymeError) {
        let patience = patience ?? self.patience
        guard patience.isSpan else { throw .patience(patience) }
        guard tyme.isFinite else { throw .tyme(tyme) }
        self.patience = patience
        (count, mean) = (0, min(patience, cap))
        draw()
        state = isPaused ? .paused(remaining: span) : .running(deadline: tyme + span)
    }

    /// Scatters the time of a try.
    private mutating func draw() {
        span = jitter == 0 ? mean : min(mean + mean * jitter * (2 * random.unit() - 1), cap)
    }
}
