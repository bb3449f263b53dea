import Doing
import Testing
import Wiring

@testable import Memoing

/// Strangers never push out friends: what is kept for a peer goes for one of its own class or of a higher one only.
@Suite struct StrangerTests {
    /// Blu, to whom grn has proven that it is there, with a known signer red.
    private static func blu(_ limits: MemoerLimits = MemoerLimits()) throws -> Memoer {
        var blu = try SureWorld.memoer(.blu, limits: limits)
        let mid = try blu.memoit("are you there?", to: .grn)
        _ = blu.out(at: 0)
        blu.feed(SureWorld.ack(mid, 0), from: .grn, at: 0)
        _ = blu.outcomes()
        return blu
    }

    /// The first of twelve grams of a sure memo, in 25 bytes.
    private static func claim(_ number: UInt64) throws -> [UInt8] {
        try rend(
            MemoerTests.bytes(12, seed: 1), mid: Mid(high: 7, low: number), kind: .sure, domain: .binary, size: 25)[0]
    }

    @Test("a new source of a host that has as many memos open as it may is refused, and harms nobody")
    func fullHost() throws {
        var limits = MemoerLimits()
        limits.openPerHost = 8
        var blu = try Self.blu(limits)
        for number in 0..<80 as Range<UInt64> {
            // Ports of one host, eight memos each at first, then each one more.
            blu.feed(try Self.claim(number), from: .host(9, port: UInt16(number < 8 ? 1 : number)), at: 1)
            blu.checkSureInvariants()
        }
        #expect(blu.statistics.openMemos == 8 && blu.statistics.drops[.capacity] == 72)
        blu.feed(try rend(SureWorld.body(3), mid: Mid(high: 8, low: 1), kind: .sure, size: 100), from: .grn, at: 2)
        #expect(blu.received().count == 1)
    }

    @Test(
        "4,096 acknowledged first grams of strangers keep no memo of a friend out, nor of a known signer",
        arguments: [1, 4, 300])
    func claims(_ sources: Int) throws {
        var blu = try Self.blu()
        for number in 0..<4096 {
            blu.feed(try Self.claim(UInt64(number)), from: .host(UInt64(100 + number % sources)), at: 1)
            if number % 64 == 0 { _ = blu.drain(at: 1) }
        }
        _ = blu.drain(at: 1)
        let body = SureWorld.body(3)
        func mid(_ number: UInt64) -> Mid { Mid(high: 8, low: number) }
        blu.feed(try rend(body, mid: mid(1), kind: .plain, size: 100), from: .grn, at: 50)
        blu.feed(try rend(body, mid: mid(2), kind: .sure, size: 100), from: .grn, at: 50)
        for (number, kind) in [(3, MemoKind.signed), (4, .sureSigned)] {
            blu.feed(
                try rend(
                    body, mid: mid(UInt64(number)), kind: kind, size: 300, as: SureWorld.vid(of: .red),
                    keys: SureWorld.keys(of: .red), signer: TestSigner()),
                from: .red, at: 50)
        }
        // Another stranger has its place too: the one that did nothing for longest makes room.
        blu.feed(try rend(body, mid: mid(5), kind: .sure, size: 100), from: .host(9), at: 50)
        blu.feed(try rend(SureWorld.body(1), mid: mid(6), kind: .sure, size: 100), from: .host(9), at: 50)
        #expect(blu.received().map(\.mid.low) == [1, 2, 3, 4, 5, 6])
        blu.checkSureInvariants()
    }

