import Doing
import Testing

/// Corners of the scheduler that a random program meets seldom or never.
@Suite struct SchedulingTests {
    @Test("a doer that removes itself and then is done ends once, by itself")
    func removesItself() throws {
        let doist = Doist()
        let doer = Probe("doer")
        doer.answer = { _ in
            try doist.remove([doer])
            return .done
        }
        try doist.enter([doer])
        try doist.run()
        #expect(doer.contexts == ["enter", "clean", "exit"])
        #expect(doist.doers.isEmpty)
        #expect(doist.isDone)
    }

    @Test("a child that removes its own scheduler lets it run on, unlisted, and be closed at the end")
    func childRemovesOwner() throws {
        let doist = try Doist(limit: 0.125)
        let child = Probe("child")
        let owner = DoDoer(doers: [child])
        child.answer = { _ in
            try doist.remove([owner])
            return .again
        }
        try doist.enter([owner])
        try doist.run()
        #expect(child.tymes.count == 4)
        #expect(child.contexts == ["enter", "cease", "exit"])
        #expect(doist.doers.isEmpty)
        #expect(owner.outcome == .closed)
    }

    @Test("wakes of idle, ended, entering and closing doers do nothing")
    func harmlessWakes() throws {
        final class Waking: Doer {
            override func enter(_ tyme: Tyme) throws { wake() }
            override func recur(_ tyme: Tyme) throws -> Recurrence { .done }
            override func clean(_ tyme: Tyme) throws { wake() }
            override func exit(_ tyme: Tyme) throws { wake() }
        }
        let doer = Waking()
        doer.wake()
        let doist = Doist([doer])
        try doist.run()
        doer.wake()
        #expect(doist.tyme == 0.03125)
        #expect(doer.nextTyme == nil)
        #expect(doer.doist == nil)
    }

    @Test("a doer woken while it runs does not lose the wake when it parks")
    func wakeWhileRunning() throws {
        let doer = Probe("doer")
        doer.answer = { _ in
            guard doer.tymes.count < 3 else { return .done }
            doer.wake()
            return .park(until: .infinity)
        }
        try Doist([doer]).run()
        #expect(doer.tymes == [0.0, 0.03125, 0.0625])
    }

