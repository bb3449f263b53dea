import Doing
import Memoing
import Testing
import Wiring

/// The bounds of `MemoerLimits`: each is reached, and holds.
@Suite struct LimitTests {
    static func limits(_ change: (inout MemoerLimits) -> Void) -> MemoerLimits {
        var limits = MemoerLimits()
        change(&limits)
        return limits
    }

    @Test("the defaults are those of the specification")
    func defaults() {
        let limits = MemoerLimits()
        #expect(limits.openPerPeer == 64 && limits.openSurePerPeer == 1024 && limits.open == 4096)
        #expect(limits.memoBytes == 16 << 20 && limits.memoGrams == 262_144)
        #expect(limits.bytesPerPeer == 64 << 20 && limits.bytes == 256 << 20)
        #expect(limits.keysPerMid == 4 && limits.parkedGrams == 64 && limits.parkedBytes == 64 << 10)
        #expect(limits.orphanAge == 10 && limits.idleAge == 60 && limits.wholeAge == 600)
    }

    @Test("a peer's 65th open memo takes the place of its oldest orphan, else of its least complete memo")
    func openPerPeer() throws {
        var memoer = try ReceiveTests.memoer()
        // 64 memos: number 7 and 9 are orphans, number 20 is the least complete of the others.
        for mid in 0..<64 {
            let grams = try ReceiveTests.grams(ReceiveTests.bytes(600), UInt64(mid))
            memoer.feed(mid == 7 || mid == 9 ? [grams[1]] : mid == 20 ? [grams[0]] : Array(grams[..<3]))
        }
        #expect(memoer.statistics.openMemos == 64 && memoer.statistics.drops.total == 0)
        memoer.feed(try ReceiveTests.grams(ReceiveTests.bytes(50), 400), from: .host(2))
        #expect(memoer.statistics.drops.total == 0 && memoer.received().count == 1)
        let gone = [7, 9, 20]
        for step in gone.indices {
            memoer.feed(Array(try ReceiveTests.grams(ReceiveTests.bytes(600), UInt64(100 + step))[..<4]))
            #expect(memoer.statistics.drops[.evicted] == step + 1 && memoer.statistics.openMemos == 64)
        }
        // Those that were kept can be completed; those given up cannot.
        var complete: [UInt64] = []
        for mid in 0..<64 where !gone.contains(mid) {
            memoer.feed(Array(try ReceiveTests.grams(ReceiveTests.bytes(600), UInt64(mid))[3...]))
            complete += memoer.received().map(\.mid.high)
        }
        #expect(complete == (0..<64).filter { !gone.contains($0) }.map { UInt64($0) })
    }

    @Test("all peers together hold at most as many memos as the limit; orphans go first, then the least complete")
    func openInAll() throws {
        var memoer = try ReceiveTests.memoer(Self.limits { $0.open = 10 })
        let grams = try (0..<13).map { try ReceiveTests.grams(ReceiveTests.bytes(600), UInt64($0)) }
        for mid in 0..<10 {
            memoer.feed(mid == 4 ? [grams[4][1]] : Array(grams[mid][..<(mid == 6 ? 1 : 5)]), from: .host(UInt64(mid)))
        }
        for (step, mid) in (10..<13).enumerated() {
            memoer.feed(Array(grams[mid][..<(6 - step)]), from: .host(UInt64(mid)))
            #expect(memoer.statistics.openMemos == 10 && memoer.statistics.drops[.evicted] == step + 1)
        }
        var whole: [UInt64] = []
        for mid in 0..<13 {
            memoer.feed(Array(grams[mid][1...]), from: .host(UInt64(mid)))
            whole += memoer.received().map(\.mid.high)
        }
        // 4 was the orphan, 6 the least complete, 0 the oldest of those alike.
        #expect(!whole.contains(4) && !whole.contains(6) && !whole.contains(0) && whole.count >= 9)
    }

