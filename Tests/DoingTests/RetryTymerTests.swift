import Testing

@testable import Doing

/// Tries that are put off, by hand and by a doer.
@Suite struct RetryTymerTests {
    @Test("the time doubles up to its cap, and after the last try it is over")
    func doubling() throws {
        var tymer = try RetryTymer(patience: 1, cap: 5, tries: 4, start: 10)
        var turns: [RetryTymer.Verdict] = []
        var tymes: [Tyme] = []
        while !tymer.isOver {
            let early = tymer.turn(at: tymer.deadline.nextDown)
            #expect(early == .wait)
            tymes.append(tymer.deadline)
            turns.append(tymer.turn(at: tymer.deadline))
        }
        #expect(tymes == [11, 13, 17, 22, 27])
        #expect(turns == [.again(1), .again(2), .again(3), .again(4), .over])
        let after = tymer.turn(at: 1e9)
        #expect(after == .over)
    }

    @Test("one that was asked late makes one try, not all that were missed")
    func late() throws {
        var tymer = try RetryTymer(patience: 1, start: 0)
        let turns = (0..<3).map { _ in tymer.turn(at: 100) }
        #expect(turns == [.again(1), .wait, .wait])
        #expect(tymer.deadline == 102)
    }

    @Test("progress gives all tries back, with another patience if there is one")
    func progress() throws {
        var tymer = try RetryTymer(patience: 1, tries: 1, start: 0)
        _ = tymer.turn(at: 1)
        try tymer.restart(at: 2, patience: 0.5)
        #expect(tymer.count == 0 && tymer.deadline == 2.5)
        let turns = [tymer.turn(at: 2.5), tymer.turn(at: 3.5)]
        #expect(turns == [.again(1), .over])
    }

