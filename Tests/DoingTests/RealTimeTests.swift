import Doing
import Testing

/// Runs that follow a clock, on a clock that the test sets.
@Suite struct RealTimeTests {
    static let tock = 0.03125

    @Test("a poll's deadline is the next tick at which something is due, from the origin, without drift")
    func deadlines() throws {
        let pace = FakePace()
        let slow = Probe("slow", tock: 0.25)
        try Doist(tock: 0.03125, limit: 1.0, pace: pace, doers: [slow]).run()
        #expect(slow.tymes == [0.0, 0.25, 0.5, 0.75])
        #expect(pace.polls.map(\.deadline) == [1000.25, 1000.5, 1000.75, 1001.0])
        #expect(pace.polls.allSatisfy { $0.block })
        #expect((pace.starts, pace.stops) == (1, 1))
        #expect(slow.contexts == ["enter", "cease", "exit"])
    }

    @Test("tocks of 0.1 s lie at start + n × tock, not at the sum of sleeps")
    func noDrift() throws {
        let pace = FakePace(clock: 0.0)
        let doist = try Doist(tock: 0.1, limit: 5.0, pace: pace, doers: [Probe("busy")])
        try doist.run()
        for (index, poll) in pace.polls.enumerated() { #expect(poll.deadline == Double(index + 1) * 0.1) }
        #expect(pace.polls.count == 51)  // fifty tenths add up to less than 5.0
    }

    @Test("when all are parked for ever there is no deadline")
    func noDeadline() throws {
        let pace = FakePace()
        let parked = Probe("parked") { _ in .park(until: .infinity) }
        pace.plan = [(1004.0, .ready([parked])), (1007.0, .signal)]
        try Doist(tock: 0.03125, pace: pace, doers: [parked]).run()
        #expect(pace.polls.map(\.deadline) == [nil, nil])
        #expect(parked.tymes == [0.0, 4.03125])  // tyme followed the clock; a pass at clock 1004 has tyme 4.0 behind it
        #expect(parked.contexts == ["enter", "cease", "exit"])
        #expect(pace.stops == 1)
    }

    @Test("a ready socket is served at once, in an extra pass in place order, and the next tick is as it was")
    func extraPass() throws {
        let pace = FakePace()
        var order: [String] = []
        func parker(_ name: String) -> Probe {
            Probe(name) { tyme in
                order.append("\(name) \(tyme)")
                return .park(until: .infinity)
            }
        }
        let (first, busy, last) = (parker("first"), Probe("busy", tock: 0.0625), parker("last"))
        pace.plan = [(1000.01, .ready([last, first]))]
        var passes: [Doist.Pass] = []
        let doist = try Doist(tock: 0.03125, limit: 0.125, pace: pace, doers: [first, busy, last])
        doist.onPass = { passes.append($0) }
        try doist.run()
        #expect(order == ["first 0.0", "last 0.0", "first 0.03125", "last 0.03125"])
        #expect(busy.tymes == [0.0, 0.0625])
        #expect(passes.map(\.kind) == [.due, .extra, .due])
        #expect(passes.map(\.number) == [1, 2, 3])
        #expect(doist.statistics.extraPasses == 1)
        #expect(doist.statistics.skippedTicks == 2)
    }

    @Test("an extra pass reaches doers inside dodoers and leaves their siblings alone")
    func nestedExtraPass() throws {
        let pace = FakePace()
        let inner = Probe("inner") { _ in .park(until: .infinity) }
        let sibling = Probe("sibling")
        let nest = DoDoer(doers: [DoDoer(doers: [sibling, inner])])
        pace.plan = [(1000.01, .ready([inner])), (1000.02, .ready([inner]))]
        try Doist(tock: 0.03125, limit: 0.0625, pace: pace, doers: [nest]).run()
        #expect(inner.tymes == [0.0, 0.03125, 0.03125])
        #expect(sibling.tymes == [0.0, 0.03125])
    }

    @Test("a doer that is not parked keeps its schedule when an extra pass runs it")
    func extraPassKeepsRetyme() throws {
        let pace = FakePace()
        let timed = Probe("timed", tock: 0.125)
        pace.plan = [(1000.05, .ready([timed])), (1000.06, .ready([timed]))]
        try Doist(tock: 0.03125, limit: 0.3, pace: pace, doers: [timed]).run()
        #expect(timed.tymes == [0.0, 0.0625, 0.0625, 0.125, 0.25])
    }

    @Test("a woken doer that asks to run again is due at the next tick")
    func wokenAgain() throws {
        let pace = FakePace()
        var answers: [Recurrence] = [.park(until: .infinity), .again, .park(until: .infinity)]
        let doer = Probe("doer") { _ in answers.removeFirst() }
        pace.plan = [(1000.05, .ready([doer])), (1000.2, .signal)]
        try Doist(tock: 0.03125, pace: pace, doers: [doer]).run()
        #expect(doer.tymes == [0.0, 0.0625, 0.0625])
    }

    @Test("a turn makes at most 64 extra passes and then asks to be called again at once")
    func extraPassesPerTurn() throws {
        let pace = FakePace()
        var runs = 0
        let restless = Probe("restless")
        restless.answer = { [unowned restless] _ in
            runs += 1
            restless.wake()
            return .park(until: .infinity)
        }
        let doist = try Doist(tock: 0.03125, pace: pace, doers: [restless])
        let first = try doist.turn()
        #expect(runs == 1 + Doist.extraPassesPerTurn && first.wait == 0)
        let second = try doist.turn()
        #expect(runs == 1 + 2 * Doist.extraPassesPerTurn && second.wait == 0)
        while try doist.turn().wait == 0 {}
        #expect(runs == 1 + Doist.defaultExtraPasses)
        try doist.exit()
    }

    @Test(
        "a tick has so many extra passes; then descriptors are held until the next tick, without spinning"
    )
    func extraPassLimit() throws {
        let pace = FakePace()
        let flooded = Probe("flooded") { _ in .park(until: .infinity) }
        pace.alwaysReady = [flooded]
        let doist = try Doist(tock: 0.03125, limit: 0.125, pace: pace, doers: [flooded])
        doist.extraPassLimit = 64
        try doist.run()
        let byTyme = Dictionary(grouping: flooded.tymes, by: { $0 }).mapValues(\.count)
        // The pass of the tick itself takes the doers that are woken already, and counts as none of the 64.
        #expect(byTyme[0.03125].map { (64...65).contains($0) } == true)
        #expect(byTyme[0.0625].map { (64...65).contains($0) } == true)
        #expect(doist.statistics.spentTicks >= 3)
        #expect(pace.holds.prefix(4) == [true, false, true, false])
        #expect(pace.polls.count < 70 * 5)
    }

    @Test("a changed tock counts on the clock from then on")
    func changedTock() throws {
        let pace = FakePace(clock: 0.0)
        let doist = try Doist(tock: 0.03125, limit: 2.0, pace: pace)
        let busy = Probe("busy") { tyme in
            if tyme == 0.0625 { doist.tock = 0.5 }
            return .again
        }
        try doist.enter([busy])
        try doist.run()
        #expect(busy.tymes == [0.0, 0.03125, 0.0625, 0.5625, 1.0625, 1.5625])
        #expect(pace.polls.map(\.deadline) == [0.03125, 0.0625, 0.5625, 1.0625, 1.5625, 2.0625])
    }

    @Test("a process stopped for 1000 s fires nothing twice: tyme did not pass, and sockets come first")
    func stoppedProcess() throws {
        let pace = FakePace()
        var order: [String] = []
        let retry = Probe("retry", tock: 0.25)
        let socket = Probe("socket") { tyme in
            order.append("socket \(tyme) at \(pace.clock)")
            return .park(until: .infinity)
        }
        retry.answer = { tyme in
            order.append("retry \(tyme) at \(pace.clock)")
            return .again
        }
        pace.plan = [(1000.3, .stopped(1000.0)), (1000.31, .ready([socket]))]
        let doist = try Doist(tock: 0.03125, limit: 1.0, pace: pace, doers: [retry, socket])
        try doist.run()
        #expect(
            order == [
                "retry 0.0 at 1000.0", "socket 0.0 at 1000.0", "retry 0.25 at 1000.25",
                "socket 0.28125 at 2000.3", "retry 0.5 at 2000.3", "retry 0.75 at 2000.55",
            ])
        #expect(doist.statistics.clockShifts == 1)
        #expect(doist.statistics.shiftedSeconds == 2000.3 - 1000.5)
        #expect(pace.clock == 2000.8)
    }

