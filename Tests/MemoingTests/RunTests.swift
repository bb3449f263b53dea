import Doing
import Memoing
import Testing
import Wiring

/// Grams that a memoer takes in one go: the same comes of them as of one after the other.
@Suite struct RunTests {
    /// So many grams of 132 bytes each, the last one shorter.
    static func grams(_ count: Int, mid: UInt64) throws -> [[UInt8]] {
        try ReceiveTests.grams(MemoerTests.bytes(100 * count - 40, seed: mid), mid, size: 132)
    }

    /// The same datagrams to two memoers: to one as trains of equal ones, to the other one by one.
    struct Pair {
        var joined, single: Memoer

        init(_ limits: MemoerLimits = MemoerLimits()) throws {
            joined = try ReceiveTests.memoer(limits)
            single = joined
        }

        mutating func feed(_ grams: [[UInt8]], from source: Address = .host(1), at tyme: Tyme = 0) {
            guard let first = grams.first else { return }
            let train = Train(peer: source, segment: first.count)
            precondition(grams.dropLast().allSatisfy { $0.count == train.segment })
            let bytes = Array(grams.joined())
            joined.handle(bytes.span.bytes, train, at: tyme)
            joined.expire(at: tyme)
            for gram in grams {
                single.handle(gram.span.bytes, Train(peer: source, segment: gram.count), at: tyme)
            }
            single.expire(at: tyme)
        }

        /// What both have, which must be the same: memos that came, and the statistics.
        mutating func same() throws -> (memos: [Memo], counts: MemoerStatistics) {
            joined.checkInvariants()
            let memos = joined.received()
            let other = single.received()
            try #require(memos == other)
            try #require(joined.statistics == single.statistics)
            return (memos, joined.statistics)
        }
    }

    @Test("a train of a memo's grams is a memo, and every gram of it is counted")
    func whole() throws {
        var pair = try Pair()
        let grams = try Self.grams(30, mid: 1)
        pair.feed(grams)
        let same = try pair.same()
        #expect(same.memos.map(\.bytes) == [MemoerTests.bytes(2960, seed: 1)])
        #expect(same.counts.received.grams == 30 && same.counts.received.bytes == 2960 + 30 * 32)
        #expect(same.counts.openMemos == 0 && same.counts.openBytes == 0 && same.counts.drops.total == 0)
    }

    @Test(
        "what is wrong in the middle of a train is what it is alone",
        arguments: [DropReason.conflict, .numberOutOfRange, .badField, .unknownCode, .family])
    func odd(_ reason: DropReason) throws {
        var pair = try Pair()
        var grams = try Self.grams(30, mid: 1)
        var odd = grams[9]
        switch reason {
        case .conflict: odd = grams[7]; odd[131] ^= 1
        case .numberOutOfRange: odd.replaceSubrange(4..<8, with: Array("ABAA".utf8))
        case .badField: odd[20] = 0x21
        case .unknownCode: odd[3] = 0x5A
        default: odd[3] = 0x46  // a sure gram's code
        }
        grams.insert(odd, at: 10)
        pair.feed(grams)
        let same = try pair.same()
        #expect(same.memos.map(\.bytes) == [MemoerTests.bytes(2960, seed: 1)])
        #expect(same.counts.drops.occurred.map(\.reason) == [reason] && same.counts.drops.total == 1)
        #expect(same.counts.received.grams == 30)
    }

    @Test("a gram that is missing, and comes later, ends a run and completes the memo")
    func gap() throws {
        var pair = try Pair()
        let grams = try Self.grams(30, mid: 1)
        pair.feed(Array(grams[..<10] + grams[11...]))
        var same = try pair.same()
        #expect(same.memos.isEmpty && same.counts.received.grams == 29 && same.counts.openMemos == 1)
        pair.feed([grams[10], grams[10], grams[12]])
        same = try pair.same()
        #expect(same.memos.map(\.bytes) == [MemoerTests.bytes(2960, seed: 1)])
        #expect(same.counts.received.grams == 30 && same.counts.duplicates + same.counts.late == 2)
    }

    @Test("where the bytes of a memo, a peer, or all are used up, a train ends as its grams do alone")
    func bounds() throws {
        for change: (inout MemoerLimits) -> Void in [
            { $0.memoBytes = 1500 }, { $0.bytesPerPeer = 2000 }, { $0.bytes = 2000 }, { $0.memoGrams = 20 },
        ] {
            var pair = try Pair(LimitTests.limits(change))
            pair.feed(try Self.grams(30, mid: 1))
            let same = try pair.same()
            #expect(same.memos.isEmpty && same.counts.drops.total == 1 && same.counts.openMemos == 0)
        }
    }

    /// The next grams of one of some memos, with one of them left out, repeated, changed, or exchanged now and then.
    static func program(_ random: inout SplitMix64, _ memos: [[[UInt8]]], _ at: inout [Int]) -> [[UInt8]] {
        let index = random.below(memos.count)
        let memo = memos[index]
        if at[index] >= memo.count || random.below(40) == 0 { at[index] = random.below(memo.count) }
        let end = min(memo.count, at[index] + 1 + random.below(24))
        var grams = Array(memo[at[index]..<end])
        at[index] = end
        let place = random.below(grams.count)
        switch random.below(8) {
        case 0: grams.remove(at: place)
        case 1: grams.insert(grams[place], at: random.below(grams.count))
        case 2: grams[place][random.below(grams[place].count)] ^= 1
        case 3: grams.swapAt(place, random.below(grams.count))
        case 4:
            let other = memos[random.below(memos.count)]
            grams.insert(other[random.below(other.count)], at: place)
        default: break
        }
        // A train's datagrams are of one length; only the last may be shorter.
        let length = grams.first?.count ?? 0
        let short = grams.firstIndex { $0.count != length }
        guard let short else { return grams }
        return Array(grams[..<(grams[short].count < length ? short + 1 : short)])
    }

    @Test("any trains come to what their datagrams come to one by one", arguments: 0..<24)
    func anyTrains(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let limits = LimitTests.limits {
            guard seed % 2 == 1 else { return }
            $0.open = 5
            $0.openPerPeer = 3
            $0.bytesPerPeer = 6000
            $0.bytes = 9000
            $0.memoBytes = 5000
            $0.finished = 4
            $0.inboxMemos = 3
        }
        var pair = try Pair(limits)
        let memos = try (0..<8).map { mid in
            let kind: MemoKind = random.below(8) == 0 ? .sure : .plain
            let size = [100, 132, 132, 164][random.below(4)]
            let bytes = MemoerTests.bytes(random.below(6000), seed: UInt64(mid))
            return try ReceiveTests.grams(
                bytes, UInt64(mid), size: size, kind: kind, domain: random.below(6) == 0 ? .binary : .text)
        }
        var at = Array(repeating: 0, count: memos.count)
        var (tyme, delivered) = (0.0, 0)
        for _ in 0..<200 {
            if random.below(10) == 0 { tyme += random.unit() * 20 }
            pair.feed(Self.program(&random, memos, &at), from: .host(UInt64(random.below(2))), at: tyme)
            if random.below(4) != 0 { continue }
            delivered += try pair.same().memos.count
        }
        let grams = pair.joined.statistics.received.grams
        #expect(grams > 50 && (delivered > 0 || seed % 2 == 1), "\(grams) grams, \(delivered) memos")
    }
}
