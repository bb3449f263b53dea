import CoDoing
import Doing
import Testing

@Suite("The end of an async doer")
struct ClosingTests {
    /// Every way to wait, by name.
    static let waits: [(name: String, wait: nonisolated(nonsending) @Sendable (CoDoer) async throws -> Void)] = [
        ("sleep", { _ in try await sleep(for: 100) }),
        ("sleep without end", { _ in try await sleep(for: .infinity) }),
        ("tick", { _ in while true { try await nextTick() } }),
        ("inbox", { _ in _ = try await Inbox<Int>().next() }),
        ("promise", { _ in _ = try await Promise<Int>().get() }),
        ("inbox with timeout", { _ in _ = try await Inbox<Int>().next(timeout: 100) }),
        ("sequence", { _ in for try await _ in Inbox<Int>() {} }),
        ("within", { _ in try await within(100) { try await sleep(for: 200) } }),
        (
            "async let",
            { _ in
                async let forever: Void = sleep(for: .infinity)
                try await forever
            }
        ),
        (
            "group",
            { _ in
                let inbox = Inbox<Int>()
                try await withChildren(returning: Void.self) { children in
                    children.fork { try await sleep(for: 100) }
                    children.fork { _ = try await inbox.next() }
                    children.fork { while true { try await nextTick() } }
                    while try await children.next() != nil {}
                }
            }
        ),
    ]

    @Test("a limit ends every kind of wait with CancellationError, before exit", arguments: waits.map(\.name))
    func limits(_ name: String) throws {
        let wait = try #require(Self.waits.first { $0.name == name }).wait
        let log = Log()
        let doer = Body("it", contexts: log) { doer in
            defer { log.add("defer at \(currentTyme)") }
            do { try await wait(doer) } catch is CancellationError { log.add("cancelled") }
            await #expect(throws: CancellationError.self) { try await sleep(for: 1) }
            await #expect(throws: CancellationError.self) { try await nextTick() }
            await #expect(throws: CancellationError.self) { try await Inbox<Int>().next() }
        }
        let doist = Doist([doer])
        try doist.run(limit: 0.5)
        #expect(log.lines == ["it enter", "it cease", "cancelled", "defer at 0.5", "it exit"])
        #expect(doist.failures.isEmpty && !doer.isDone && doer.outcome == .closed)
    }

