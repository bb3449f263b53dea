import Doing
import Memoing
import Testing
import Wiring

/// A memo at a time: the short ways of the outbox and of the storage of what arrives.
@Suite struct LoneMemoTests {
    static let limits = TrainLimits(segments: 64, bytes: 65472, datagram: 65507)

    /// What one poll yields, and to whom; all of it is then taken.
    static func poll(_ memoer: inout Memoer, _ outcome: Sending.Outcome = .sent) -> (to: Address, bytes: [UInt8])? {
        let burst = Burst()
        var polled: (to: Address, bytes: [UInt8])?
        burst.lend { out in
            guard let train = memoer.poll(into: &out, limits, at: 1) else { return }
            polled = (train.peer, out.bytes.withUnsafeBytes { Array($0) })
            memoer.sent(Sending(taken: outcome == .sent ? out.byteCount : 0, outcome), train, at: 1)
        }
        return polled
    }

    @Test("memos that come one by one arrive as they were sent, those kept as well as those let go")
    func storage() throws {
        var a = try Memoer(size: 4096, maximum: 4096, random: SplitMix64(seed: 1))
        var b = Memoer(random: SplitMix64(seed: 2))
        var kept: [(memo: [UInt8], sent: [UInt8])] = []
        for number in 0..<60 {
            // Of one length for a while, then of another; some are longer than what is written over.
            let memo = MemoerTests.bytes([200, 200, 0, 1100, 2048, 2049][number / 10], seed: UInt64(number))
            try a.memoit(memo, to: .host(2))
            while let train = Self.poll(&a) { b.feed(train.bytes, from: .host(1)) }
            guard case .memo(var arrived) = b.pollEvent() else {
                Issue.record("memo \(number) has not arrived")
                continue
            }
            #expect(arrived.bytes == memo)
            switch number % 4 {
            case 0: kept.append((arrived.bytes, memo))
            case 1:
                // Whoever changes what it got changes nothing else.
                kept.append((arrived.bytes, memo))
                if !memo.isEmpty { arrived.bytes[0] &+= 1 }
            case 2: b.give(&arrived.bytes)
            default: break
            }
        }
        #expect(kept.count == 30)
        #expect(kept.allSatisfy { $0.memo == $0.sent })
        #expect(b.statistics.received.memos == 60)
    }

    @Test("a lane that rests between its memos has turns with the others as soon as they come")
    func turns() throws {
        var memoer = Memoer(random: SplitMix64(seed: 1))
        func send(_ host: UInt64) throws { try memoer.memoit([UInt8(host)], to: .host(host)) }
        /// Who is served until nothing is left.
        func served() -> [UInt64] {
            var hosts: [UInt64] = []
            while let train = Self.poll(&memoer) { hosts.append(train.to.lo) }
            return hosts
        }
        for _ in 0..<3 {
            try send(1)
            #expect(served() == [1])
            #expect(memoer.wakeTyme == nil)
        }
        try send(2)
        try send(1)
        #expect(served() == [2, 1])
        try send(3)
        #expect(served() == [3])
        try send(3)
        try send(1)
        try send(2)
        #expect(served() == [3, 1, 2])
        #expect(memoer.statistics.queuedMemos == 0 && memoer.statistics.sent.memos == 9)
        #expect(memoer.statistics.sent.grams == 9 && memoer.statistics.queuedBytes == 0)
    }

    @Test("a lane whose peer is full is tried again though another one rests")
    func blocked() throws {
        var memoer = Memoer(random: SplitMix64(seed: 1))
        /// Who is served next.
        func next(_ outcome: Sending.Outcome = .sent) -> Address? { Self.poll(&memoer, outcome)?.to }
        try memoer.memoit([1], to: .host(1))
        #expect(next(.peerFull) == .host(1))
        #expect(memoer.isBlocked)
        try memoer.memoit([2], to: .host(2))
        #expect(next() == .host(2))
        #expect(next() == nil)
        #expect(memoer.isBlocked)
        memoer.unblock()
        #expect(!memoer.isBlocked)
        #expect(next() == .host(1))
        #expect(next() == nil)
        #expect(memoer.wakeTyme == nil)
        // Refused for good: the lane rests after a memo that was given up, too.
        try memoer.memoit([3], to: .host(1))
        #expect(next(.refused(Refusal(.unreachable))) == .host(1))
        #expect(next() == nil)
        #expect(memoer.statistics.failed == 1)
        try memoer.memoit([4], to: .host(1))
        #expect(next() == .host(1))
        #expect(memoer.statistics.sent.memos == 3)
    }

    @Test("the lane that rests is given to another destination when there are no more lanes")
    func reused() throws {
        var limits = MemoerLimits()
        limits.destinations = 1
        var memoer = try Memoer(limits: limits, random: SplitMix64(seed: 1))
        func send(_ host: UInt64) throws { try memoer.memoit([UInt8(host)], to: .host(host)) }
        func next() -> Address? { Self.poll(&memoer)?.to }
        for host in 1...4 as ClosedRange<UInt64> {
            try send(host)
            #expect(throws: MemoError.tooManyDestinations(limit: 1)) { try send(9) }
            #expect(next() == .host(host))
            #expect(next() == nil)
        }
    }
}
