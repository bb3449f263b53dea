import Doing
import Testing
import Wiring

@testable import Memoing

/// Signed grams that come before the one which says who signed them.
@Suite struct SureParkingTests {
    /// Notes the number of every gram whose signature it looks at.
    final class NotingSigner: Signer {
        private(set) var looked: [Int] = []
        let base = TestSigner()

        func verifyKey(of seed: Seed) -> VerifyKey { base.verifyKey(of: seed) }
        func sign(_ message: RawSpan, seed: Seed, verifyKey: VerifyKey) -> Signature {
            base.sign(message, seed: seed, verifyKey: verifyKey)
        }
        func verify(_ signature: Signature, of message: RawSpan, key: VerifyKey) -> Bool {
            if case .success(let head) = GramHead.read(message), !head.code.isAck {
                looked.append(head.code.isZeroth ? 0 : head.number)
            }
            return base.verify(signature, of: message, key: key)
        }
    }

    /// The five grams of a memo from red to blu.
    private static func grams(_ count: Int = 5) throws -> (red: Memoer, bytes: [UInt8], grams: [[UInt8]]) {
        var red = try SureWorld.memoer(.red, size: 300)
        let bytes = SureWorld.signedBody(count)
        try red.memoit(bytes, to: .blu, kind: .sureSigned)
        let grams = red.out(at: 0)
        #expect(grams.map(line) == (0..<count).map { $0 == 0 ? "sureSigned 0 of \(count)" : "sureSigned \($0)" })
        return (red, bytes, grams)
    }

    private static func forged(_ gram: [UInt8]) -> [UInt8] {
        var gram = gram
        gram[40] ^= 1
        return gram
    }

    @Test("grams 4 2 1 3 wait unanswered; with gram 0 each is verified once, in order, and one ack names gram 0")
    func once() throws {
        let signer = NotingSigner()
        var (red, bytes, grams) = try Self.grams()
        var blu = try SureWorld.memoer(.blu, size: 300, signer: signer)
        for number in [4, 2, 1, 3] { blu.feed(grams[number], from: .red, at: 0.025) }
        #expect(blu.log(at: 0.025) == [])
        #expect(signer.looked == [])
        #expect(blu.statistics.openMemos == 1)

        blu.feed(grams[0], from: .red, at: 0.026)
        let ack = blu.out(at: 0.026)
        #expect(ack.map(line) == ["signed ack 0: done 5, heard 5"])
        #expect(signer.looked == [0, 1, 2, 3, 4])
        #expect(blu.received().map(\.bytes) == [bytes])
        #expect(blu.statistics.drops.total == 0)
        #expect(blu.statistics.openMemos == 0 && blu.statistics.openBytes == 0)
        #expect(blu.isSureQuiet)

        red.feed(ack, from: .blu, at: 0.051)
        #expect(red.outcomes().map(\.result) == [.delivered])
    }

    @Test("a first gram that comes last is late, not lost: nothing is sent again, and it measures the round trip")
    func notLost() throws {
        var (red, _, grams) = try Self.grams()
        var blu = try SureWorld.memoer(.blu, size: 300)
        blu.feed(Array(grams[1...]), from: .red, at: 0.020)
        #expect(blu.log(at: 0.020) == [])
        blu.feed(grams[0], from: .red, at: 0.060)
        red.feed(blu.out(at: 0.060), from: .blu, at: 0.080)
        #expect(red.log(at: 0.080) == [])
        #expect(red.roundTrip(to: .blu) == 0.080)
        #expect(red.outcomes().map(\.result) == [.delivered])
        let counts = red.sureStatistics
        #expect(counts.retransmissions == 0 && counts.spurious == 0 && counts.timeouts == 0)
        #expect(red.wakeTyme == nil)
    }

    @Test("with gram 3 missing the ack of what had waited shows the gap, and only gram 3 is sent again")
    func gap() throws {
        var (red, bytes, grams) = try Self.grams()
        var blu = try SureWorld.memoer(.blu, size: 300)
        for number in [4, 2, 1, 0] { blu.feed(grams[number], from: .red, at: 0.025) }
        let ack = blu.out(at: 0.025)
        #expect(ack.map(line) == ["signed ack 0: base 3, credit 8195, holds 4, heard 4"])
        red.feed(ack, from: .blu, at: 0.050)
        #expect(red.log(at: 0.050) == [])
        let due = try #require(red.wakeTyme)
        let again = red.out(at: due)
        #expect(again.map(line) == ["sureSigned 3"])
        blu.feed(again, from: .red, at: 0.100)
        #expect(blu.log(at: 0.100) == ["signed ack 3: done 5, heard 5"])
        #expect(blu.received().map(\.bytes) == [bytes])
    }

    @Test("a forged gram keeps the place of the good one until gram 0 comes, and then goes, counted; the memo is whole")
    func forged() throws {
        let (_, bytes, grams) = try Self.grams()
        var blu = try SureWorld.memoer(.blu, size: 300)
        blu.feed([Self.forged(grams[2]), grams[2], grams[1], grams[3], grams[4]], from: .red, at: 0.025)
        #expect(blu.dropped == [.conflict: 1])
        blu.feed(grams[0], from: .red, at: 0.026)
        #expect(blu.log(at: 0.026) == ["signed ack 0: base 2, credit 8194, holds 3 4, heard 4"])
        #expect(blu.dropped == [.conflict: 1, .badSignature: 1])
        #expect(blu.received() == [])
        blu.feed(grams[2], from: .red, at: 0.126)
        #expect(blu.log(at: 0.126) == ["signed ack 2: done 5, heard 5"])
        #expect(blu.received().map(\.bytes) == [bytes])
        #expect(blu.dropped == [.conflict: 1, .badSignature: 1])
    }

