import Doing
import Testing
import Wiring

@testable import Memoing

/// What acks say of what was heard, and what a sender makes of acks that nobody could honestly send.
@Suite struct SureAckTests {
    private static func more(_ base: Int, _ credit: Int) -> Ack.Body { Ack.Body(base: base, credit: credit) }

    @Test("heard counts every gram that came, the ones that were there already too, and never goes past 24 bits")
    func heard() throws {
        let grams = try rend(SureWorld.body(4), mid: AckTests.mid, kind: .sure, size: 100)
        var blu = try SureWorld.memoer(.blu)
        blu.feed([grams[0], grams[0], grams[2]], from: .red, at: 0)
        #expect(blu.log(at: 0) == ["ack 2: base 1, credit 8193, holds 2, heard 3"])
        blu.feed(grams[2], from: .red, at: 1)
        #expect(blu.log(at: 1) == ["ack 2: base 1, credit 8193, holds 2, heard 4, again"])
        blu.sure.inbox.states[0].heard = 1 << 24 - 2
        blu.feed([grams[1], grams[1]], from: .red, at: 2)
        #expect(blu.log(at: 2) == ["ack 1: base 3, credit 8195, heard 16777215, again"])
        blu.feed(grams[3], from: .red, at: 3)
        #expect(blu.log(at: 3) == ["ack 3: done 4, heard 16777215"])
        blu.feed(grams[3], from: .red, at: 4)
        #expect(blu.log(at: 4) == ["ack 3: done 4, heard 5, again"])
    }

    @Test("a receiver that acknowledges what it has not got draws no more than the ceiling")
    func ceiling() throws {
        for control in [SureControl.newReno, .none(window: 4096), .rate(bytesPerSecond: 1 << 30)] {
            let options = SureWorld.options(window: 1) { ($0.control, $0.ceiling) = (control, 128_000) }
            var red = try SureWorld.memoer(.red, options: options)
            let mid = try red.memoit(SureWorld.body(4000), to: .blu)
            var (grams, last) = (0, 0)
            // An ack of all that was ever sent comes each millisecond, long before anything can have arrived.
            for tick in 0..<1000 {
                let out = red.out(at: Tyme(tick) * 0.001)
                grams += out.count
                last = out.reduce(last) { max($0, (try? pick($1).view.number) ?? 0) }
                red.feed(SureWorld.ack(mid, last, Self.more(last + 1, 8000)), from: .blu, at: Tyme(tick) * 0.001)
            }
            // 128 bytes a gram with its headers: 1000 in a second, and what 4 ms bring beforehand.
            #expect((1000...1006).contains(grams), "\(control): \(grams)")
        }
    }

