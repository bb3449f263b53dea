import Doing
import Testing
import Wiring

@testable import Memoing

/// How memos end by their deadline: once, at the microsecond, and with no more said than is known.
@Suite struct SureEndTests {
    private static func options(_ window: Int = 8) -> SureOptions {
        SureWorld.options(window: window) { $0.deadline = 0.75 }
    }

    @Test("nobody was heard: neverHeard at 750 ms, and a late ack changes nothing")
    func unheard() throws {
        var red = try SureWorld.memoer(.red, options: Self.options())
        let mid = try red.memoit(SureWorld.body(2), to: .blu)
        #expect(red.out(at: 0).count == 2)
        #expect(red.wakeMicros == 750_000)
        #expect(red.log(at: 0.749999) == [] && red.outcomes() == [])
        #expect(red.log(at: 0.75) == [])
        let outcomes = red.outcomes()
        #expect(outcomes == [SureOutcome(mid: mid, destination: .blu, result: .neverHeard)])
        #expect(outcomes.map(\.isIndeterminate) == [true])
        #expect(red.isSureQuiet && red.wakeTyme == nil)
        red.feed(SureWorld.ack(mid, 1, .init(status: .done, base: 2, credit: 2)), from: .blu, at: 0.8)
        #expect(red.outcomes() == [] && red.log(at: 100) == [] && red.dropped == [.ack: 1])
        let counts = red.sureStatistics
        #expect(counts.neverHeard == 1 && counts.timedOut == 0 && counts.delivered == 0 && counts.retransmissions == 0)
    }

    @Test("the memo is there and the ack is lost: timedOut, which does not say that it is not there")
    func ackLost() throws {
        var pair = SurePair(
            red: try SureWorld.memoer(.red, options: Self.options()), blu: try SureWorld.memoer(.blu))
        pair.loses = { _, line in line.contains("done") }
        let mid = try pair.red.memoit(SureWorld.body(20), to: .blu)
        pair.run(limit: 5)
        #expect(pair.blu.received().map(\.bytes) == [SureWorld.body(20)])
        let outcomes = pair.red.outcomes()
        #expect(outcomes == [SureOutcome(mid: mid, destination: .blu, result: .timedOut)])
        #expect(outcomes.map(\.isIndeterminate) == [true])
        #expect(pair.log.last { $0.hasPrefix("blu") } == pair.log.last { $0.contains("done") })
        #expect(pair.red.isSureQuiet && pair.red.wakeTyme == nil && pair.tyme <= 0.8)
        #expect(pair.blu.statistics.openMemos == 0)
    }

    @Test("a memo that ends by its deadline takes none with it, and its grams under way make room for others")
    func others() throws {
        var red = try SureWorld.memoer(.red, options: Self.options(4))
        let one = try red.memoit(SureWorld.body(4), to: .blu)
        #expect(red.out(at: 0).count == 4)
        var later = red.sureOptions(for: .blu)
        later.deadline = nil
        try red.setSure(later, for: .blu)
        let two = try red.memoit("two", to: .blu)
        #expect(red.log(at: 0.5) == [] && red.sureStatistics.inFlight == 4)
        #expect(red.log(at: 0.75) == ["sure 0 of 1 two"])
        #expect(red.outcomes() == [SureOutcome(mid: one, destination: .blu, result: .neverHeard)])
        #expect(red.sureStatistics.inFlight == 1)
        red.feed(SureWorld.ack(two, 0), from: .blu, at: 0.8)
        #expect(red.outcomes() == [SureOutcome(mid: two, destination: .blu, result: .delivered)])
    }

    @Test("the ack that comes in the pass of the deadline is in time, one pass later it is too late")
    func sameTick() throws {
        for (tyme, result) in [(0.75, SureOutcome.Result.delivered), (0.751, .neverHeard)] {
            var red = try SureWorld.memoer(.red, options: Self.options())
            let mid = try red.memoit("one", to: .blu)
            #expect(red.out(at: 0).count == 1)
            if tyme > 0.75 { _ = red.log(at: 0.75) }
            red.feed(SureWorld.ack(mid, 0), from: .blu, at: tyme)
            #expect(red.outcomes() == [SureOutcome(mid: mid, destination: .blu, result: result)])
            #expect(red.isSureQuiet)
        }
    }