    @Test("a lag below a second is caught up, tick by tick, and counted")
    func shortLag() throws {
        let pace = FakePace()
        let busy = Probe("busy")
        pace.plan = [(1000.04, .stopped(0.5))]
        let doist = try Doist(tock: 0.03125, limit: 1.0, pace: pace, doers: [busy])
        try doist.run()
        #expect(busy.tymes == (0..<32).map { Double($0) * Self.tock })
        #expect(doist.statistics.lateTicks > 10)
        #expect(doist.statistics.clockShifts == 0)
        #expect(pace.clock == 1001.0)
    }

    @Test("idle ticks are jumped over, and tyme follows the clock")
    func jumpsIdleTicks() throws {
        let pace = FakePace()
        let parked = Probe("parked") { tyme in .park(until: tyme + 3600.0) }
        let doist = try Doist(tock: 0.03125, limit: 7200.0, pace: pace, doers: [parked])
        try doist.run()
        #expect(parked.tymes == [0.0, 3600.0])
        #expect(pace.polls.count == 2)
        #expect(doist.statistics.passes == 2)
        #expect(doist.statistics.skippedTicks == 7200 * 32 - 2)
        #expect(doist.tyme == 7200.0)
    }

    @Test("a pass of more than ten tocks is counted, and its slowest doer named while profiling")
    func slowPass() throws {
        let pace = FakePace()
        let slow = Probe("slow") { _ in
            pace.clock += 0.5
            return .again
        }
        let doist = try Doist(tock: 0.03125, limit: 0.0625, pace: pace, doers: [Probe("quick"), DoDoer(doers: [slow])])
        doist.isProfiling = true
        var noted: [Doist.SlowPass] = []
        doist.onSlowPass = { noted.append($0) }
        try doist.run()
        #expect(doist.statistics.slowPasses == 2)
        #expect(doist.statistics.longestPass == 0.5)
        #expect(doist.statistics.slowestDoer == ["doist", "DoDoer", "slow"])
        #expect(noted.map(\.doer) == [["doist", "DoDoer", "slow"], ["doist", "DoDoer", "slow"]])
        #expect(noted.map(\.tyme) == [0.0, 0.03125])
    }

