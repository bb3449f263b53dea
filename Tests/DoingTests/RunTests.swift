import Doing
import Testing

/// How runs begin and end: the tock they have, stops that come early or late, and what is left for the next run.
@Suite struct RunTests {
    @Test("the tock is 1/32 s in simulated time and 1/1024 s in real time, unless one was given")
    func tocks() throws {
        let pace = FakePace()
        #expect(Doist().tock == 0.03125)
        let real = try Doist(pace: pace)
        #expect(real.tock == 0x1p-10)
        real.pace = nil
        #expect(real.tock == 0.03125)
        let given = try Doist(tock: 0.03125, pace: pace)
        #expect(given.tock == 0.03125)
        let set = Doist()
        set.tock = 0.25
        set.pace = pace
        #expect(set.tock == 0.25)
        let ran = try Doist(limit: 0x1p-9)
        let busy = Probe("busy")
        try ran.enter([busy])
        try ran.exit()
        try ran.run(pace: pace)
        #expect(busy.tymes == [0.0, 0x1p-10])
    }

    @Test("a stop that is asked before the first run ends it before its first pass", arguments: [false, true], [0, 1])
    func earlyStop(isReal: Bool, way: Int) throws {
        let doer = Probe("doer")
        let doist = try Doist(limit: 2.0, pace: isReal ? FakePace() : nil, doers: [doer])
        if way == 0 { doist.requestStop() } else { doist.waker.requestStop() }
        try doist.run()
        #expect(doer.contexts == ["enter", "cease", "exit"] && doer.tymes.isEmpty)
    }

    @Test("a stop that is asked after a run has ended does not hit the next one", arguments: [false, true], [0, 1])
    func lateStop(isReal: Bool, way: Int) throws {
        let doer = Probe("doer")
        let doist = try Doist(tock: 0.5, limit: 2.0, pace: isReal ? FakePace() : nil, doers: [doer])
        try doist.run()
        if way == 0 { doist.requestStop() } else { doist.waker.requestStop() }
        try doist.run()
        #expect(doer.tymes == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5])
    }

    @Test("a stop that is asked in a doer's enter ends that run")
    func stopInEnter() throws {
        let doer = Probe("doer")
        let doist = try Doist(limit: 2.0, doers: [doer])
        doer.onEnter = { [unowned doist] _ in doist.requestStop() }
        for _ in 0..<2 { try doist.run() }
        #expect(doer.tymes.isEmpty && doer.contexts == ["enter", "cease", "exit", "enter", "cease", "exit"])
    }

    @Test("a run that ends while its pace is held lets the descriptors through for the next run")
    func heldAtTheEnd() throws {
        let pace = FakePace()
        let flooded = Probe("flooded") { _ in .park(until: .infinity) }
        pace.alwaysReady = [flooded]
        let doist = try Doist(tock: 0.03125, pace: pace, doers: [flooded])
        doist.extraPassLimit = 4
        for _ in 0..<100 where pace.holds.last != true { _ = try doist.turn() }
        #expect(pace.holds == [true])
        doist.requestStop()
        let turn = try doist.turn()
        #expect(turn.isDone && pace.holds == [true, false] && pace.stops == 1)
    }

    @Test("a pace that comes after enter is an error with words, and the same pace is none")
    func paceAfterEnter() throws {
        let doer = Probe("doer")
        let doist = try Doist(name: "host", limit: 1.0, doers: [doer])
        try doist.enter()
        #expect(throws: ScheduleError.alreadyEntered(scheduler: "host")) { try doist.run(pace: FakePace()) }
        #expect(doist.isEntered)
        try doist.exit()
        let pace = FakePace()
        doist.pace = pace
        try doist.enter()
        try doist.run(pace: pace)
        #expect(doer.contexts == ["enter", "cease", "exit", "enter", "cease", "exit"])
    }

    @Test("profiling may be switched on and off in mid-run")
    func profiling() throws {
        let pace = FakePace()
        pace.tick = 0.001
        let doist = try Doist(tock: 0.25, limit: 2.0, pace: pace)
        let slow = Probe("slow") { tyme in
            if tyme == 0.5 { doist.isProfiling = true }
            if tyme == 1.0 { doist.isProfiling = false }
            pace.clock += tyme == 0.75 || tyme == 1.0 ? 0.1 : 0.2  // timed, if it was on when the recur began
            return .again
        }
        try doist.enter([slow])
        try doist.run()
        #expect(doist.statistics.slowestDoer == ["doist", "slow"])
        #expect((0.1...0.11).contains(doist.statistics.longestRecur))
    }