    @Test("wakes by others: ahead in the same pass, behind in the next")
    func wakes() throws {
        var order: [String] = []
        let doers = ["a", "b", "c"].map { Probe($0) }
        for doer in doers {
            doer.answer = { tyme in
                order.append("\(doer.name) \(tyme)")
                if doer.name == "b", tyme == 0.0625 {
                    doers.forEach { $0.wake() }
                    return .park(until: .infinity)
                }
                return doer.name == "b" && tyme < 0.0625 ? .again : .park(until: .infinity)
            }
        }
        let doist = try Doist(limit: 0.25, doers: doers)
        try doist.run()
        #expect(
            order == [
                "a 0.0", "b 0.0", "c 0.0", "b 0.03125", "b 0.0625", "c 0.0625", "a 0.09375", "b 0.09375",
            ])
    }

    @Test("the same doer may be entered again after its end, here or elsewhere")
    func reentered() throws {
        let doer = Probe("doer") { _ in .done }
        let (one, two) = (Doist([doer]), Doist([doer]))
        try one.run()
        try two.run()
        try one.run()
        #expect(doer.contexts == ["enter", "clean", "exit", "enter", "clean", "exit", "enter", "clean", "exit"])
        #expect(one.tyme == 0.0625)
        try two.enter()
        #expect(throws: ScheduleError.alreadyScheduled(doer: "doer", scheduler: "doist")) { try one.enter() }
        #expect(!one.isEntered)
        try two.exit()
        try one.run()
        try two.remove([doer])
        #expect(two.doers.isEmpty)
        #expect(one.doers.count == 1)
    }

    @Test("extend skips doers that are listed, refuses those scheduled elsewhere, and needs a scheduler that runs")
    func extendErrors() throws {
        let doist = try Doist(name: "root")
        let (a, b) = (Probe("a"), Probe("b"))
        #expect(throws: ScheduleError.notEntered(scheduler: "root")) { try doist.extend([a]) }
        let nest = try DoDoer(name: "nest", doers: [b], always: true)
        #expect(throws: ScheduleError.notEntered(scheduler: "nest")) { try nest.extend([a]) }
        try doist.enter([a, nest])
        try doist.extend([a, a])
        #expect(doist.doers.count == 2)
        #expect(throws: ScheduleError.alreadyScheduled(doer: "b", scheduler: "nest")) {
            try doist.extend([Probe("c"), b])
        }
        #expect(doist.doers.count == 2)
        try doist.remove([nest])
        #expect(throws: ScheduleError.ended(scheduler: "nest")) { try nest.extend([Probe("d")]) }
        try doist.extend([nest])
        #expect(b.contexts == ["enter", "cease", "exit", "enter"])
        try doist.exit()
        #expect(throws: ScheduleError.ended(scheduler: "root")) { try doist.extend([a]) }
    }

    @Test("extend in cease, exit and abort is refused while the deck closes")
    func extendWhileClosing() throws {
        final class Late: Doer {
            var errors: [ScheduleError] = []
            private func attempt() {
                do { try doist!.extend([Doer()]) } catch { errors.append(error as! ScheduleError) }
            }
            override func recur(_ tyme: Tyme) throws -> Recurrence { .again }
            override func cease(_ tyme: Tyme) throws { attempt() }
            override func exit(_ tyme: Tyme) throws { attempt() }
        }
        let late = Late()
        let doist = try Doist(limit: 0.0625, doers: [late])
        try doist.run()
        #expect(late.errors == [.ended(scheduler: "doist"), .ended(scheduler: "doist")])
        #expect(doist.doers.count == 1)
    }

    @Test("a doer may be extended by an enter, and comes before the one that is still entering")
    func extendInEnter() throws {
        final class Spawning: Doer {
            let child: Doer
            init(_ child: Doer) {
                self.child = child
                super.init()
            }
            override func enter(_ tyme: Tyme) throws { try doist!.extend([child]) }
        }
        let child = Probe("child")
        let doist = try Doist(limit: 0.0625, doers: [Spawning(child)])
        try doist.enter()
        #expect(doist.deeds.map(\.name) == ["child", "Spawning"])
        try doist.run()
        #expect(child.tymes == [0.0, 0.03125])
    }

    @Test("an accepting doer in the middle can be extended 100,000 times before it")
    func manyInsertions() throws {
        let doist = Doist()
        var added: [Probe] = []
        let accept = Probe("accept")
        accept.answer = { _ in
            let new = (0..<1000).map { Probe("\(added.count + $0)") { _ in .park(until: .infinity) } }
            added += new
            try doist.extend(new)
            return accept.tymes.count < 100 ? .again : .done
        }
        try doist.enter([Probe("first"), accept, Probe("last")])
        for _ in 0..<101 { try doist.recur() }
        let names = doist.deeds.map(\.name)
        #expect(names == ["first"] + (0..<100_000).map(String.init) + ["last"])
        #expect(added.allSatisfy { $0.tymes.count == 1 })
        try doist.exit()
    }

    @Test("temp is a doer's own wish, else its scheduler's, and does not leak to others")
    func temp() throws {
        final class Asking: Doer {
            var answers: [Bool] = []
            override func enter(_ tyme: Tyme) throws { answers.append(isTemp) }
        }
        let yes = try Asking(name: "yes", temp: true)
        let no = try Asking(name: "no", temp: false)
        let open = try Asking(name: "open")
        let inner = try Asking(name: "inner")
        let nest = try DoDoer(name: "nest", temp: true, doers: [inner])
        for (temp, expected) in [(false, [true, false, false, true]), (true, [true, false, true, true])] {
            try Doist(temp: temp, doers: [yes, no, nest, open]).run()
            #expect([yes, no, open, inner].map { $0.answers.last! } == expected)
        }
    }

    @Test("a park that shall end by a tyme ends then, unless it would have ended sooner")
    func wakeBy() throws {
        var runs: [Tyme] = []
        let until: [Tyme] = [.infinity, 5, .infinity, 8]
        let sleeper = Probe("sleeper") { tyme in
            runs.append(tyme)
            return .park(until: until[min(runs.count - 1, 3)])
        }
        let caller = Probe("caller") { tyme in
            switch tyme {
            case 1: sleeper.wake(by: 2)
            case 3: sleeper.wake(by: 7)  // it is parked until 5
            case 6:
                sleeper.wake(by: 6.5)
                sleeper.wake(by: 7.5)
                sleeper.wake(by: 6.25)
            case 7: sleeper.wake(by: 7)  // has come, and its place has passed
            default: break
            }
            return .again
        }
        try Doist(tock: 0.25, limit: 10, doers: [sleeper, caller]).run()
        #expect(runs == [0, 2, 5, 6.25, 7.25, 8] + (33...39).map { Double($0) / 4 })
    }

    @Test("a doer that is not parked, has ended, or lives in a dodoer may be woken by a tyme as well")
    func wakeByElsewhere() throws {
        var runs: [Tyme] = []
        let busy = Probe("busy") { _ in .again }
        let over = Probe("over") { _ in .done }
        let child = Probe("child") { tyme in
            runs.append(tyme)
            return .park(until: .infinity)
        }
        let selfish = Probe("self") { _ in .again }
        let caller = Probe("caller") { tyme in
            if tyme == 1 { [busy, over, child, selfish].forEach { $0.wake(by: 2) } }
            return .again
        }
        busy.wake(by: 1)
        try Doist(tock: 0.25, limit: 3, doers: [busy, over, DoDoer(doers: [child]), selfish, caller]).run()
        // Inside a dodoer it is woken at once, which is early and harmless.
        #expect(runs == [0, 1.25])
    }

    @Test("always is read whenever the deck is empty, also while the dodoer is parked")
    func alwaysSwitchedOff() throws {
        let nest = DoDoer(doers: [], always: true)
        let doist = try Doist(limit: 10.0, doers: [nest])
        try doist.enter()
        for _ in 0..<5 { try doist.recur() }
        #expect(nest.nextTyme == .infinity)
        nest.always = false
        try doist.recur()
        #expect(nest.isDone)
        #expect(doist.isDone)
        try doist.exit()
    }

    @Test("a run in which nothing can ever become due says so instead of running for ever", arguments: [true, false])
    func stalled(skipsIdle: Bool) throws {
        let doer = Probe("doer") { _ in .park(until: .infinity) }
        let doist = try Doist(skipsIdle: skipsIdle, doers: [doer])
        #expect(throws: ScheduleError.stalled(tyme: 0.03125, deeds: 1)) { try doist.run() }
        #expect(doer.contexts == ["enter", "cease", "exit"])
        let still = try Doist(tock: 0.0, limit: 1.0, skipsIdle: skipsIdle, doers: [Probe("timed", tock: 0.5)])
        #expect(throws: ScheduleError.stalled(tyme: 0.0, deeds: 1)) { try still.run() }
    }

    @Test("a doer that fell behind catches up run by run, or leaves out what it missed")
    func catchUp() throws {
        let doist = try Doist(tock: 0.25, limit: 3.0)
        let burst = Probe("burst", tock: 0.5)
        let skip = Probe("skip", tock: 0.5)
        skip.catchUp = .skip
        try doist.enter([burst, skip])
        try doist.recur()
        doist.tock = 2.0
        try doist.recur()
        doist.tock = 0.25
        for _ in 0..<6 { try doist.recur() }
        try doist.exit()
        #expect(burst.tymes == [0.0, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5])
        #expect(skip.tymes == [0.0, 2.25, 2.5, 3.0, 3.5])
    }

    @Test("failures name path, context and tyme, and are bounded")
    func failures() throws {
        let bad = Probe("bad") { _ in throw Oops() }
        let doist = try Doist(name: "root", onError: .isolate)
        var reported: [String] = []
        doist.onFailure = { reported.append($0.description) }
        let maker = Probe("maker")
        maker.answer = { _ in
            guard maker.tymes.count < 300 else { return .done }
            try doist.extend([Probe("\(maker.tymes.count)") { _ in throw Oops() }])
            return .again
        }
        try doist.enter([try DoDoer(name: "nest", doers: [bad]), maker])
        try doist.run()
        #expect(reported.count == 300)
        #expect(reported[0] == "root/nest/bad threw in recur at 0.0: Oops()")
        #expect(doist.failures.count == Doist.failureLimit)
        #expect(doist.droppedFailures == UInt64(300 - Doist.failureLimit))
        #expect(doist.isDone)
    }

    @Test("reports tell who runs, when next, and how each ended")
    func reports() throws {
        let doist = try Doist(name: "root", limit: 0.5, onError: .isolate)
        let nest = try DoDoer(
            name: "nest", doers: [Probe("done") { _ in .done }, Probe("parked") { _ in .park(until: 7.5) }])
        try doist.enter([Probe("bad") { _ in throw Oops() }, nest, Probe("timed", tock: 0.25), Probe("busy")])
        try doist.recur()
        #expect(
            doist.reports.map(\.description) == [
                "root/bad failed", "root/nest active parked until 7.5", "root/nest/done done",
                "root/nest/parked active parked until 7.5", "root/timed active next 0.25",
                "root/busy active next 0.03125",
            ])
        #expect(doist.nextTyme == 0.03125)
        try doist.exit()
        #expect(doist.reports.map(\.outcome) == [.failed, .closed, .done, .closed, .closed, .closed])
        #expect(doist.nextTyme == nil)
    }

    @Test("names default to the type's, doify has both forms, finish in enter is done at once")
    func small() throws {
        final class Quick: Doer {
            override func enter(_ tyme: Tyme) throws { finish() }
            override func recur(_ tyme: Tyme) throws -> Recurrence { fatalError("never scheduled") }
        }
        let quick = Quick()
        #expect(quick.name == "Quick")
        #expect(try doify(name: "named", tock: 0.5) { _ in .done }.tock == 0.5)
        var count = 0
        let doist = Doist([
            quick,
            doify { _ in
                count += 1
                return count == 3 ? .done : .again
            },
        ])
        try doist.run()
        #expect(quick.isDone)
        #expect(count == 3)
        #expect(doist.tyme == 0.09375)
        let empty = Doist()
        try empty.run()
        #expect(empty.isDone && empty.tyme == 0.03125)
    }

    @Test("a stop requested by a doer ends the run after the pass, like a limit")
    func requestStop() throws {
        let doist = Doist()
        let (a, b) = (Probe("a"), Probe("b"))
        a.answer = { _ in
            if a.tymes.count == 3 { doist.requestStop() }
            return .again
        }
        try doist.enter([a, b])
        try doist.run()
        #expect(b.tymes.count == 3)
        #expect(b.contexts == ["enter", "cease", "exit"])
        #expect(!doist.isDone)
    }

    @Test("a scheduler may catch its children's errors and go on")
    func catchingDoDoer() throws {
        final class Forgiving: DoDoer {
            var errors = 0
            override func recur(_ tyme: Tyme) throws -> Recurrence {
                do { return try super.recur(tyme) } catch {
                    errors += 1
                    return .again
                }
            }
        }
        let (before, after) = (Probe("before"), Probe("after"))
        let nest = Forgiving(doers: [before, Probe("bad") { _ in throw Oops() }, after])
        let doist = try Doist(limit: 0.0625, doers: [nest])
        try doist.run()
        #expect(nest.errors == 1)
        #expect(before.tymes == [0.0, 0.03125])
        #expect(after.tymes == [0.03125])  // the pass at 0.0 was left before it
    }

    @Test("the same program gives the same trace a hundred times")
    func replays() throws {
        let program = ProgramMaker.make(seed: 4242)
        let first = try RealStage.play(program)
        #expect(first.events.count > 10)
        for _ in 0..<100 { #expect(try RealStage.play(program) == first) }
    }
}