    @Test("one good ack makes a destination one that was heard, a forged or impossible one does not")
    func heardFlag() throws {
        let good = { SureWorld.ack($0, 0, Self.more(1, 9)) }
        let trials: [(Address, (Mid) -> [UInt8], SureOutcome.Result)] = [
            (.blu, good, .timedOut), (.blu, { SureWorld.ack($0, 0) }, .timedOut), (.grn, good, .neverHeard),
            (.blu, { SureWorld.ack($0, 1, Self.more(1, 9)) }, .neverHeard),
            (.blu, { _ in SureWorld.ack(AckTests.mid, 0) }, .neverHeard),
            (.blu, { Array(good($0).dropLast()) }, .neverHeard),
        ]
        for (from, ack, result) in trials {
            var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 1) { $0.deadline = 0.5 })
            let mid = try red.memoit(SureWorld.body(9), to: .blu)
            #expect(red.log(at: 0) == ["sure 0 of 9"])
            red.feed(ack(mid), from: from, at: 0.25)
            _ = red.log(at: 0.25)
            #expect(red.log(at: 0.5) == [])
            let outcome = SureOutcome(mid: mid, destination: .blu, result: result, mayHaveArrived: false)
            #expect(red.outcomes() == [outcome])
            #expect(red.statistics.drops.total == (result == .neverHeard ? 1 : 0))
        }
    }

    @Test("an unsigned ack of a signed memo, a stranger's and a forged one are dropped; the signer's is taken")
    func signed() throws {
        var red = try SureWorld.memoer(.red, size: 300, options: SureWorld.options(window: 1))
        let mid = try red.memoit(SureWorld.signedBody(3), to: .blu, kind: .sureSigned)
        #expect(red.log(at: 0) == ["sureSigned 0 of 3"])
        let body = Self.more(1, 9)
        var forged = try SureWorld.ack(mid, 0, body, by: .blu)
        forged[80] = forged[80] == 65 ? 66 : 65
        red.feed(SureWorld.ack(mid, 0, body), from: .blu, at: 0.1)
        red.feed(forged, from: .blu, at: 0.1)
        // Nobody is pinned yet, and who is pinned must write from where the memo went.
        red.feed(try SureWorld.ack(mid, 0, body, by: .grn), from: .grn, at: 0.1)
        #expect(red.log(at: 0.1) == [])
        #expect(red.statistics.drops.total == 3 && red.dropped[.unsigned] == 1 && red.dropped[.notAllowed] == 1)
        red.feed(try SureWorld.ack(mid, 0, body, by: .blu), from: .blu, at: 0.2)
        #expect(red.log(at: 0.2) == ["sureSigned 1"])
        red.feed(try SureWorld.ack(mid, 1, Self.more(2, 9), by: .grn), from: .blu, at: 0.3)
        #expect(red.log(at: 0.3) == [] && red.dropped[.notAllowed] == 2)
        // The pinned signer may have moved.
        red.feed(try SureWorld.ack(mid, 1, Self.more(2, 9), by: .blu), from: .grn, at: 0.4)
        #expect(red.log(at: 0.4) == ["sureSigned 2"])
    }

    /// 32 grams at first.
    private static var delayReno: SureOptions {
        var options = SureOptions()
        options.control = .delayReno
        return options
    }

    @Test("acks of grams that have not left yet, or never will, are counted drops and open no window")
    func optimistic() throws {
        var red = try SureWorld.memoer(.red, options: Self.delayReno)
        let mid = try red.memoit(SureWorld.body(100), to: .blu)
        #expect(red.out(at: 0).count == DelayReno.initial)
        let impossible: [(String, [UInt8])] = [
            ("the trigger has not left", SureWorld.ack(mid, 32)),
            ("nor will it ever", SureWorld.ack(mid, 100)),
            ("the base has not", SureWorld.ack(mid, 31, Self.more(33, 9000))),
            ("the base is past the end", SureWorld.ack(mid, 31, Self.more(101, 9000))),
            ("the bitmap holds what has not", SureWorld.ack(mid, 0, .init(base: 1, credit: 99, held: [0, 1 << 16]))),
            ("whole, before it has left", SureWorld.ack(mid, 31, .init(status: .done, base: 100, credit: 100))),
            ("whole, with a part of it", SureWorld.ack(mid, 31, .init(status: .done, base: 32, credit: 32))),
        ]
        for (index, (why, ack)) in impossible.enumerated() {
            red.feed(ack, from: .blu, at: 0.05)
            #expect(red.log(at: 0.05) == [], "\(why)")
            #expect(red.dropped == [.badAck: index + 1], "\(why)")
            #expect(red.sureStatistics.inFlight == 32 && red.sureStatistics.acks == 0, "\(why)")
            #expect(red.sure.outbox.lanes[0].controller.window == DelayReno.initial, "\(why)")
        }
        #expect(red.roundTrip(to: .blu) == nil && red.outcomes() == [])
        // The last gram of the window in the bitmap is as much as may be said.
        red.feed(SureWorld.ack(mid, 0, .init(base: 1, credit: 99, held: [0, 1 << 18])), from: .blu, at: 0.05)
        #expect(red.sureStatistics.acks == 1 && red.dropped == [.badAck: 7])
        #expect(red.sureStatistics.inFlight == 30)
    }

    @Test("what was acknowledged once opens the window once, however often it is said, and by whomever else")
    func repeated() throws {
        var red = try SureWorld.memoer(.red, options: Self.delayReno)
        let mid = try red.memoit(SureWorld.body(200), to: .blu)
        #expect(red.out(at: 0).count == 32)
        let ack = SureWorld.ack(mid, 7, Self.more(8, 1 << 23))
        red.feed(ack, from: .grn, at: 0.05)
        #expect(red.log(at: 0.05) == [] && red.dropped == [.ackSource: 1])
        // Eight have left the way, and in slow start eight more may; half of a round trip's pace at once.
        red.feed(ack, from: .blu, at: 0.05)
        #expect(red.sure.outbox.lanes[0].controller.window == 40)
        var more = 0
        for step in 0..<40 { more += red.out(at: 0.05 + 0.001 * Tyme(step)).count }
        #expect(more == 16)
        for _ in 0..<100 { red.feed(ack, from: .blu, at: 0.09) }
        for number in 0..<8 { red.feed(SureWorld.ack(mid, number), from: .blu, at: 0.09) }
        #expect(red.sure.outbox.lanes[0].controller.window == 40)
        #expect(red.log(at: 0.09) == [] && red.sureStatistics.inFlight == 40)
    }

    @Test("a sheaf ends the memos of its destination that have left whole, and says nothing of any other")
    func sheaf() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 4))
        let one = try red.memoit("one", to: .blu)
        let two = try red.memoit("two", to: .blu)
        let long = try red.memoit(SureWorld.body(9), to: .blu)
        let grass = try red.memoit("grass", to: .grn)
        #expect(red.out(at: 0).count == 5)
        let body = Ack.Body(
            status: .done, base: 1, credit: 1, heard: 1, further: [one, long, grass, AckTests.mid, one])
        red.feed(SureWorld.ack(two, 0, body), from: .blu, at: 0.05)
        #expect(
            Set(red.outcomes()) == [
                SureOutcome(mid: two, destination: .blu, result: .delivered),
                SureOutcome(mid: one, destination: .blu, result: .delivered),
            ])
        #expect(red.sureStatistics.unfinished == 2)
        // Of the same sheaf again nothing is left but what has not left whole.
        red.feed(SureWorld.ack(two, 0, body), from: .blu, at: 0.06)
        #expect(red.outcomes() == [] && red.dropped == [.badAck: 1])
    }

    @Test("grams are missing there, and each was acknowledged: the receiver has forgotten some, and nobody knows")
    func forgotten() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 8))
        let mid = try red.memoit(SureWorld.body(3), to: .blu)
        #expect(red.out(at: 0).count == 3)
        red.feed(SureWorld.ack(mid, 1, Self.more(2, 99)), from: .blu, at: 0.05)
        #expect(red.outcomes() == [])
        // It has started anew, and got gram 2.
        red.feed(SureWorld.ack(mid, 2, .init(base: 0, credit: 99, heard: 1)), from: .blu, at: 0.10)
        let outcomes = red.outcomes()
        #expect(outcomes == [SureOutcome(mid: mid, destination: .blu, result: .timedOut)])
        #expect(outcomes.map(\.isIndeterminate) == [true])
        #expect(red.isSureQuiet)
        red.feed(SureWorld.ack(mid, 2, .init(status: .done, base: 3, credit: 3)), from: .blu, at: 0.15)
        #expect(red.outcomes() == [] && red.dropped == [.ack: 1])
    }

    @Test("the same with real memoers: blu dies after gram 1, and its successor gets gram 2")
    func successor() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 2))
        let mid = try red.memoit(SureWorld.body(3), to: .blu)
        var blu = try SureWorld.memoer(.blu)
        blu.feed(red.out(at: 0), from: .red, at: 0.025)
        red.feed(blu.out(at: 0.025), from: .blu, at: 0.050)
        blu = try SureWorld.memoer(.blu)
        blu.feed(red.out(at: 0.050), from: .red, at: 0.075)
        let ack = blu.out(at: 0.075)
        // It holds gram 2, and has asked for gram 0 in vain.
        #expect(ack.map(line) == ["ack 2: base 0, credit 8192, holds 2, heard 1"])
        red.feed(ack, from: .blu, at: 0.100)
        #expect(red.outcomes() == [SureOutcome(mid: mid, destination: .blu, result: .timedOut)])
        #expect(red.log(at: 0.100) == [] && red.isSureQuiet)
        #expect(blu.received() == [])
        // It has told of it, and waits for the first gram as long as for any other.
        #expect(blu.log(at: 60.074) == [] && blu.statistics.openMemos == 1)
        #expect(blu.log(at: 60.075) == [] && blu.statistics.openMemos == 0)
    }

    @Test("a receiver that has started anew and can afford heads only is not taken for one that has the memo")
    func successorInHeads() throws {
        var options = SureWorld.options(window: 1024)
        options.patience = 10
        var red = try SureWorld.memoer(.red, size: 25, domain: .binary, options: options)
        let mid = try red.memoit(MemoerTests.bytes(800, seed: 1), to: .blu)
        #expect(red.out(at: 0).count == 800)
        // All but 100 and 700, of 101 to 799.
        let held = (0..<30).map { word in
            (0..<24).reduce(UInt32(0)) { bits, bit in
                let number = 101 + 24 * word + bit
                return number < 800 && number != 700 ? bits | 1 << UInt32(23 - bit) : bits
            }
        }
        red.feed(SureWorld.ack(mid, 799, .init(base: 100, credit: 8292, heard: 798, held: held)), from: .blu, at: 0.05)
        #expect(red.sureStatistics.inFlight == 2)
        var blu = try SureWorld.memoer(.blu, domain: .binary)
        let grams = red.outWhenDue(2)
        #expect(grams.map(line).map { $0.prefix(8) } == ["sure 100", "sure 700"])
        // 25 bytes draw 75; the ack that tells of gram 700 has 39 and a bitmap of 90.
        var heads: [String] = []
        for gram in grams.reversed() {
            blu.feed(gram, from: .red, at: 0.2)
            let ack = blu.out(at: 0.2)
            heads += ack.map(line)
            red.feed(ack, from: .blu, at: 0.225)
        }
        #expect(heads == ["ack 700", "ack 100"])
        #expect(blu.received() == [])
        #expect(red.outcomes() == [SureOutcome(mid: mid, destination: .blu, result: .timedOut)])
    }

    @Test("a receiver that acknowledges gram by gram has the memo when it has named each")
    func heads() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 8))
        let mid = try red.memoit(SureWorld.body(3), to: .blu)
        #expect(red.out(at: 0).count == 3)
        for number in [0, 2, 0] { red.feed(SureWorld.ack(mid, number), from: .blu, at: 0.05) }
        #expect(red.outcomes() == [])
        red.feed(SureWorld.ack(mid, 1), from: .blu, at: 0.05)
        #expect(red.outcomes() == [SureOutcome(mid: mid, destination: .blu, result: .delivered)])
    }
}