    @Test("each value that is none is refused by its name")
    func refused() {
        for bad in [-1, .infinity] {
            #expect(throws: TymeError.patience(bad)) { try RetryTymer(patience: bad) }
            #expect(throws: TymeError.cap(bad)) { try RetryTymer(patience: 1, cap: bad) }
            #expect(throws: TymeError.factor(bad)) { try RetryTymer(patience: 1, factor: bad) }
        }
        #expect(throws: TymeError.factor(0.999)) { try RetryTymer(patience: 1, factor: 0.999) }
        #expect(throws: TymeError.tries(-1)) { try RetryTymer(patience: 1, tries: -1) }
        #expect(throws: TymeError.tyme(.infinity)) { try RetryTymer(patience: 1, start: .infinity) }
        var random = SplitMix64(seed: 1)
        for bad in [-0.1, 1, .infinity] {
            #expect(throws: TymeError.jitter(bad)) { try RetryTymer(patience: 1, jitter: bad, using: &random) }
        }
        for value in ["patience", "cap", "factor"] {
            let number = Double.nan
            let error = #expect(throws: TymeError.self) {
                try RetryTymer(
                    patience: value == "patience" ? number : 1, factor: value == "factor" ? number : 1,
                    cap: value == "cap" ? number : 1)
            }
            #expect(error?.description.hasPrefix("\(value) is nan") == true)
        }
        var tymer = try! RetryTymer(patience: 1)
        let before = tymer
        #expect(throws: TymeError.patience(-2)) { try tymer.restart(at: 0, patience: -2) }
        #expect(throws: TymeError.tyme(.infinity)) { try tymer.restart(at: .infinity) }
        #expect(tymer == before)
    }

    @Test("while it is paused its time stands still; it goes on with what was left")
    func pause() throws {
        var tymer = try RetryTymer(patience: 4, factor: 1, tries: 2)
        tymer.pause(at: 3)
        tymer.pause(at: 3.5)  // it stands already
        #expect(tymer.isPaused && tymer.deadline == .infinity && !tymer.isOver)
        #expect(tymer.turn(at: 1000) == .wait)
        tymer.resume(at: 1000)
        tymer.resume(at: 1001)  // it runs already
        #expect(!tymer.isPaused && tymer.deadline == 1001)
        #expect(tymer.turn(at: 1001) == .again(1))
        tymer.pause(at: 2000)  // its time was over
        tymer.resume(at: 3000)
        #expect(tymer.turn(at: 3000) == .again(2) && tymer.isLast)
        tymer.pause(at: 3001)
        try tymer.restart(at: 3002)  // progress does not end a pause
        #expect(tymer.isPaused && tymer.count == 0)
        tymer.resume(at: 4000)
        #expect(tymer.deadline == 4004)
        for tyme in [4004, 4008] { #expect(tymer.turn(at: Double(tyme)) != .wait) }
        #expect(tymer.turn(at: 4012) == .over)
        tymer.pause(at: 4013)
        tymer.resume(at: 4014)
        #expect(tymer.isOver && tymer.turn(at: 5000) == .over)
    }

    @Test("jitter scatters each time evenly, never beyond the cap; the same seed gives the same times")
    func jitter() throws {
        func spans(_ seed: UInt64) throws -> [Double] {
            var random = Xoshiro256(seed: seed)
            var tymer = try RetryTymer(patience: 1, cap: 10, tries: .max, jitter: 0.5, using: &random)
            return (0..<8).map { _ in
                defer { _ = tymer.turn(at: tymer.deadline) }
                return tymer.span
            }
        }
        #expect(try spans(1) == spans(1) && spans(1) != spans(2))
        var (least, most, sum) = (Double.infinity, 0.0, 0.0)
        for seed in 0..<4000 {
            let spans = try spans(UInt64(seed))
            for (span, mean) in zip(spans, [1, 2, 4, 8, 10, 10, 10, 10] as [Double]) {
                #expect(span >= mean / 2 && span <= min(mean * 1.5, 10))
            }
            (least, most, sum) = (min(least, spans[1]), max(most, spans[1]), sum + spans[1])
        }
        #expect(least < 1.01 && most > 2.99 && abs(sum / 4000 - 2) < 0.05)
    }

    @Test("a try that fails at once is waited for like one that was not answered")
    func failsAtOnce() throws {
        var tymer = try RetryTymer(patience: 2, tries: 2)
        #expect(tymer.turn(at: 2) == .again(1) && tymer.deadline == 6)
        tymer.wait(from: 5)
        #expect(tymer.deadline == 9 && tymer.count == 1)
    }

    /// A doer that must tell a neighbour something, over a link that loses; the retry tymer plugs in beside it.
    private final class Caller: Doer {
        let link: Inbox<String>
        let answers = Inbox<String>()
        private(set) var asking: TymerDoer?
        private(set) var log: [String] = []

        init(over link: Inbox<String>) {
            self.link = link
            super.init()
            answers.reader = self
        }

        override func recur(_ tyme: Tyme) throws -> Recurrence {
            if asking == nil { try call() }
            guard let answer = answers.popFirst() else { return .park(until: .infinity) }
            log.append("\(answer) at \(tyme)")
            asking?.answer()
            return .done
        }

        private func call() throws {
            link.send("hello")
            let asking = TymerDoer(try RetryTymer(patience: 1, tries: 5)) { [unowned self] number, tyme in
                log.append("retry \(number) at \(tyme)")
                link.send("hello")
            }
            self.asking = asking
            try spawn([asking])
        }
    }

    @Test("a retry tymer plugs in as a doer: two hellos are lost, the third is answered, and no fourth is said")
    func plugsIn() throws {
        let link = Inbox<String>()
        let caller = Caller(over: link)
        var heard = 0
        let neighbour = doify { _ in
            while link.popFirst() != nil {
                heard += 1
                if heard == 3 { caller.answers.send("welcome") }
            }
            return caller.isDone ? .done : .park(until: .infinity)
        }
        link.reader = neighbour
        let doist = try Doist(tock: 0.25, doers: [neighbour, caller])
        try doist.run(limit: 60)
        #expect(caller.log == ["retry 1 at 1.0", "retry 2 at 3.0", "welcome at 3.25"])
        #expect(heard == 3 && caller.asking?.isDone == true && caller.asking?.isOver == false)
    }

    @Test("a doer repeats at the same tymes, and is done when it is over")
    func doer() throws {
        var tries: [Tyme] = []
        let doer = TymerDoer(try RetryTymer(patience: 1, tries: 3)) { _, tyme in tries.append(tyme) }
        let doist = try Doist(tock: 0.25, doers: [doer])
        try doist.run()
        #expect(tries == [1, 3, 7])
        #expect(doer.isDone && doer.isOver && !doer.isAnswered)
    }

    @Test("a doer that is paused makes no try, and goes on with what was left")
    func pausedDoer() throws {
        var tries: [Tyme] = []
        let doer = TymerDoer(try RetryTymer(patience: 1, factor: 1, tries: 2)) { _, tyme in tries.append(tyme) }
        let link = doify { tyme in
            if tyme == 0.5 { doer.pause(at: tyme) }
            if tyme == 10 { doer.resume(at: tyme) }
            return tyme < 10 ? .again : .done
        }
        try Doist(tock: 0.25, doers: [link, doer]).run()
        #expect(tries == [10.5, 11.5] && doer.isOver)
    }

    @Test("an answer ends it, and it sleeps until then")
    func answer() throws {
        var tries = 0
        let doer = TymerDoer(try RetryTymer(patience: 1, tries: 3)) { _, _ in tries += 1 }
        let answering = doify { tyme in
            guard tyme >= 2 else { return .park(until: 2) }
            doer.answer()
            return .done
        }
        let doist = try Doist(tock: 0.25, doers: [doer, answering])
        try doist.run()
        #expect(tries == 1)
        #expect(doer.isDone && doer.isAnswered && !doer.isOver)
        #expect(doist.tyme <= 2.75)
    }
}
