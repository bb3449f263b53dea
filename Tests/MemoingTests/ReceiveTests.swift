import Doing
import Memoing
import Testing
import Wiring

/// What arrives and is no good, or not yet: a test for each row of the table of what hio does wrong, and more.
@Suite struct ReceiveTests {
    static let limits = MemoerLimits()

    static func memoer(
        _ limits: MemoerLimits = limits, requiresSigned: Bool = false, allowed: [Vid]? = nil, isText: Bool = false,
        keep: TableKeep = TableKeep()
    ) throws -> Memoer {
        try Memoer(
            keep: keep, signer: TestSigner(), requiresSigned: requiresSigned, allowed: allowed, isText: isText,
            limits: limits, random: SplitMix64(seed: 1))
    }

    static func grams(
        _ bytes: [UInt8], _ mid: UInt64, size: Int = 100, kind: MemoKind = .plain, domain: Domain = .text
    ) throws -> [[UInt8]] {
        try PipeTests.cut(bytes, kind, domain, size, Mid(high: mid, low: 0))
    }

    static func bytes(_ count: Int) -> [UInt8] { MemoerTests.bytes(count, seed: UInt64(count)) }

    /// The reasons counted, and how often.
    static func drops(_ memoer: Memoer) -> [DropReason: Int] {
        Dictionary(uniqueKeysWithValues: memoer.statistics.drops.occurred.map { ($0.reason, $0.count) })
    }

    /// After whatever came, a good memo arrives.
    static func expectAlive(_ memoer: inout Memoer, at tyme: Tyme = 0) throws {
        _ = memoer.received()
        memoer.feed(try grams(bytes(250), 0xFEED), from: .host(99), at: tyme)
        #expect(memoer.received().map(\.bytes) == [bytes(250)])
    }

