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

    @Test("spans and tymes that are none are refused by their value")
    func refused() {
        #expect(throws: TymeError.duration(-1)) { try RetryTymer(patience: -1, start: 0) }
        #expect(throws: TymeError.duration(.infinity)) { try RetryTymer(patience: 1, cap: .infinity, start: 0) }
        #expect(throws: TymeError.tyme(.infinity)) { try RetryTymer(patience: 1, start: .infinity) }
        #expect(throws: TymeError.duration(-2)) { try TymerDoer(patience: -2) { _, _ in } }
    }

    @Test("a doer repeats at the same tymes, and is done when it is over")
    func doer() throws {
        var tries: [Tyme] = []
        let doer = try TymerDoer(patience: 1, tries: 3) { _, tyme in tries.append(tyme) }
        let doist = try Doist(tock: 0.25, doers: [doer])
        try doist.run()
        #expect(tries == [1, 3, 7])
        #expect(doer.isDone && doer.isOver && !doer.isAnswered)
    }

    @Test("an answer ends it, and it sleeps until then")
    func answer() throws {
        var tries = 0
        let doer = try TymerDoer(patience: 1, tries: 3) { _, _ in tries += 1 }
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
