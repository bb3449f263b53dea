import Containers

/// A doer that schedules doers: a scheduler inside a scheduler.
///
/// It enters its doers in its ``enter(_:)``, runs those that are due in each ``recur(_:)``, and is done when none is
/// left. A subclass that overrides one of these calls calls `super` too. Its doers are closed in its ``exit(_:)``,
/// after its own clean, cease or abort, even if an override throws.
///
/// - Source: hio `DoDoer` (`base/doing.py`).
open class DoDoer: Doer {
    private final var deck: Deck { unsafe deed.pointee.deck.unsafelyUnwrapped }
    private final var livesOn: Bool

    /// A scheduler without doers, with tock 0, named by its type.
    public override init() {
        livesOn = false
        // Tock 0 is a tock that is never refused.
        try! super.init(schedulerNamed: nil, tock: 0.0, temp: nil)
    }

    /// A scheduler with tock 0, named by its type.
    public init(doers: [Doer], always: Bool = false) {
        livesOn = always
        try! super.init(schedulerNamed: nil, tock: 0.0, temp: nil)
        deck.list(all: doers)
    }

    /// A scheduler without doers; see ``Doer/init(name:tock:temp:)``.
    public override init(name: String, tock: Double = 0.0, temp: Bool? = nil) throws(TymeError) {
        livesOn = false
        try super.init(schedulerNamed: name, tock: tock, temp: temp)
    }

    /// A scheduler with everything said.
    ///
    /// - Parameters:
    ///   - name: for errors, reports and traces; need not be unique.
    ///   - tock: seconds between its runs, at least 0; 0 is every pass of its own scheduler.
    ///   - temp: whether to use temporary files; nil does as the scheduler does. Its doers follow it.
    ///   - doers: what it enters, in order.
    ///   - always: whether it lives on when no deed is left.
    /// - Throws: ``TymeError/tock(_:)`` unless `tock` is finite and not negative.
    public init(
        name: String, tock: Double = 0.0, temp: Bool? = nil, doers: [Doer], always: Bool = false
    ) throws(TymeError) {
        livesOn = always
        try super.init(schedulerNamed: name, tock: tock, temp: temp)
        deck.list(all: doers)
    }

    /// Whether it lives on when no deed is left.
    ///
    /// Read whenever its deck has run empty, so it may be switched at any time.
    public final var always: Bool {
        get { livesOn }
        set {
            livesOn = newValue
            if !newValue { deed.wake() }
        }
    }

    /// Its doers in order: those given and those added, ended ones included, removed ones not.
    public final var doers: [Doer] { deck.doers }

    /// How many of its doers are scheduled.
    public final var deedCount: Int { deck.pointee.count }

    /// The doers that are scheduled, in place order.
    public final var deeds: [Doer] { deck.deeds }

    /// Adds doers and enters them at once; see ``Doist/extend(_:keeps:)``, which has the same rules.
    public final func extend(_ doers: [Doer], keeps: Bool = true) throws { try deck.extend(doers, keeps: keeps) }

    /// Closes doers at once and drops them; see ``Doist/remove(_:)``, which has the same rules.
    public final func remove(_ doers: [Doer]) throws { try deck.remove(doers) }

    /// Enters its doers in order.
    ///
    /// - Throws: under ``ErrorPolicy/failAll`` what one of them threw.
    open override func enter(_ tyme: Tyme) throws { try deck.enterDoers() }

    /// Runs those of its doers that are due.
    ///
    /// Parks until the next of them is due when none is left that runs every pass, its own tock is 0 and so is that of
    /// every scheduler above it: then its doers cannot tell. A subclass that wants to be called every tick
    /// answers ``Recurrence/again`` instead; one that hands on the park of `super` may be called sooner than that.
    open override func recur(_ tyme: Tyme) throws -> Recurrence {
        precondition(deck.pointee.phase == .open, "\(name) recurs but has not entered")
        deck.pointee.offer = .nan
        try deck.pass(at: tyme)
        if deck.pointee.count == 0, !livesOn { return .done }
        guard !deck.keepsOwner, deed.pointee.tock == 0, deck.isPassedEveryTick else { return .again }
        deck.pointee.offer = deck.firstTimer
        return .park(until: deck.pointee.offer)
    }

    /// Closes its doers that are still scheduled, last place first.
    open override func exit(_ tyme: Tyme) throws { try deck.closeAll() }
}
