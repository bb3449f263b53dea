import Doing
import Testing
import Wiring

@testable import Memoing

/// What is said of one memo: a deadline, a priority, what it is about; that it is taken back; and a promise of its end.
@Suite struct MemoOptionTests {
    private static func red(window: Int = 8, limits: MemoerLimits = MemoerLimits()) throws -> Memoer {
        try SureWorld.memoer(.red, limits: limits, options: SureWorld.options(window: window))
    }

    private static func text(_ word: String) -> [UInt8] { Array(word.utf8) }

    @Test("a memo has its own deadline, before and behind that of its destination")
    func deadline() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 8) { $0.deadline = 2 })
        let one = try red.memoit([1], to: .blu, options: MemoOptions(deadline: 0.5))
        let two = try red.memoit([2], to: .blu)
        let tre = try red.memoit([3], to: .blu, options: MemoOptions(deadline: 4))
        var ends: [Mid: Tyme] = [:]
        for step in 0...50 {
            let tyme = Tyme(step) / 10
            red.expire(at: tyme)
            _ = red.out(at: tyme)
            for outcome in red.outcomes() {
                #expect(outcome.result == .neverHeard && outcome.mayHaveArrived)
                ends[outcome.mid] = tyme
            }
        }
        #expect(ends == [one: 0.5, two: 2, tre: 4])
        for bad in [0, -1, .infinity, .nan] as [Tyme] {
            #expect(throws: MemoError.self) { try red.memoit([4], to: .blu, options: MemoOptions(deadline: bad)) }
        }
        #expect(throws: MemoError.notSure) { try red.memoit([4], to: .blu, kind: .plain, options: MemoOptions()) }
    }

    @Test("memos of a higher priority leave first, in their order, also between the grams of a long one")
    func priority() throws {
        var red = try Self.red(window: 2)
        try red.memoit(Self.text("low"), to: .blu, options: MemoOptions(priority: .low))
        try red.memoit(SureWorld.body(3), to: .blu)
        try red.memoit(Self.text("high 1"), to: .blu, options: MemoOptions(priority: .high))
        #expect(red.log(at: 0) == ["sure 0 of 1 high 1", "sure 0 of 3"])
        try red.memoit(Self.text("high 2"), to: .blu, options: MemoOptions(priority: .high))
        var pair = SurePair(red: red, blu: try SureWorld.memoer(.blu))
        // The two that left are lost; they are repeated later.
        pair.run(limit: 30)
        let words = pair.log.filter { $0.hasPrefix("red sure") }
        let high = try #require(words.firstIndex(of: "red sure 0 of 1 high 2"))
        let low = try #require(words.firstIndex(of: "red sure 0 of 1 low"))
        let rest = try #require(words.firstIndex(of: "red sure 2"))
        #expect(high < rest && rest < low)
        #expect(pair.red.outcomes().map(\.result) == Array(repeating: .delivered, count: 4))
    }

    @Test("a low memo is overtaken by 1,023 others at most, however many there are")
    func starved() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 1))
        var blu = try SureWorld.memoer(.blu)
        let low = try red.memoit([0], to: .blu, options: MemoOptions(priority: .low))
        var before = 0
        for step in 0..<3000 {
            try red.memoit([1], to: .blu, options: MemoOptions(priority: .high))
            let grams = red.drain(at: Tyme(step) / 1000).map(\.gram)
            blu.feed(grams, from: .red, at: Tyme(step) / 1000)
            red.feed(blu.drain(at: Tyme(step) / 1000).map(\.gram), from: .blu, at: Tyme(step) / 1000)
            let received = blu.received()
            if let place = received.firstIndex(where: { $0.mid == low }) {
                before += place
                break
            }
            before += received.count
        }
        #expect(before == 1023)
    }

    @Test("what is taken back is not sent any more, and its end says whether it may have arrived")
    func cancel() throws {
        var red = try Self.red(window: 2)
        let one = try red.memoit(Self.text("one"), to: .blu)
        let long = try red.memoit(SureWorld.body(3), to: .blu)
        let last = try red.memoit(Self.text("last"), to: .blu)
        #expect(red.log(at: 0) == ["sure 0 of 1 one", "sure 0 of 3"])
        let taken = [last, long, one, one, AckTests.mid].map { red.cancel($0) }
        #expect(taken == [true, true, true, false, false])
        let ends = red.outcomes()
        #expect(ends.map(\.mid) == [last, long, one] && ends.allSatisfy { $0.result == .cancelled })
        #expect(ends.map(\.mayHaveArrived) == [false, false, true])
        #expect(red.wakeTyme == nil && red.isSureQuiet && red.sureStatistics.cancelled == 3)
        // The ack that comes all the same says nothing to anybody.
        red.feed(SureWorld.ack(one, 0), from: .blu, at: 0.1)
        #expect(red.outcomes() == [] && red.dropped[.ack] == 1)
    }

    @Test("a memo taken back lets the next one of an ordered destination go, and makes room for others at once")
    func cancelOrdered() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 1) { $0.isOrdered = true })
        let one = try red.memoit(Self.text("one"), to: .blu)
        try red.memoit(Self.text("two"), to: .blu)
        #expect(red.log(at: 0) == ["sure 0 of 1 one"])
        red.cancel(one)
        #expect(red.log(at: 0) == ["sure 0 of 1 two"])
    }

    @Test("a memo that is taken back while its train is out, before the transport has said what it took, is gone")
    func cancelPolled() throws {
        var red = try Self.red()
        let one = try red.memoit(Self.text("one"), to: .blu)
        let two = try red.memoit(Self.text("two"), to: .blu)
        let train = Burst().lend { red.poll(into: &$0, TrainLimits(segments: 9, bytes: 900, datagram: 900), at: 0) }
        red.cancel(one)
        red.sent(Sending(taken: 70), try #require(train), at: 0)
        red.checkSureInvariants()
        #expect(red.log(at: 0) == ["sure 0 of 1 two"])
        red.feed(SureWorld.ack(two, 0), from: .blu, at: 0.1)
        #expect(red.outcomes().map(\.result) == [.cancelled, .delivered])
    }

    @Test("only the latest of a key is sent: the one before ends, and gives its place in the queue if it never left")
    func supersede() throws {
        var red = try Self.red(window: 1)
        let position = MemoOptions(key: 7)
        try red.memoit(Self.text("bulk"), to: .blu)
        let one = try red.memoit(Self.text("one"), to: .blu, options: position)
        try red.memoit(Self.text("more"), to: .blu)
        let other = try red.memoit(Self.text("other"), to: .blu, options: MemoOptions(key: 8))
        let elsewhere = try red.memoit(Self.text("grn"), to: .grn, options: position)
        let two = try red.memoit(Self.text("two"), to: .blu, options: position)
        #expect(
            red.outcomes() == [
                SureOutcome(mid: one, destination: .blu, result: .superseded, mayHaveArrived: false)
            ])
        red.checkSureInvariants()
        var pair = SurePair(red: red, blu: try SureWorld.memoer(.blu))
        pair.loses = { _, line in line.contains("grn") }
        pair.run(limit: 1)
        #expect(pair.blu.received().map(\.text) == ["bulk", "two", "more", "other"])
        let ends = Dictionary(uniqueKeysWithValues: pair.red.outcomes().map { ($0.mid, $0.result) })
        #expect(ends[two] == .delivered && ends[other] == .delivered && ends[elsewhere] == nil)
    }

    @Test("one that has left is not repeated when the next of its key comes, and may have arrived")
    func supersedeSent() throws {
        var red = try Self.red()
        let one = try red.memoit(Self.text("one"), to: .blu, options: MemoOptions(key: 7))
        #expect(red.log(at: 0) == ["sure 0 of 1 one"])
        let two = try red.memoit(Self.text("two"), to: .blu, options: MemoOptions(key: 7))
        #expect(
            red.outcomes() == [
                SureOutcome(mid: one, destination: .blu, result: .superseded, mayHaveArrived: true)
            ])
        #expect(red.log(at: 0) == ["sure 0 of 1 two"])
        #expect(red.outWhenDue().map(line) == ["sure 0 of 1 two"])
        red.feed(SureWorld.ack(two, 0), from: .blu, at: 2)
        #expect(red.outcomes().map(\.result) == [.delivered] && red.isSureQuiet)
        // A key whose memo is over is free.
        try red.memoit(Self.text("tre"), to: .blu, options: MemoOptions(key: 7))
        #expect(red.outcomes() == [])
    }

    @Test("a full queue takes the next of a key that waits in it, and nothing else")
    func supersedeFull() throws {
        var limits = MemoerLimits()
        limits.queuedMemosPerPeer = 3
        limits.queuedBytesPerPeer = 30
        var red = try Self.red(limits: limits)
        for key in 0..<3 as Range<UInt64> {
            try red.memoit([UInt8](repeating: 1, count: 10), to: .blu, options: MemoOptions(key: key))
        }
        #expect(throws: MemoError.queueFull(memos: 3, limit: 3)) { try red.memoit([1], to: .blu) }
        try red.memoit([UInt8](repeating: 2, count: 10), to: .blu, options: MemoOptions(key: 1))
        #expect(throws: MemoError.queueBytesFull(bytes: 31, limit: 30)) {
            try red.memoit([UInt8](repeating: 2, count: 11), to: .blu, options: MemoOptions(key: 1))
        }
        #expect(red.outcomes().count == 1)
        #expect(red.sureStatistics.unfinished == 3)
    }

    @Test("positions sent a hundred times a second over a way that loses half: the last arrives, few are repeated")
    func positions() throws {
        var road = try SureRoad.pair(seed: 5, delay: 0.05, loss: 0.5)
        for step in 0..<1000 {
            road.run(until: Double(step) * 0.01, stopsWhenOver: false)
            try road.send([UInt8](repeating: UInt8(step & 255), count: 100), options: MemoOptions(key: 1))
        }
        road.run(until: 100)
        let last = try #require(road.mids.last.flatMap { road.accounts[$0] })
        #expect(last.arrivals == 1 && last.outcome?.result == .delivered && road.wrong == [])
        #expect(road.results["superseded", default: 0] > 900)
        // Half of those that left arrived by their first sending.
        let arrived = road.accounts.values.filter { $0.arrivals == 1 }.count
        #expect(arrived > 350 && road.memoers[0].sureStatistics.retransmissions < 200)
    }

    @Test("a ticket resolves with the outcome, wakes who waits for it, and is told by no event")
    func ticket() throws {
        var red = try Self.red()
        let one = try red.memoit(Self.text("one"), to: .blu)
        let two = try red.memoit(Self.text("two"), to: .blu)
        let ticket = red.ticket(for: one)
        let (again, nobody) = (red.ticket(for: one), red.ticket(for: AckTests.mid))
        #expect(ticket != nil && again === ticket && nobody == nil)
        _ = red.out(at: 0)
        #expect(ticket?.isResolved == false)
        red.feed(SureWorld.ack(one, 0), from: .blu, at: 0.1)
        red.feed(SureWorld.ack(two, 0), from: .blu, at: 0.1)
        #expect(ticket?.value == SureOutcome(mid: one, destination: .blu, result: .delivered))
        #expect(red.outcomes().map(\.mid) == [two])
        let over = red.ticket(for: one)
        #expect(over == nil)
        // The row is used again, and its next memo has no ticket.
        let tre = try red.memoit(Self.text("tre"), to: .blu)
        red.closeSure()
        #expect(red.outcomes().map(\.mid) == [tre])
        let last = try red.memoit(Self.text("last"), to: .blu, options: MemoOptions(key: 1))
        let closed = red.ticket(for: last)
        try red.memoit(Self.text("later"), to: .blu, options: MemoOptions(key: 1))
        #expect(closed?.value?.result == .superseded)
    }

    @Test("memos of a stranger's forged acks are neither ended nor superseded; a receiver that crashed is told apart")
    func attacked() throws {
        var road = try SureRoad.pair(seed: 9, delay: 0.02, loss: 0.2)
        var options = MemoOptions()
        var random = SplitMix64(seed: 4)
        for step in 0..<600 {
            road.run(until: Double(step) * 0.005, stopsWhenOver: false)
            options.key = step % 3 == 0 ? UInt64(step % 5) : nil
            options.priority = MemoPriority.allCases[step % 3]
            options.deadline = step % 7 == 0 ? 0.3 : nil
            let mid = try road.send(
                MemoerTests.bytes(1 + random.below(4000), seed: UInt64(step)), options: options)
            if step % 11 == 0 { road.cancel(road.mids[random.below(road.mids.count)]) }
            // Somebody else answers for blu, without its address.
            road.memoers[0].feed(SureWorld.ack(mid, 0), from: .grn, at: road.tyme)
            road.memoers[0].checkSureInvariants()
            if step == 300 {
                road.memoers[1] = try Memoer(kind: .sure, random: SplitMix64(seed: 77))
                road.memoers[1].tellsMemos = false
                road.forgetsArrivals()
            }
        }
        road.run(until: 200)
        #expect(road.wrong == [])
        #expect(road.accounts.values.allSatisfy { $0.outcome != nil } && road.results["open"] == nil)
        let kinds: Set<String> = ["delivered", "superseded", "cancelled", "timedOut"]
        #expect(Set(road.results.keys).isSubset(of: kinds), "\(road.results)")
    }
}