    @Test("a doer that is removed by another runs to its end inside that call")
    func removed() throws {
        let log = Log()
        let victim = Body("victim", contexts: log) { _ in
            defer { log.add("victim defer") }
            try await sleep(for: 100)
        }
        let remover = Body("remover") { doer in
            try await sleep(for: 0.25)
            log.add("remove")
            try doer.doist?.remove([victim])
            log.add("removed at \(currentTyme)")
            try await nextTick()
            log.add("on at \(currentTyme)")
        }
        try Doist([victim, remover]).run()
        #expect(
            log.lines == [
                "victim enter", "remove", "victim cease", "victim defer", "victim exit", "removed at 0.25",
                "on at 0.28125",
            ])
    }

    @Test("a doer that removes itself runs on to its own end")
    func removesItself() throws {
        let log = Log()
        let doer = Body("self", contexts: log) { doer in
            try doer.doist?.remove([doer])
            try await sleep(for: 0.25)
            log.add("end at \(currentTyme)")
        }
        let doist = Doist([doer])
        try doist.run()
        #expect(log.lines == ["self enter", "end at 0.25", "self clean", "self exit"])
        #expect(doer.isDone && doist.doers.isEmpty)
    }

    @Test("closed before its first recur the body never starts")
    func neverStarted() throws {
        let log = Log()
        let doer = Body("never", contexts: log) { _ in log.add("started") }
        let doist = Doist([doer])
        try doist.enter()
        try doist.exit()
        #expect(log.lines == ["never enter", "never cease", "never exit"])
    }

    @Test("what a body throws is its doer's error: under failAll the run ends and the others are closed")
    func failAll() throws {
        let log = Log()
        let thrower = Body("thrower", contexts: log) { _ in
            try await sleep(for: 0.25)
            throw Oops()
        }
        let other = Body("other", contexts: log) { _ in
            defer { log.add("other defer at \(currentTyme)") }
            try await sleep(for: 100)
        }
        let doist = Doist([thrower, other])
        #expect(throws: Oops()) { try doist.run() }
        #expect(
            log.lines == [
                "thrower enter", "other enter", "thrower abort Oops()", "thrower exit", "other cease",
                "other defer at 0.25", "other exit",
            ])
        #expect(doist.failures.map(\.description) == ["doist/thrower threw in recur at 0.25: Oops()"])
    }

    @Test("under isolate the others go on")
    func isolate() throws {
        let log = Log()
        let thrower = Body("thrower", contexts: log) { _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await sleep(for: .infinity) }
                group.addTask {
                    try await sleep(for: 0.25)
                    throw Oops()
                }
                for try await _ in group {}  // waitForAll would wait for the sleeper first
            }
        }
        let other = Body("other") { _ in
            try await sleep(for: 1)
            log.add("other at \(currentTyme)")
        }
        let doist = try Doist(onError: .isolate, doers: [thrower, other])
        try doist.run()
        #expect(log.lines == ["thrower enter", "thrower abort Oops()", "thrower exit", "other at 1.0"])
        #expect(doist.isDone && doist.failures.count == 1 && thrower.outcome == .failed)
    }

    @Test("an error of the clean-up after a forced close is thrown by cease, and the others still exit")
    func cleanUpFails() throws {
        let log = Log()
        let bad = Body("bad", contexts: log) { _ in
            do { try await sleep(for: 100) } catch { throw Oops() }
        }
        let doist = Doist([bad, Body("good", contexts: log) { _ in try await sleep(for: 100) }])
        #expect(throws: Oops()) { try doist.run(limit: 1) }
        #expect(log.lines == ["bad enter", "good enter", "good cease", "good exit", "bad cease", "bad exit"])
        #expect(doist.failures.map(\.context) == [.cease])
    }

    @Test("a body that ignores its cancellation is given up and reported, not waited for")
    func ignores() throws {
        let log = Log()
        let stubborn = Body("stubborn", contexts: log) { _ in while true { try? await sleep(for: 1) } }
        stubborn.stepLimit = 1000
        let doist = Doist([stubborn])
        #expect(throws: CoError.ignoresCancellation(doer: "stubborn", steps: 1000)) { try doist.run(limit: 2) }
        #expect(log.lines == ["stubborn enter", "stubborn cease", "stubborn exit"])
        #expect(doist.failures.count == 1)
    }

    @Test("so is one that yields without end after its cancellation")
    func yieldsForEver() throws {
        let doer = Body("yielder") { _ in
            try? await sleep(for: 1)
            while true { await Task.yield() }
        }
        doer.stepLimit = 1000
        #expect(throws: CoError.ignoresCancellation(doer: "yielder", steps: 1000)) { try Doist([doer]).run(limit: 0.5) }
    }

    @Test("tasks that wake each other without end fail their doer in that pass")
    func endless() throws {
        let log = Log()
        let spinner = Body("spinner", contexts: log) { _ in while true { try await sleep(for: 0) } }
        spinner.stepLimit = 500
        let talker = Body("talker") { _ in
            let inbox = Inbox<Int>()
            while true {
                inbox.send(1)
                _ = try await inbox.next()
            }
        }
        talker.stepLimit = 500
        let doist = try Doist(onError: .isolate, doers: [spinner, talker])
        try doist.run()
        #expect(doist.tyme == 0.03125)
        #expect(
            doist.failures.map { "\($0.error)" } == [
                "spinner took more than 500 steps in one pass", "talker took more than 500 steps in one pass",
            ])
        #expect(
            log.lines == [
                "spinner enter", "spinner abort spinner took more than 500 steps in one pass", "spinner exit",
            ])
    }

    @Test("a child that ignores its cancellation fails its doer")
    func stubbornChild() throws {
        let doer = Body("parent") { _ in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { while true { try? await nextTick() } }
                try? await sleep(for: 0.25)
                group.cancelAll()
            }
        }
        doer.stepLimit = 500
        let doist = Doist([doer])
        #expect(throws: CoError.ignoresCancellation(doer: "parent", steps: 500)) { try doist.run() }
        #expect(doist.tyme == 0.25)
    }

    @Test("within cancels what is late, throws DeadlinePassed, and lets everything else through")
    func deadlines() throws {
        let log = Log()
        let doer = Body("doer") { _ in
            await #expect(throws: DeadlinePassed(deadline: 0.5)) {
                try await within(0.5) { try await sleep(for: 1) }
            }
            log.add("\(currentTyme)")
            log.add("\(try await within(0.5) { try await later("in time") }) at \(currentTyme)")
            await #expect(throws: Oops()) { try await within(0.5) { throw Oops() } }
            await #expect(throws: DeadlinePassed(deadline: 0.75)) { try await within(0) { try await nextTick() } }
            let stubborn = try await within(0.125) {
                try? await sleep(for: 1)
                return "late, but done"
            }
            log.add("\(stubborn) at \(currentTyme)")
            await #expect(throws: DeadlinePassed(deadline: 1.125)) {
                try await within(0.25) { try await within(9) { try await sleep(for: 10) } }
            }
            log.add("\(currentTyme)")
        }
        try Doist([doer]).run()
        #expect(log.lines == ["0.5", "in time at 0.75", "late, but done at 0.875", "1.125"])
    }

    @Test("the deadline of within reaches its children, and the body may use its doer inside")
    func withinUsesSelf() throws {
        final class Asker: CoDoer {
            let inbox = Inbox<Int>()
            var answers = 0
            override nonisolated(nonsending) func perform() async throws {
                do {
                    try await within(0.25) {
                        while true { self.answers += try await self.inbox.next() }
                    }
                } catch is DeadlinePassed { answers += 100 }
            }
        }
        let asker = Asker()
        let inbox = asker.inbox
        let sender = Body { _ in
            for number in 1...3 {
                inbox.send(number)
                try await sleep(for: 0.0625)
            }
        }
        try Doist([asker, sender]).run()
        #expect(asker.answers == 106)
    }

    @Test("a run leaves nothing behind: doer, loop and elements are freed")
    func frees() throws {
        weak var doer: Body?
        weak var inbox: Inbox<Int>?
        for limit in [0.0, 0.5] {
            do {
                let box = Inbox<Int>()
                let body = Body { _ in
                    _ = try await together {
                        try await box.next(timeout: 1)
                    } _: {
                        try await within(1) { try? await sleep(for: 2) }
                    }
                }
                (doer, inbox) = (body, box)
                try Doist([body]).run(limit: limit)
            }
            #expect(doer == nil && inbox == nil)
        }
    }
}

private func later<Value>(_ value: Value) async throws -> Value {
    try await sleep(for: 0.25)
    return value
}
