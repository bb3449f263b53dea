import Doing
import Memoing
import Testing
import Wiring

/// What becomes of memos when the transport takes some, none, or refuses.
@Suite struct SendTests {
    static let limits = TrainLimits(segments: 64, bytes: 65472, datagram: 65507)

    @Test("what was polled and not taken is polled again, the same bytes", arguments: [MemoKind.plain, .signed])
    func again(_ kind: MemoKind) throws {
        var (a, _, _) = try MemoerTests.pair(kind, .text, size: 200)
        try a.memoit(MemoerTests.bytes(3000, seed: 1), to: .host(2))
        let firstPolled = a.pollTrain(Self.limits)
        let first = try #require(firstPolled)
        let secondPolled = a.pollTrain(Self.limits)
        let second = try #require(secondPolled)
        #expect(first.grams == second.grams && first.train == second.train)
        a.sent(Sending(taken: 0, .full), first.train, at: 0)
        #expect(a.isBlocked && a.wakeTyme == nil)
        a.unblock()
        #expect(!a.isBlocked && a.wakeTyme == 0)
        a.sent(Sending(taken: 400, .full), first.train, at: 0)
        a.unblock()
        let thirdPolled = a.pollTrain(Self.limits)
        let third = try #require(thirdPolled)
        #expect(third.grams == Array(first.grams[2...]))
    }

