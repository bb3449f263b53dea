import Doing
import Testing
import Wiring

@testable import Memoing

/// Who is acknowledged. An ack that was not asked for ends a process of hio 0.7.20; a sure gram is the asking.
@Suite struct SurePolicyTests {
    /// All that a peer sends which knows nothing of acks, and some more that asks for none.
    private static func unasking() throws -> [[UInt8]] {
        let mid = Mid(high: 1, low: 2)
        let plain = try rend(SureWorld.body(3), mid: mid, kind: .plain, size: 100)
        let signed = try rend(
            SureWorld.signedBody(3), mid: Mid(high: 1, low: 3), kind: .signed, size: 300,
            as: SureWorld.vid(of: .red), keys: SureWorld.keys(of: .red), signer: TestSigner())
        let ack = SureWorld.ack(mid, 0)
        let body = SureWorld.ack(mid, 2, .init(status: .done, base: 3, credit: 3))
        let signedAck = try SureWorld.ack(mid, 0, .init(base: 1, credit: 8), by: .red)
        let whole = try rend([65], mid: Mid(high: 1, low: 4), kind: .plain)
        return plain + [plain[1]] + signed + [signed[0], signed[2]] + whole + whole
            + [
                ack, body, signedAck, [], [0x62], Array("hello, this is no gram of any kind".utf8),
                Array(plain[0][..<20]),
            ]
    }

    @Test("plain and signed grams, repeated, late or torn, and acks of any kind draw nothing, before and after a memo")
    func unasked() throws {
        var blu = try SureWorld.memoer(.blu)
        for gram in try Self.unasking() {
            blu.feed(gram, from: .red, at: 0)
            #expect(blu.log(at: 0) == [])
        }
        #expect(blu.received().count == 3)
        #expect(blu.log(at: 1000) == [] && blu.sureStatistics.acksSent == 0)

        // Nor while a sure memo is on its way to the same peer.
        try blu.memoit("hello", to: .red)
        #expect(blu.log(at: 1001) == ["sure 0 of 1 hello"])
        for gram in try Self.unasking() { blu.feed(gram, from: .red, at: 1001.5) }
        #expect(blu.log(at: 1001.5) == [] && blu.sureStatistics.acksSent == 0)
    }

    @Test("a peer never heard of is acknowledged for a sure gram: once each, and for nothing behind it")
    func strangers() throws {
        var blu = try SureWorld.memoer(.blu, knows: [])
        let grams = try rend(SureWorld.body(2), mid: AckTests.mid, kind: .sure, size: 100)
        blu.feed(grams[0], from: .grn, at: 0)
        #expect(blu.addressedLog(at: 0) == ["to grn: ack 0: base 1, credit 8193, heard 1"])
        for gram in try Self.unasking() { blu.feed(gram, from: .grn, at: 1) }
        #expect(blu.addressedLog(at: 1) == [])
        blu.feed(grams[1], from: .grn, at: 2)
        #expect(blu.addressedLog(at: 2) == ["to grn: ack 1: done 2, heard 2"])
        #expect(blu.sureStatistics.acksSent == 2)
    }

    @Test("a peer of policy never has its memos taken and is told nothing, not even of what is late or refused")
    func never() throws {
        var limits = MemoerLimits()
        limits.memoBytes = 200
        var blu = try SureWorld.memoer(.blu, limits: limits)
        blu.setAckPolicy(.never, for: .red)
        let grams = try rend(SureWorld.body(2), mid: AckTests.mid, kind: .sure, size: 100)
        let large = try rend(SureWorld.body(9), mid: Mid(high: 1, low: 9), kind: .sure, size: 100)
        let answers = [
            "ack 0: base 1, credit 8193, heard 1", "ack 1: done 2, heard 2", "ack 0: done 2, heard 3, again",
            "ack 0: refused, too large, heard 1",
        ]
        for (from, expected) in [(Address.red, []), (.grn, answers)] {
            var heard: [String] = []
            for (step, gram) in [grams[0], grams[1], grams[0], large[0]].enumerated() {
                blu.feed(gram, from: from, at: Tyme(step))
                heard += blu.log(at: Tyme(step))
            }
            #expect(heard == expected)
            #expect(blu.received().map(\.bytes) == [SureWorld.body(2)])
            #expect(blu.isSureQuiet)
        }
    }

    @Test("where nobody is acknowledged, one peer can be; and its policy can be taken back")
    func onlyOne() throws {
        var blu = try SureWorld.memoer(.blu)
        blu.ackPolicy = .never
        blu.setAckPolicy(.solicited, for: .red)
        var number: UInt64 = 0
        func answers(_ from: Address) throws -> [String] {
            number += 1
            blu.feed(try rend([65], mid: Mid(high: 1, low: number), kind: .sure), from: from, at: Tyme(number))
            return blu.addressedLog(at: Tyme(number))
        }
        #expect(try answers(.red) == ["to red: ack 0"])
        #expect(try answers(.grn) == [])
        blu.setAckPolicy(nil, for: .red)
        #expect(try answers(.red) == [])
        blu.ackPolicy = .solicited
        #expect(try answers(.red) == ["to red: ack 0"])
        #expect(blu.received().count == 4)
    }

    @Test("a sender without a name cannot be answered, and is not")
    func unnamed() throws {
        var blu = try Memoer(acceptsUnnamed: true, random: SplitMix64(seed: 1))
        blu.feed(try rend(SureWorld.body(2), mid: AckTests.mid, kind: .sure, size: 100), from: .none, at: 0)
        #expect(blu.log(at: 0) == [])
        #expect(blu.received().count == 1)
    }

    @Test("a peer that may be a plain one hears gram 0 three times at most, the others once, and none after an answer")
    func bestEffort() throws {
        var red = try SureWorld.memoer(.red, options: SureWorld.options(window: 8) { $0.mode = .bestEffort })
        let mid = try red.memoit(SureWorld.body(3), to: .blu)
        #expect(red.log(at: 0) == ["sure 0 of 3", "sure 1", "sure 2"])
        #expect(red.wakeMicros == 1_000_000)
        #expect(red.log(at: 1) == ["sure 0 of 3"])
        #expect(red.wakeMicros == 3_000_000)
        #expect(red.log(at: 3) == ["sure 0 of 3"])
        #expect(red.wakeMicros == 6_000_000)
        #expect(red.log(at: 6) == [] && red.wakeTyme == nil)
        let outcome = SureOutcome(mid: mid, destination: .blu, result: .neverHeard)
        #expect(red.outcomes() == [outcome])
        #expect(outcome.isIndeterminate)
    }
}