    @Test("a stranger's memo never takes the place of a known signer's; a known signer's takes a stranger's")
    func knownStay() throws {
        let keep = TableKeep([(PipeTests.vid, PipeTests.keys)])
        var memoer = try ReceiveTests.memoer(Self.limits { $0.open = 3 }, keep: keep)
        let signed = try (0..<3).map {
            try ReceiveTests.grams(ReceiveTests.bytes(600), UInt64($0), size: 250, kind: .signed)
        }
        let plain = try ReceiveTests.grams(ReceiveTests.bytes(600), 9)
        memoer.feed(plain[0], from: .host(5))
        for grams in signed { memoer.feed(grams[0]) }
        #expect(ReceiveTests.drops(memoer) == [.evicted: 1])
        memoer.feed(plain[0], from: .host(5))
        #expect(ReceiveTests.drops(memoer) == [.evicted: 1, .capacity: 1])
        for grams in signed { memoer.feed(Array(grams[1...])) }
        #expect(memoer.received().count == 3)
    }

    @Test("bytes are charged with 64 a gram, to the peer and in all, and given back")
    func charges() throws {
        var memoer = try ReceiveTests.memoer()
        let grams = try ReceiveTests.grams(ReceiveTests.bytes(600), 1)
        #expect(grams.count == 9)
        memoer.feed(Array(grams[..<4]))
        #expect(memoer.statistics.openBytes == 4 * (68 + 64))
        memoer.feed(try ReceiveTests.grams([1, 2], 2, size: 33)[1], from: .host(2))
        #expect(memoer.statistics.openBytes == 4 * 132 + 128)
        memoer.feed(Array(grams[4...]))
        #expect(memoer.statistics.openBytes == 128)
        memoer.feed([UInt8](), at: 10)
        #expect(memoer.statistics.openBytes == 0)
    }

    @Test("a peer's bytes are bounded: its other memos make room, and where there is none the memo is given up")
    func bytesPerPeer() throws {
        var memoer = try ReceiveTests.memoer(Self.limits { $0.bytesPerPeer = 1900 })
        let first = try ReceiveTests.grams(ReceiveTests.bytes(1000), 1)
        let second = try ReceiveTests.grams(ReceiveTests.bytes(1000), 2)
        memoer.feed(first[1])
        memoer.feed(Array(second[..<14]))
        #expect(ReceiveTests.drops(memoer) == [.evicted: 1] && memoer.statistics.openBytes <= 1900)
        let third = try ReceiveTests.grams(ReceiveTests.bytes(2000), 3)
        memoer.feed(third)
        #expect(memoer.statistics.drops[.capacity] == 1 && memoer.statistics.openBytes <= 1900)
        try ReceiveTests.expectAlive(&memoer)
    }

    @Test("all peers' bytes are bounded too")
    func bytesInAll() throws {
        var memoer = try ReceiveTests.memoer(Self.limits { $0.bytes = 2000 })
        for peer in 0..<20 {
            memoer.feed(try ReceiveTests.grams(ReceiveTests.bytes(1000), 1)[3], from: .host(UInt64(peer)))
            memoer.feed(
                try ReceiveTests.grams(ReceiveTests.bytes(1000), UInt64(2 + peer))[3], from: .host(UInt64(peer)))
            #expect(memoer.statistics.openBytes <= 2000)
        }
        #expect(memoer.statistics.drops[.evicted] > 0)
        try ReceiveTests.expectAlive(&memoer)
    }

    @Test("a memo above the limit is refused, in one gram or by what its grams come to; then all of it is late")
    func memoBytes() throws {
        var memoer = try ReceiveTests.memoer(Self.limits { $0.memoBytes = 1000 })
        memoer.feed(try rend(ReceiveTests.bytes(1001), mid: Mid(high: 1, low: 1)))
        memoer.feed(try rend(ReceiveTests.bytes(1000), mid: Mid(high: 1, low: 2)))
        #expect(memoer.received().count == 1 && ReceiveTests.drops(memoer) == [.tooLarge: 1])
        memoer.feed(try ReceiveTests.grams(ReceiveTests.bytes(1001), 3))
        memoer.feed(try ReceiveTests.grams(ReceiveTests.bytes(1000), 4))
        #expect(memoer.received().map(\.bytes) == [ReceiveTests.bytes(1000)])
        #expect(memoer.statistics.drops[.tooLarge] == 2 && memoer.statistics.openMemos == 0)
    }

