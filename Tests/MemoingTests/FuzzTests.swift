import Doing
import Memoing
import Testing
import Wiring

/// Millions of bad datagrams: nothing traps, the bounds hold, and a good memo still arrives.
@Suite struct FuzzTests {
    #if DEBUG
        static let datagrams = 40_000
    #else
        static let datagrams = 1_000_000
    #endif

    /// Small bounds, so that all of them are reached.
    static var limits: MemoerLimits {
        LimitTests.limits {
            $0.open = 40
            $0.openPerPeer = 6
            $0.openSurePerPeer = 9
            $0.bytesPerPeer = 40_000
            $0.bytes = 150_000
            $0.memoBytes = 20_000
            $0.memoGrams = 500
            $0.finished = 64
            $0.parkedGrams = 5
            $0.parkedBytes = 2000
            $0.inboxMemos = 50
            $0.inboxBytes = 60_000
            $0.verifyBurst = 300
            $0.verifyPerSecond = 50
        }
    }

    /// A gram of one of a few memos, or noise, or a gram that was changed.
    static func datagram(_ random: inout SplitMix64, _ corpus: [[UInt8]]) -> [UInt8] {
        if random.below(20) == 0 { return MemoerTests.bytes(random.below(200), seed: random.next()) }
        var gram = corpus[random.below(corpus.count)]
        switch random.below(6) {
        case 0: gram = Array(gram[..<random.below(gram.count + 1)])
        case 1:
            for _ in 0...random.below(3) where !gram.isEmpty {
                gram[random.below(gram.count)] = UInt8(truncatingIfNeeded: random.next())
            }
        case 2 where gram.count > 8: gram[random.below(8)] = UInt8(truncatingIfNeeded: random.next())
        case 3: gram += MemoerTests.bytes(random.below(50), seed: random.next())
        case 4 where gram.count > 32:
            // Another head on the same body.
            let other = corpus[random.below(corpus.count)]
            for index in 0..<min(24, other.count) { gram[index] = other[index] }
        default: break
        }
        return gram
    }

    static func corpus(_ random: inout SplitMix64, memos: Int) throws -> [[UInt8]] {
        var grams: [[UInt8]] = []
        for _ in 0..<memos {
            let kind = MemoKind.allCases[random.below(4)]
            let domain = Domain.allCases[random.below(2)]
            let bytes = MemoerTests.bytes(
                random.below(3) == 0 ? random.below(30) : random.below(3000), seed: random.next())
            let size = [25, 170, 200, 1240][random.below(4)]
            // Few mids, so that memos meet under one.
            let mid = Mid(high: UInt64(random.below(60)), low: 0)
            let made = try PipeTests.cut(bytes, kind, domain, size, mid)
            grams += made.count > 60 ? Array(made[..<60]) : made
        }
        return grams
    }

