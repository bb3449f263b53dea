import Doing
import Testing
import Wiring

@testable import Memoing

/// What a receiver remembers of sure memos that are over, and what it says of those it has forgotten.
@Suite struct SureMemoryTests {
    /// `count` memos of one gram from red, each in a datagram.
    private static func memos(_ count: Int, from: Address = .red) throws -> [[UInt8]] {
        var red = try SureWorld.memoer(from, options: SureWorld.options(window: count))
        for number in 0..<count { try red.memoit("memo \(number)", to: .blu) }
        return red.out(at: 0)
    }

    private static func limits(finished: Int) -> MemoerLimits {
        var limits = MemoerLimits()
        limits.sureFinished = finished
        return limits
    }

    @Test("a late gram of a finished memo is acknowledged again, delivers nothing and leaves nothing")
    func late() throws {
        let whole = try Self.memos(1)[0]
        let grams = try rend(SureWorld.body(3), mid: AckTests.mid, kind: .sure, size: 100)
        var blu = try SureWorld.memoer(.blu)
        blu.feed(grams, from: .red, at: 0)
        #expect(blu.log(at: 0) == ["ack 2: done 3, heard 3"])
        blu.feed(whole, from: .grn, at: 0)
        #expect(blu.log(at: 0) == ["ack 0"])
        #expect(blu.received().count == 2)
        for (tyme, number) in [(1.0, 0), (10, 1), (100, 2), (900, 0)] {
            blu.feed(grams[number], from: .red, at: tyme)
            #expect(blu.log(at: tyme) == ["ack \(number): done 3, heard 4, again"])
            blu.feed(whole, from: .grn, at: tyme)
            #expect(blu.log(at: tyme) == ["ack 0"])
            #expect(blu.isSureQuiet && blu.statistics.openMemos == 0 && blu.statistics.openBytes == 0)
        }
        #expect(blu.received() == [])
        #expect(blu.sureStatistics.remembered == 2 && blu.statistics.late == 8)
        // A number that the memo never had asks for nothing.
        blu.feed(
            try rend(SureWorld.body(9), mid: AckTests.mid, kind: .sure, size: 100)[8], from: .red, at: 901)
        #expect(blu.log(at: 901) == [] && blu.statistics.openMemos == 0)
    }

    @Test("a mid beyond all of its sender's needs no look; one that is not is looked for, also after a turn")
    func beyond() throws {
        let mids = try Self.memos(6).map(mid(of:))
        var done = DoneTable(limit: 2, age: 1000)
        func isBeyond(_ number: Int, sender: UInt64 = 7) -> Bool {
            done.isBeyond(mids[number], sender: sender, .stranger, changes: 0)
        }
        #expect(!isBeyond(0))
        for number in [0, 2] {
            done.put(UInt64(number + 1), mids[number], at: 0)
        }
        #expect([0, 1, 2, 3].map { isBeyond($0) } == [false, false, false, true])
        #expect(!isBeyond(3, sender: 8))
        // 1 comes late, and opens a new generation: 2 is in the old one, and still counts.
        done.put(2, mids[1], at: 1)
        #expect([0, 1, 2, 3].map { isBeyond($0) } == [false, false, false, true])
        let found = (1...3).map { done.find(UInt64($0)) != nil }
        #expect(found == [true, true, true])
    }

