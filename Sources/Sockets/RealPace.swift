import CSockets
import Doing
import Wiring

/// Real time for a doist: the monotonic clock, and one poller in which it sleeps.
///
/// ```swift
/// try Doist(doers: [peer]).run(pace: .real)
/// ```
///
/// It sleeps until a tick is due, a watched descriptor is ready, another thread kicks, or a signal comes; between them
/// it uses no processor, but for a bounded look where answers come within microseconds; see ``init(stopOn:spin:)``.
/// Deadlines are kept to a fraction of a millisecond.
///
/// One pace serves one doist, on one thread. For a loop of your own, watch ``descriptor`` and call `Doist.turn()` when
/// it is readable or the turn's time is up.
///
/// After a `fork` the child shares the poller with its parent: let it exec, or end it without touching the doist.
public final class RealPace: Pace {
    /// Signals that may end a run.
    public struct Signals: OptionSet, Hashable, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        /// SIGINT: a user's control-C.
        public static let interrupt = Signals(rawValue: Int32(CSK_INTERRUPT))
        /// SIGTERM: what a service manager sends.
        public static let terminate = Signals(rawValue: Int32(CSK_TERMINATE))
        /// SIGHUP: the terminal has gone.
        public static let hangUp = Signals(rawValue: Int32(CSK_HANG_UP))
    }

    private let signals: Signals
    private var slot: Int32?
    private let kick = Kick()
    /// Holds ``kick`` and ``inner``: what ends a sleep.
    private let outer: Int32
    /// Holds what is watched.
    private let inner: Poller?
    private var isHeld = false
    private let failure: TransportError?
    private var sleeper: Sleeper?
    private var vigil: Vigil

    /// A pace that lets `signals` end a run.
    ///
    /// An exchange in which each end waits for the other's answer costs two wakes a round trip, often more than all
    /// else in it. So where the last waits were short, the next begins with looking: at most `spin` seconds, and ever
    /// more rarely if nothing comes of it. A process that waits for ticks or for a rare datagram never spins.
    ///
    /// From `start` to `stop` of a run the handlers of these signals are ours; then those that were there before come
    /// back. Signals belong to the process: a signal ends the runs of all paces that asked for it, on whatever thread
    /// they are. A second signal does nothing more: the exits are under way.
    ///
    /// Nothing fails here: what the system refuses, the first use reports.
    ///
    /// - Parameters:
    ///   - signals: what ends a run.
    ///   - spin: seconds, 0 to 0.01, that a wait may look for news before it sleeps; 0 never looks.
    public init(stopOn signals: Signals = [], spin: Double = 0.0001) {
        precondition(spin >= 0 && spin <= 0.01, "spin of \(spin) s: expected 0 to 0.01")
        self.signals = signals
        vigil = Vigil(limit: Int64(spin * 1e9))
        outer = csk_poller_open()
        do throws(TransportError) {
            let poller = try Poller()
            guard kick.error == 0 else { throw .failed("eventfd", -kick.error, "pace") }
            guard outer >= 0 else { throw .failed("epoll_create", outer, "pace") }
            try Self.add(kick.readEnd, .kick, to: outer)
            try Self.add(poller.descriptor, .watches, to: outer)
            try poller.watchKick(kick.readEnd)
            inner = poller
            failure = nil
        } catch {
            inner = nil
            failure = error
        }
    }

    deinit {
        stop()
        if outer >= 0 { _ = csk_close(outer) }
    }

    private static func add(_ descriptor: Int32, _ token: News, to poller: Int32) throws(TransportError) {
        let result = csk_poller_set(poller, descriptor, token.rawValue, Int32(CSK_READABLE))
        guard result >= 0 else { throw .failed("epoll_ctl", result, "pace") }
    }

    private func check() throws(TransportError) {
        if let failure { throw failure }
    }

    // MARK: Clock and signals

    /// Seconds on the system's monotonic clock (CLOCK_MONOTONIC), which stands while the machine sleeps.
    public func now() -> Double { Double(csk_now()) * 1e-9 }

    /// Takes over the signals.
    ///
    /// - Throws: `TransportError` if the system refused a descriptor when the pace
    ///   was made, or if 64 paces wait for signals already.
    public func start() throws {
        try check()
        guard slot == nil, !signals.isEmpty else { return }
        let claimed = csk_signals_claim(signals.rawValue, kick.writeEnd)
        guard claimed >= 0 else { throw TransportError.failed("signal", claimed, "pace") }
        slot = claimed
    }

    /// Gives the signals back and ends the thread of ``wait(until:)``, if there is one.
    public func stop() {
        if let slot { csk_signals_release(slot) }
        slot = nil
        sleeper?.end()
        sleeper = nil
    }

    /// True when one of the signals has come since ``start()``.
    public var isStopRequested: Bool { slot.map { csk_signals_seen($0) != 0 } ?? false }

    // MARK: Watching

    /// Readable when there is something to poll: a descriptor to watch for a host loop, -1 if the system gave none.
    public var descriptor: Int32 { outer }

    /// Ends a sleep, or the next one, from any thread.
    public var kicker: any Sendable & Kicker { kick }

    /// Wakes `doer` whenever `descriptor` is readable. Watched already: it wakes this one instead.
    ///
    /// Level-triggered: what was not read wakes again.
    public func watch(_ descriptor: Int32, _ doer: Doer) throws {
        try check()
        try inner?.watch(descriptor, doer)
    }

    /// Whether `descriptor` wakes its doer also when it becomes writable.
    ///
    /// Edge-triggered while on, since a Unix-datagram socket always counts as writable: one wake now if it is, then one
    /// whenever a receiver has made room. A doer that is told of no room should look again every tick all the same: if
    /// the room was taken by others, no edge tells of it.
    public func watchWritable(_ descriptor: Int32, _ on: Bool) throws {
        try inner?.watchWritable(descriptor, on)
    }

    /// Ends a watch; before the descriptor is closed.
    public func unwatch(_ descriptor: Int32) { inner?.unwatch(descriptor) }

    /// Holds back what is watched: it neither ends a sleep nor makes ``descriptor`` readable.
    public func hold(_ on: Bool) throws {
        guard on != isHeld, let watches = inner?.descriptor else { return }
        if on {
            let result = csk_poller_remove(outer, watches)
            guard result >= 0 else { throw TransportError.failed("epoll_ctl", result, "pace") }
        } else {
            try Self.add(watches, .watches, to: outer)
        }
        isHeld = on
    }

    // MARK: Sleeping

    /// Sleeps if `block`, and wakes the doers of what is ready; see `Pace`.
    ///
    /// - Throws: `TransportError`.
    public func poll(until deadline: Double?, block: Bool) throws {
        try check()
        guard let inner, !isHeld else {
            return try collect(block && !isStopRequested ? sleep(until: deadline) : look(0))
        }
        // What is watched is asked itself: one call instead of two, and one poller to pass on the way to a wake.
        let start = block && vigil.isWanted ? csk_now() : 0
        if start > 0, vigil.isDue, try look(inner, from: start, until: deadline) { return }
        repeat {
            let timeout = block && !isStopRequested ? Self.nanoseconds(until: deadline) : 0
            let found = try inner.collect(timeout)
            try settle(found, inner)
            guard found.isAny || timeout == 0 else { continue }
            if start > 0 { vigil.slept(found.isAny ? csk_now() - start : .max) }
            return
        } while true
    }

    /// Looks for news instead of sleeping, for as long as the vigil may; true if there was any, or the deadline has
    /// come.
    private func look(_ inner: Poller, from start: Int64, until deadline: Double?) throws(TransportError) -> Bool {
        let timeout = isStopRequested ? 0 : Self.nanoseconds(until: deadline)
        if timeout == 0 { return false }
        let isShort = timeout > 0 && timeout < vigil.limit
        // From when the timeout was counted, or later: counted from the start, a deadline would come early.
        let end = isShort ? csk_now() + timeout : start + vigil.limit
        while true {
            let found = try inner.collect()
            try settle(found, inner)
            let now = csk_now()
            if found.isAny || now >= end {
                vigil.looked(isFound: found.isAny && now < end)
                return found.isAny || isShort
            }
            csk_yield()
        }
    }

    private func settle(_ found: Poller.Found, _ inner: Poller) throws(TransportError) {
        if found.isKicked { kick.drain() }
        guard found.hasGhosts else { return }
        if !isHeld { _ = csk_poller_remove(outer, inner.descriptor) }
        try inner.rebuild()
        if !isHeld { try Self.add(inner.descriptor, .watches, to: outer) }
    }

    /// What can end a sleep.
    private struct News: OptionSet {
        let rawValue: UInt64
        static let kick = News(rawValue: 1)
        static let watches = News(rawValue: 2)
    }

    /// Returns at the deadline, or earlier if there is something to do.
    private func sleep(until deadline: Double?) throws(TransportError) -> News {
        while !isStopRequested {
            let news = try look(Self.nanoseconds(until: deadline))
            if !news.isEmpty || Self.nanoseconds(until: deadline) == 0 { return news }
        }
        return .kick
    }

    /// What there is within `timeout` nanoseconds; nothing, too, when a signal came in between.
    private func look(_ timeout: Int64) throws(TransportError) -> News {
        var events = (csk_event(), csk_event())
        let found = unsafe withUnsafeMutableBytes(of: &events) {
            unsafe csk_poller_wait(outer, $0.baseAddress!.assumingMemoryBound(to: csk_event.self), 2, timeout)
        }
        guard found >= 0 || found == -EINTR else { throw .failed("epoll_wait", found, "pace") }
        var news: News = []
        if found > 0 { news.formUnion(News(rawValue: events.0.token)) }
        if found > 1 { news.formUnion(News(rawValue: events.1.token)) }
        return news
    }

    /// Nanoseconds to sleep: 0 for a deadline that has come, -1 without one.
    static func nanoseconds(until deadline: Double?) -> Int64 {
        guard let deadline, deadline < .infinity else { return -1 }
        let left = (deadline * 1e9).rounded(.up) - Double(csk_now())
        return left > 0 ? Int64(min(left, 1e18)) : 0
    }

    private func collect(_ news: News) throws(TransportError) {
        if news.contains(.kick) { kick.drain() }
        guard let inner, isHeld || news.contains(.watches) else { return }
        try settle(inner.collect(), inner)
    }

    /// Sleeps without blocking the executor: a thread of its own sleeps instead, and resumes the task.
    ///
    /// - Throws: `CancellationError` when the task is cancelled; `TransportError`.
    nonisolated(nonsending) public func wait(until deadline: Double?) async throws {
        try check()
        try Task.checkCancellation()
        let sleeper = try sleeper ?? Sleeper(outer)
        self.sleeper = sleeper
        if !isStopRequested { try await sleeper.sleep(until: deadline) }
        try Task.checkCancellation()
        try collect(look(0))
    }
}

extension Pace where Self == RealPace {
    /// Real time that takes over no signal: for apps, tasks and libraries.
    ///
    /// A program that is its doist says ``RealPace/init(stopOn:spin:)`` with the signals that shall end the run, every
    /// exit included.
    public static var real: RealPace { RealPace() }
}
