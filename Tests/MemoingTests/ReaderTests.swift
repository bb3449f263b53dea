import CMallocCount
import Doing
import Memoing
import Testing
import Wiring

/// Memos that are read where they arrived.
@Suite struct ReaderTests {
    final class Notes: MemoReader {
        var memos: [Memo] = []
        var tymes: [Tyme] = []

        func read(_ memo: RawSpan, _ head: MemoHead, at tyme: Tyme) {
            let bytes = unsafe memo.withUnsafeBytes { unsafe [UInt8]($0) }
            memos.append(Memo(bytes: bytes, source: head.source, vid: head.vid, mid: head.mid))
            tymes.append(tyme)
        }
    }

    @Test(
        "a reader sees every memo once, whole, with its head; the inbox stays empty",
        arguments: [MemoKind.plain, .signed], Domain.allCases)
    func reads(_ kind: MemoKind, _ domain: Domain) throws {
        var (a, b, vid) = try MemoerTests.pair(kind, domain)
        let notes = Notes()
        b.reader = notes
        var sent: [Memo] = []
        for (index, size) in MemoerTests.sizes.enumerated() {
            let bytes = MemoerTests.bytes(size, seed: UInt64(index))
            let mid = try a.memoit(bytes, to: .host(2))
            sent.append(Memo(bytes: bytes, source: .host(1), vid: kind.isSigned ? vid : nil, mid: mid))
        }
        let grams = a.drain().map(\.gram)
        b.feed(grams, from: .host(1), at: 2)
        b.feed(grams, from: .host(1), at: 3)  // once more: late, and not read again
        #expect(notes.memos == sent)
        #expect(notes.tymes == sent.map { _ in 2 })
        #expect(b.inbox.isEmpty)
        #expect(b.statistics.received.memos == sent.count)
        #expect(b.statistics.openMemos == 0)
    }

    @Test("a memo that is refused is not read")
    func refused() throws {
        var memoer = try ReceiveTests.memoer(requiresSigned: true)
        let notes = Notes()
        memoer.reader = notes
        memoer.feed(try ReceiveTests.grams([1, 2, 3], 1))
        #expect(notes.memos == [])
        #expect(ReceiveTests.drops(memoer) == [.unsigned: 1])
    }

    /// Adds lengths up.
    final class Sum: MemoReader {
        var bytes = 0
        func read(_ memo: RawSpan, _ head: MemoHead, at tyme: Tyme) { bytes += memo.byteCount }
    }

    @Test(
        "read in place, a memo of any length costs no block",
        .enabled(if: AllocationTests.canCount && AllocationTests.isOptimised), arguments: [1000, 100_000])
    func allocations(_ size: Int) throws {
        var memoer = Memoer(random: SplitMix64(seed: 1))
        let sum = Sum()
        memoer.reader = sum
        let memo = MemoerTests.bytes(size, seed: 1)
        var grams: [[UInt8]] = []
        for mid in 0..<400 { grams += try PipeTests.cut(memo, .plain, .text, 1240, Mid(high: UInt64(mid), low: 1)) }
        var before = 0
        for (index, gram) in grams.enumerated() {
            if index == grams.count / 2 { before = cmalloc_count() }
            memoer.handle(gram.span.bytes, Train(peer: .host(1), segment: gram.count), at: 0)
        }
        let blocks = cmalloc_count() - before
        #expect(sum.bytes == 400 * size)
        #expect(blocks <= 20, "\(blocks) for 200 memos of \(size) bytes")
    }
}
