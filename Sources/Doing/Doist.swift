import Containers

/// The scheduler at the root: it owns the tyme and advances its doers by it.
///
/// ```swift
/// try Doist(limit: 10.0, doers: [talker, listener]).run()
/// ```
/// Each pass runs, in place order, the doers that are due, and then ticks. Without a ``pace`` a run goes as fast as it
/// can, in simulated time; with one it follows a clock. A program with a loop of its own calls ``recur()`` (a pass) or
/// ``turn()`` (what the clock says) instead of ``run(limit:)``.
///
/// One thread owns a doist and its doers; ``Waker`` and ``Mailbox`` are for the others. A doist that goes away without
/// ``exit()`` lets go of its doers without calling them.
///
/// - Source: hio `Doist` (`base/doing.py`).
public final class Doist {
    /// How far the clock may be ahead of what was due, in seconds; beyond it the process was stopped, and tyme is held
    /// back instead of firing all that was missed.
    public static let longestLag = 1.0
    /// A pass that takes more tocks than this counts as slow.
    public static let slowPassTocks = 10.0
    /// How many extra passes a tick may have where nothing else is said.
    ///
    /// Enough for round trips as fast as a kernel makes them (a tick of 1/32 s has room for about a thousand), and few
    /// enough that doers which wake each other without end leave most of a processor free.
    public static let defaultExtraPasses = 2048
    /// How many rounds of passes one ``turn()`` makes before it returns to its host, to be called again at once.
    ///
    /// A round is at most one pass that is due and one extra pass; between rounds the pace is polled.
    public static let extraPassesPerTurn = 64
    /// The tock of runs in real time where none is given: 1/1024 s.
    ///
    /// Tyme moves by it, so it is how fine timers, pacing and measured round trips are. Ticks at which nothing is due
    /// cost nothing. In simulated time ``Tymist/defaultTock`` is the default.
    public static let defaultRealTock = 0x1p-10
    /// How many late ticks a run in real time makes up for one by one.
    ///
    /// Where passes take longer than the tock, older ticks go by without one, so that tyme does not fall behind the
    /// clock: doers that run at every tick miss runs then, timers come at a later tick, and doers with a tock of their
    /// own catch up as ``Doer/catchUp`` says.
    public static let ticksMadeUp = 32
    /// How many failures are kept; later ones are counted only.
    public static let failureLimit = 256
    /// Where the random numbers start if nothing is said.
    public static let defaultSeed: UInt64 = 0x7479_6D69_7374

    let engine: Engine
    let root: Deck
    let board = WakeBoard()
    /// Noted once a turn: when a run in simulated time begins, and at each call from outside that runs doers.
    package let ownerThread = OwnerThread()
    var wakeTargets: [WakeTarget] = []
    var freeTargets: [Int] = []
    var ride: Ride?

    /// For errors, reports and traces.
    public let name: String
    /// Seconds of tyme after which a run ends, or nil; 0 means none as well.
    public let limit: Double?
    /// Whether it uses temporary files; doers without a wish of their own follow.
    public let temp: Bool
    /// What the error of one doer means for the others.
    public let onError: ErrorPolicy
    /// Whether runs in simulated time jump over ticks in which nothing is due.
    ///
    /// What doers see is the same.
    public var skipsIdle: Bool
    /// The root of the tree of generators: fork it for each part that draws.
    public var random: Xoshiro256
    /// The clock and poller of real time; nil for simulated time.
    ///
    /// Set it before enter. Unless a ``tock`` was given the pace decides it: ``defaultRealTock`` with one,
    /// ``Tymist/defaultTock`` without.
    public var pace: (any Pace)? {
        didSet {
            precondition(!isEntered, "\(name): the pace cannot change while entered")
            if !hasOwnTock { engine.pointee.clock.tock = pace == nil ? Tymist.defaultTock : Doist.defaultRealTock }
        }
    }
    /// A tock was given, so that the pace does not decide it.
    private var hasOwnTock: Bool
    /// A run without a pace is under way: it follows no clock, so descriptors would be looked at without end.
    package internal(set) var isRunningWithoutPace = false
    /// How many extra passes a tick may have before the rest waits for the next tick.
    public var extraPassLimit = Doist.defaultExtraPasses {
        didSet {
            precondition(extraPassLimit >= 0, "extraPassLimit is \(extraPassLimit), must not be negative")
            engine.kickIfAsleep()
        }
    }
    /// Whether each recur is timed so that a slow doer can be named; costs two clock reads a recur.
    ///
    /// Real time only.
    public var isProfiling = false {
        didSet { settleWatching() }
    }
    /// Called with each error of a doer as it is noted.
    public var onFailure: ((DoerFailure) -> Void)?
    /// Called with every step of every doer: enter, recur with its verdict, and the ways to end.
    ///
    /// For traces and timelines. It costs a path of names a step; without it nothing. It must leave the schedule alone.
    public var onDeed: ((DeedEvent) -> Void)? {
        didSet { settleWatching() }
    }
    /// Called before each pass.
    public var onPass: ((Pass) -> Void)? {
        didSet { settleInputs() }
    }
    /// Called with everything that comes to the schedule from outside: passes, wakes between them, and the exit.
    ///
    /// For recordings. Without one nothing is spent but a test a wake.
    public var onInput: ((DoistInput) -> Void)? {
        didSet { settleInputs() }
    }
    /// Called after a pass of more than ``slowPassTocks`` tocks.
    public var onSlowPass: ((SlowPass) -> Void)?

