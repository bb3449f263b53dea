/// A clock and a poller: all that a ``Doist`` needs to run in real time.
///
/// Without one a doist runs in simulated time. `Sockets` has the real one; a test can have one whose clock it sets.
public protocol Pace: AnyObject {
    /// Seconds on a monotonic clock whose zero does not matter.
    func now() -> Double

    /// Wakes the doers whose descriptors are ready.
    ///
    /// With `block` it first sleeps until a watched descriptor is ready, a kick or a stop signal comes, or the clock is
    /// at `deadline` (nil: however long that takes). A deadline that has passed does not sleep.
    func poll(until deadline: Double?, block: Bool) throws

    /// Readable when ``poll(until:block:)`` has something to do: what a host loop watches.
    var descriptor: Int32 { get }

    /// Whether a signal has asked to end the run.
    var isStopRequested: Bool { get }

    /// Wakes `doer` whenever `descriptor` is readable.
    func watch(_ descriptor: Int32, _ doer: Doer) throws

    /// Whether a watched descriptor wakes its doer when it is writable, too.
    func watchWritable(_ descriptor: Int32, _ on: Bool) throws

    /// Ends a watch; nothing happens if there is none.
    func unwatch(_ descriptor: Int32)

    /// What makes ``descriptor`` readable, and ends a sleep, from any thread.
    var kicker: any Sendable & Kicker { get }

    /// Begins a run, for instance by taking over signals.
    func start() throws

    /// Ends a run and undoes ``start()``.
    func stop()

    /// Holds back the watched descriptors, or lets them through again. While held they neither end a sleep nor make
    /// ``descriptor`` readable; kicks, signals and deadlines do.
    ///
    /// A doist holds when it has spent the extra passes of a tick, so that a flood of datagrams waits for the next tick
    /// instead of turning the loop. A pace without it is right but then spins until that tick.
    func hold(_ on: Bool) throws

    /// Sleeps like a blocking ``poll(until:block:)``, without blocking the executor, and throws `CancellationError`
    /// when the task is cancelled.
    nonisolated(nonsending) func wait(until deadline: Double?) async throws
}

extension Pace {
    /// Does nothing.
    public func hold(_ on: Bool) throws {}
}

/// Ends the sleep of a ``Pace`` from any thread.
public protocol Kicker {
    /// Ends it, or the next one if none is under way.
    func kick()
}