    @Test("under any outcomes every memo that did not fail arrives once and whole", arguments: 0..<40)
    func anyOutcomes(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let kind: MemoKind = random.below(3) == 0 ? .signed : .plain
        var (a, b, _) = try MemoerTests.pair(kind, random.below(2) == 0 ? .text : .binary, size: 300)
        var sent: [Mid: [UInt8]] = [:]
        var failed: Set<Mid> = []
        let peers: [Address] = [.host(2), .host(3), .host(4)]
        for step in 0..<300 {
            if step < 200 {
                let bytes = MemoerTests.bytes(random.below(random.below(3) == 0 ? 3000 : 200), seed: random.next())
                sent[try a.memoit(bytes, to: peers[random.below(3)])] = bytes
            }
            let tyme = Tyme(step)
            a.unblock()
            var polls = 0
            while polls < 5,
                let (train, grams) = a.pollTrain(
                    TrainLimits(segments: 1 + random.below(8), bytes: 400 + random.below(3000), datagram: 400), at: tyme
                )
            {
                polls += 1
                let count = random.below(grams.count + 1)
                let taken = grams[..<count].reduce(0) { $0 + $1.count }
                let outcome: Sending.Outcome =
                    count == grams.count
                    ? .sent
                    : [.full, .peerFull, .peerFull, .refused(Refusal(.unreachable, code: 111))][random.below(4)]
                b.feed(Array(grams[..<count]), from: .host(UInt64(train.peer.lo + 10)), at: 0)
                a.sent(Sending(taken: taken, outcome), train, at: tyme)
                if outcome == .full { break }
            }
            for case .failed(let failure) in a.events() {
                #expect(failure.reason == .refused(Refusal(.unreachable, code: 111)))
                #expect(failed.insert(failure.mid).inserted)
            }
        }
        a.unblock()
        for (to, gram) in a.drain() { b.feed(gram, from: .host(UInt64(to.lo + 10))) }
        let received = b.received()
        #expect(Set(received.map(\.mid)).count == received.count)
        for memo in received { #expect(memo.bytes == sent[memo.mid]) }
        #expect(Set(received.map(\.mid)).union(failed) == Set(sent.keys), "seed \(seed)")
        #expect(a.statistics.queuedMemos == 0 && a.statistics.queuedBytes == 0)
        #expect(b.statistics.drops.total == 0)
    }

    /// Counts what it signs.
    final class CountingSigner: Signer {
        var signed = 0
        let base = TestSigner()

        func verifyKey(of seed: Seed) -> VerifyKey { base.verifyKey(of: seed) }
        func sign(_ message: RawSpan, seed: Seed, verifyKey: VerifyKey) -> Signature {
            signed += 1
            return base.sign(message, seed: seed, verifyKey: verifyKey)
        }
        func verify(_ signature: Signature, of message: RawSpan, key: VerifyKey) -> Bool {
            base.verify(signature, of: message, key: key)
        }
    }

    @Test("no gram is signed twice, however often it is not taken")
    func signedOnce() throws {
        let signer = CountingSigner()
        let keys = try KeyPair(seed: Seed(raw: Array(1...32)), signer: signer)
        let vid = Vid(keys.verifyKey)
        var memoer = try Memoer.signed(
            as: vid, keep: TableKeep([(vid, keys)]), signer: signer, size: 300, random: SplitMix64(seed: 1))
        for _ in 0..<5 { try memoer.memoit(MemoerTests.bytes(1000, seed: 1), to: .host(2)) }
        let grams = memoer.statistics.queuedGrams
        var random = SplitMix64(seed: 5)
        var taken = 0
        while let (train, polled) = memoer.pollTrain(TrainLimits(segments: 7, bytes: 2000, datagram: 300)) {
            let count = random.below(polled.count + 1)
            memoer.sent(
                Sending(taken: polled[..<count].reduce(0) { $0 + $1.count }, count == polled.count ? .sent : .peerFull),
                train, at: 0)
            memoer.unblock()
            taken += count
        }
        #expect(taken == grams && signer.signed == grams)
    }

    @Test("a peer that is full blocks no other, and loses nothing")
    func peerFull() throws {
        var memoer = Memoer(random: SplitMix64(seed: 1))
        for _ in 0..<3 { for peer in 2...4 { try memoer.memoit("hello", to: .host(UInt64(peer))) } }
        var order: [UInt64] = []
        while let (train, grams) = memoer.pollTrain(Self.limits) {
            order.append(train.peer.lo)
            let isFull = train.peer == .host(3)
            memoer.sent(
                Sending(taken: isFull ? 0 : grams.count * grams[0].count, isFull ? .peerFull : .sent), train, at: 0)
        }
        #expect(order == [2, 3, 4])
        #expect(memoer.isBlocked && memoer.statistics.queuedMemos == 3)
        memoer.unblock()
        #expect(memoer.drain().map(\.to) == [.host(3), .host(3), .host(3)])
    }

    @Test("destinations are served in turn, a train at a time")
    func turns() throws {
        var memoer = Memoer(random: SplitMix64(seed: 1))
        for peer in 2...4 {
            for _ in 0..<6 { try memoer.memoit([UInt8](repeating: 1, count: 1000), to: .host(UInt64(peer))) }
        }
        var order: [UInt64] = []
        while let (train, grams) = memoer.pollTrain(TrainLimits(segments: 2, bytes: 65472, datagram: 65507)) {
            order.append(train.peer.lo)
            memoer.sent(Sending(taken: grams.count * grams[0].count), train, at: 0)
        }
        #expect(order == [2, 3, 4, 2, 3, 4, 2, 3, 4])
    }

    @Test("grams of successive memos share a train while none is longer; a shorter one ends it")
    func trains() throws {
        var memoer = Memoer(random: SplitMix64(seed: 1))
        for length in [100, 100, 100, 50, 100, 120] {
            try memoer.memoit(MemoerTests.bytes(length, seed: 1), to: .host(2))
        }
        var trains: [[Int]] = []
        while let (train, grams) = memoer.pollTrain(Self.limits) {
            trains.append(grams.map { $0.count - 32 })
            memoer.sent(Sending(taken: grams.reduce(0) { $0 + $1.count }), train, at: 0)
        }
        #expect(trains == [[100, 100, 100, 50], [100], [120]])
    }

    @Test("a refused memo fails with an event that names it; those behind it go on")
    func refused() throws {
        var memoer = Memoer(random: SplitMix64(seed: 1))
        let mids = try (0..<3).map { try memoer.memoit([UInt8(0), UInt8($0)], to: .host(2)) }
        let polled = memoer.pollTrain(Self.limits)
        let (train, grams) = try #require(polled)
        let refusal = Refusal(.denied, code: 1)
        memoer.sent(Sending(taken: grams[0].count, .refused(refusal)), train, at: 0)
        #expect(
            memoer.events() == [
                .failed(MemoFailure(mid: mids[1], destination: .host(2), reason: .refused(refusal)))
            ])
        #expect(try memoer.drain().map { try pick($0.gram).view.mid } == [mids[2]])
        #expect(memoer.statistics.sent.memos == 2 && memoer.statistics.failed == 1)
    }