    /// Whether the last pass left no deeds: all doers came to their end.
    public internal(set) var isDone: Bool {
        get { engine.pointee.isDone }
        set { engine.pointee.isDone = newValue }
    }
    /// The errors of doers since the last enter, in order, at most ``failureLimit``.
    public private(set) var failures: [DoerFailure] = []
    /// How many more there were.
    public private(set) var droppedFailures: UInt64 = 0
    /// Counts since it was made.
    public internal(set) var statistics: DoistStatistics {
        get { engine.pointee.statistics }
        _modify { yield &engine.pointee.statistics }
    }
    /// The number of the pass under way, or of the last one: both kinds together, from 1.
    package var passNumber: UInt64 { engine.pointee.statistics.passes &+ engine.pointee.statistics.extraPasses }
    var isStopRequested = false
    /// It has entered before, so that a stop that was asked since then was meant for a run that is over.
    private var hasEntered = false
    /// The longest recur of the pass under way while profiling, and whose it was.
    var passLongest = 0.0
    var passSlowest: [String] = []

    /// A doist with everything as usual: tyme 0.0, the usual tock, no limit, simulated time.
    public convenience init(_ doers: [Doer] = []) {
        // These values are never refused.
        try! self.init(doers: doers)
    }

    /// A doist with what it shall do.
    ///
    /// - Parameters:
    ///   - name: for errors, reports and traces.
    ///   - tyme: where it starts, finite.
    ///   - tock: seconds from pass to pass, finite and at least 0; nil for 1/32 s in simulated time and 1/1024 s in
    ///     real time. As fine as your finest timer.
    ///   - limit: seconds of tyme after which a run ends, finite and at least 0; nil and 0 are none.
    ///   - temp: whether its doers shall use temporary files.
    ///   - onError: what the error of one doer means for the others.
    ///   - seed: of ``random``.
    ///   - skipsIdle: whether runs in simulated time jump over idle ticks.
    ///   - pace: clock and poller of real time, nil for simulated time.
    ///   - doers: what it enters, in order.
    /// - Throws: ``TymeError`` naming the value that cannot be used.
    public init(
        name: String = "doist", tyme: Tyme = 0.0, tock: Double? = nil, limit: Double? = nil,
        temp: Bool = false, onError: ErrorPolicy = .failAll, seed: UInt64 = Doist.defaultSeed, skipsIdle: Bool = true,
        pace: (any Pace)? = nil, doers: [Doer] = []
    ) throws(TymeError) {
        let usualTock = pace == nil ? Tymist.defaultTock : Doist.defaultRealTock
        let clock = try Tymist(tyme: tyme, tock: tock ?? usualTock)
        hasOwnTock = tock != nil
        if let limit, !limit.isSpan { throw .limit(limit) }
        engine = .allocate()
        root = .make(owner: nil)
        self.name = name
        self.limit = limit
        self.temp = temp
        self.onError = onError
        self.skipsIdle = skipsIdle
        self.pace = pace
        random = Xoshiro256(seed: seed)
        unsafe engine.initialize(
            to: EngineState(
                clock: clock, lastPassTyme: clock.tyme, isTemp: temp, isolates: onError == .isolate))
        unsafe engine.pointee.doist = unsafe .passUnretained(self)
        root.pointee.engine = engine
        root.list(all: doers)
    }

    deinit {
        root.destroy()
        engine.free()
    }

    // MARK: - What anyone may ask

    /// The tyme: of the pass under way, or of the next one.
    public var tyme: Tyme { engine.pointee.tyme }

