import CoDoing
import Doing
import Foundation
import Testing

/// A doist inside a task goes on wherever its executor lets it: each time on another thread, here.
@Suite("A doist that moves between threads")
struct ThreadTests {
    @Test("a body may be resumed by a plain doer on the thread that the doist has moved to", .timeLimit(.minutes(5)))
    func continuation() async throws {
        await #expect(processExitsWith: .success) {
            let lines = await Task(executorPreference: Hopping()) { () -> [String] in
                let log = Log()
                let box = Slot()
                let body = LinearDoer { _ in
                    log.add("got \(await withCheckedContinuation { box.continuation = $0 }) at \(currentTyme)")
                }
                var threads: Set<Int> = []
                let resumer = doify { tyme in
                    threads.insert(threadNumber())
                    guard tyme >= 0.5 else { return .park(until: tyme + 0.25) }
                    box.continuation?.resume(returning: 7)
                    return .done
                }
                do { try await Doist([body, resumer]).run(pace: HoppingPace()) } catch { log.add("\(error)") }
                return log.lines + [threads.count > 1 ? "moved" : "did not move"]
            }.value
            guard lines.first?.hasPrefix("got 7 at 0.5") == true, lines.last == "moved" else {
                fatalError("\(lines)")
            }
        }
    }

    @Test("inboxes and promises work across such moves", .timeLimit(.minutes(5)))
    func messages() async throws {
        await #expect(processExitsWith: .success) {
            let lines = await Task(executorPreference: Hopping()) { () -> [String] in
                let log = Log()
                let (inbox, promise) = (Inbox<Int>(), Promise<Int>())
                let reader = LinearDoer { _ in
                    for _ in 0..<3 { log.add("\(try await inbox.next())") }
                    promise.resolve(9)
                }
                let asker = LinearDoer { _ in
                    log.add("\(try await together([{ try await promise.get() }, { try await promise.get() }]))")
                }
                var number = 0
                let sender = doify { tyme in
                    number += 1
                    inbox.send(number)
                    return number < 3 ? .park(until: tyme + 0.25) : .done
                }
                do { try await Doist([reader, asker, sender]).run(pace: HoppingPace()) } catch { log.add("\(error)") }
                return log.lines
            }.value
            guard lines == ["1", "2", "3", "[9, 9]"] else { fatalError("\(lines)") }
        }
    }
}

private final class Slot: @unchecked Sendable {
    var continuation: CheckedContinuation<Int, Never>?
}

private func threadNumber() -> Int { Int(bitPattern: ObjectIdentifier(Thread.current)) }

/// Runs each job on a thread of its own, which stays: else the next one could have the same number.
private final class Hopping: TaskExecutor, @unchecked Sendable {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        Thread {
            job.runSynchronously(on: executor)
            Thread.sleep(forTimeInterval: 30)
        }.start()
    }
}

/// A pace whose clock jumps to each deadline, and whose wait goes on elsewhere.
private final class HoppingPace: Pace {
    private struct Mute: Kicker, Sendable { func kick() {} }

    private var clock = 100.0
    let descriptor: Int32 = -1
    let isStopRequested = false
    let kicker: any Sendable & Kicker = Mute()

    func now() -> Double { clock }
    func poll(until deadline: Double?, block: Bool) throws { if let deadline { clock = max(clock, deadline) } }
    func watch(_ descriptor: Int32, _ doer: Doer) throws {}
    func watchWritable(_ descriptor: Int32, _ on: Bool) throws {}
    func unwatch(_ descriptor: Int32) {}
    func start() throws {}
    func stop() {}
    nonisolated(nonsending) func wait(until deadline: Double?) async throws {
        await Task.yield()
        try poll(until: deadline, block: true)
    }
}
