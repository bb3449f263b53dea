import Doing
import Memoing
import Testing
import Wiring

/// Two memoers that are fed each other's datagrams.
@Suite struct MemoerTests {
    static let sizes = [0, 1, 2, 31, 1000, 1207, 1208, 1209, 2416, 2417, 5000, 100_000]

    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    static func pair(
        _ kind: MemoKind, _ domain: Domain, size: Int? = nil
    ) throws -> (a: Memoer, b: Memoer, vid: Vid) {
        let signer = TestSigner()
        let keys = try KeyPair(seed: Seed(raw: Array(repeating: 7, count: 32)), signer: signer)
        let vid = Vid(keys.verifyKey)
        let keep = TableKeep([(vid, keys)])
        let a = try Memoer(
            kind: kind, domain: domain, size: size, vid: vid, keep: keep, signer: signer, random: SplitMix64(seed: 1))
        let b = try Memoer(signer: signer, random: SplitMix64(seed: 2))
        return (a, b, vid)
    }

    @Test(
        "memos of every size arrive as they were sent, in order, with their mids",
        arguments: [MemoKind.plain, .signed], Domain.allCases)
    func arrive(_ kind: MemoKind, _ domain: Domain) throws {
        var (a, b, vid) = try Self.pair(kind, domain)
        var sent: [Memo] = []
        for (index, size) in Self.sizes.enumerated() {
            let bytes = Self.bytes(size, seed: UInt64(index))
            let mid = try a.memoit(bytes, to: .host(2))
            sent.append(Memo(bytes: bytes, source: .host(1), vid: kind.isSigned ? vid : nil, mid: mid))
        }
        #expect(sent.map(\.mid) == sent.map(\.mid).sorted())
        let queued = a.statistics.queuedGrams
        let grams = a.drain()
        #expect(grams.count == queued)
        #expect(grams.allSatisfy { $0.to == .host(2) && $0.gram.count <= 1240 })
        b.feed(grams.map(\.gram), from: .host(1))
        #expect(b.received() == sent)
        #expect(b.statistics.drops.total == 0)
        #expect(b.statistics.openMemos == 0 && b.statistics.openBytes == 0)
        #expect(b.statistics.received.grams == a.statistics.sent.grams)
        #expect(b.statistics.received.bytes == a.statistics.sent.bytes)
        #expect(a.statistics.queuedMemos == 0 && a.statistics.queuedBytes == 0 && a.statistics.queuedGrams == 0)
    }

    @Test("text is sent as UTF-8 and read back; bytes that are no text have none")
    func text() throws {
        var (a, b, _) = try Self.pair(.plain, .text)
        try a.memoit("grüße\r\n\u{0}日本", to: .host(2))
        try a.memoit([0xFF], to: .host(2))
        b.feed(a.drain().map(\.gram))
        #expect(b.received().map(\.text) == ["grüße\r\n\u{0}日本", nil])
    }
}
