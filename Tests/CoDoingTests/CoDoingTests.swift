import CoDoing
import Doing
import Testing

@Suite("Waiting in linear code")
struct WaitingTests {
    @Test("a sleep ends in the first pass whose tyme has reached its deadline")
    func sleeps() throws {
        let log = Log()
        let doist = Doist([
            Body { _ in
                log.add("\(currentTyme)")
                try await sleep(for: 0.5)
                log.add("\(currentTyme)")
                try await sleep(for: 0.01)  // less than a tock
                log.add("\(currentTyme)")
                try await sleep(until: 0.6)  // between two ticks
                log.add("\(currentTyme)")
                try await sleep(until: 0.25)  // has come long ago
                log.add("\(currentTyme)")
            }
        ])
        try doist.run()
        #expect(log.lines == ["0.0", "0.5", "0.53125", "0.625", "0.625"])
        #expect(doist.isDone && doist.tyme == 0.65625)
    }

    @Test("a doer that sleeps is parked: idle ticks are skipped")
    func parks() throws {
        let doist = Doist([Body { _ in for _ in 0..<3 { try await sleep(for: 1000) } }])
        try doist.run()
        #expect(doist.tyme == 3000.03125)
        #expect(doist.statistics.passes == 4)
        #expect(doist.statistics.skippedTicks == 3 * 31_999)
    }

    @Test("nextTick goes on in the next pass; with a tock of its own, a tock later")
    func ticks() throws {
        let log = Log()
        let plain = Body("plain") { _ in
            for _ in 0..<3 {
                log.add("plain \(currentTyme)")
                try await nextTick()
            }
        }
        let slow = Body("slow", tock: 0.0625) { _ in
            for _ in 0..<3 {
                log.add("slow \(currentTyme)")
                try await nextTick()
            }
        }
        try Doist([plain, slow]).run()
        #expect(
            log.lines == [
                "plain 0.0", "slow 0.0", "plain 0.03125", "plain 0.0625", "slow 0.0625", "slow 0.125",
            ])
    }

    @Test("where tyme stands still nextTick is the next pass")
    func standingTyme() throws {
        let log = Log()
        let doist = try Doist(
            tock: 0.0,
            doers: [
                Body { _ in
                    for number in 0..<3 {
                        log.add("\(number) at \(currentTyme)")
                        try await nextTick()
                    }
                }
            ])
        try doist.enter()
        for _ in 0..<4 { try doist.recur() }
        #expect(log.lines == ["0 at 0.0", "1 at 0.0", "2 at 0.0"])
        #expect(doist.isDone)
        try doist.exit()
    }

    @Test("equal deadlines end in the order of registration, earlier ones first")
    func ties() throws {
        let log = Log()
        let doer = Body { _ in
            await withThrowingTaskGroup(of: Void.self) { group in
                for (number, seconds) in [1.0, 0.5, 1.0, 0.5, 1.0].enumerated() {
                    group.addTask {
                        try await sleep(for: seconds)
                        log.add("\(number) at \(currentTyme)")
                    }
                }
            }
        }
        try Doist([doer]).run()
        #expect(log.lines == ["1 at 0.5", "3 at 0.5", "0 at 1.0", "2 at 1.0", "4 at 1.0"])
    }

    @Test("a sleep of 0 gives way to what is ready, and goes on in the same pass")
    func givesWay() throws {
        let log = Log()
        let doer = Body { _ in
            await withThrowingTaskGroup(of: Void.self) { group in
                for name in ["a", "b"] {
                    group.addTask {
                        for number in 0..<2 {
                            log.add("\(name)\(number) \(currentTyme)")
                            try await sleep(for: 0)
                        }
                    }
                }
            }
        }
        try Doist([doer]).run()
        #expect(log.lines == ["a0 0.0", "b0 0.0", "a1 0.0", "b1 0.0"])
    }

    @Test("a doer is done when its body returns, and can be scheduled again")
    func restarts() throws {
        let log = Log()
        let doer = Body("again", contexts: log) { _ in
            log.add("start \(currentTyme)")
            try await sleep(for: 0.25)
            log.add("end \(currentTyme)")
        }
        let doist = Doist([doer])
        try doist.run()
        #expect(doer.isDone)
        try doist.run(limit: 0.125)
        #expect(!doer.isDone)
        try doist.run()
        #expect(doer.isDone)
        #expect(
            log.lines == [
                "again enter", "start 0.0", "end 0.25", "again clean", "again exit",
                "again enter", "start 0.28125", "again cease", "again exit",
                "again enter", "start 0.40625", "end 0.65625", "again clean", "again exit",
            ])
    }

    @Test("task groups, async let, actors and @concurrent functions stay in the loop")
    func stays() throws {
        let log = Log()
        let doer = Body { _ in
            async let doubled = later(21)
            log.add("\(await counter.up())")
            log.add("\(await elsewhere())")
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...4 { group.addTask { try await later(number) } }
                return try await group.reduce(0, +)
            }
            log.add("\(sum) \(try await doubled) \(currentTyme)")
        }
        try Doist([doer]).run()
        #expect(log.lines == ["1", "0.0", "20 42 0.25"])
    }

    @Test("a doer spawns another beside itself, which first recurs in the next pass")
    func spawns() throws {
        let log = Log()
        let parent = Body("parent") { doer in
            try doer.spawn([
                Body("child") { _ in
                    log.add("child \(currentTyme)")
                    try await sleep(for: 0.125)
                    log.add("child \(currentTyme)")
                }
            ])
            log.add("parent \(currentTyme)")
            try await nextTick()
            log.add("parent \(currentTyme)")
        }
        let house = DoDoer(doers: [parent])
        try Doist([house]).run()
        #expect(house.doers.map { $0.name } == ["parent"])  // one that was spawned is listed until it ends
        #expect(log.lines == ["parent 0.0", "child 0.03125", "parent 0.03125", "child 0.15625"])
        #expect(throws: ScheduleError.notEntered(scheduler: "parent")) { try parent.spawn([]) }
    }

    @Test("inside a task, where the doist is run by an async main, all is the same")
    func insideTask() async throws {
        let log = Log()
        try Doist([
            Body { _ in
                async let one = later(1)
                log.add("\(try await one) \(currentTyme)")
            }
        ]).run()
        #expect(log.lines == ["2 0.25"])
        await Task.yield()
    }
}

private actor Counter {
    private var count = 0
    func up() -> Int {
        count += 1
        return count
    }
}
private let counter = Counter()

@concurrent private func elsewhere() async -> Tyme { currentTyme }

private func later(_ number: Int) async throws -> Int {
    try await sleep(for: 0.25)
    return 2 * number
}
