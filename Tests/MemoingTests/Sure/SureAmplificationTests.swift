import Doing
import Testing
import Wiring

@testable import Memoing

/// A source that has proven nothing draws three bytes for each that it sent, and no more.
@Suite struct SureAmplificationTests {
    /// 800 grams of one byte in 25 bytes each: the least that can draw an ack.
    private static func tinyGrams() throws -> [[UInt8]] {
        try rend(MemoerTests.bytes(800, seed: 1), mid: AckTests.mid, kind: .sure, domain: .binary, size: 25)
    }

    /// The same signed by red: a first gram of 124 bytes, and later ones of 91.
    private static func signedTinyGrams() throws -> [[UInt8]] {
        let (keys, vid, signer) = (try SureWorld.keys(of: .red), try SureWorld.vid(of: .red), TestSigner())
        return try tinyGrams().map { gram in
            let isZeroth = gram[2] == 4
            let field = isZeroth ? [vid.code.value << 2] + vid.raw : []
            let signed = Array(gram[..<2]) + [gram[2] + 2] + gram[3..<24] + field + gram[24...]
            let signature = signer.sign(signed.span.bytes, seed: try #require(keys.seed), verifyKey: keys.verifyKey)
            return signed + [0xD0, 0x10] + signature.raw
        }
    }

    @Test("a stranger's 25 bytes draw 75: a bitmap of 135 waits for two of them, and the head goes out meanwhile")
    func budget() throws {
        let grams = try Self.tinyGrams()
        var blu = try SureWorld.memoer(.blu, domain: .binary)
        #expect(grams[0].count == 25 && grams[768].count == 25)
        var sizes: [Int] = []
        for (step, number) in [0, 768, 766, 764, 762].enumerated() {
            blu.feed(grams[number], from: .red, at: Tyme(step))
            let out = blu.out(at: Tyme(step))
            sizes += out.map(\.count)
            #expect(sizes.reduce(0, +) <= 3 * 25 * (step + 1))
            if step == 1 { #expect(out.map(line) == ["ack 768"]) }
        }
        // 75 - 39 = 36; 111: 24; 162: 135; 102: 24; 153: 135.
        #expect(sizes == [39, 24, 135, 24, 135])
        #expect(blu.sureStatistics.headersSent == 2 && blu.sureStatistics.acksWithheld == 0)
    }

    @Test("whoever acknowledges one of our memos is where it says it is: it draws what it asks for from then on")
    func proven() throws {
        let grams = try Self.tinyGrams()
        var blu = try SureWorld.memoer(.blu, domain: .binary)
        let mid = try blu.memoit([1], to: .red)
        #expect(blu.log(at: 0).count == 1)
        // Neither a guess, nor the right mid from elsewhere, proves anything of red.
        blu.feed(SureWorld.ack(AckTests.mid, 0), from: .red, at: 0)
        blu.feed(SureWorld.ack(mid, 0), from: .grn, at: 0)
        #expect(blu.dropped == [.ack: 1, .ackSource: 1])
        // The guess had 32 bytes: 96 and 75 are 171, less 39, and 75: 207, less 135, and 75: 147, less 135, and 75.
        var sizes: [Int] = []
        for number in [0, 768, 766, 764] {
            blu.feed(grams[number], from: .red, at: 0.25)
            sizes += blu.out(at: 0.25).map(\.count)
        }
        #expect(sizes == [39, 135, 135, 24])
        blu.feed(SureWorld.ack(mid, 0), from: .red, at: 0.5)
        #expect(blu.outcomes().map(\.result) == [.delivered])
        sizes = []
        for number in 740..<760 {
            blu.feed(grams[number], from: .red, at: 1)
            sizes += blu.out(at: 1).map(\.count)
        }
        #expect(sizes == Array(repeating: 135, count: 20))
    }

    @Test("what one address has proven helps no other")
    func others() throws {
        let grams = try Self.tinyGrams()
        var blu = try SureWorld.memoer(.blu, domain: .binary)
        let mid = try blu.memoit([1], to: .grn)
        #expect(blu.log(at: 0).count == 1)
        blu.feed(SureWorld.ack(mid, 0), from: .grn, at: 0)
        #expect(blu.outcomes().map(\.result) == [.delivered])
        for (from, second) in [(Address.red, 24), (Address.grn, 135)] {
            blu.feed(grams[0], from: from, at: 1)
            #expect(blu.out(at: 1).map(\.count) == [39])
            blu.feed(grams[768], from: from, at: 1)
            #expect(blu.out(at: 1).map(\.count) == [second])
        }
    }

    @Test("a signed ack has no shorter form: a stranger's waits until enough has come, a known signer's never does")
    func signed() throws {
        let grams = try Self.signedTinyGrams()
        #expect(grams[0].count == 124 && grams[1].count == 91)
        for (knows, isKnown) in [([Address](), false), ([.red], true)] {
            // Acks in text are a third longer than what asks for them.
            var blu = try SureWorld.memoer(.blu, domain: .text, knows: knows)
            var (budget, expected, sizes) = (0, [[Int]](), [[Int]]())
            for number in [0] + (0..<8).map({ 700 - 2 * $0 }) {
                blu.feed(grams[number], from: .red, at: 1)
                sizes.append(blu.out(at: 1).map(\.count))
                budget += 3 * grams[number].count
                let words = number == 0 ? 0 : 698 / 24 + 1
                let need = 32 + 44 + 88 + 20 + 4 * words
                expected.append(isKnown || budget >= need ? [need] : [])
                if budget >= need { budget -= need }
            }
            #expect(sizes == expected)
            #expect(sizes.contains([]) != isKnown)
            #expect(blu.sureStatistics.acksWithheld == sizes.filter(\.isEmpty).count)
            #expect(blu.sureStatistics.headersSent == 0)
        }
    }

    @Test("what a source may draw is its own, is not saved up for ever, and is no matter once it has proven itself")
    func places() {
        var peers = Peers(limits: MemoerLimits())
        #expect(!peers.allows(1, to: 5))
        let (five, seven) = (peers.hold(5, host: nil, at: 0), peers.hold(7, host: nil, at: 0))
        peers.heard(10, from: five)
        #expect(peers.allows(30, to: 5) && !peers.allows(31, to: 5) && !peers.allows(1, to: 7))
        peers.spend(29, on: 5)
        #expect(peers.allows(1, to: 5) && !peers.allows(2, to: 5))
        peers.raise(five, to: .proven)
        peers.spend(1 << 30, on: 5)
        #expect(peers.allows(1 << 30, to: 5))
        for _ in 0..<10 { peers.heard(1 << 20, from: seven) }
        #expect(peers.allows(Peers.mostDrawn, to: 7) && !peers.allows(Peers.mostDrawn + 1, to: 7))
        peers.checkInvariants()
    }
}
