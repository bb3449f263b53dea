import Containers

/// Something that is done in steps: the unit that a ``Doist`` or ``DoDoer`` schedules.
///
/// Override what you need of the calls, which come in this order: ``enter(_:)``; ``recur(_:)`` again and again; then
/// exactly one of ``clean(_:)`` (it came to its own end), ``cease(_:)`` (it was closed by force) and ``abort(_:at:)``
/// (its enter or recur threw); then always ``exit(_:)``. The same doer may be scheduled again after that.
///
/// A doer is not Sendable: one thread owns a doist and all its doers. It costs about 150 bytes beside its own fields.
///
/// - Source: hio `Doer` (`base/doing.py`).
open class Doer {
    final let deed: Deed
    private final let givenName: String?

    /// A doer with tock 0, named by its type.
    public init() {
        deed = .allocate()
        givenName = nil
        adopt(deck: nil)
    }

    /// A doer with a name, its own tock and its own wish for temporary files.
    ///
    /// - Parameters:
    ///   - name: for errors, reports and traces; need not be unique.
    ///   - tock: seconds between runs, at least 0; 0 is every pass.
    ///   - temp: whether to use temporary files; nil does as the scheduler does.
    /// - Throws: ``TymeError/tock(_:)`` unless `tock` is finite and not negative.
    public init(name: String, tock: Double = 0.0, temp: Bool? = nil) throws(TymeError) {
        guard tock.isSpan else { throw .tock(tock) }
        deed = .allocate()
        givenName = name
        adopt(deck: nil)
        deed.pointee.tock = tock
        deed.pointee.tempWish = temp
    }

    /// The doers that schedule others have a deck of their own.
    init(schedulerNamed name: String?, tock: Double, temp: Bool?) throws(TymeError) {
        guard tock.isSpan else { throw .tock(tock) }
        deed = .allocate()
        givenName = name
        adopt(deck: .make(owner: deed))
        deed.pointee.tock = tock
        deed.pointee.tempWish = temp
    }

    private final func adopt(deck: Deck?) {
        deed.initialize(to: DeedState(deck: deck))
        unsafe deed.pointee.doer = unsafe .passUnretained(self)
    }

    deinit {
        deed.pointee.deck?.destroy()
        deed.free()
    }

    // MARK: - What a subclass overrides

    /// Sets up.
    ///
    /// Called once when it is scheduled, at the tyme of its first recur or before.
    ///
    /// Call ``finish()`` here to be done already. An error leads to ``abort(_:at:)`` and ``exit(_:)``.
    open func enter(_ tyme: Tyme) throws {}

    /// One step; it returns at once and says how to go on.
    ///
    /// The base class is done at its first recur.
    ///
    /// All doers of a pass see the same tyme.
    open func recur(_ tyme: Tyme) throws -> Recurrence { .done }

    /// Comes after the recur, or enter, that said done.
    open func clean(_ tyme: Tyme) throws {}

    /// Comes when the doer is closed before its end: removed, at a limit, or because another one failed.
    open func cease(_ tyme: Tyme) throws {}

    /// Comes when its enter or recur threw `error`.
    open func abort(_ error: any Error, at tyme: Tyme) {}

    /// Lets go of everything.
    ///
    /// Always the last call, exactly once for each enter.
    open func exit(_ tyme: Tyme) throws {}

    // MARK: - What anyone may ask

    /// The name given, else that of its type.
    public final var name: String { givenName ?? String(describing: type(of: self)) }

    /// Seconds between runs; 0 is every pass of its scheduler.
    ///
    /// Read after each recur, so a change counts from then on.
    ///
    /// - Precondition: finite and not negative; use the throwing initialiser for values from outside.
    public final var tock: Double {
        get { deed.pointee.tock }
        set {
            precondition(newValue.isSpan, "tock is \(newValue), must be finite and not negative")
            deed.pointee.tock = newValue
            deed.pointee.owner?.pointee.engine?.kickIfAsleep()
            guard newValue > 0, let deck = deed.pointee.deck, deed.pointee.phase == .active else { return }
            deck.unparkOwners()
            deed.rouse()
        }
    }

    /// How it makes up for runs it missed; only with a tock of its own.
    public final var catchUp: CatchUp {
        get { deed.pointee.catchUp }
        set { deed.pointee.catchUp = newValue }
    }

    /// Whether it should use temporary files: its own wish, else what its scheduler said at enter.
    public final var isTemp: Bool {
        deed.pointee.phase == .idle ? deed.pointee.tempWish ?? false : deed.pointee.isTemp
    }

    /// Whether it came to its own end.
    ///
    /// Stays true if its clean or exit threw; a doer that was closed or that aborted is not done.
    public final var isDone: Bool { deed.pointee.isDone }

    /// Where it is in its life, or how that ended last.
    public final var outcome: DeedReport.Outcome { deed.pointee.outcome }

    /// The doist at the root, from before ``enter(_:)`` until after ``exit(_:)``.
    public final var doist: Doist? {
        unsafe deed.pointee.owner?.pointee.engine?.pointee.doist?.takeUnretainedValue()
    }

    /// When it is due next: nil if it is not scheduled, infinite if it is parked until woken.
    public final var nextTyme: Tyme? { deed.pointee.phase == .active ? deed.pointee.retyme : nil }

    /// Inside enter: the doer is done already; clean and exit follow and it is never scheduled.
    ///
    /// - Precondition: called from its own ``enter(_:)``.
    public final func finish() {
        precondition(deed.pointee.phase == .entering, "\(name): finish() belongs in enter; recur answers .done")
        deed.pointee.isFinished = true
    }

    /// Ends a park: the doer runs in the pass under way if its place there is still ahead, else in the next one.
    ///
    /// Harmless at any time: nothing happens if it has not entered or has ended. In simulated time nothing happens
    /// either if it is not parked; in real time it then runs in an extra pass, before its next tick. Between passes it
    /// ends the sleep of the run. On the thread of the doist; ``Waker`` is for others.
    public final func wake() { deed.wake() }

    /// Lets a park end at `tyme` at the latest: for whoever brings work that is not due yet.
    ///
    /// A doer at the root that is parked for longer stays parked until then; one inside a dodoer, or one whose tyme has
    /// come, is woken as by ``wake()``; so is any in real time between passes. One that is not parked, or not for so
    /// long, is left alone.
    public final func wake(by tyme: Tyme) { deed.wake(by: tyme) }

    /// What recur answers when a budget ended it and there is more to do: it goes on in the next pass.
    ///
    /// In real time that is an extra pass, after whatever else has come. It is not due by a tick then, so that ticks do
    /// not pile up while it takes long.
    @usableFromInline package final func goOn() -> Recurrence {
        guard deed.pointee.owner?.pointee.engine?.pointee.isRealTime ?? false else { return .again }
        deed.wake()
        return .park(until: .infinity)
    }

    /// ``wake()`` by a pace while it polls: the sleep is over already, and needs no kick to end it.
    package final func wakeFromPace() {
        guard let engine = deed.pointee.owner?.pointee.engine else { return }
        let isAsleep = engine.pointee.isAsleep
        engine.pointee.isAsleep = false
        deed.wake()
        engine.pointee.isAsleep = isAsleep
    }
}
