import Doing
import Testing
import Wiring

@testable import Memoing

/// One memo after the other to a destination that wants it so.
@Suite struct SureOrderTests {
    private static func ordered(_ change: (inout SureOptions) -> Void = { _ in }) -> SureOptions {
        SureWorld.options(window: 8) {
            $0.isOrdered = true
            change(&$0)
        }
    }

    @Test("a gap holds back the next memo of its destination, and no memo of another")
    func gap() throws {
        var red = try SureWorld.memoer(.red, options: Self.ordered())
        var blu = try SureWorld.memoer(.blu)
        try red.memoit(SureWorld.body(3), to: .blu)
        try red.memoit("two", to: .blu)
        try red.memoit("grass", to: .grn)
        let first = red.drain(at: 0)
        #expect(first.map { line($0.gram) } == ["sure 0 of 3", "sure 1", "sure 2", "sure 0 of 1 grass"])
        #expect(first.map(\.to) == [.blu, .blu, .blu, .grn])

        // Gram 1 is lost.
        blu.feed([first[0].gram, first[2].gram], from: .red, at: 0.025)
        red.feed(blu.out(at: 0.025), from: .blu, at: 0.050)
        #expect(red.log(at: 0.050) == [])
        let due = try #require(red.wakeTyme)
        let again = red.out(at: due)
        #expect(again.map(line) == ["sure 1"])
        blu.feed(again, from: .red, at: 0.100)
        red.feed(blu.out(at: 0.100), from: .blu, at: 0.125)
        let second = red.out(at: 0.125)
        #expect(second.map(line) == ["sure 0 of 1 two"])
        blu.feed(second, from: .red, at: 0.150)
        #expect(blu.received().map(\.bytes.count) == [146, 3])
    }

    @Test("without the option both leave at once")
    func unordered() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 8))
        try red.memoit(SureWorld.body(3), to: .blu)
        try red.memoit("two", to: .blu)
        #expect(red.log(at: 0) == ["sure 0 of 3", "sure 1", "sure 2", "sure 0 of 1 two"])
    }

    @Test("a memo that its deadline ends lets go of the next one, at that moment")
    func deadline() throws {
        var red = try SureWorld.memoer(.red, options: Self.ordered { $0.deadline = 0.5 })
        let one = try red.memoit("one", to: .blu)
        #expect(red.log(at: 0) == ["sure 0 of 1 one"])
        _ = red.log(at: 0.25)
        let two = try red.memoit("two", to: .blu)
        #expect(red.log(at: 0.25) == [])
        #expect(red.wakeMicros == 500_000)
        #expect(red.log(at: 0.5) == ["sure 0 of 1 two"])
        #expect(red.outcomes() == [SureOutcome(mid: one, destination: .blu, result: .neverHeard)])
        #expect(red.log(at: 0.75) == [])
        #expect(red.outcomes() == [SureOutcome(mid: two, destination: .blu, result: .neverHeard)])
    }

    @Test("a memo out of tries, and one that is refused, let go of the next one too")
    func tries() throws {
        var red = try SureWorld.memoer(.red, options: Self.ordered { $0.tries = 1 })
        for word in ["one", "two", "tre"] { try red.memoit(word, to: .blu) }
        #expect(red.log(at: 0) == ["sure 0 of 1 one"])
        // The timer: 1 s, and doubled 2 s more.
        #expect(red.log(at: 1) == ["sure 0 of 1 one"])
        let two = red.out(at: 3)
        #expect(two.map(line) == ["sure 0 of 1 two"])
        #expect(red.outcomes().map(\.result) == [.neverHeard])
        let first = try #require(two.first)
        let id = try mid(of: first)
        red.feed(
            SureWorld.ack(id, 0, .init(status: .refused, reason: 4, base: 0, credit: 0)), from: .blu, at: 3.5)
        #expect(red.log(at: 3.5) == ["sure 0 of 1 tre"])
        #expect(red.outcomes().map(\.result) == [.refused(.capacity)])
    }

    @Test("a destination that says nothing holds up no other, which has all its memos in order")
    func destinations() throws {
        var red = try SureWorld.memoer(.red, options: Self.ordered())
        var grn = try SureWorld.memoer(.grn)
        for number in 0..<5 {
            try red.memoit("blu \(number)", to: .blu)
            try red.memoit("grn \(number)", to: .grn)
        }
        var heard: [String] = []
        for step in 0..<10 {
            let tyme = Tyme(step) * 0.0625
            for (to, gram) in red.drain(at: tyme) {
                if to == .grn { grn.feed(gram, from: .red, at: tyme) } else { heard.append(line(gram)) }
            }
            red.feed(grn.out(at: tyme), from: .grn, at: tyme)
        }
        #expect(grn.received().map(\.text) == (0..<5).map { "grn \($0)" })
        #expect(heard == ["sure 0 of 1 blu 0"])
        #expect(red.outcomes().map(\.result) == Array(repeating: .delivered, count: 5))
    }

    @Test("with every third datagram lost, ordered memos arrive in order, and the same ones unordered do not")
    func lossy() throws {
        for isOrdered in [true, false] {
            var pair = SurePair(
                red: try SureWorld.memoer(
                    .red, options: SureWorld.options(window: 8) { $0.isOrdered = isOrdered }),
                blu: try SureWorld.memoer(.blu))
            pair.loses = { count, _ in count % 3 == 1 }
            for number in 0..<20 { try pair.red.memoit("memo \(number)", to: .blu) }
            pair.run(limit: 100)
            let texts = pair.blu.received().map { $0.text ?? "" }
            let inOrder = (0..<20).map { "memo \($0)" }
            #expect((texts == inOrder) == isOrdered)
            #expect(texts.sorted() == inOrder.sorted())
            #expect(pair.red.outcomes().map(\.result) == Array(repeating: .delivered, count: 20))
        }
    }
}