    @Test("out of tries, out of time and closed: whatever comes first is the one end of a memo")
    func first() throws {
        for (deadline, ends, result) in [
            (2.5, 2.5, SureOutcome.Result.neverHeard), (9, 3, .neverHeard), (9, 2, .closed),
        ] {
            var red = try SureWorld.memoer(
                .red,
                options: SureWorld.options(window: 8) {
                    $0.deadline = deadline
                    $0.tries = 1
                })
            let mid = try red.memoit("one", to: .blu)
            var found: [(Tyme, SureOutcome)] = []
            for step in 0...40 {
                let tyme = Tyme(step) * 0.25
                if result == .closed, tyme == ends { red.closeSure() }
                _ = red.out(at: tyme)
                found += red.outcomes().map { (tyme, $0) }
            }
            #expect(found.map(\.0) == [ends])
            #expect(found.map(\.1) == [SureOutcome(mid: mid, destination: .blu, result: result)])
            #expect(found.map(\.1.isIndeterminate) == [true])
        }
    }

    @Test("a destination that is given up takes no memo to another along")
    func elsewhere() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 8) { $0.tries = 1 })
        let one = try red.memoit("one", to: .blu)
        #expect(red.log(at: 0) == ["sure 0 of 1 one"])
        #expect(red.log(at: 1) == ["sure 0 of 1 one"])
        let grass = try red.memoit("grass", to: .grn)
        #expect(red.log(at: 2.5) == ["sure 0 of 1 grass"])
        #expect(red.log(at: 3) == [])
        #expect(red.outcomes() == [SureOutcome(mid: one, destination: .blu, result: .neverHeard)])
        red.feed(SureWorld.ack(grass, 0), from: .grn, at: 3)
        #expect(red.outcomes() == [SureOutcome(mid: grass, destination: .grn, result: .delivered)])
    }

    @Test("a repetition that the system denies ends the memo here, and does not say that it is not there")
    func denied() throws {
        for leaves in [false, true] {
            var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 8))
            let mid = try red.memoit("one", to: .blu)
            if leaves { #expect(red.out(at: 0).count == 1) }
            let tyme: Tyme = leaves ? 1 : 0
            guard let (train, _) = red.pollTrain(SendTests.limits, at: tyme) else {
                Issue.record("nothing is sent")
                return
            }
            let refusal = Refusal(.denied)
            red.sent(Sending(taken: 0, .refused(refusal)), train, at: tyme)
            let end = SureOutcome(
                mid: mid, destination: .blu, result: .localError(.refused(refusal)), mayHaveArrived: leaves)
            let outcomes = red.outcomes()
            #expect(outcomes == [end] && outcomes.map(\.isIndeterminate) == [leaves])
            #expect(red.isSureQuiet)
        }
    }

    @Test("of a memo that never left, or not all of it, everybody knows that it is not there, however it ended")
    func neverLeft() throws {
        for ending in ["closed", "deadline"] {
            var red = try SureWorld.memoer(.red, options: Self.options(2))
            try red.memoit(SureWorld.body(2), to: .blu)
            try red.memoit(SureWorld.body(3), to: .blu)
            try red.memoit("three", to: .blu)
            // Two grams may be under way: those of the first memo.
            #expect(red.out(at: 0).count == 2)
            if ending == "closed" { red.closeSure() } else { _ = red.out(at: 0.75) }
            #expect(red.outcomes().map(\.mayHaveArrived) == [true, false, false])
        }
    }

    @Test("what each end alone says of whether the memo may be there")
    func mayHaveArrived() {
        let results: [(SureOutcome.Result, Bool, Bool)] = [
            (.delivered, true, false), (.refused(.stale), true, true), (.refused(.capacity), false, false),
            (.timedOut, true, true), (.neverHeard, true, true), (.closed, true, true),
            (.localError(.tooLarge(size: 2, maximum: 1)), false, false),
        ]
        for (result, mayHaveArrived, isIndeterminate) in results {
            let outcome = SureOutcome(mid: AckTests.mid, destination: .blu, result: result)
            #expect(outcome.mayHaveArrived == mayHaveArrived && outcome.isIndeterminate == isIndeterminate)
        }
    }
}
