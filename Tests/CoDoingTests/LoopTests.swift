import CoDoing
import Doing
import Testing

@Suite("What stays in the loop")
struct LoopTests {
    @Test("an override that does not say nonsending runs in the loop as well")
    func plainOverride() throws {
        final class Plain: CoDoer {
            var tymes: [Tyme] = []
            override func perform() async throws {
                for _ in 0..<2 {
                    tymes.append(currentTyme)
                    try await sleep(for: 0.25)
                }
            }
        }
        let doer = Plain()
        try Doist([doer]).run()
        #expect(doer.tymes == [0.0, 0.25] && doer.isDone)
    }

    @Test("a continuation that a plain doer resumes wakes the body like a send")
    func continuation() throws {
        let log = Log()
        let box = Box()
        let body = Body { _ in
            log.add("got \(await withCheckedContinuation { box.continuation = $0 }) at \(currentTyme)")
        }
        let resumer = doify { tyme in
            guard tyme >= 0.25 else { return .park(until: 0.25) }
            box.continuation?.resume(returning: 7)
            return .done
        }
        try Doist([body, resumer]).run()
        #expect(log.lines == ["got 7 at 0.28125"])
    }

    @Test("a doer that is closed while its body waits for something foreign says so")
    func foreignWait() throws {
        let log = Log()
        let doer = Body("lost", contexts: log) { _ in
            await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            log.add("never")
        }
        let doist = Doist([doer])
        #expect(throws: CoError.stillWaiting(doer: "lost")) { try doist.run(limit: 1) }
        #expect(log.lines == ["lost enter", "lost cease", "lost exit"])
    }

    @Test("a body that nobody can ever wake stalls a simulated run, which says so")
    func stalls() throws {
        let doist = Doist([Body { _ in _ = try await Inbox<Int>().next() }])
        #expect(throws: ScheduleError.stalled(tyme: 0.03125, deeds: 1)) { try doist.run() }
    }

    @Test("priorities change nothing, task-locals reach children and helpers")
    func prioritiesAndLocals() throws {
        let log = Log()
        let doer = Body { _ in
            try await Locals.$name.withValue("blue") {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (number, priority) in [TaskPriority.background, .high, .low, .userInitiated].enumerated() {
                        group.addTask(priority: priority) {
                            try await nextTick()
                            log.add("\(number) \(Locals.name) \(currentTyme)")
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
        try Doist([doer]).run()
        #expect(log.lines == ["0 blue 0.03125", "1 blue 0.03125", "2 blue 0.03125", "3 blue 0.03125"])
    }

    @Test("many children and many elements: rings and heaps grow and keep their order")
    func many() throws {
        let log = Log()
        let inbox = Inbox<Int>(limit: 10_000)
        let doer = Body { _ in
            let numbers = try await together(
                (0..<1000).map { number in
                    {
                        try await sleep(for: Double((number * 7919) % 1000))
                        inbox.send(number)
                        return number
                    }
                })
            let sum = numbers.reduce(0, +)
            log.add("\(sum) at \(currentTyme)")
            var last = -1.0
            inbox.close()
            for try await number in inbox {
                let deadline = Double((number * 7919) % 1000)
                if deadline != last + 1 { log.add("\(number) out of order") }
                last = deadline
            }
        }
        try Doist([doer]).run()
        #expect(log.lines == ["499500 at 999.0"])
        #expect(inbox.count == 0 && inbox.refused == 0)
    }

    @Test("many waiters of one inbox are served in order")
    func manyWaiters() throws {
        let inbox = Inbox<Int>()
        let log = Log()
        let readers = (0..<50).map { number in
            Body { _ in
                let (one, two) = try await together {
                    try await inbox.next()
                } _: {
                    try await inbox.next()
                }
                log.add("\(number): \(one) \(two)")
            }
        }
        let sender = Body { _ in for number in 0..<100 { inbox.send(number) } }
        try Doist(readers + [sender]).run()
        #expect(log.lines == (0..<50).map { "\($0): \(2 * $0) \(2 * $0 + 1)" })
    }
}

private enum Locals {
    @TaskLocal static var name = "none"
}

private final class Box: @unchecked Sendable {
    var continuation: CheckedContinuation<Int, Never>?
}