    /// Seconds from pass to pass.
    ///
    /// A change in mid-pass counts for the tick of that pass and for deeds that the pass has not come to.
    ///
    /// - Precondition: finite and not negative; use the throwing initialiser for values from outside.
    public var tock: Double {
        get { engine.pointee.tock }
        set {
            let old = engine.pointee.tock
            engine.pointee.clock.tock = newValue
            hasOwnTock = true
            if newValue != old { root.settleAutoParked(oldTock: old) }
            engine.kickIfAsleep()
        }
    }

    /// Its doers in order: those given and those added, ended ones included, removed ones not.
    public var doers: [Doer] { root.doers }

    /// How many doers are scheduled at the root.
    public var deedCount: Int { root.pointee.count }

    /// The doers that are scheduled at the root, in place order.
    public var deeds: [Doer] { root.deeds }

    /// Whether it has entered and not exited.
    public var isEntered: Bool { root.pointee.phase == .open }

    /// When something is due next: nil if nothing is scheduled, infinite if all are parked until woken.
    ///
    /// Not before ``tyme``; a pass in between would do nothing.
    public var nextTyme: Tyme? {
        guard isEntered, root.pointee.count > 0 else { return nil }
        return root.hasReady ? tyme : max(tyme, root.firstTimer)
    }

    /// One report for each doer, each scheduler before its doers: what runs, when next, how it ended.
    public var reports: [DeedReport] {
        var reports: [DeedReport] = []
        root.report(under: [name], into: &reports)
        return reports
    }

    /// What a host loop watches in real time: readable when a ``turn()`` has something to do.
    public var descriptor: Int32? { pace?.descriptor }

    // MARK: - By hand

    /// Enters all its doers in order, at the present tyme.
    ///
    /// A stop that was requested between two runs was meant for the one that was over by then, and is dropped. One that
    /// was requested before the first run ends that.
    ///
    /// - Throws: under ``ErrorPolicy/failAll`` what a doer threw, after those that had entered were closed;
    ///   ``ScheduleError/alreadyScheduled(doer:scheduler:)``.
    /// - Precondition: not entered.
    public func enter() throws {
        precondition(!isEntered && !engine.pointee.isBusy, "\(name) is entered already")
        isDone = false
        if hasEntered {
            isStopRequested = false
            board.clearStop()
        }
        hasEntered = true
        failures = []
        droppedFailures = 0
        engine.pointee.isRealTime = pace != nil
        settleWatching()
        board.connect(pace?.kicker)
        onInput?(.enter(tyme, tock: tock, isRealTime: pace != nil))
        root.open(engine)
        do {
            try busily { try root.enterDoers() }
        } catch {
            try? exit()
            throw error
        }
    }

    /// Takes these doers instead of those it had, and enters them.
    public func enter(_ doers: [Doer]) throws {
        precondition(!isEntered, "\(name) is entered already")
        for doer in root.doers { _ = root.unlist(doer) }
        root.list(all: doers)
        try enter()
    }

    /// One pass and one tick.
    ///
    /// - Throws: under ``ErrorPolicy/failAll`` what a doer threw. The pass then has not ticked, and the other doers
    ///   wait for ``exit()``.
    /// - Precondition: entered, and not called by one of its doers.
    public func recur() throws {
        checkIdle("recur")
        if root.isIdle(at: tyme), canTickQuietly { return tickQuietly() }
        ownerThread.note()
        try passAndTick()
    }

    /// One extra pass, as real time has them between ticks: at the present tyme, woken doers only, no tick.
    ///
    /// For playing back a recording.
    ///
    /// - Throws: as ``recur()``.
    /// - Precondition: entered, and not called by one of its doers.
    public func recurExtra() throws {
        checkIdle("recurExtra")
        try busily { try makePass(.extra) }
        isDone = root.pointee.count == 0
    }

    /// Jumps over the ticks in which nothing is due, as a run in simulated time does between its passes.
    ///
    /// Tyme is bit for bit what as many ticks give. Nothing happens if something is due, or someone was woken.
    ///
    /// - Parameter tyme: where to stop at the latest; without one, and with nothing that can become due, it stays.
    /// - Returns: how many ticks were left out.
    /// - Precondition: entered, and not called by one of its doers.
    @discardableResult
    public func skipIdle(until tyme: Tyme = .infinity) -> Int {
        checkIdle("skipIdle")
        guard root.isQuiet(at: self.tyme), !root.hasReady, !board.mayHaveNews else { return 0 }
        let target = min(root.firstTimer, tyme)
        guard target < .infinity else { return 0 }
        let count = engine.pointee.advance(until: target, atMost: .max)
        statistics.skippedTicks += UInt64(count)
        return count
    }