    @Test("what is put in with others is found as if by itself: 20,000 steps beside two dictionaries", arguments: 1...4)
    func together(seed: Int) throws {
        let mids = try Self.memos(400).map(mid(of:))
        var random = SplitMix64(seed: UInt64(seed))
        var done = DoneTable(limit: 90, age: 50)
        var (young, old): ([UInt64: Int], [UInt64: Int]) = ([:], [:])
        var (tyme, born, next) = (0.0, 0.0, 0)
        var wrong: [Int] = []
        func turn() { (young, old, born) = ([:], young, tyme) }
        for step in 0..<20_000 {
            let number = Int(random.next() % UInt64(mids.count))
            switch random.next() % 8 {
            case 0...4:  // most come in order, as mids do; some come late, or again
                let number = random.next() % 10 > 0 ? next % mids.count : number
                next += 1
                if young.count >= 90 { turn() }
                if young.isEmpty { born = tyme }
                young[UInt64(number + 1)] = step
                done.put(UInt64(number + 1), mids[number], count: step, at: tyme)
            case 5, 6:
                let found = done.find(UInt64(number + 1))?.count
                if found != young[UInt64(number + 1)] ?? old[UInt64(number + 1)] { wrong.append(step) }
            default:
                tyme += Double(random.next() % 4)
                if done.count > 0, tyme - born >= 50 { turn() }
                done.forget(at: tyme)
            }
            if done.count != young.count + old.count { wrong.append(step) }
        }
        #expect(wrong == [])
    }

    @Test("twice the limit is remembered at most; what goes raises the floor, and what is below it is stale")
    func floor() throws {
        let memos = try Self.memos(14)
        var blu = try SureWorld.memoer(.blu, limits: Self.limits(finished: 4))
        var remembered: [Int] = []
        // Number 3 is held up on its way.
        for (number, memo) in memos.enumerated() where number != 3 {
            blu.feed(memo, from: .red, at: Tyme(number))
            #expect(blu.log(at: Tyme(number)) == ["ack 0"])
            remembered.append(blu.sureStatistics.remembered)
        }
        #expect(remembered == [1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7, 8, 5])
        #expect(blu.sure.inbox.done.floorCount == 1)
        #expect(blu.received().count == 13)
        // Two generations of four have gone: 0, 1, 2, 4 and 5 to 8. Whether 3 was ever delivered nobody knows.
        for number in [0, 3, 8] {
            blu.feed(memos[number], from: .red, at: 20)
            #expect(blu.log(at: 20) == ["ack 0: stale, heard 1"])
        }
        for number in [9, 13] {
            blu.feed(memos[number], from: .red, at: 21)
            #expect(blu.log(at: 21) == ["ack 0"])
        }
        #expect(blu.received() == [] && blu.sureStatistics.remembered == 5 && blu.isSureQuiet)
    }

    @Test("who is told that its memo is stale has an outcome that leaves it open")
    func stale() throws {
        var red = try SureWorld.memoer(.red)
        let mid = try red.memoit("one", to: .blu)
        #expect(red.log(at: 0) == ["sure 0 of 1 one"])
        red.feed(SureWorld.ack(mid, 0, .init(status: .stale, base: 0, credit: 0, heard: 1)), from: .blu, at: 1)
        let outcomes = red.outcomes()
        #expect(outcomes.map(\.result) == [.refused(.stale)] && outcomes.map(\.isIndeterminate) == [true])
        #expect(red.isSureQuiet)
    }

    @Test("a floor is one sender's: another address, and another memoer at the same one, are above it")
    func others() throws {
        let memos = try Self.memos(9)
        let restarted = try Self.memos(1, from: .grn)
        var blu = try SureWorld.memoer(.blu, limits: Self.limits(finished: 4))
        blu.feed(memos, from: .red, at: 0)
        _ = blu.log(at: 0)
        blu.feed(memos[0], from: .red, at: 1)
        #expect(blu.log(at: 1) == ["ack 0: stale, heard 1"])
        blu.feed(memos[0], from: .grn, at: 2)
        #expect(blu.log(at: 2) == ["ack 0"])
        // As early as the first of them, of another node.
        blu.feed(restarted, from: .red, at: 3)
        #expect(blu.log(at: 3) == ["ack 0"])
        #expect(blu.received().count == 11)
    }

