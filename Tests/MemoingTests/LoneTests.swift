import Doing
import Memoing
import Testing
import Wiring

/// Memos of one text gram, of whose heads most often only half is read and written: the same comes of them as of heads
/// that are read and written whole, as ``pick(_:)`` and ``rend`` do.
@Suite struct LoneTests {
    static let head = 32

    /// A plain memo of one text gram.
    static func gram(_ mid: Mid, _ body: [UInt8] = [1, 2, 3]) throws -> [UInt8] {
        try PipeTests.cut(body, .plain, .text, 1240, mid)[0]
    }

    /// A mid of our shape.
    static func mid(_ milliseconds: UInt64, _ number: UInt64, node: UInt64 = 5) -> Mid {
        Mid(high: milliseconds << 16 | 0x7000 | number >> 6, low: 1 << 63 | (number & 63) << 56 | node << 36 | number)
    }

    /// What is to become of memos of one gram or two, by what `pick` says of each datagram on its own.
    struct Model {
        var delivered: [Memo] = []
        var drops: [DropReason: Int] = [:]
        var late = 0
        private var over: Set<[UInt64]> = []
        /// Of memos of two grams, those that came.
        private var parts: [[UInt64]: (first: [UInt8]?, second: [UInt8]?)] = [:]

        mutating func take(_ gram: [UInt8], from source: Address) {
            guard !gram.isEmpty else { return }
            let view: GramView
            do { view = try pick(gram.span.bytes) } catch {
                drops[reason(error), default: 0] += 1
                return
            }
            guard !source.isNone else {
                drops[.unnamed, default: 0] += 1
                return
            }
            let key = [source.lo, view.mid.high, view.mid.low]
            if over.contains(key) { return late += 1 }
            let body = Array(gram[view.body])
            if view.count == 1 { return deliver(body, view, source, key) }
            if view.number == 0 {
                parts[key, default: (nil, nil)].first = body
            } else {
                parts[key, default: (nil, nil)].second = body
            }
            if let first = parts[key]?.first, let second = parts[key]?.second {
                deliver(first + second, view, source, key)
            }
        }

        private mutating func deliver(_ bytes: [UInt8], _ view: GramView, _ source: Address, _ key: [UInt64]) {
            over.insert(key)
            delivered.append(Memo(bytes: bytes, source: source, mid: view.mid))
        }

        private func reason(_ error: GramError) -> DropReason {
            switch error {
            case .unknownDomain: .unknownDomain
            case .truncated: .truncated
            case .unknownCode: .unknownCode
            case .ack: .ack
            case .badField: .badField
            case .zeroNumber: .zeroNumber
            }
        }
    }

    @Test("a head with any byte in any of its places is read as it is read without those before it")
    func everyByte() throws {
        let good = try Self.gram(Self.mid(70_000_000, 9))
        for place in 0..<Self.head {
            for byte in UInt8.min...UInt8.max where byte != good[place] {
                var gram = good
                gram[place] = byte
                var memoer = try ReceiveTests.memoer()
                memoer.feed([good, gram])
                guard let view = try? pick(gram.span.bytes) else {
                    try #require(memoer.received().count == 1 && memoer.statistics.drops.total == 1)
                    continue
                }
                // A code of a memo of another kind, or a count of more than one, waits for what is to come.
                guard view.code == .plainZeroth, view.count == 1 else {
                    try #require(memoer.inbox.first?.mid == Self.mid(70_000_000, 9))
                    continue
                }
                let memos = memoer.received()
                try #require(memos.count == 2 && memos[1].mid == view.mid && memos[1].bytes == [1, 2, 3])
                try #require(view.mid.text.utf8.elementsEqual(gram[8..<32]))
            }
        }
    }

