import Doing
import Testing
import Wiring

@testable import Memoing

/// What a receiver takes for now, and how the sender hears that it takes more.
@Suite struct SureCreditTests {
    private static func more(_ base: Int, _ credit: Int) -> Ack.Body { Ack.Body(base: base, credit: credit) }

    @Test("without credit nothing leaves but a probe of one gram a timer; with it the rest does")
    func exhausted() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 4))
        let mid = try red.memoit(SureWorld.body(12), to: .blu)
        #expect(red.out(at: 0).count == 4)
        red.feed(SureWorld.ack(mid, 3, Self.more(4, 6)), from: .blu, at: 0.05)
        #expect(red.log(at: 0.05) == ["sure 4", "sure 5"])
        red.feed(SureWorld.ack(mid, 5, Self.more(6, 6)), from: .blu, at: 0.10)
        #expect(red.log(at: 0.10) == [] && red.sureStatistics.inFlight == 0)
        // One gram asks, and is repeated like any other that is not acknowledged.
        var (tyme, asked) = (0.10, [String]())
        for _ in 0..<3 {
            tyme = try #require(red.wakeTyme)
            #expect(tyme > 0.10)
            asked += red.log(at: tyme)
        }
        #expect(asked == ["sure 6", "sure 6", "sure 6"])
        #expect(red.outcomes() == [])
        red.feed(SureWorld.ack(mid, 5, Self.more(6, 9)), from: .blu, at: tyme + 0.05)
        #expect(red.log(at: tyme + 0.05) == ["sure 7", "sure 8"])
        red.feed(SureWorld.ack(mid, 8, Self.more(9, 99)), from: .blu, at: tyme + 0.10)
        #expect(red.log(at: tyme + 0.10) == ["sure 9", "sure 10", "sure 11"])
        red.feed(SureWorld.ack(mid, 11, .init(status: .done, base: 12, credit: 12)), from: .blu, at: tyme + 0.15)
        #expect(red.outcomes() == [SureOutcome(mid: mid, destination: .blu, result: .delivered)])
        #expect(red.isSureQuiet)
    }

    @Test("credit never falls: an old ack that comes late takes none away")
    func never() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 2))
        let mid = try red.memoit(SureWorld.body(12), to: .blu)
        #expect(red.out(at: 0).count == 2)
        red.feed(SureWorld.ack(mid, 1, Self.more(2, 6)), from: .blu, at: 0.05)
        #expect(red.log(at: 0.05) == ["sure 2", "sure 3"])
        red.feed(SureWorld.ack(mid, 0, Self.more(1, 3)), from: .blu, at: 0.06)
        red.feed(SureWorld.ack(mid, 3, Self.more(4, 4)), from: .blu, at: 0.10)
        #expect(red.log(at: 0.10) == ["sure 4", "sure 5"])
    }

    @Test("a memo without credit holds up no other to the same destination")
    func others() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 4))
        let mid = try red.memoit(SureWorld.body(12), to: .blu)
        #expect(red.out(at: 0).count == 4)
        red.feed(SureWorld.ack(mid, 3, Self.more(4, 4)), from: .blu, at: 0.05)
        #expect(red.log(at: 0.05) == [])
        try red.memoit("two", to: .blu)
        #expect(red.log(at: 0.05) == ["sure 0 of 1 two"])
    }

    @Test("a sender that is never given credit again gives up, once")
    func givesUp() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 4) { $0.tries = 3 })
        let mid = try red.memoit(SureWorld.body(12), to: .blu)
        #expect(red.out(at: 0).count == 4)
        red.feed(SureWorld.ack(mid, 3, Self.more(4, 4)), from: .blu, at: 0.05)
        var asked: [String] = red.log(at: 0.05)
        for _ in 0..<20 {
            guard let due = red.wakeTyme else { break }
            asked += red.log(at: due)
        }
        #expect(Set(asked) == ["sure 4"] && (2...4).contains(asked.count))
        let outcome = SureOutcome(mid: mid, destination: .blu, result: .timedOut, mayHaveArrived: false)
        #expect(red.outcomes() == [outcome])
        #expect(red.isSureQuiet)
    }

    @Test("the gram that would complete a memo finds the inbox full: its sender hears of it when the inbox is read")
    func starved() throws {
        var limits = MemoerLimits()
        limits.inboxMemos = 1
        let grams = try rend(SureWorld.body(3), mid: AckTests.mid, kind: .sure, size: 100)
        var blu = try SureWorld.memoer(.blu, limits: limits)
        blu.feed(try rend([65], mid: Mid(high: 1, low: 1)), from: .grn)
        blu.feed([grams[0], grams[1]], from: .red, at: 0)
        #expect(blu.log(at: 0) == ["ack 1: base 2, credit 8192, heard 2"])
        blu.feed(grams[2], from: .red, at: 1)
        #expect(blu.log(at: 1) == [] && blu.dropped == [.inboxFull: 1])
        #expect(blu.received().count == 1)
        #expect(blu.log(at: 2) == ["ack 1: base 2, credit 8194, heard 2"])
        #expect(blu.log(at: 3) == [])
        blu.feed(grams[2], from: .red, at: 3)
        #expect(blu.log(at: 3) == ["ack 2: done 3, heard 3"])
        #expect(blu.received().map(\.bytes) == [SureWorld.body(3)])
    }

    @Test("a full inbox completes nothing; when there is room the sender is told where to go on, and the memo arrives")
    func fullInbox() throws {
        var limits = MemoerLimits()
        limits.inboxMemos = 1
        var pair = SurePair(
            red: try SureWorld.memoer(.red, options: SureWorld.options(window: 8)),
            blu: try SureWorld.memoer(.blu, limits: limits))
        pair.blu.feed(try rend([65], mid: AckTests.mid), from: .grn)
        let mid = try pair.red.memoit(SureWorld.body(3), to: .blu)
        pair.run(limit: 1)
        #expect(pair.red.outcomes() == [] && pair.blu.statistics.openMemos == 1)
        #expect(pair.blu.statistics.drops[.inboxFull] > 0)
        #expect(pair.blu.received().map(\.bytes) == [[65]])
        pair.run(limit: 100)
        #expect(pair.blu.received().map(\.bytes) == [SureWorld.body(3)])
        #expect(pair.red.outcomes() == [SureOutcome(mid: mid, destination: .blu, result: .delivered)])
    }

    /// Red has sent the first half of a memo of eight grams, and has no credit for the rest; blu's inbox is full.
    private static func withoutCredit() throws -> (red: Memoer, blu: Memoer, mid: Mid, tyme: Tyme) {
        var limits = MemoerLimits()
        limits.inboxMemos = 1
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 4))
        var blu = try SureWorld.memoer(.blu, limits: limits)
        blu.feed(try rend([65], mid: AckTests.mid), from: .grn)
        let mid = try red.memoit(SureWorld.body(8), to: .blu)
        let grams = red.out(at: 0)
        blu.feed(grams[0], from: .red, at: 0.025)
        // As after 8,192 grams.
        blu.sure.inbox.states[0].credit = 4
        blu.feed(Array(grams[1...]), from: .red, at: 0.025)
        let ack = blu.out(at: 0.025)
        #expect(ack.map(line) == ["ack 3: base 4, credit 4, heard 4"])
        red.feed(ack, from: .blu, at: 0.050)
        #expect(red.log(at: 0.050) == [])
        return (red, blu, mid, try #require(red.wakeTyme))
    }

    @Test("the probe finds an inbox with room again: it is dropped, and answered with the new credit")
    func restored() throws {
        var (red, blu, _, due) = try Self.withoutCredit()
        #expect(blu.received().count == 1)
        #expect(blu.log(at: 0.060) == [])
        let probe = red.out(at: due)
        #expect(probe.map(line) == ["sure 4"])
        blu.feed(probe, from: .red, at: due + 0.025)
        let ack = blu.out(at: due + 0.025)
        #expect(ack.map(line) == ["ack 3: base 4, credit 8196, heard 5"] && blu.dropped == [.beyondCredit: 1])
        red.feed(ack, from: .blu, at: due + 0.050)
        #expect(red.log(at: due + 0.050) == ["sure 5", "sure 6", "sure 7"])
        #expect(red.roundTrip(to: .blu) == 0.050 && red.outcomes() == [] && red.sureStatistics.unfinished == 1)
    }

    @Test("the probe finds the inbox full: the new credit is told when the inbox is read, and the memo arrives")
    func restoredLater() throws {
        var (red, blu, mid, due) = try Self.withoutCredit()
        blu.feed(red.out(at: due), from: .red, at: due + 0.025)
        #expect(blu.log(at: due + 0.025) == [] && blu.dropped == [.beyondCredit: 1])
        #expect(blu.received().count == 1)
        let ack = blu.out(at: due + 0.026)
        #expect(ack.map(line) == ["ack 3: base 4, credit 8196, heard 5"])
        red.feed(ack, from: .blu, at: due + 0.051)
        var tyme = due + 0.051
        for _ in 0..<10 where red.sureStatistics.unfinished > 0 {
            blu.feed(red.out(at: tyme), from: .red, at: tyme + 0.025)
            red.feed(blu.out(at: tyme + 0.025), from: .blu, at: tyme + 0.050)
            tyme = max(tyme + 0.050, red.wakeTyme ?? 0)
        }
        #expect(red.outcomes() == [SureOutcome(mid: mid, destination: .blu, result: .delivered)])
        #expect(blu.received().map(\.bytes) == [SureWorld.body(8)])
        #expect(red.isSureQuiet && blu.isSureQuiet)
    }

    @Test("a stranger's gram beyond credit asks nothing of a memo that nothing is held of")
    func beyond() throws {
        let grams = try rend(
            MemoerTests.bytes(9000, seed: 1), mid: AckTests.mid, kind: .sure, domain: .binary, size: 25)
        var blu = try SureWorld.memoer(.blu)
        blu.feed(grams[8192], from: .red, at: 0)
        #expect(blu.log(at: 0) == [] && blu.dropped == [.beyondCredit: 1])
        #expect(blu.statistics.openMemos == 0 && blu.isSureQuiet)
    }
}
