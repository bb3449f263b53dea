import Doing
import Testing

/// Nothing stays behind.
@Suite struct MemoryTests {
    private final class Counted: Doer {
        nonisolated(unsafe) static var alive = 0
        let answer: Recurrence
        init(_ answer: Recurrence) {
            self.answer = answer
            super.init()
            Self.alive += 1
        }
        deinit { Self.alive -= 1 }
        override func recur(_ tyme: Tyme) throws -> Recurrence { answer }
    }

    @Test("doers are let go after a run, after remove, and by a doist that goes away without exit")
    func releases() throws {
        do {
            let doist = try Doist(limit: 1.0)
            try doist.enter(
                [.again, .done, .park(until: .infinity), .park(until: 0.5)].map(Counted.init)
                    + [DoDoer(doers: [Counted(.again), Counted(.done)])])
            try doist.recur()
            #expect(Counted.alive == 6)
            try doist.remove(doist.doers)
            #expect(Counted.alive == 0)
            try doist.extend([Counted(.again)])
            try doist.exit()
            #expect(Counted.alive == 1)
        }
        #expect(Counted.alive == 0)
        weak var left: Doer?
        do {
            let doist = Doist()
            let nest = DoDoer(doers: [Counted(.park(until: 9.0))], always: true)
            try doist.enter([Counted(.again), Counted(.park(until: .infinity)), Counted(.park(until: 3.0)), nest])
            left = nest
            try doist.recur()
            #expect(Counted.alive == 4)
        }
        #expect(Counted.alive == 0)
        #expect(left == nil)
    }

    @Test("a doer that outlives its doist is free again and knows it was abandoned")
    func abandoned() throws {
        let doer = Probe("doer") { _ in .park(until: 5.0) }
        let nest = DoDoer(doers: [doer])
        do {
            let doist = Doist()
            try doist.enter([nest])
            try doist.recur()
            #expect(doer.doist === doist)
        }
        #expect(doer.outcome == .abandoned)
        #expect(doer.doist == nil)
        #expect(doer.contexts == ["enter"])
        doer.wake()
        nest.always = false
        doer.answer = { _ in .done }
        try Doist([nest]).run()
        #expect(doer.isDone)
    }

    @Test("a doer removed in mid-pass by the one before it is gone at once")
    func removedInMidPass() throws {
        let doist = try Doist(limit: 0.125)
        weak var victim: Doer?
        let killer = Probe("killer")
        killer.answer = { _ in
            if let doer = victim { try doist.remove([doer]) }
            return .again
        }
        do {
            let doer = Counted(.again)
            victim = doer
            try doist.enter([killer, doer])
        }
        try doist.run()
        #expect(victim == nil)
        #expect(killer.tymes.count == 4)
    }
}