    @Test("bad datagrams never trap, tables stay within their bounds, and a good memo still arrives", arguments: 0..<6)
    func hostile(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let isText = seed == 3
        let keep = seed & 1 == 0 ? TableKeep() : TableKeep([(PipeTests.vid, PipeTests.keys)])
        var memoer = try Memoer(
            keep: keep, signer: TestSigner(), isText: isText, limits: Self.limits, random: SplitMix64(seed: seed))
        let corpus = try Self.corpus(&random, memos: 80)
        let mid = try memoer.memoit("are you there?", to: .grn, kind: .sure)
        _ = memoer.drain(at: 0)
        memoer.feed(SureWorld.ack(mid, 0), from: .grn, at: 0)
        var tyme: Tyme = 0
        var delivered = 0
        var bytesIn = 0
        for step in 0..<Self.datagrams {
            if random.below(50) == 0 { tyme += random.unit() * (random.below(40) == 0 ? 700 : 3) }
            let gram = Self.datagram(&random, corpus)
            bytesIn += gram.count
            let segment = random.below(30) == 0 ? random.below(100) : gram.count
            memoer.handle(
                gram.span.bytes, Train(peer: .host(UInt64(random.below(12))), segment: segment), at: tyme)
            if random.below(20) == 0 { while memoer.inbox.popFirst() != nil { delivered += 1 } }
            let now = memoer.statistics
            #expect(now.openMemos <= 40 && now.openBytes <= 150_000)
            #expect(memoer.inbox.count <= 50 && memoer.inbox.bytes <= 80_000)
            // So that acks leave, and what was acknowledged is not given up lightly any more.
            if random.below(10) == 0 { _ = memoer.drain(at: tyme) }
            if step % 2000 == 0 {
                memoer.checkInvariants()
                try Self.expectGoodMemo(&memoer, UInt64(step), isText, size: seed & 1 == 0 ? 200 : 1240, tyme)
            }
        }
        #expect(delivered > 0 && memoer.statistics.drops.occurred.count >= 15, "\(memoer.statistics.drops.occurred)")
        _ = memoer.drain(at: tyme)  // the acks of the sure grams among them
        memoer.feed([UInt8](), at: tyme + 1000)
        // Acks may be repeated a tick later.
        for step in 0..<4 { _ = memoer.drain(at: tyme + 1000 + Tyme(step)) }
        #expect(memoer.statistics.openMemos == 0 && memoer.statistics.openBytes == 0)
        #expect(memoer.wakeTyme == nil)
        memoer.checkInvariants()
    }

    /// A memo of a friend in the middle of it all: one that is there, and has sent nothing else. Of one gram where the
    /// others are friends as well, and may have all places.
    private static func expectGoodMemo(
        _ memoer: inout Memoer, _ step: UInt64, _ isText: Bool, size: Int, _ tyme: Tyme
    ) throws {
        while memoer.inbox.popFirst() != nil {}
        let bytes = isText ? Array(repeating: UInt8(0x61), count: 700) : MemoerTests.bytes(700, seed: step)
        memoer.feed(
            try rend(bytes, mid: Mid(high: 1 << 40, low: step), size: size), from: .grn, at: tyme)
        #expect(memoer.received().map(\.bytes) == [bytes])
    }

    @Test("the same datagrams at the same tymes have the same outcome, in any run")
    func replayed() throws {
        func run() throws -> (Drops, [Mid], Int) {
            var random = SplitMix64(seed: 77)
            var memoer = try Memoer(signer: TestSigner(), limits: Self.limits, random: SplitMix64(seed: 5))
            let corpus = try Self.corpus(&random, memos: 80)
            var mids: [Mid] = []
            for step in 0..<20_000 {
                let gram = Self.datagram(&random, corpus)
                memoer.feed(gram, from: .host(UInt64(random.below(12))), at: Tyme(step) / 64)
                mids += memoer.received().map(\.mid)
            }
            return (memoer.statistics.drops, mids, memoer.statistics.openBytes)
        }
        let (first, second) = (try run(), try run())
        #expect(first == second && !first.1.isEmpty)
    }

    @Test("memos of many peers, in any order, with repeats, arrive each once", arguments: 0..<8)
    func anyOrder(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var memoer = try Memoer(signer: TestSigner(), random: SplitMix64(seed: seed))
        var expected: [Mid: [UInt8]] = [:]
        var all: [(Address, [UInt8])] = []
        for index in 0..<60 {
            let bytes = MemoerTests.bytes(random.below(4000), seed: random.next())
            let mid = Mid(random: &random, at: Tyme(index))
            expected[mid] = bytes
            let kind = MemoKind.allCases[random.below(4)]
            for gram in try PipeTests.cut(bytes, kind, Domain.allCases[random.below(2)], 250, mid) {
                for _ in 0...(random.below(5) == 0 ? 1 : 0) { all.append((.host(UInt64(index % 7)), gram)) }
            }
        }
        random.shuffle(&all)
        for (source, gram) in all { memoer.feed(gram, from: source) }
        let memos = memoer.received()
        #expect(memos.count == 60 && memos.allSatisfy { expected[$0.mid] == $0.bytes }, "seed \(seed)")
        #expect(memoer.statistics.openMemos == 0 && memoer.statistics.drops.total == 0)
    }
}