    @Test("after a gram was too long for the way, the memos to come are cut smaller")
    func tooLarge() throws {
        var memoer = try Memoer(size: 65507, maximum: 65507, random: SplitMix64(seed: 1))
        for _ in 0..<2 { try memoer.memoit([UInt8](repeating: 1, count: 60_000), to: .host(2)) }
        let polled = memoer.pollTrain(Self.limits)
        let (train, grams) = try #require(polled)
        #expect(grams.map(\.count) == [60_032])
        memoer.sent(Sending(taken: 0, .refused(Refusal(.tooLarge, code: 90))), train, at: 0)
        #expect(memoer.events().count == 1)
        let rest = memoer.drain().map(\.gram.count)
        #expect(rest.max() == 1240 && rest.count == (60_000 + 1207) / 1208)
    }

    @Test("a gram longer than the transport's datagram fails locally, with both numbers")
    func longerThanDatagram() throws {
        var memoer = try Memoer(size: 2000, maximum: 2000, random: SplitMix64(seed: 1))
        let mid = try memoer.memoit([UInt8](repeating: 1, count: 1900), to: .host(2))
        try memoer.memoit("short", to: .host(2))
        let sent = memoer.drain(TrainLimits(segments: 8, bytes: 1500, datagram: 1500))
        #expect(sent.count == 1)
        let reason = MemoFailure.Reason.tooLarge(size: 1932, maximum: 1500)
        #expect(memoer.events() == [.failed(MemoFailure(mid: mid, destination: .host(2), reason: reason))])
    }

    @Test("memoit refuses at once, by name and with the numbers, and queues nothing then")
    func refusals() throws {
        var limits = MemoerLimits()
        limits.memoBytes = 1000
        limits.queuedMemos = 3
        limits.queuedMemosPerPeer = 2
        limits.queuedBytes = 2500
        limits.queuedBytesPerPeer = 1500
        limits.destinations = 2
        var memoer = try Memoer(limits: limits, random: SplitMix64(seed: 1))
        let kilo = [UInt8](repeating: 0, count: 1000)
        func refuses(_ error: MemoError, _ bytes: [UInt8], _ to: Address, _ kind: MemoKind? = nil) {
            #expect(throws: error) { try memoer.memoit(bytes, to: to, kind: kind) }
        }
        refuses(.memoTooLarge(bytes: 1001, limit: 1000), kilo + [0], .host(2))
        refuses(.noDestination, [], .none)
        refuses(.noSigner, [], .host(2), .signed)
        try memoer.memoit(kilo, to: .host(2))
        refuses(.queueBytesFull(bytes: 2000, limit: 1500), kilo, .host(2))
        try memoer.memoit([], to: .host(2))
        refuses(.queueFull(memos: 2, limit: 2), [], .host(2))
        try memoer.memoit(kilo, to: .host(3))
        refuses(.queueFull(memos: 3, limit: 3), [], .host(3))
        #expect(memoer.statistics.queuedMemos == 3 && memoer.statistics.queuedBytes == 2000)
        _ = memoer.drain()
        for peer in 2...9 { try memoer.memoit([], to: .host(UInt64(peer))); _ = memoer.drain() }
        try memoer.memoit([], to: .host(20))
        try memoer.memoit([], to: .host(21))
        refuses(.tooManyDestinations(limit: 2), [], .host(22))
    }

