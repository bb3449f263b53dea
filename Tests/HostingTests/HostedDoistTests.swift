import Dispatch
import Doing
import Foundation
import Hosting
import Sockets
import Synchronization
import Testing

/// Counts its ticks to five, a fiftieth of a second apart.
private final class Counter: Doer {
    private(set) var ticks = 0
    private(set) var hasLeft = false

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        ticks += 1
        return ticks < 5 ? .park(until: tyme + 0.02) : .done
    }
    override func exit(_ tyme: Tyme) throws { hasLeft = true }
}

private struct Broken: Error {}

@Suite("A doist in the loop of an app", .timeLimit(.minutes(1)))
struct HostedDoistTests {
    /// Runs `body` on a queue of its own, and waits until it signals.
    private func onQueue(_ body: @escaping @Sendable (DispatchQueue, @escaping @Sendable () -> Void) -> Void) async {
        let queue = DispatchQueue(label: "host")
        await withCheckedContinuation { continuation in
            queue.async { body(queue) { continuation.resume() } }
        }
    }

    @Test("runs on a queue until its doers are done, and says so once")
    func queue() async {
        await onQueue { queue, done in
            do {
                let counter = Counter()
                let hosted = try Doist(pace: RealPace(), doers: [counter]).attach(to: queue)
                nonisolated(unsafe) let host = hosted
                hosted.onEnd = { error in
                    #expect(error == nil && counter.ticks == 5 && counter.hasLeft && host.isDone)
                    done()
                }
            } catch { Issue.record(error) }
        }
    }

    @Test("says what a doer threw")
    func thrown() async {
        await onQueue { queue, done in
            do {
                var calls = 0
                let doer = doify { tyme -> Recurrence in
                    calls += 1
                    if calls == 2 { throw Broken() }
                    return .park(until: tyme + 0.01)
                }
                let hosted = try Doist(pace: RealPace(), doers: [doer]).attach(to: queue)
                nonisolated(unsafe) let host = hosted
                hosted.onEnd = { error in
                    #expect(error != nil && host.isDone)
                    done()
                }
            } catch { Issue.record(error) }
        }
    }

    @Test("ends in order when it is detached, every exit runs, and it says so")
    func detached() async {
        await onQueue { queue, done in
            do {
                let counter = Counter()
                let hosted = try Doist(pace: RealPace(), doers: [counter]).attach(to: queue)
                hosted.onEnd = { error in
                    #expect(error == nil && counter.hasLeft && counter.ticks < 5)
                    done()
                }
                hosted.detach()
                hosted.detach()
            } catch { Issue.record(error) }
        }
    }

    @Test("a message of another thread is read at once, though nothing is due for an hour")
    func mailbox() async {
        await onQueue { queue, done in
            do {
                let mailbox = Mailbox<Int>(limit: 8)
                let doer = MailboxDoer(mailbox) { message, _ in
                    #expect(message == 7)
                    return .done
                }
                let hosted = try Doist(pace: RealPace(), doers: [doer]).attach(to: queue)
                nonisolated(unsafe) let host = hosted
                hosted.onEnd = { error in
                    #expect(error == nil && host.isDone)
                    done()
                }
                DispatchQueue.global().async { _ = mailbox.post(7) }
            } catch { Issue.record(error) }
        }
    }
}
