import Doing
import Memoing
import Testing
import Wiring

/// What is over is not delivered again, in whatever order mids come.
@Suite struct FinishedTests {
    /// The gram of a memo of one byte with a mid of our shape: so many milliseconds, and a node.
    static func gram(_ milliseconds: Int, node: UInt64 = 0) throws -> [UInt8] {
        let mid = Mid(high: UInt64(milliseconds) << 16 | 0x7000, low: 1 << 63 | node << 36)
        return try PipeTests.cut([1], .plain, .text, 100, mid)[0]
    }

    static func memoer(_ limit: Int) throws -> Memoer {
        try ReceiveTests.memoer(LimitTests.limits { $0.finished = limit })
    }

    @Test("memos with growing mids are each remembered, those that were put aside too")
    func growing() throws {
        var memoer = try Self.memoer(1000)
        for number in 0..<300 { memoer.feed(try Self.gram(number)) }
        #expect(memoer.received().count == 300)
        for number in (0..<300).reversed() { memoer.feed(try Self.gram(number)) }
        #expect(memoer.received().isEmpty && memoer.statistics.late == 300)
    }

    @Test("a memo is late at once, as the greatest, as one before it, and between two of another source")
    func late() throws {
        var memoer = try Self.memoer(1000)
        memoer.feed([try Self.gram(1), try Self.gram(3), try Self.gram(3), try Self.gram(1), try Self.gram(2)])
        #expect(memoer.received().count == 3 && memoer.statistics.late == 2)
        memoer.feed([try Self.gram(3), try Self.gram(4)], from: .host(2))
        memoer.feed([try Self.gram(2), try Self.gram(3), try Self.gram(4), try Self.gram(4)])
        memoer.feed([try Self.gram(4), try Self.gram(5)], from: .host(2))
        #expect(memoer.received().count == 4 && memoer.statistics.late == 6)
    }

    @Test("a source that comes back after another is trusted only once nothing is left of what it sent before")
    func back() throws {
        var memoer = try Self.memoer(10)
        memoer.feed([try Self.gram(100)])
        memoer.feed([try Self.gram(1)], from: .host(2))
        // Back with lesser mids: the greatest of these is not the greatest that it sent.
        for number in 0..<8 { memoer.feed(try Self.gram(number)) }
        memoer.feed(try Self.gram(100))
        #expect(memoer.received().count == 10 && memoer.statistics.late == 1)
    }

    @Test("nodes of one source are told apart")
    func nodes() throws {
        var memoer = try Self.memoer(100)
        memoer.feed([try Self.gram(5, node: 1), try Self.gram(5, node: 2), try Self.gram(6, node: 1)])
        memoer.feed([try Self.gram(5, node: 1), try Self.gram(5, node: 2), try Self.gram(6, node: 1)])
        #expect(memoer.received().count == 3 && memoer.statistics.late == 3)
    }

    @Test(
        "any mids of some sources: each memo that a full memory holds is late, none is delivered twice",
        arguments: 0..<30)
    func model(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let limit = [1, 5, 70, 300][random.below(4)]
        var memoer = try Self.memoer(limit)
        // Those that surely are remembered, and those that may be.
        var order: [[Int]] = []
        var (new, late, front) = (0, 0, 0)
        for _ in 0..<2000 {
            if random.below(3) != 0 { front += 1 }
            let number = random.below(4) == 0 ? random.below(front + 2) : front
            let key = [random.below(20) == 0 ? 1 : 0, number, random.below(50) == 0 ? 1 : 0]
            memoer.feed(try Self.gram(key[1], node: UInt64(key[2])), from: .host(UInt64(key[0])))
            let isNew = memoer.received().count == 1
            if order.suffix(limit).contains(key) { #expect(!isNew, "\(key)") }
            if !order.suffix(2 * limit).contains(key) { #expect(isNew, "\(key)") }
            if isNew { new += 1 } else { late += 1 }
            if isNew { order.append(key) }
        }
        #expect(memoer.statistics.late == late && new + late == 2000 && new > 500 && (late > 100 || limit == 1))
    }
}