    @Test("a memo that is open stays open below the floor, and is delivered")
    func open() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 100))
        try red.memoit(SureWorld.body(2), to: .blu)
        for number in 0..<12 { try red.memoit("memo \(number)", to: .blu) }
        let grams = red.out(at: 0)
        var blu = try SureWorld.memoer(.blu, limits: Self.limits(finished: 4))
        blu.feed(grams[0], from: .red, at: 0)
        blu.feed(Array(grams[2...]), from: .red, at: 0)
        #expect(blu.log(at: 0).count == 2)
        #expect(blu.sure.inbox.done.isStale(try mid(of: grams[0]), sender: blu.sourceHash, .unsigned))
        blu.feed(grams[1], from: .red, at: 1)
        #expect(blu.log(at: 1) == ["ack 1: done 2, heard 2"])
        #expect(blu.received().count == 13)
    }

    @Test("time forgets too: after twice the age nothing is remembered but the floor")
    func age() throws {
        let memos = try Self.memos(2)
        var blu = try SureWorld.memoer(.blu)
        blu.feed(memos[1], from: .red, at: 0)
        #expect(blu.log(at: 0) == ["ack 0"])
        for (tyme, remembered, answer) in [
            (965.0, 1, "ack 0"), (966, 1, "ack 0"), (1931, 1, "ack 0"), (1932, 0, "ack 0: stale, heard 1"),
            (9999, 0, "ack 0: stale, heard 1"),
        ] {
            blu.feed(memos[1], from: .red, at: tyme)
            #expect(blu.log(at: tyme) == [answer])
            #expect(blu.sureStatistics.remembered == remembered)
        }
        blu.feed(memos[0], from: .red, at: 10_000)
        #expect(blu.log(at: 10_000) == ["ack 0: stale, heard 1"])
        #expect(blu.received().count == 1 && blu.sure.inbox.done.floorCount == 1)
    }

    @Test("mids of another shape have the table only: forgotten, they are new")
    func otherShape() throws {
        var blu = try SureWorld.memoer(.blu, limits: Self.limits(finished: 4))
        let memos = try (0..<9).map { try rend([65], mid: Mid(high: 1 << 40, low: $0), kind: .sure)[0] }
        blu.feed(memos, from: .red, at: 0)
        _ = blu.log(at: 0)
        blu.feed(memos[4], from: .red, at: 1)
        #expect(blu.received().count == 9)
        blu.feed(memos[3], from: .red, at: 2)
        #expect(blu.received().count == 1 && blu.sure.inbox.done.floorCount == 0)
    }

    @Test("4,096 floors are kept; of more senders than that those whose floors are oldest lose theirs")
    func floors() throws {
        var table = DoneTable(limit: 1, age: 966)
        let id = try mid(of: Self.memos(1)[0])
        for sender in 0..<UInt64(5002) {
            table.put(sender &* 77 &+ 1, id, sender: sender, at: 0)
        }
        #expect(table.count == 2 && table.floorCount == 4096)
        #expect(!table.isStale(id, sender: 0, .unsigned) && !table.isStale(id, sender: 903, .unsigned))
        #expect(table.isStale(id, sender: 904, .unsigned) && table.isStale(id, sender: 4999, .unsigned))
        // These two are in the table still.
        let last = table.find(5000 * 77 + 1)
        #expect(!table.isStale(id, sender: 5000, .unsigned) && last != nil)
    }

    @Test("a sender starts no memo more than 1,024 after its oldest unfinished one, so that no floor meets a live memo")
    func span() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 10_000))
        var mids: [Mid] = []
        for number in 0..<1100 { mids.append(try red.memoit("\(number)", to: .blu)) }
        #expect(red.out(at: 0).count == 1024)
        for mid in mids[1..<1024] { red.feed(SureWorld.ack(mid, 0), from: .blu, at: 0.1) }
        #expect(red.log(at: 0.1) == [])
        red.feed(SureWorld.ack(mids[0], 0), from: .blu, at: 0.15)
        #expect(red.log(at: 0.15) == (1024..<1100).map { "sure 0 of 1 \($0)" })
    }
}

extension DoneTable {
    /// An unsigned memo of a stranger is over.
    mutating func put(_ print: UInt64, _ mid: Mid, sender: UInt64 = 7, count: Int = 1, at tyme: Tyme) {
        insert(
            print, .init(.done, count: count), mid: mid, sender: sender, .stranger, .unsigned, changes: 0, at: tyme)
    }
}