    @Test("bytes that are no gram are dropped by reason; acks, bad fields and number 0 too")
    func noGrams() throws {
        var memoer = try Self.memoer()
        memoer.feed(Array("xAAA".utf8))
        memoer.feed(Array("bAAAAAAB0A".utf8))
        memoer.feed(Array("bAAKAAAB0AAAAAAAAAAAAAAAAAAAAAAA".utf8))
        memoer.feed(Array("bAAIAAAB0AAAAAAAAAAAAAAAAAAAAAAA".utf8))
        memoer.feed(Array("bAAAAA*B0AAAAAAAAAAAAAAAAAAAAAAA".utf8))
        memoer.feed(Array("bAAAAAAB1AAAAAAAAAAAAAAAAAAAAAAA".utf8))
        memoer.feed(Array("bAAAAAAB0A_AAAAAAAAAAAAAAAAAAAAA".utf8))
        memoer.feed(Array("bAAAAAAB".utf8) + [UInt8](repeating: 0, count: 24))
        memoer.feed(Array("bAABAAAA0AAAAAAAAAAAAAAAAAAAAAAA".utf8))
        #expect(
            Self.drops(memoer) == [
                .unknownDomain: 1, .truncated: 1, .unknownCode: 1, .ack: 1, .badField: 4, .zeroNumber: 1,
            ])
        #expect(memoer.statistics.openMemos == 0)
        try Self.expectAlive(&memoer)
    }

    @Test("an empty datagram is passed over")
    func empty() throws {
        var memoer = try Self.memoer()
        memoer.feed([UInt8]())
        #expect(memoer.statistics.empty == 1 && memoer.statistics.drops.total == 0)
        try Self.expectAlive(&memoer)
    }

    @Test("a memo that is no UTF-8 is bytes; a memoer set to text refuses it once, and knows it again")
    func notText() throws {
        let bad: [[UInt8]] = [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x61, 0xE6, 0x97],
        ]
        var bytes = try Self.memoer()
        var text = try Self.memoer(isText: true)
        for (index, memo) in bad.enumerated() {
            for (length, memo) in [memo, memo + Self.bytes(200)].enumerated() {
                let grams = try Self.grams(memo, UInt64(100 + 2 * index + length))
                bytes.feed(grams)
                text.feed(grams + grams)
            }
        }
        #expect(bytes.received().count == 10)
        #expect(text.received().isEmpty)
        #expect(text.statistics.drops.occurred.map(\.reason) == [.notText] && text.statistics.drops[.notText] == 10)
        #expect(text.statistics.openMemos == 0)
        text.feed(try Self.grams(Array("grüße \u{1F680}\u{0}\r\n".utf8), 1))
        #expect(text.received().map(\.text) == ["grüße \u{1F680}\u{0}\r\n"])
    }

    @Test("the strict UTF-8 check says what the standard library says, for all short and many longer bytes")
    func utf8() throws {
        var memoer = try Self.memoer(isText: true)
        var random = SplitMix64(seed: 4)
        let edges: [UInt8] = [
            0, 0x61, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
            0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for index in 0..<20_000 {
            let count = 1 + random.below(12)
            let memo = (0..<count).map { _ in edges[random.below(edges.count)] }
            memoer.feed(try rend(memo, mid: Mid(high: 77, low: UInt64(index))))
            #expect((memoer.inbox.popFirst() != nil) == (String(validating: memo, as: UTF8.self) != nil), "\(memo)")
        }
    }

    @Test("a number at or past the count, before and after the first gram, is dropped")
    func numberOutOfRange() throws {
        let grams = try Self.grams(Self.bytes(160), 1)
        let long = try Self.grams(Self.bytes(400), 1)
        #expect(grams.count == 3 && long.count == 6)
        var memoer = try Self.memoer()
        memoer.feed([long[4], grams[1], grams[0], long[5], grams[2]])
        #expect(Self.drops(memoer) == [.numberOutOfRange: 2])
        #expect(memoer.received().map(\.bytes) == [Self.bytes(160)])
        #expect(memoer.statistics.openMemos == 0 && memoer.statistics.openBytes == 0)
    }

    @Test("a second first gram with another count is dropped, and changes nothing")
    func countChanged() throws {
        let grams = try Self.grams(Self.bytes(160), 1)
        let other = try Self.grams(Self.bytes(400), 1)
        var memoer = try Self.memoer()
        memoer.feed([grams[0], other[0], grams[1], grams[2]])
        #expect(Self.drops(memoer) == [.countChanged: 1])
        #expect(memoer.received().map(\.bytes) == [Self.bytes(160)])
    }

    @Test("another body for a gram that is held never replaces it; the same body is a duplicate")
    func conflict() throws {
        let good = try Self.grams(Self.bytes(400), 1)
        let evil = try Self.grams(Self.bytes(400).map { ~$0 }, 1)
        var memoer = try Self.memoer()
        // Held early, held in order, held as the first.
        memoer.feed([good[3], evil[3], good[3], good[0], evil[0], good[0], good[1], evil[1], good[1]])
        #expect(Self.drops(memoer) == [.conflict: 3] && memoer.statistics.duplicates == 3)
        memoer.feed([good[2], evil[2], evil[3], good[4], good[5]])
        #expect(Self.drops(memoer) == [.conflict: 5])
        #expect(memoer.received().map(\.bytes) == [Self.bytes(400)])
    }

    @Test("bodies of any lengths are joined, and told apart when they come again")
    func anyPartition() throws {
        var random = SplitMix64(seed: 11)
        for round in 0..<200 {
            let count = 1 + random.below(12)
            let mid = Mid(high: 1, low: UInt64(round))
            let bodies = (0..<count).map { _ in
                MemoerTests.bytes(random.below(5) * random.below(60), seed: random.next())
            }
            let heads = try (0..<count).map { number in
                // A head of our own: code, number or count, mid.
                Array((number == 0 ? "bAAA" : "bAAB").utf8)
                    + Array(try Base64URL.text(number: number == 0 ? count : number).utf8) + Array(mid.text.utf8)
            }
            var order = Array(0..<count)
            random.shuffle(&order)
            var memoer = try Self.memoer()
            for (step, number) in order.enumerated() {
                memoer.feed(heads[number] + bodies[number])
                if step == count - 1 { break }
                let again = order[random.below(step + 1)]
                memoer.feed(heads[again] + bodies[again])
                memoer.feed(heads[again] + bodies[again] + [1])
            }
            #expect(memoer.received().map(\.bytes) == [bodies.flatMap { $0 }], "round \(round)")
            #expect(memoer.statistics.duplicates == count - 1 && memoer.statistics.drops[.conflict] == count - 1)
        }
    }

    @Test("an unsigned gram is never fused into a signed memo")
    func unsignedIntoSigned() throws {
        let signed = try Self.grams(Self.bytes(300), 1, size: 250, kind: .signed)
        let plain = try Self.grams(Self.bytes(300).map { ~$0 }, 1, size: 180)
        var memoer = try Self.memoer()
        memoer.feed([signed[0], plain[1]])
        memoer.feed(Array(signed[1...]))
        #expect(memoer.received().map(\.bytes) == [Self.bytes(300)])
        #expect(memoer.statistics.openMemos == 1)
        memoer.feed([UInt8](), at: 10)
        #expect(memoer.statistics.openMemos == 0 && Self.drops(memoer) == [.expired: 1])
    }

    @Test("grams of another source are never fused: they are a memo of their own")
    func otherSource() throws {
        let good = try Self.grams(Self.bytes(300), 1)
        let evil = try Self.grams(Self.bytes(300).map { ~$0 }, 1)
        var memoer = try Self.memoer()
        for number in good.indices {
            memoer.feed(evil[number], from: .host(66))
            memoer.feed(good[number], from: .host(1))
        }
        let memos = memoer.received()
        #expect(memos.map(\.source) == [.host(66), .host(1)])
        #expect(memos.map(\.bytes) == [Self.bytes(300).map { ~$0 }, Self.bytes(300)])
    }

    @Test("at most four keys hold memos with one mid; a known signer takes a stranger's place")
    func keysPerMid() throws {
        let plain = try Self.grams(Self.bytes(300), 1)
        let signed = try Self.grams(Self.bytes(300), 1, size: 250, kind: .signed)
        var memoer = try Self.memoer(keep: TableKeep([(PipeTests.vid, PipeTests.keys)]))
        for source in 1...5 { memoer.feed(plain[0], from: .host(UInt64(source))) }
        #expect(Self.drops(memoer) == [.tooManyKeys: 1] && memoer.statistics.openMemos == 4)
        memoer.feed(signed, from: .host(9))
        #expect(memoer.received().map(\.vid) == [PipeTests.vid])
        #expect(Self.drops(memoer) == [.tooManyKeys: 1, .evicted: 1])
    }

    @Test("the first gram locks the family, for unsigned and for signed memos")
    func family() throws {
        var memoer = try Self.memoer()
        let plain = try Self.grams(Self.bytes(160), 1)
        let sure = try Self.grams(Self.bytes(160), 1, kind: .sure)
        memoer.feed([plain[0], sure[1], plain[1], sure[2], plain[2]])
        let signed = try Self.grams(Self.bytes(300), 2, size: 250, kind: .signed)
        let sureSigned = try Self.grams(Self.bytes(300), 2, size: 250, kind: .sureSigned)
        memoer.feed([signed[0], sureSigned[1], signed[1], signed[2]])
        #expect(memoer.received().map(\.bytes) == [Self.bytes(160), Self.bytes(300)])
        #expect(Self.drops(memoer) == [.family: 3])
    }

    @Test("sure grams are taken as memos, and asked for acks only where the policy is to give them")
    func sure() throws {
        var memoer = try Self.memoer()
        memoer.ackPolicy = .never
        memoer.feed(try Self.grams(Self.bytes(300), 1, kind: .sure))
        memoer.feed(try Self.grams(Self.bytes(300), 2, size: 250, kind: .sureSigned))
        #expect(memoer.received().count == 2)
        #expect(memoer.drain().isEmpty)

        var answering = try Self.memoer()
        answering.feed(try Self.grams(Self.bytes(300), 1, kind: .sure))
        #expect(answering.received().count == 1)
        let codes = answering.drain().map { String(decoding: $0.gram.prefix(4), as: UTF8.self) }
        #expect(codes == ["bAAI"])
    }

    @Test("signed grams that come before their first one wait for it, and are verified then")
    func parked() throws {
        let grams = try Self.grams(Self.bytes(1000), 1, size: 250, kind: .signed)
        var memoer = try Self.memoer()
        memoer.feed(grams.reversed())
        #expect(memoer.received().map(\.bytes) == [Self.bytes(1000)])
        #expect(memoer.statistics.drops.total == 0 && memoer.statistics.openMemos == 0)

        var forged = grams[3]
        forged[forged.count - 100] ^= 1
        var other = try Self.memoer()
        other.feed([forged, grams[2], grams[2]] + grams[..<2])
        #expect(Self.drops(other) == [.badSignature: 1] && other.statistics.duplicates == 1)
        other.feed(Array(grams[3...]))
        #expect(other.received().map(\.bytes) == [Self.bytes(1000)])
    }

    @Test("at most 64 grams and 64 KiB wait for the first one of a mid, from all sources together")
    func parkLimits() throws {
        let many = try Self.grams(Self.bytes(20_000), 1, size: 250, kind: .signed)
        #expect(many.count > 140)
        var memoer = try Self.memoer()
        memoer.feed(Array(many[1...40]), from: .host(1))
        memoer.feed(Array(many[41...80]), from: .host(2))
        #expect(Self.drops(memoer) == [.parkFull: 16])
        let large = try Self.grams(Self.bytes(100_000), 2, size: 20_000, kind: .signed)
        var other = try Self.memoer()
        other.feed(Array(large[1...4]))
        #expect(Self.drops(other) == [.parkFull: 1])
        #expect(other.statistics.openBytes <= 64 << 10)
    }

    @Test("a finished memo is not delivered again, and its stragglers leave nothing", arguments: MemoKind.allCases)
    func replay(_ kind: MemoKind) throws {
        let grams = try Self.grams(Self.bytes(500), 1, size: 250, kind: kind)
        let single = try Self.grams(Self.bytes(20), 2, size: 250, kind: kind)
        var memoer = try Self.memoer()
        for _ in 0..<3 {
            memoer.feed(grams)
            memoer.feed(single)
        }
        #expect(memoer.received().count == 2)
        #expect(memoer.statistics.late == 2 * (grams.count + 1))
        #expect(memoer.statistics.openMemos == 0 && memoer.statistics.drops.total == 0)
    }

    @Test("at least as many finished memos are remembered as the limit says, and not more than twice as many")
    func remembered() throws {
        var limits = Self.limits
        limits.finished = 100
        var memoer = try Self.memoer(limits)
        let grams = try (0..<350).map { try Self.grams([1], UInt64($0))[0] }
        for (index, gram) in grams.enumerated() {
            memoer.feed(gram)
            for back in [1, 50, 100] where index - back >= 0 { memoer.feed(grams[index - back]) }
        }
        #expect(memoer.received().count == 350)
        memoer.feed(grams[100])
        #expect(memoer.received().count == 1)
    }

    @Test("strangers' memos never push out the memory of signed ones")
    func rememberedApart() throws {
        var limits = Self.limits
        limits.finished = 10
        var memoer = try Self.memoer(limits)
        let signed = try Self.grams(Self.bytes(10), 1, size: 250, kind: .signed)
        memoer.feed(signed)
        for index in 0..<1000 { memoer.feed(try Self.grams([1], UInt64(1000 + index))) }
        memoer.feed(signed)
        #expect(memoer.received().count == 1001)
    }

    @Test("unsigned grams are refused where signatures are required; other vids where some are allowed")
    func requirements() throws {
        let plain = try Self.grams([1], 1)
        let signed = try Self.grams([2], 2, size: 250, kind: .signed)
        var strict = try Self.memoer(requiresSigned: true)
        strict.feed(plain + signed)
        #expect(strict.received().map(\.bytes) == [[2]] && Self.drops(strict) == [.unsigned: 1])
        var picky = try Self.memoer(allowed: [try Vid(raw: Array(0..<32))])
        picky.feed(signed)
        #expect(picky.received().isEmpty && Self.drops(picky) == [.notAllowed: 1])
        var open = try Self.memoer(allowed: [PipeTests.vid])
        open.feed(signed + plain)
        #expect(open.received().map(\.vid) == [PipeTests.vid, nil])
        var plainOnly = Memoer(random: SplitMix64(seed: 1))
        plainOnly.feed(signed)
        #expect(Self.drops(plainOnly) == [.noSigner: 1])
    }

    @Test("a vid that is not a key needs the keep; forged signatures are dropped")
    func unknownVid() throws {
        let vid = try Vid(raw: Array(0..<32), code: "E")
        let gram = try rend(
            [1], mid: Mid(high: 1, low: 1), kind: .signed, as: vid, keys: PipeTests.keys, signer: TestSigner())[0]
        var without = try Self.memoer()
        without.feed(gram)
        #expect(Self.drops(without) == [.unknownVid: 1])
        var with = try Self.memoer(keep: TableKeep([(vid, PipeTests.keys)]))
        var forged = gram
        forged[164 - 88] ^= 4
        with.feed(forged)
        with.feed(gram)
        #expect(with.received().map(\.vid) == [vid])
        #expect(with.statistics.drops[.badSignature] == 1)
    }

    @Test("unsigned grams of senders without a name are taken only where that is wanted")
    func unnamed() throws {
        let plain = try Self.grams([1], 1)
        let signed = try Self.grams([2], 2, size: 250, kind: .signed)
        var memoer = try Self.memoer()
        memoer.feed(plain + signed, from: .none)
        #expect(memoer.received().map(\.bytes) == [[2]] && Self.drops(memoer) == [.unnamed: 1])
        var open = try Memoer(acceptsUnnamed: true, random: SplitMix64(seed: 1))
        open.feed(plain, from: .none)
        #expect(open.received().map(\.source) == [.none])
    }

    @Test("a later signed gram may come from another address, if its signature fits")
    func moved() throws {
        let grams = try Self.grams(Self.bytes(300), 1, size: 250, kind: .signed)
        var memoer = try Self.memoer()
        memoer.feed(grams[0], from: .host(1))
        memoer.feed(Array(grams[1...]), from: .host(7))
        let memos = memoer.received()
        #expect(memos.map(\.source) == [.host(1)] && memos.map(\.bytes) == [Self.bytes(300)])
    }

    @Test("a train is cut into its datagrams, the last one shorter")
    func trains() throws {
        let memos = (0..<5).map { Self.bytes($0 == 4 ? 10 : 50) }
        let grams = try memos.enumerated().map { try Self.grams($0.element, UInt64($0.offset))[0] }
        var memoer = try Self.memoer()
        let train = grams.flatMap { $0 }
        memoer.handle(train.span.bytes, Train(peer: .host(3), segment: 82), at: 0)
        #expect(memoer.received().map(\.bytes) == memos)
    }
}