    @Test("a stranger whose memo made room is told that it is refused, and its memo never arrives")
    func madeRoom() throws {
        var blu = try Self.blu(LimitTests.limits { $0.open = 4 })
        var grams: [[[UInt8]]] = []
        for number in 0..<4 {
            grams.append(try rend(SureWorld.body(3), mid: Mid(high: 7, low: UInt64(number)), kind: .sure, size: 100))
            blu.feed(grams[number][0], from: .host(UInt64(50 + number)), at: Tyme(number))
            #expect(blu.log(at: Tyme(number)) == ["ack 0: base 1, credit 8193, heard 1"])
        }
        let friends = try rend(SureWorld.body(3), mid: Mid(high: 8, low: 1), kind: .sure, size: 100)
        blu.feed(Array(friends[..<2]), from: .grn, at: 5)
        #expect(blu.dropped[.evicted] == 1 && blu.log(at: 5).count == 1)
        blu.feed(grams[0][1], from: .host(50), at: 6)
        #expect(blu.addressedLog(at: 6).map { $0.suffix(39) } == ["ack 1: refused, no room, heard 4, again"])
        blu.feed(grams[0], from: .host(50), at: 7)
        blu.feed(grams[1], from: .host(51), at: 7)
        blu.feed(friends[2], from: .grn, at: 7)
        #expect(blu.received().map(\.mid) == [Mid(high: 7, low: 1), Mid(high: 8, low: 1)])
    }

    @Test("who has been told that there is no room is told so again when there is: its memo has ended")
    func refusedStays() throws {
        let signed = try (0..<4).map {
            try rend(
                SureWorld.signedBody(3), mid: Mid(high: 7, low: UInt64($0)), kind: .sureSigned, size: 300,
                as: SureWorld.vid(of: .red), keys: SureWorld.keys(of: .red), signer: TestSigner())
        }
        var blu = try Self.blu(LimitTests.limits { $0.open = 3 })
        for grams in signed[..<3] { blu.feed(grams[0], from: .red, at: 1) }
        _ = blu.drain(at: 1)
        // All places are a known signer's: a stranger's memo of two grams is refused.
        let grams = try rend(SureWorld.body(2), mid: AckTests.mid, kind: .sure, size: 100)
        blu.feed(grams[0], from: .host(9), at: 2)
        #expect(blu.log(at: 2) == ["ack 0: refused, no room, heard 1"])
        for grams in signed[..<3] { blu.feed(Array(grams[1...]), from: .red, at: 3) }
        #expect(blu.received().count == 3)
        _ = blu.drain(at: 3)
        blu.feed(grams, from: .host(9), at: 4)
        #expect(blu.received() == [])
        #expect(blu.log(at: 4).allSatisfy { $0.contains("refused, no room") })
    }

    /// The gram of a sure memo of red's, unsigned: its number is its time in milliseconds.
    private static func timed(_ milliseconds: UInt64, node: UInt64 = 5) throws -> [UInt8] {
        let mid = Mid(high: milliseconds << 16 | 0x7000, low: 1 << 63 | node << 36)
        return try rend([1], mid: mid, kind: .sure)[0]
    }

    @Test(
        "one forged memo from the end of time makes no sender stale, whether it comes first or later",
        arguments: [false, true], [false, true])
    func forgedTime(isFirst: Bool, isFriend: Bool) throws {
        var blu = try Self.blu(LimitTests.limits { $0.sureFinished = 50 })
        let red: Address = isFriend ? .grn : .red
        if isFirst { blu.feed(try Self.timed(1 << 47), from: red, at: 1) }
        blu.feed(try Self.timed(1000), from: red, at: 1)
        if !isFirst { blu.feed(try Self.timed(1 << 47), from: red, at: 1) }
        // Twice over, so that the memory of both has turned.
        for number in 1...300 { blu.feed(try Self.timed(1000 + UInt64(number)), from: red, at: 1.5) }
        #expect(blu.received().count == 302)
        _ = blu.drain(at: 2)
        for number in 1...20 { blu.feed(try Self.timed(5000 + UInt64(number)), from: red, at: 5) }
        #expect(blu.received().count == 20 && !blu.log(at: 5).contains { $0.contains("stale") })
        // What is old by its own clock is stale all the same, unless a forger came first.
        blu.feed(try Self.timed(1001), from: red, at: 6)
        #expect(blu.received().count == (isFirst ? 1 : 0))
        // The forged one itself is not taken twice, as long as it is remembered.
        blu.feed(try Self.timed(1 << 46), from: red, at: 6)
        blu.feed(try Self.timed(1 << 46), from: red, at: 6)
        #expect(blu.received().count == 1)
        blu.checkSureInvariants()
    }