    @Test("a doer that ends its own scheduler by exit stops the program with words")
    func exitFromWithin() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let group = try DoDoer(name: "group")
            try Doist([group]).enter()
            let child = Probe("child") { tyme in
                try group.exit(tyme)
                return .again
            }
            let doist = Doist([group])
            try doist.enter()
            try group.extend([child])
            try doist.recur()
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("group: one of its doers called its exit; remove the doers instead"))
    }

    @Test("a doer that one before it removes in its enter is not entered", arguments: [false, true])
    func removedInEnter(isNested: Bool) throws {
        let (first, second, third) = (Probe("first"), Probe("second"), Probe("third"))
        let nest = DoDoer(doers: [first, second, third])
        let doist = isNested ? Doist([nest]) : Doist([first, second, third])
        first.onEnter = { [unowned doist] _ in try! isNested ? nest.remove([second]) : doist.remove([second]) }
        try doist.enter()
        try doist.recur()
        #expect(second.contexts.isEmpty && second.tymes.isEmpty)
        #expect(third.tymes == [0.0])
        try doist.exit()
    }

    @Test("doers that were spawned are let go when they end, however they end")
    func spawned() throws {
        var many = 0
        let parent = Probe("parent")
        parent.answer = { [unowned parent] _ in
            let inEnter = Probe("done in enter")
            inEnter.onEnter = { [unowned inEnter] _ in inEnter.finish() }
            try parent.spawn([Probe("done") { _ in .done }, inEnter])
            try parent.spawn(Probe("failed") { _ in throw Oops() })
            many += 1
            return .again
        }
        let isolating = try Doist(onError: .isolate)
        try isolating.enter([parent])
        for _ in 0..<100 { try isolating.recur() }
        #expect(many == 100)
        #expect(isolating.doers.map(\.name) == ["parent", "done", "failed"])  // those of the last pass have not run yet
        let forced = Probe("forced")
        try parent.spawn(forced)
        try isolating.exit()
        #expect(isolating.doers.map(\.name) == ["parent"])
        #expect(forced.contexts == ["enter", "cease", "exit"])
    }

    @Test("what extend adds stays listed, unless it says otherwise")
    func kept() throws {
        let doist = Doist()
        try doist.enter()
        let (kept, dropped) = (Probe("kept") { _ in .done }, Probe("dropped") { _ in .done })
        try doist.extend([kept])
        try doist.extend([dropped], keeps: false)
        #expect(doist.doers.map(\.name) == ["kept", "dropped"])
        try doist.recur()
        #expect(doist.doers.map(\.name) == ["kept"])
        try doist.extend([dropped])  // given anew, it is kept
        try doist.recur()
        #expect(doist.doers.map(\.name) == ["kept", "dropped"])
    }

    @Test(
        "a run may start at any finite tyme with any number of timers", arguments: [-1e300, -1e15, -4e13, 4e13, 1e15])
    func extremeStart(tyme: Tyme) throws {
        let doers = (0..<300).map { _ in Probe("doer") { tyme in .park(until: tyme + 1e9) } }
        let others = (0..<300).map { index in Probe("other") { _ in .park(until: Double(index)) } }
        let doist = try Doist(tyme: tyme, tock: 0.03125, doers: doers + others)
        try doist.enter()
        for _ in 0..<10 {
            try doist.recur()
            doist.skipIdle(until: tyme + 1e12)
        }
        #expect(doers.allSatisfy { $0.tymes.first == tyme })
        #expect(doers.allSatisfy { $0.tymes.count == doers[0].tymes.count })
        try doist.exit()
    }

    @Test("the host's wakes between passes are told to a recording, those with a tyme too")
    func toldWakes() throws {
        let pace = FakePace()
        let doist = try Doist(tock: 0.25, limit: 3.0, pace: pace)
        let doer = Probe("doer") { tyme in .park(until: tyme + 100.0) }
        var inputs: [String] = []
        doist.onInput = { input in
            switch input {
            case .enter(let tyme, let tock, let isReal): inputs.append("enter \(tyme) \(tock) \(isReal)")
            case .pass(let pass): inputs.append("\(pass.kind) \(pass.tyme)")
            case .wake(let place, let tyme): inputs.append("wake \(place.labels.count) \(tyme)")
            case .exit(let tyme, _): inputs.append("exit \(tyme)")
            }
        }
        pace.plan = [(1001.1, .host { doer.wake(by: 2.0) }), (1002.1, .host { doer.wake() })]
        doist.pace = pace
        try doist.enter([doer])
        try doist.run()
        #expect(
            inputs == [
                "enter 0.0 0.25 true", "due 0.0", "wake 1 0.25", "extra 1.25", "wake 1 1.25", "extra 2.25", "exit 3.0",
            ])
    }
}