    /// One of many datagrams: memos of a few senders that have started anew, whose tyme goes back, or that repeat what
    /// they sent; memos of two grams, in the binary domain, and heads that are none.
    private func datagrams(_ random: inout SplitMix64, _ sent: inout [[UInt8]]) throws -> [[UInt8]] {
        let milliseconds = [0, 1 << 16, 0xFFFF_FFFF, 1_700_000_000_000].map { UInt64($0) }[random.below(4)]
        let number = UInt64(random.below(200))
        let mid = Self.mid(milliseconds + UInt64(random.below(3)), number, node: UInt64(random.below(2)))
        // A mid is that of one memo: a conflict is another test's.
        let body = MemoerTests.bytes(Int(number), seed: mid.high ^ mid.low)
        let gram = try Self.gram(mid, body)
        switch random.below(16) {
        case 0 where !sent.isEmpty: return [sent[random.below(sent.count)]]
        case 1: return [try PipeTests.cut(body, .plain, .binary, 1240, mid)[0]]
        case 2: return [Array(gram[..<random.below(40)].prefix(gram.count))]
        case 3, 4:
            var bad = gram
            bad[random.below(Self.head)] =
                [0, 0x2B, 0x2C, 0x2E, 0x2F, 0x3D, 0x40, 0x5B, 0x60, 0x7B, 0x80, 0xFF][
                    random.below(12)]
            return [bad]
        case 5:
            var other = gram
            other.replaceSubrange(4..<8, with: Array("AAAA".utf8))
            return [other]
        case 6:
            let long = Mid(high: mid.high, low: mid.low | 1 << 35)
            return try PipeTests.cut(MemoerTests.bytes(150, seed: long.low), .plain, .text, 132, long)
        case 7: return []
        default:
            sent.append(gram)
            return [gram]
        }
    }

    @Test("of random datagrams comes what their heads say one by one", arguments: 0..<20)
    func random(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var memoer = try ReceiveTests.memoer()
        var model = Model()
        var (sent, waiting): ([[UInt8]], [[UInt8]]) = ([], [])
        for _ in 0..<2000 {
            var grams = try datagrams(&random, &sent)
            // The second gram of a memo of two comes later.
            if grams.count == 2 { waiting.append(grams.removeLast()) }
            if !waiting.isEmpty, random.below(8) == 0 { grams.append(waiting.removeFirst()) }
            let source = random.below(30) == 0 ? Address.none : .host(UInt64(1 + random.below(20) / 19))
            for gram in grams {
                memoer.feed(gram, from: source)
                model.take(gram, from: source)
            }
        }
        memoer.checkInvariants()
        let memos = memoer.received()
        try #require(memos == model.delivered)
        #expect(memos.count > 500)
        #expect(memoer.statistics.late == model.late && model.late > 50)
        #expect(Dictionary(uniqueKeysWithValues: memoer.statistics.drops.occurred) == model.drops)
        #expect(model.drops.keys.count >= 5)
    }

    @Test("a memo that is a gram is the bytes that rend makes of it, whatever was written before it", arguments: 0..<10)
    func written(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var memoer = try Memoer(domain: seed % 3 == 2 ? .binary : .text, random: random)
        var tyme: Tyme = 0
        for _ in 0..<300 {
            // Within a millisecond, over a step of the upper half of the milliseconds, and back.
            tyme = max(0, tyme + [0, 0.0003, 1, 65.536, -70][random.below(5)])
            // Asked for what is due, the memoer hears of the tyme.
            let train = memoer.pollTrain(SendTests.limits, at: tyme)
            try #require(train == nil)
            var memos: [(mid: Mid, bytes: [UInt8])] = []
            for _ in 0...random.below(4) {
                let bytes = MemoerTests.bytes(random.below(4) == 0 ? 3000 : random.below(200), seed: random.next())
                memos.append((try memoer.memoit(bytes, to: .host(1)), bytes))
            }
            let expected = try memos.flatMap { try PipeTests.cut($0.bytes, .plain, memoer.domain, 1240, $0.mid) }
            let grams = memoer.drain(at: tyme).map(\.gram)
            try #require(grams == expected)
        }
    }

    @Test("the milliseconds of a mid are the whole ones of its tyme, in 48 bits, and never below 0")
    func milliseconds() {
        var random = SplitMix64(seed: 1)
        let most = Double((1 << 48) - 1)
        var tymes: [Tyme] = [0, -0.0, -1, 0.0009999, 0.001, 0.9999999, 1, .nan, .infinity, -.infinity, 1e300, 5e-324]
        tymes += [most - 1, most, most + 1, most + 0.5, most - 0.5].map { $0 / 1000 }
        for _ in 0..<100_000 { tymes.append(Tyme(bitPattern: random.next())) }
        for _ in 0..<100_000 { tymes.append(random.unit() * 1e9 - 1e6) }
        for tyme in tymes {
            let whole = (tyme * 1000).rounded(.down)
            let expected = whole > 0 ? UInt64(min(whole, most)) : 0
            #expect(Mid(random: &random, at: tyme).high >> 16 == expected, "\(tyme)")
        }
    }
}