    @Test("a signal ends a run like a limit: every exit runs")
    func signal() throws {
        let pace = FakePace()
        let (a, b) = (Probe("a"), Probe("b") { _ in .park(until: .infinity) })
        pace.plan = [(1000.2, .signal)]
        let doist = try Doist(tock: 0.03125, pace: pace, doers: [a, b])
        try doist.run()
        #expect(a.contexts == ["enter", "cease", "exit"])
        #expect(b.contexts == ["enter", "cease", "exit"])
        #expect(!doist.isDone)
    }

    @Test("turn enters, tells its host how long to wait, and exits at the end")
    func turns() throws {
        let pace = FakePace()
        let doer = Probe("doer", tock: 0.125) { tyme in tyme >= 0.25 ? .done : .again }
        let doist = try Doist(tock: 0.03125, pace: pace, doers: [doer])
        #expect(doist.descriptor == 7)
        var turn = try doist.turn()
        #expect(turn == Doist.Turn(isDone: false, wait: 0.125))
        pace.clock += 0.0625
        turn = try doist.turn()
        #expect(turn == Doist.Turn(isDone: false, wait: 0.0625))
        pace.clock += 0.0625
        turn = try doist.turn()
        #expect(turn == Doist.Turn(isDone: false, wait: 0.125))
        pace.clock += 0.125
        turn = try doist.turn()
        #expect(turn == Doist.Turn(isDone: true, wait: nil))
        turn = try doist.turn()
        #expect(turn == Doist.Turn(isDone: true, wait: nil))
        #expect(doist.isDone)
        #expect(doer.contexts == ["enter", "clean", "exit"])
        #expect((pace.starts, pace.stops) == (1, 1))
        #expect(pace.polls.allSatisfy { !$0.block })
    }

    @Test("turn without a pace is an error that names the doist")
    func turnWithoutPace() throws {
        let doist = try Doist(name: "host")
        #expect(throws: ScheduleError.noPace(scheduler: "host")) { try doist.turn() }
    }

