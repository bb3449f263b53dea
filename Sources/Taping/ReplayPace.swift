import Doing

/// The pace of a replay: no clock, no poller. It only makes wakes and extra passes what they are in real time.
final class ReplayPace: Pace {
    var isStopRequested = false
    private struct Silent: Kicker, Sendable { func kick() {} }

    func now() -> Double { 0 }
    func poll(until deadline: Double?, block: Bool) throws {}
    var descriptor: Int32 { -1 }
    func watch(_ descriptor: Int32, _ doer: Doer) throws {}
    func watchWritable(_ descriptor: Int32, _ on: Bool) throws {}
    func unwatch(_ descriptor: Int32) {}
    var kicker: any Sendable & Kicker { Silent() }
    func start() throws {}
    func stop() {}
    nonisolated(nonsending) func wait(until deadline: Double?) async throws {}
}