    /// Closes all doers that are still scheduled, last place first.
    ///
    /// Nothing happens if it has not entered.
    ///
    /// - Throws: under ``ErrorPolicy/failAll`` the first error of a cease or exit; all of them run all the same.
    /// - Precondition: not called by one of its doers; they call ``requestStop()``.
    public func exit() throws {
        guard isEntered else { return }
        checkIdle("exit")
        onInput?(.exit(tyme, isSignalled: pace?.isStopRequested ?? false))
        engine.pointee.isAsleep = false
        defer {
            board.connect(nil)
            ride?.end()
            ride = nil
        }
        try busily { try root.closeAll() }
    }

    /// Adds doers and enters them at once, inside this call.
    ///
    /// During a pass they take places immediately before the deed of this scheduler that is running, and recur from the
    /// next pass on; otherwise they come last. Doers in ``doers`` already are skipped, even if they have ended. If one
    /// throws in enter it gets abort and exit, those of the same call that had entered are closed, and none is added;
    /// under ``ErrorPolicy/isolate`` the others are added.
    ///
    /// Between passes in real time they enter at the tyme of now.
    ///
    /// - Parameters:
    ///   - doers: what is added, in order.
    ///   - keeps: whether ``doers`` keeps them when they have ended; without it a doer that ends is let go.
    /// - Throws: ``ScheduleError`` if this scheduler has not entered or has ended, or a doer is scheduled elsewhere;
    ///   under ``ErrorPolicy/failAll`` what a doer threw.
    public func extend(_ doers: [Doer], keeps: Bool = true) throws { try root.extend(doers, keeps: keeps) }

    /// Closes doers at once, last place first, and drops them from ``doers``.
    ///
    /// They do not run later in the pass under way. Doers that are not in ``doers`` are ignored. One that is running,
    /// because it removes itself or is an owner of the caller, is dropped from the list and runs on to its own end.
    ///
    /// - Throws: under ``ErrorPolicy/failAll`` the first error of a cease or exit; all of them run all the same.
    public func remove(_ doers: [Doer]) throws { try root.remove(doers) }

    /// Ends a run, after the pass under way, like a limit: every exit runs.
    ///
    /// Between passes it ends the sleep. Before the first run it ends that one before its first pass; after a run it
    /// does nothing. From its own thread; see ``Waker/requestStop()`` for others.
    public func requestStop() {
        isStopRequested = true
        engine.kickIfAsleep()
    }

    // MARK: - Within

    /// A whole pass, and its tick.
    func passAndTick() throws {
        engine.pointee.isBusy = true
        defer { engine.pointee.isBusy = false }
        if board.mayHaveNews { takeNews() }
        try makePass(.due)
        isDone = root.pointee.count == 0
    }

    /// Whether nobody but its deeds could have something for the next pass to do.
    var canTickQuietly: Bool { !engine.pointee.isWatched && !board.mayHaveNews }

    /// A pass in which nothing is due, and its tick: what a whole pass would leave behind, at a fifth of its cost.
    @inline(__always)
    func tickQuietly() {
        root.notePass(at: engine.pointee.tyme)
        engine.pointee.statistics.passes += 1
        engine.pointee.isDone = false
        engine.pointee.tick()
    }

    func note(_ failure: DoerFailure) {
        if failures.count < Doist.failureLimit { failures.append(failure) } else { droppedFailures += 1 }
        onFailure?(failure)
    }

    func checkIdle(_ call: String) {
        precondition(!engine.pointee.isBusy, "\(name): a doer called \(call) of its own doist")
        precondition(isEntered, "\(name): \(call) before enter")
    }

    func busily<Result>(_ body: () throws -> Result) rethrows -> Result {
        precondition(!engine.pointee.isBusy, "\(name): a doer called enter, recur, exit or run of its own doist")
        ownerThread.note()
        engine.pointee.isBusy = true
        defer { engine.pointee.isBusy = false }
        return try body()
    }

    /// A pass of either kind, with the tick that belongs to it.
    func makePass(_ kind: Pass.Kind) throws {
        if engine.pointee.isWatched { announce(kind) }
        switch kind {
        case .due:
            engine.pointee.statistics.passes += 1
            do { try root.pass(at: engine.pointee.tyme) } catch {
                engine.pointee.lastPassTyme = engine.pointee.tyme
                throw error
            }
            engine.pointee.tick()
        case .extra:
            engine.pointee.statistics.extraPasses += 1
            engine.pointee.isExtra = true
            defer { engine.pointee.isExtra = false }
            try root.pass(at: engine.pointee.tyme)
        }
    }
}