    @Test("an error in a turn runs every exit and stops the pace")
    func errorInTurn() throws {
        let pace = FakePace()
        let (a, b) = (Probe("a"), Probe("b") { _ in throw Oops() })
        let doist = try Doist(tock: 0.03125, pace: pace, doers: [a, b])
        #expect(throws: Oops.self) { try doist.turn() }
        #expect(a.contexts == ["enter", "cease", "exit"])
        #expect(b.contexts == ["enter", "abort", "exit"])
        #expect(pace.stops == 1)
        let after = try doist.turn()
        #expect(after.isDone)
    }

    @Test("an error in enter stops the pace too")
    func errorInEnter() throws {
        final class Bad: Doer {
            override func enter(_ tyme: Tyme) throws { throw Oops() }
        }
        let pace = FakePace()
        let doist = try Doist(tock: 0.03125, pace: pace, doers: [Bad()])
        #expect(throws: Oops.self) { try doist.run() }
        #expect((pace.starts, pace.stops) == (1, 1))
    }

    @Test("the async run does the same in a task")
    func asyncRun() async throws {
        let pace = FakePace()
        let doer = Probe("doer", tock: 0.25)
        let doist = try Doist(limit: 1.0, doers: [doer])
        try await doist.run(pace: pace)
        #expect(doer.tymes == [0.0, 0.25, 0.5, 0.75])
        #expect(doer.contexts == ["enter", "cease", "exit"])
    }

    @Test("cancelling the task runs every exit and throws CancellationError")
    func cancelledRun() async throws {
        @MainActor final class Log {
            var contexts: [String] = []
        }
        let log = await MainActor.run { Log() }
        let task = Task { @MainActor in
            let pace = FakePace()
            let doer = Probe("doer")
            var recurs = 0
            doer.answer = { _ in
                recurs += 1
                if recurs == 3 { withUnsafeCurrentTask { $0?.cancel() } }
                return .again
            }
            let doist = Doist([doer])
            defer { log.contexts = doer.contexts }
            try await doist.run(pace: pace)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await log.contexts == ["enter", "cease", "exit"])
    }

    @Test("a tock of 0 makes one pass a turn")
    func tockZero() throws {
        let pace = FakePace()
        var recurs = 0
        let doer = Probe("doer") { _ in
            recurs += 1
            return recurs < 5 ? .again : .done
        }
        try Doist(tock: 0.0, pace: pace, doers: [doer]).run()
        #expect(doer.tymes == [0.0, 0.0, 0.0, 0.0, 0.0])
        #expect(pace.polls.count == 4)
    }

    @Test("a doer woken by another one in an extra pass runs in that pass if its place is ahead, else in the next")
    func wakesInExtraPass() throws {
        let pace = FakePace()
        var order: [String] = []
        let (a, b, c) = (Probe("a"), Probe("b"), Probe("c"))
        for doer in [a, b, c] {
            doer.answer = { _ in
                order.append(doer.name)
                if doer === b, order.count > 3 { [a, c].forEach { $0.wake() } }
                return .park(until: .infinity)
            }
        }
        pace.plan = [(1000.01, .ready([b])), (1000.2, .signal)]
        let doist = try Doist(tock: 0.03125, pace: pace, doers: [a, b, c])
        try doist.run()
        #expect(order == ["a", "b", "c", "b", "c", "a"])
        #expect(doist.statistics.extraPasses == 2)
    }

    @Test("a run that cannot begin closes what was entered by hand", arguments: ["simulated", "real", "turn"])
    func cannotBegin(way: String) throws {
        let pace = FakePace()
        pace.refusal = Oops()
        let doer = Probe("doer")
        let doist = try Doist(tock: 0.03125, pace: way == "simulated" ? nil : pace, doers: [doer])
        try doist.enter()
        switch way {
        case "simulated": #expect(throws: TymeError.limit(-1)) { try doist.run(limit: -1) }
        case "real": #expect(throws: Oops.self) { try doist.run() }
        default: #expect(throws: Oops.self) { _ = try doist.turn() }
        }
        #expect(doer.contexts == ["enter", "cease", "exit"])
        #expect(!doist.isEntered && pace.stops == 0)
    }
}
