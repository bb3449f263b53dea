import CMallocCount
import Doing
import Memoing
import Testing
import Wiring

/// Nothing is allocated for a datagram on the plain path, once the tables have grown, but the bytes of a memo; and not
/// even those where a memo comes alone and the one before is gone.
///
/// Counted in front of the allocator, on this thread. Where that is not possible, or where the optimiser did not run,
/// the tests say so.
@Suite struct AllocationTests {
    static let canCount = cmalloc_count() >= 0

    #if DEBUG
        static let isOptimised = false
    #else
        static let isOptimised = true
    #endif

    static let limits = TrainLimits(segments: 64, bytes: 65472, datagram: 65507)

    /// Blocks asked for in `rounds` rounds of sending and receiving `count` memos, after as many rounds to warm up.
    static func blocks(
        _ memo: [UInt8], count: Int, size: Int? = nil, domain: Domain, rounds: Int,
        then use: (inout Memoer, consuming Memo) -> Void
    ) throws -> Int {
        var a = try Memoer(domain: domain, size: size, maximum: size ?? GramSize.udp, random: SplitMix64(seed: 1))
        var b = Memoer(random: SplitMix64(seed: 2))
        let burst = Burst()
        var before = 0
        for round in 0..<2 * rounds {
            if round == rounds { before = cmalloc_count() }
            for _ in 0..<count { try a.memoit(memo, to: .host(2)) }
            var more = true
            while more {
                burst.lend { out in
                    guard let train = a.poll(into: &out, limits, at: 1) else { return more = false }
                    b.handle(out.bytes, Train(peer: .host(1), segment: train.segment), at: 1)
                    a.sent(Sending(taken: out.byteCount), train, at: 1)
                }
            }
            while let memo = b.inbox.popFirst() { use(&b, memo) }
        }
        return cmalloc_count() - before
    }

    @Test(
        "a memo of one gram costs one block: its bytes", .enabled(if: canCount && isOptimised),
        arguments: Domain.allCases)
    func single(_ domain: Domain) throws {
        // As many as finish before the memory of finished memos changes its generation is no matter: it does not grow.
        let memo = MemoerTests.bytes(1000, seed: 1)
        let blocks = try Self.blocks(memo, count: 100, domain: domain, rounds: 300) { _, _ in }
        // The first of each round comes alone.
        #expect(blocks >= 29_700 && blocks <= 29_700 + 100, "\(blocks)")
    }

    @Test(
        "a small memo that comes alone costs none if the one before is gone, and else one block",
        .enabled(if: canCount && isOptimised), arguments: [(1000, false, 0), (1000, true, 300), (2049, false, 300)])
    func alone(_ size: Int, _ isKept: Bool, _ expected: Int) throws {
        let memo = MemoerTests.bytes(size, seed: 1)
        var kept: [Memo] = []
        kept.reserveCapacity(600)
        let blocks = try Self.blocks(memo, count: 1, size: 4096, domain: .text, rounds: 300) { _, memo in
            if isKept { kept.append(memo) }
        }
        #expect(blocks >= expected && blocks <= expected + 20, "\(blocks)")
        #expect(kept.allSatisfy { $0.bytes == memo })
    }

    @Test("with storage given back a memo costs none, of one gram or of many", .enabled(if: canCount && isOptimised))
    func givenBack() throws {
        for (size, count) in [(1000, 100), (100_000, 4)] {
            let memo = MemoerTests.bytes(size, seed: 1)
            let blocks = try Self.blocks(memo, count: count, domain: .text, rounds: 300) { memoer, memo in
                var memo = memo
                memoer.give(&memo.bytes)
            }
            #expect(blocks <= 20, "\(blocks) for \(300 * count) memos of \(size) bytes")
        }
    }

    @Test("a memo of many grams costs a few blocks, and none for a gram", .enabled(if: canCount && isOptimised))
    func many() throws {
        let memo = MemoerTests.bytes(1 << 20, seed: 1)
        let blocks = try Self.blocks(memo, count: 2, domain: .text, rounds: 20) { _, _ in }
        // 869 grams each; the storage grows in four steps.
        #expect(blocks <= 40 * 5, "\(blocks) for 40 memos")
    }

    @Test("a datagram that is dropped, late or a duplicate costs none", .enabled(if: canCount && isOptimised))
    func dropped() throws {
        var memoer = try Memoer(signer: TestSigner(), random: SplitMix64(seed: 1))
        let whole = try ReceiveTests.grams(ReceiveTests.bytes(300), 1)
        let open = try ReceiveTests.grams(ReceiveTests.bytes(300), 2)[0]
        let forged = try ReceiveTests.grams([1], 3, size: 250, kind: .signed)[0].dropLast() + [0x5A]
        let bad: [[UInt8]] = [Array("x".utf8), Array(repeating: 0x62, count: 40), whole[0], open, Array(forged)]
        memoer.feed(whole)
        memoer.feed(bad)
        for (index, gram) in bad.enumerated() {
            let train = Train(peer: .host(1), segment: gram.count)
            let before = cmalloc_count()
            for _ in 0..<1000 { memoer.handle(gram.span.bytes, train, at: 0) }
            let blocks = cmalloc_count() - before
            #expect(blocks <= 5, "\(blocks) for 1000 of number \(index)")
        }
    }

    @Test("the counter counts", .enabled(if: canCount))
    func counts() {
        let before = cmalloc_count()
        let array = [UInt8](repeating: 1, count: 100_000 + Int(truncatingIfNeeded: before & 1))
        #expect(array.count >= 100_000 && cmalloc_count() > before)
    }
}
