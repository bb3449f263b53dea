import CoDoing
import Doing
import Foundation
import Testing

/// What leaves the loop ends the process with a message instead of running elsewhere; each in a child process.
@Suite("What leaves the loop is trapped")
struct TrapTests {
    @Test("a bare Task that waits as if it were in the loop")
    func bareTask() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try? Doist([
                Body { _ in
                    let task = Task { try await sleep(for: 1) }
                    try await sleep(for: 0.5)
                    _ = await task.result
                }
            ]).run(limit: 1)
            block(20)
        }
        expect(
            result, "sleep(until:) outside of the loop of a CoDoer", or: "sleep(for:) outside of the loop of a CoDoer")
    }

    @Test("coming back from Task.sleep, on another thread")
    func taskSleep() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            Thread {
                // Longer than the slot takes on a busy machine: else nobody has to come back.
                let doist = Doist([Body { _ in try await Task.sleep(for: .milliseconds(100)) }])
                try? doist.enter()
                try? doist.recur()
                block(20)
            }.start()
            try await Task.sleep(for: .seconds(20))
        }
        expect(result, "a task of a CoDoer resumed on another thread")
    }

    @Test("awaiting the value of a bare Task")
    func bareTaskValue() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let doist = Doist([
                Body { _ in
                    let task = Task { block(0.05) }
                    await task.value
                }
            ])
            try? doist.enter()
            try? doist.recur()
            block(20)
        }
        expect(result, "a task of a CoDoer resumed on another thread")
    }

    @Test("a wait outside of any async doer")
    func outside() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = try await Inbox<Int>().next()
        }
        expect(result, "Inbox.next() outside of the loop of a CoDoer")
    }

    @Test("a send from another thread into a slot")
    func foreignSend() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            nonisolated(unsafe) let inbox = Inbox<Int>()
            let doer = Body { _ in
                async let number = inbox.next()
                try await sleep(for: 0)
                Thread { inbox.send(1) }.start()
                block(20)
                _ = try await number
            }
            try? Doist([doer]).run()
        }
        expect(result, "Inbox.send(_:) on another thread than that of the doist")
    }

    private func expect(_ result: ExitTest.Result?, _ message: String, or other: String = "no other") {
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains(message) || text.contains(other), "\(text)")
    }
}

/// Holds up this thread.
private func block(_ seconds: Double) { Thread.sleep(forTimeInterval: seconds) }