    @Test("what waits under another address is not asked when gram 0 comes, and is gone after 10 s")
    func elsewhere() throws {
        let signer = NotingSigner()
        let (_, bytes, grams) = try Self.grams()
        var blu = try SureWorld.memoer(.blu, size: 300, signer: signer)
        blu.feed([Self.forged(grams[1]), Self.forged(grams[2])], from: .grn, at: 1)
        blu.feed(grams, from: .red, at: 1.5)
        #expect(blu.log(at: 1.5) == ["signed ack 4: done 5, heard 5"])
        #expect(signer.looked == [0, 1, 2, 3, 4])
        #expect(blu.received().map(\.bytes) == [bytes])
        #expect(blu.statistics.openMemos == 1 && blu.wakeTyme == 11)
        #expect(blu.log(at: 11) == [])
        #expect(blu.statistics.openMemos == 0 && blu.statistics.openBytes == 0 && blu.wakeTyme == nil)
        #expect(blu.dropped == [.expired: 1])
    }

    @Test("so many grams and so many bytes wait for one mid, from all addresses together; more are counted and gone")
    func bounds() throws {
        let (_, _, grams) = try Self.grams(6)
        var limits = MemoerLimits()
        limits.parkedGrams = 3
        var blu = try SureWorld.memoer(.blu, size: 300, limits: limits)
        blu.feed([grams[1], grams[2]], from: .red, at: 0)
        blu.feed([grams[3]], from: .grn, at: 0)
        blu.feed([grams[4]], from: .red, at: 0)
        blu.feed([grams[4]], from: .grn, at: 0)
        #expect(blu.dropped == [.parkFull: 2])
        blu.feed(grams[0], from: .red, at: 0)
        #expect(blu.log(at: 0) == ["signed ack 0: base 3, credit 8195, heard 3"])

        limits = MemoerLimits()
        limits.parkedBytes = 599
        blu = try SureWorld.memoer(.blu, size: 300, limits: limits)
        blu.feed([grams[1], grams[2], grams[5]], from: .red, at: 0)
        #expect(grams[1].count == 300 && grams[2].count == 300 && grams[5].count == 220)
        #expect(blu.dropped == [.parkFull: 1])
        blu.feed(grams[0], from: .red, at: 0)
        #expect(blu.log(at: 0) == ["signed ack 0: base 2, credit 8194, holds 5, heard 3"])
    }

    @Test("parked grams of a count that gram 0 denies are dropped, unverified")
    func beyondCount() throws {
        let signer = NotingSigner()
        let (_, bytes, grams) = try Self.grams(3)
        let id = try mid(of: grams[0])
        let longer = try rend(
            SureWorld.signedBody(6), mid: id, kind: .sureSigned, size: 300, as: SureWorld.vid(of: .red),
            keys: SureWorld.keys(of: .red), signer: signer)
        var blu = try SureWorld.memoer(.blu, size: 300, signer: signer)
        blu.feed([longer[5], longer[3], grams[1]], from: .red, at: 0)
        blu.feed(grams[0], from: .red, at: 0)
        #expect(signer.looked == [0, 1])
        #expect(blu.dropped == [.numberOutOfRange: 2])
        blu.feed(grams[2], from: .red, at: 0)
        #expect(blu.received().map(\.bytes) == [bytes])
        #expect(blu.statistics.openMemos == 0)
    }

    @Test("a late gram of a signed memo that is over is not parked: it is acknowledged again, unverified")
    func late() throws {
        let signer = NotingSigner()
        let (_, _, grams) = try Self.grams(3)
        var blu = try SureWorld.memoer(.blu, size: 300, signer: signer)
        blu.feed(grams, from: .red, at: 0)
        #expect(blu.log(at: 0) == ["signed ack 2: done 3, heard 3"])
        blu.feed(grams[1], from: .red, at: 5)
        #expect(blu.log(at: 5) == ["signed ack 1: done 3, heard 4, again"])
        #expect(signer.looked == [0, 1, 2])
        #expect(blu.statistics.openMemos == 0 && blu.isSureQuiet)
        #expect(blu.statistics.late == 1)
    }

    /// A keep that learns a key later.
    final class LateKeep: Keep {
        var table = TableKeep()
        func keys(of vid: Vid) -> KeyPair? { table.keys(of: vid) }
    }

    @Test("nothing is verified before the key of the first gram's vid is known; with the key each gram is, once")
    func lateKey() throws {
        let (signer, keep) = (NotingSigner(), LateKeep())
        let digest = try Vid(raw: [UInt8](repeating: 9, count: 32), code: "E")
        let grams = try rend(
            SureWorld.signedBody(3), mid: AckTests.mid, kind: .sureSigned, size: 300, as: digest,
            keys: SureWorld.keys(of: .red), signer: signer)
        let own = try SureWorld.vid(of: .blu)
        keep.table[own] = try SureWorld.keys(of: .blu)
        var blu = try Memoer(size: 300, vid: own, keep: keep, signer: signer, random: SplitMix64(seed: 2))
        blu.feed([grams[2], grams[1], grams[0]], from: .red, at: 0)
        #expect(blu.log(at: 0) == [] && signer.looked == [])
        #expect(blu.dropped == [.unknownVid: 1] && blu.statistics.openMemos == 1)
        keep.table[digest] = try SureWorld.keys(of: .red)
        blu.feed(grams[0], from: .red, at: 1)
        #expect(blu.log(at: 1) == ["signed ack 0: done 3, heard 3"])
        #expect(signer.looked == [0, 1, 2])
        #expect(blu.received().map(\.vid) == [digest] && blu.statistics.openMemos == 0)
    }
}