    @Test(
        "a huge count costs nothing: it is refused by the body that came with it, or when it is no gram count of ours")
    func hugeCount() throws {
        func zeroth(_ count: Int, _ mid: UInt64, body: Int) throws -> [UInt8] {
            Array("bAAA\(try Base64URL.text(number: count))\(Mid(high: mid, low: 0).text)".utf8)
                + ReceiveTests.bytes(body)
        }
        var memoer = try ReceiveTests.memoer()
        memoer.feed(try zeroth(16_777_215, 1, body: 100))
        memoer.feed(try zeroth(262_144, 2, body: 1000))
        memoer.feed(try zeroth(262_144, 3, body: 10))
        #expect(ReceiveTests.drops(memoer) == [.tooManyGrams: 1, .tooLarge: 1])
        #expect(memoer.statistics.openMemos == 1 && memoer.statistics.openBytes == 128)
    }

    @Test("grams of a few bytes count 64 unless they are the last, so a memo has a bounded number of them")
    func tinyGrams() throws {
        var memoer = try ReceiveTests.memoer(Self.limits { $0.memoBytes = 640 })
        let eleven = try ReceiveTests.grams(Array(repeating: 1, count: 11), 1, size: 33)
        let twelve = try ReceiveTests.grams(Array(repeating: 1, count: 12), 2, size: 33)
        #expect(eleven.count == 11 && twelve.count == 12)
        memoer.feed(Array(eleven[..<10]))
        #expect(memoer.statistics.drops.total == 0)
        memoer.feed(twelve)
        #expect(ReceiveTests.drops(memoer) == [.tooLarge: 1] && memoer.received().isEmpty)
    }

    @Test("orphans are given up after 10 s, others after 60 s without a new gram, all after 600 s: by tyme, on time")
    func ages() throws {
        let orphan = try ReceiveTests.grams(ReceiveTests.bytes(600), 1)
        let idle = try ReceiveTests.grams(ReceiveTests.bytes(600), 2)
        let slow = try ReceiveTests.grams(ReceiveTests.bytes(2000), 3)
        var memoer = try ReceiveTests.memoer()
        #expect(memoer.wakeTyme == nil)
        memoer.feed(slow[0], at: 0.5)
        #expect(memoer.wakeTyme == 60.5)
        memoer.feed(orphan[2], at: 1)
        memoer.feed(idle[0], at: 2)
        #expect(memoer.wakeTyme == 11)
        memoer.feed(orphan[2], at: 5)  // not new: no younger
        memoer.feed([UInt8](), at: 10.96875)
        #expect(memoer.statistics.openMemos == 3)
        memoer.feed([UInt8](), at: 11)
        #expect(memoer.statistics.openMemos == 2 && memoer.statistics.drops[.expired] == 1)
        memoer.feed(slow[1], at: 50)
        #expect(memoer.wakeTyme == 62)
        memoer.feed(idle[1], at: 61.9)
        #expect(memoer.wakeTyme == 110)
        for step in 2...12 { memoer.feed(slow[step], at: Tyme(50 * step)) }
        #expect(memoer.statistics.openMemos == 1 && memoer.wakeTyme == 600.5)
        memoer.feed(slow[13], at: 600.4)
        #expect(memoer.statistics.openMemos == 1)
        memoer.feed(slow[14], at: 600.5)
        #expect(memoer.statistics.drops[.expired] == 3)
    }

