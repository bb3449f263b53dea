import Doing
import Testing

/// Nobody starves beside doers that always have more to do.
@Suite struct FairnessTests {
    /// Every pass of it takes 10 ms, and then it has more to do.
    private func hog(_ pace: FakePace, _ runs: @escaping () -> Void = {}) -> Probe {
        let hog = Probe("hog")
        hog.answer = { [unowned hog] _ in
            pace.clock += 0.01
            runs()
            return hog.goOn()
        }
        return hog
    }

    /// A doer of a socket that is ready at each of `times`, and how late it was served.
    private func socket(_ pace: FakePace, _ times: [Double]) -> (Probe, () -> [Double]) {
        var served: [Double] = []
        let socket = Probe("socket") { _ in
            served.append(pace.clock)
            return .park(until: .infinity)
        }
        pace.plan = times.map { ($0, .ready([socket])) }
        return (socket, { zip(served.dropFirst(), times).map { $0 - $1 } })
    }

    @Test("ticks and sockets are served within two passes of a doer that never rests", arguments: [false, true])
    func beside(isNested: Bool) throws {
        let pace = FakePace()
        var hogs = 0
        let hog = hog(pace) { hogs += 1 }
        let (socket, late) = socket(pace, [1000.1004, 1000.5, 1001.3333])
        var ticks: [Double] = []
        let ticker = Probe("ticker", tock: 0.0625) { _ in
            ticks.append(pace.clock)
            return .again
        }
        let all = isNested ? [socket, DoDoer(doers: [DoDoer(doers: [hog])]), ticker] : [socket, hog, ticker]
        let doist = try Doist(limit: 2.0, pace: pace, doers: all)
        try doist.run()
        #expect(late().count == 3 && late().allSatisfy { $0 <= 0.0201 })
        #expect(ticks.count == 32)
        for (index, tick) in ticks.enumerated() { #expect(tick - 1000.0 - Double(index) * 0.0625 <= 0.0201) }
        #expect(hogs > 190)  // and it has nearly all of the time
        #expect(doist.statistics.clockShifts == 0)
        #expect(abs(pace.clock - 1002.0) < 0.0201)
    }

    @Test("two that wake each other without end leave their turn to timers and sockets, and to the host")
    func pingPong() throws {
        let pace = FakePace()
        pace.tick = 0.000_01
        let (red, blu) = (Probe("red"), Probe("blu"))
        red.answer = { _ in
            blu.wake()
            return .park(until: .infinity)
        }
        blu.answer = { _ in
            red.wake()
            return .park(until: .infinity)
        }
        let (socket, late) = socket(pace, [1000.05, 1000.07])
        let timed = Probe("timed", tock: 0.125)
        let doist = try Doist(limit: 1.0, pace: pace, doers: [red, blu, socket, timed])
        var turns = 0
        while try !doist.turn().isDone { turns += 1 }
        #expect(late().count == 2 && late().allSatisfy { $0 <= 0.001 })
        #expect(timed.tymes == (0..<8).map { Double($0) * 0.125 })
        #expect(turns > 1000 / Doist.extraPassesPerTurn)
    }

    @Test("a doer that is due at every tick, and late, leaves sockets their turn")
    func late() throws {
        let pace = FakePace()
        let busy = Probe("busy") { _ in
            pace.clock += 0.01
            return .again
        }
        let (socket, late) = socket(pace, [1000.1, 1000.2, 1000.3])
        let doist = try Doist(tock: 0.001, limit: 0.4, pace: pace, doers: [busy, socket])
        try doist.run()
        #expect(late().count == 3 && late().allSatisfy { $0 <= 0.0201 })
    }

    @Test(
        "where every pass takes ten tocks tyme keeps up with the clock, and no timer is missed",
        arguments: [0.0625, 0.005])
    func overload(span: Double) throws {
        let pace = FakePace()
        let busy = Probe("busy") { _ in
            pace.clock += 0.01
            return .again
        }
        var late: [Double] = []
        let timed = Probe("timed", tock: 0.0625)
        let parked = Probe("parked") { tyme in
            late.append(pace.clock - 1000 - tyme)
            return .park(until: tyme + span)
        }
        let doist = try Doist(limit: 4.0, pace: pace, doers: [busy, timed, parked])
        try doist.run()
        #expect(timed.tymes.count == 64)
        #expect(timed.tymes.enumerated().allSatisfy { (0..<0.045).contains($1 - Double($0) * 0.0625) })
        #expect(late.allSatisfy { $0 <= 0.045 })
        #expect(parked.tymes.count >= min(390, Int(3.9 / (span + 0.015))))
        #expect((380...406).contains(busy.tymes.count))  // all that there is time for
        #expect(doist.statistics.clockShifts == 0 && pace.clock < 1004.06)
    }

    @Test("in simulated time to go on is to run again at the next tick")
    func simulated() throws {
        let doer = Probe("doer")
        doer.answer = { [unowned doer] _ in doer.goOn() }
        let nest = DoDoer(doers: [doer])
        try Doist(limit: 0.125, doers: [nest]).run()
        #expect(doer.tymes == [0.0, 0.03125, 0.0625, 0.09375])
    }
}