    @Test("a signed memo needs a vid and its seed; a size the transport")
    func signedRefusals() throws {
        let signer = TestSigner()
        let keys = try KeyPair(seed: Seed(raw: Array(1...32)), signer: signer)
        let vid = Vid(keys.verifyKey)
        let publicOnly = TableKeep([(vid, KeyPair(verifyKey: keys.verifyKey))])
        var memoer = try Memoer(keep: publicOnly, signer: signer, random: SplitMix64(seed: 1))
        #expect(throws: MemoError.noVid) { try memoer.memoit("x", to: .host(2), kind: .signed) }
        #expect(throws: MemoError.noSeed(vid)) { try memoer.memoit("x", to: .host(2), as: vid) }
        #expect(throws: MemoError.noSeed(vid)) {
            try Memoer.signed(as: vid, keep: publicOnly, signer: signer, random: SplitMix64(seed: 1))
        }
        #expect(throws: MemoError.gramSizeTooLarge(size: 1241, maximum: 1240)) {
            try Memoer(size: 1241, maximum: 1240, random: SplitMix64(seed: 1))
        }
        #expect(throws: MemoError.badGramSize(-1)) { try Memoer(size: -1, random: SplitMix64(seed: 1)) }
        #expect(throws: MemoError.transportTooSmall(maximum: 32, need: 33)) {
            try Memoer(maximum: 32, random: SplitMix64(seed: 1))
        }
        var small = try Memoer(
            maximum: 100, vid: vid, keep: TableKeep([(vid, keys)]), signer: signer, random: SplitMix64(seed: 1))
        #expect(throws: MemoError.transportTooSmall(maximum: 100, need: 165)) {
            try small.memoit("x", to: .host(2), kind: .signed)
        }
    }

    @Test("a signer that fails, fails the memo and not the rest")
    func failingSigner() throws {
        struct Broken: Signer {
            func verifyKey(of seed: Seed) throws(SignerError) -> VerifyKey { TestSigner().verifyKey(of: seed) }
            func sign(_ message: RawSpan, seed: Seed, verifyKey: VerifyKey) throws(SignerError) -> Signature {
                throw .failed(call: "sign", code: 7)
            }
            func verify(_ signature: Signature, of message: RawSpan, key: VerifyKey) -> Bool { false }
        }
        let keys = try KeyPair(seed: Seed(raw: Array(1...32)), signer: Broken())
        let vid = Vid(keys.verifyKey)
        var memoer = try Memoer(
            vid: vid, keep: TableKeep([(vid, keys)]), signer: Broken(), random: SplitMix64(seed: 1))
        let mid = try memoer.memoit("x", to: .host(2), kind: .signed)
        try memoer.memoit("y", to: .host(2))
        #expect(memoer.drain().count == 1)
        let reason = MemoFailure.Reason.signing(.failed(call: "sign", code: 7))
        #expect(memoer.events() == [.failed(MemoFailure(mid: mid, destination: .host(2), reason: reason))])
    }

    @Test("what was sent is reported where it is asked for, in order")
    func reports() throws {
        var memoer = try Memoer(size: 100, random: SplitMix64(seed: 1))
        memoer.reportsSent = true
        let mids = try [10, 500, 0].map { try memoer.memoit(MemoerTests.bytes($0, seed: 1), to: .host(2)) }
        _ = memoer.drain(TrainLimits(segments: 2, bytes: 65472, datagram: 100))
        #expect(memoer.events() == mids.map { .sent(mid: $0, to: .host(2)) })
    }

    @Test("a ready gram is sent as it is")
    func ready() throws {
        var memoer = Memoer(random: SplitMix64(seed: 1))
        try memoer.gramit([1, 2, 3], to: .host(2))
        #expect(memoer.drain().map(\.gram) == [[1, 2, 3]])
        #expect(throws: MemoError.self) { try memoer.gramit([], to: .host(2)) }
    }
}