    @Test("expiry happens in poll too, without anything arriving")
    func expiryInPoll() throws {
        var memoer = try ReceiveTests.memoer()
        memoer.feed(try ReceiveTests.grams(ReceiveTests.bytes(600), 1)[2])
        _ = memoer.drain(at: 10)
        #expect(memoer.statistics.openMemos == 0 && memoer.wakeTyme == nil)
    }

    @Test("a full inbox completes nothing and says so; what was held completes when there is room")
    func inboxFull() throws {
        var memoer = try ReceiveTests.memoer(Self.limits { $0.inboxMemos = 2 })
        let grams = try ReceiveTests.grams(ReceiveTests.bytes(200), 7)
        for mid in 0..<3 { memoer.feed(try ReceiveTests.grams([1], UInt64(mid))) }
        memoer.feed(grams)
        #expect(memoer.inbox.count == 2 && memoer.statistics.drops[.inboxFull] == 2)
        #expect(memoer.statistics.openMemos == 1)
        _ = memoer.received()
        memoer.feed(grams[grams.count - 1])
        memoer.feed(try ReceiveTests.grams([1], 2))
        #expect(memoer.received().map(\.bytes) == [ReceiveTests.bytes(200), [1]])
        var bytes = try ReceiveTests.memoer(Self.limits { $0.inboxBytes = 100 })
        for mid in 0..<3 { bytes.feed(try rend(ReceiveTests.bytes(60), mid: Mid(high: 5, low: UInt64(mid)))) }
        #expect(bytes.inbox.count == 2 && bytes.inbox.bytes == 120 && bytes.statistics.drops[.inboxFull] == 1)
    }

    @Test("half of all signatures checked at once are one source's, and more as tyme passes; known vids pay nothing")
    func verifyBudget() throws {
        let limits = Self.limits {
            $0.verifyBurst = 8
            $0.verifyPerSecond = 4
        }
        let grams = try (0..<20).map { try ReceiveTests.grams([1], UInt64($0), size: 250, kind: .signed)[0] }
        var memoer = try ReceiveTests.memoer(limits)
        memoer.feed(Array(grams[..<6]))
        #expect(memoer.received().count == 4 && ReceiveTests.drops(memoer) == [.verifyBudget: 2])
        memoer.feed(Array(grams[6..<8]), at: 0.5)
        #expect(memoer.received().count == 1)
        memoer.feed(Array(grams[8..<14]), at: 100)
        #expect(memoer.received().count == 4)
        // Another source has the other half, and a third one nothing.
        memoer.feed(Array(grams[14..<20]), from: .host(2), at: 100)
        #expect(memoer.received().count == 4)
        memoer.feed(Array(grams[..<3]), from: .host(3), at: 100)
        #expect(memoer.received().count == 0)
        var known = try ReceiveTests.memoer(limits, keep: TableKeep([(PipeTests.vid, PipeTests.keys)]))
        known.feed(grams)
        #expect(known.received().count == 20)
    }

    @Test("events that nobody polls are bounded, and the loss is counted")
    func events() throws {
        var memoer = try ReceiveTests.memoer(Self.limits { $0.events = 3 })
        for _ in 0..<5 { try memoer.memoit("x", to: .host(2)) }
        while let (train, _) = memoer.pollTrain(SendTests.limits) {
            memoer.sent(Sending(taken: 0, .refused(Refusal(.unreachable))), train, at: 0)
        }
        #expect(memoer.events().count == 3 && memoer.statistics.lostEvents == 2 && memoer.statistics.failed == 5)
    }

    @Test("memos come by events, or wait in the inbox, as it is asked for")
    func delivery() throws {
        var memoer = try ReceiveTests.memoer()
        memoer.feed(try ReceiveTests.grams([1], 1))
        #expect(memoer.events().count == 1 && memoer.inbox.isEmpty)
        memoer.tellsMemos = false
        memoer.feed(try ReceiveTests.grams([2], 2))
        #expect(memoer.events().isEmpty && memoer.inbox.count == 1 && memoer.inbox.first?.bytes == [2])
    }
}
