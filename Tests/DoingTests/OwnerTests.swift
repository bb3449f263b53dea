import Doing
import Testing

/// What the owner does between passes: it is heard at once, however the doist is driven, and by one kick.
@Suite struct OwnerTests {
    /// The ways to drive a doist in real time.
    enum Way: CaseIterable { case blocking, task, turns }

    private func block(_ doist: Doist, _ pace: FakePace) throws { try doist.run(pace: pace) }

    /// Runs until it ends. By turns the host sleeps in the pace as the doist asks it to.
    private func run(_ doist: Doist, _ pace: FakePace, _ way: Way) async throws {
        switch way {
        case .blocking: try block(doist, pace)
        case .task: try await doist.run(pace: pace)
        case .turns:
            doist.pace = pace
            for _ in 0..<1000 {
                let turn = try doist.turn()
                if turn.isDone { return }
                try pace.poll(until: turn.wait.map { pace.clock + $0 }, block: true)
            }
            Issue.record("the run does not end")
        }
    }

    @Test("a wake from outside while everything sleeps leads to a pass at once", arguments: Way.allCases)
    func wake(way: Way) async throws {
        let pace = FakePace()
        var passed: [Double] = []
        let sleeper = Probe("sleeper") { _ in
            passed.append(pace.clock)
            return .park(until: .infinity)
        }
        let doist = Doist([sleeper])
        pace.plan = [
            (1004.01, .host { (0..<3).forEach { _ in sleeper.wake() } }), (1004.5, .host { doist.requestStop() }),
        ]
        try await run(doist, pace, way)
        #expect(passed == [1000.0, 1004.01])
        #expect(sleeper.contexts == ["enter", "cease", "exit"])
        #expect(pace.clock == 1004.5 && pace.kicks == 2)
    }

    @Test("what the owner can change between passes ends the sleep", arguments: Way.allCases)
    func changes(way: Way) async throws {
        let pace = FakePace()
        let (parked, other) = (Probe("parked") { _ in .park(until: .infinity) }, Probe("other") { _ in .again })
        let group = try DoDoer(name: "group", doers: [], always: true)
        let doist = try Doist(tock: 0.0625, doers: [parked, group])
        let changes: [(Double, () throws -> Void)] = [
            (1010, { parked.wake(by: 12.0) }), (1020, { parked.tock = 1.0 }), (1030, { doist.tock = 0.03125 }),
            (1040, { try doist.extend([other]) }), (1050, { try doist.remove([other]) }),
            (1060, { try parked.spawn([other]) }), (1070, { try doist.remove([other]) }),
            (1080, { try group.extend([other]) }), (1090, { try group.remove([other]) }),
            (1100, { doist.extraPassLimit = 5 }), (1110, { group.always = false }),
        ]
        var kicks: [Int] = []
        pace.plan = changes.map { at, body in
            (
                at,
                .host {
                    let before = pace.kicks
                    try body()
                    kicks.append(pace.kicks - before)
                }
            )
        }
        pace.plan.append((1120, .host { doist.requestStop() }))
        try await run(doist, pace, way)
        #expect(kicks == changes.map { _ in 1 })
        #expect(pace.clock == 1120)
        #expect(group.outcome == .done)  // always went off: it had no doers left
    }

    @Test("doers that are added from outside enter at the tyme of now, and recur at the next tick")
    func extended() throws {
        let pace = FakePace()
        let (parked, added) = (Probe("parked") { _ in .park(until: .infinity) }, Probe("added") { _ in .done })
        var entered = -1.0
        added.onEnter = { entered = $0 }
        let doist = try Doist(tock: 0.03125, doers: [parked])
        pace.plan = [
            (1004.01, .host { try doist.extend([added]) }), (1005, .host { doist.requestStop() }),
        ]
        try doist.run(pace: pace)
        #expect(entered == 4.03125 && added.tymes == [4.03125])
        #expect(pace.polls.map(\.deadline) == [nil, 1004.03125, nil])
    }

    @Test("a doist whose last doer is removed from outside ends with the next tick", arguments: Way.allCases)
    func removed(way: Way) async throws {
        let pace = FakePace()
        let parked = Probe("parked") { _ in .park(until: .infinity) }
        let doist = try Doist(tock: 0.03125, doers: [parked])
        pace.plan = [(1004.01, .host { try doist.remove([parked]) })]
        try await run(doist, pace, way)
        #expect(doist.isDone && pace.clock == 1004.03125)
    }

    @Test("an empty doist makes one pass and is done, in real time too", arguments: Way.allCases)
    func empty(way: Way) async throws {
        let doist = Doist()
        try await run(doist, FakePace(), way)
        #expect(doist.isDone && doist.statistics.passes == 1)
    }

    @Test("what a pace wakes needs no kick, nor what doers do in a pass")
    func noKicks() throws {
        let pace = FakePace()
        let (a, b) = (Probe("a") { _ in .park(until: .infinity) }, Probe("b", tock: 0.25))
        b.answer = { _ in
            a.wake()
            return .again
        }
        pace.plan = [(1000.1, .ready([a])), (1000.2, .ready([a, b]))]
        try Doist(tock: 0.03125, limit: 1.0, pace: pace, doers: [a, b]).run()
        #expect(pace.kicks == 0)
    }

    @Test("the tyme of now is that of the coming tick, though nothing was due for hours")
    func fresh() throws {
        let pace = FakePace()
        let parked = Probe("parked") { _ in .park(until: .infinity) }
        let doist = try Doist(tock: 0.03125, limit: 7200.0, pace: pace, doers: [parked])
        var seen: [Tyme] = [doist.freshTyme()]
        parked.answer = { [unowned doist] tyme in
            if tyme > 0 {
                pace.clock += 1.0
                seen.append(doist.freshTyme())  // a pass has one tyme
            }
            return .park(until: 7000.0)
        }
        pace.plan = [
            (4600.01, .host { seen += [doist.tyme, doist.freshTyme(), doist.tyme] }),
            (4600.05, .host { parked.wake() }), (8000.0, .host { doist.requestStop() }),
        ]
        try doist.run()
        #expect(seen == [0.0, 0.03125, 3600.03125, 3600.03125, 3600.0625])
        #expect(parked.tymes == [0.0, 3600.0625])
        #expect(doist.statistics.skippedTicks == 3600 * 32 + 1)
    }

    @Test("the tyme of now does not pass what is due, nor the end of the run")
    func freshWithTimers() throws {
        let pace = FakePace()
        let timed = Probe("timed", tock: 1.0)
        let doist = try Doist(tock: 0.03125, limit: 1.5, pace: pace, doers: [timed])
        _ = try doist.turn()
        pace.clock += 1.2
        #expect(doist.freshTyme() == 1.0)
        _ = try doist.turn()
        pace.clock += 10.0
        #expect(doist.freshTyme() == 1.5)
        let turn = try doist.turn()
        #expect(turn.isDone && timed.tymes == [0.0, 1.0])
    }
}