    @Test("70,000 memos of strangers, each of another node, make no friend's memo come twice, signed or not")
    func flushed() throws {
        var blu = try Self.blu(
            LimitTests.limits {
                $0.finished = 1000
                $0.sureFinished = 1000
            })
        func signed(_ kind: MemoKind, _ number: UInt64) throws -> [UInt8] {
            try rend(
                [1], mid: Mid(high: 9, low: number), kind: kind, size: 300, as: SureWorld.vid(of: .red),
                keys: SureWorld.keys(of: .red), signer: TestSigner())[0]
        }
        let friends = [
            (Address.grn, try Self.timed(1)), (.grn, try rend([1], mid: Mid(high: 9, low: 1))[0]),
            (.red, try signed(.signed, 2)), (.red, try signed(.sureSigned, 3)),
        ]
        for (from, gram) in friends { blu.feed(gram, from: from, at: 1) }
        #expect(blu.received().count == 4)
        let stranger = try KeyPair(seed: Seed(raw: [UInt8](repeating: 99, count: 32)), signer: TestSigner())
        for number in 0..<5000 as Range<UInt64> {
            blu.feed(try Self.timed(2 + number, node: number), from: .host(77), at: 2)
            blu.feed(try rend([1], mid: Mid(high: 10, low: number))[0], from: .host(77), at: 2)
            guard number % 2 == 0 else { continue }
            for kind in [MemoKind.signed, .sureSigned] {
                blu.feed(
                    try rend(
                        [1], mid: Mid(high: 11, low: number), kind: kind, size: 300, as: Vid(stranger.verifyKey),
                        keys: stranger, signer: TestSigner()), from: .host(78), at: 2 + Tyme(number) / 100)
            }
            _ = (blu.received(), blu.drain(at: 2 + Tyme(number) / 100))
        }
        _ = blu.received()
        for (from, gram) in friends { blu.feed(gram, from: from, at: 60) }
        #expect(blu.received() == [])
    }

    @Test("a plain memo and a sure one under one id of one source are one memo: only the first is delivered")
    func families() throws {
        for kinds in [[MemoKind.plain, .sure], [.sure, .plain]] {
            for grams in [1, 3] {
                var blu = try Self.blu()
                for kind in kinds {
                    blu.feed(
                        try rend(SureWorld.body(grams), mid: AckTests.mid, kind: kind, size: 100), from: .grn, at: 1)
                }
                #expect(blu.received().count == 1)
            }
        }
    }

    @Test("peers beside two dictionaries and a list: holds, classes, bounds, 20,000 steps", arguments: 1...3)
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var peers = Peers(
            limits: LimitTests.limits {
                $0.peers = 40
                $0.open = 10
            })
        var held: [(print: UInt64, row: Int32)] = []
        var opened: [(row: Int32, kind: MemoKind)] = []
        for step in 0..<20_000 {
            switch random.below(6) {
            case 0, 1:
                if held.count < 6 {
                    let print = UInt64(1 + random.below(200))
                    held.append((print, peers.hold(print, host: random.below(3) == 0 ? nil : print % 7, at: 0)))
                }
            case 2:
                if !held.isEmpty { peers.release(held.remove(at: random.below(held.count)).row) }
            case 3:
                if let one = held.last { peers.raise(one.row, to: Peers.Class.allCases[random.below(3)]) }
            case 4:
                if let one = held.last, opened.count < 10 {
                    let kind: MemoKind = random.below(2) == 0 ? .plain : .sure
                    peers.open(one.row, kind)
                    opened.append((one.row, kind))
                }
            default:
                if !opened.isEmpty {
                    let one = opened.remove(at: random.below(opened.count))
                    peers.close(one.row, one.kind, charged: 0)
                }
            }
            if step % 50 == 0 { peers.checkInvariants() }
            for one in held { #expect(peers.find(one.print) == one.row) }
        }
        #expect(peers.friends <= 31 && peers.changes > 100)
    }
}
