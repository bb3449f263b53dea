import Doing
import Memoing
import Testing
import Wiring

/// Limits and options that make no sense are refused by name; those that do hold for as long as they should.
@Suite struct OptionTests {
    @Test("limits of zero, below it, without end or of no number are refused, and the error names them")
    func limits() throws {
        let bad: [(String, (inout MemoerLimits) -> Void)] = [
            ("memoBytes", { $0.memoBytes = .max }), ("memoBytes", { $0.memoBytes = 0 }), ("open", { $0.open = -1 }),
            ("acks", { $0.acks = 0 }), ("peers", { $0.peers = .max }), ("idleAge", { $0.idleAge = .nan }),
            ("orphanAge", { $0.orphanAge = 0 }), ("wholeAge", { $0.wholeAge = .infinity }),
            ("spareBytes", { $0.spareBytes = -1 }), ("destinations", { $0.destinations = .min }),
        ]
        for (name, change) in bad {
            var found: String?
            do {
                _ = try Memoer(kind: .plain, limits: LimitTests.limits(change), random: SplitMix64(seed: 1))
            } catch .badLimit(let name, _) {
                found = name
            }
            #expect(found == name)
        }
        try MemoerLimits().check()
        // The largest that is allowed is usable.
        let large = LimitTests.limits {
            $0.memoBytes = 1 << 40
            $0.bytes = 1 << 40
            $0.bytesPerPeer = 1 << 40
        }
        var memoer = try Memoer(kind: .plain, limits: large, random: SplitMix64(seed: 1))
        memoer.feed(try ReceiveTests.grams(ReceiveTests.bytes(600), 1))
        #expect(memoer.received().count == 1)
    }

    @Test("options that make no sense are refused by setSure, and by the first memo where they are the defaults")
    func options() throws {
        let bad: [(String, (inout SureOptions) -> Void)] = [
            ("control.rate", { $0.control = .rate(bytesPerSecond: 0) }), ("ceiling", { $0.ceiling = -5 }),
            ("control.none", { $0.control = .none(window: 1 << 20) }), ("tries", { $0.tries = -1 }),
            ("deadline", { $0.deadline = .nan }), ("deadline", { $0.deadline = 0 }), ("patience", { $0.patience = 0 }),
            ("patience", { $0.patience = .infinity }), ("probes", { $0.probes = .min }),
        ]
        for (name, change) in bad {
            var options = SureOptions()
            change(&options)
            var memoer = try Memoer(kind: .sure, random: SplitMix64(seed: 1))
            var found: [String] = []
            do { try memoer.setSure(options, for: .blu) } catch .badOption(let name, _) { found.append(name) }
            memoer.sureDefaults = options
            do { try memoer.memoit([1], to: .grn) } catch .badOption(let name, _) { found.append(name) }
            #expect(found == [name, name])
            #expect(memoer.sureStatistics.unfinished == 0)
        }
    }

    @Test("what was said of a destination holds after 10,000 others; of more than the limit none is taken")
    func kept() throws {
        var red = try Memoer(
            kind: .sure, limits: LimitTests.limits { $0.destinations = 20 }, random: SplitMix64(seed: 1))
        var options = SureOptions()
        options.mode = .off
        try red.setSure(options, for: .blu)
        for number in 0..<10_000 as Range<UInt64> {
            let mid = try red.memoit([1], to: .host(1000 + number))
            _ = red.drain(at: Tyme(number))
            red.feed(SureWorld.ack(mid, 0), from: .host(1000 + number), at: Tyme(number))
            _ = red.outcomes()
        }
        #expect(red.sureOptions(for: .blu).mode == .off)
        for number in 0..<19 as Range<UInt64> { try red.setSure(options, for: .host(number + 50)) }
        var error: MemoError?
        do { try red.setSure(options, for: .host(99)) } catch let thrown { error = thrown }
        #expect(error == .tooManyDestinations(limit: 20))
    }

    @Test("a vid whose key changes in the keep signs with the new one at once, and what waits keeps its own")
    func rotation() throws {
        final class Keeping: Keep {
            var keys: KeyPair
            init(_ keys: KeyPair) { self.keys = keys }
            func keys(of vid: Vid) -> KeyPair? { keys }
        }
        let keep = Keeping(try SureWorld.keys(of: .red))
        let vid = try Vid(raw: [UInt8](repeating: 7, count: 32), code: "D")
        for kind in [MemoKind.signed, .sureSigned] {
            keep.keys = try SureWorld.keys(of: .red)
            var red = try Memoer(
                kind: kind, vid: vid, keep: keep, signer: TestSigner(), random: SplitMix64(seed: 1))
            try red.memoit("old", to: .blu)
            keep.keys = try SureWorld.keys(of: .grn)
            try red.memoit("new", to: .blu)
            let grams = red.drain(at: 0).map(\.gram)
            var verified: [[String]] = []
            for signer in [Address.red, .grn] {
                let theirs = Keeping(try SureWorld.keys(of: signer))
                var blu = try Memoer(keep: theirs, signer: TestSigner(), random: SplitMix64(seed: 2))
                blu.feed(grams, from: .red)
                verified.append(blu.received().map { String(decoding: $0.bytes, as: UTF8.self) })
            }
            #expect(verified == [["old"], ["new"]])
        }
    }

    @Test("what waits to be sent is bounded in all, plain and sure memos together")
    func together() throws {
        var red = try Memoer(
            kind: .plain,
            limits: LimitTests.limits {
                $0.queuedMemos = 10
                $0.queuedBytes = 100
            }, random: SplitMix64(seed: 1))
        for index in 0..<10 { try red.memoit([1], to: .blu, kind: index % 2 == 0 ? .plain : .sure) }
        for kind in [MemoKind.plain, .sure] {
            var error: MemoError?
            do { try red.memoit([1], to: .blu, kind: kind) } catch let thrown { error = thrown }
            #expect(error == .queueFull(memos: 10, limit: 10))
        }
    }

    @Test("events that are polled one for each memo take no more room, however many there have been")
    func events() throws {
        var red = try Memoer(kind: .plain, random: SplitMix64(seed: 1))
        red.reportsSent = true
        for _ in 0..<100 { try red.memoit([1], to: .blu) }
        for _ in 0..<20_000 {
            _ = red.drain(at: 0)
            try red.memoit([1], to: .blu)
            #expect(red.pollEvent() != nil)
        }
        #expect(red.statistics.lostEvents == 0)
    }

    @Test("a peer that may be a plain one gets all grams of a memo once, whatever the window, before it is given up")
    func bestEffort() throws {
        for (control, window) in [(SureControl.newReno, 10), (.none(window: 7), 7)] {
            var options = SureOptions()
            (options.mode, options.control) = (.bestEffort, control)
            var road = try SureRoad.pair(options: options)
            road.memoers[1].ackPolicy = .never
            let mid = try road.send(MemoerTests.bytes(100 * 1208 - 500, seed: 1))
            road.run(until: 100)
            #expect(road.accounts[mid]?.outcome?.result == .neverHeard && road.accounts[mid]?.arrivals == 1)
            // A window a second, and three tries of the first gram.
            #expect(road.tyme <= Tyme(100 / window + 8) && road.wrong == [])
        }
    }

    @Test("who repeats a gram from elsewhere without its key gets no answer; the sender does, there too")
    func replyAddress() throws {
        var blu = try SureWorld.memoer(.blu)
        let grams = try rend(
            SureWorld.signedBody(3), mid: Mid(high: 7, low: 1), kind: .sureSigned, size: 300,
            as: SureWorld.vid(of: .red), keys: SureWorld.keys(of: .red), signer: TestSigner())
        blu.feed(grams[0], from: .red, at: 0)
        #expect(blu.addressedLog(at: 0).map { $0.prefix(6) } == ["to red"])
        // The same bytes with another signature behind them: nobody's.
        var forged = grams[0]
        forged[forged.count - 3] ^= 1
        blu.feed(forged, from: .grn, at: 1)
        #expect(blu.addressedLog(at: 1) == [])
        blu.feed(grams[1], from: .red, at: 2)
        _ = blu.drain(at: 2)
        // The sender has moved, and repeats what is held already.
        blu.feed(grams[0], from: .host(9), at: 3)
        #expect(blu.drain(at: 3).map(\.to) == [.host(9)])
    }

    @Test("a claim of many grams reserves no more than four times what has come")
    func reserve() throws {
        var blu = try Memoer(kind: .plain, random: SplitMix64(seed: 1))
        let gram = try rend(MemoerTests.bytes(1000 * 64, seed: 1), mid: Mid(high: 7, low: 1), size: 33 + 63)[0]
        blu.feed(gram, from: .red)
        #expect(blu.largestReserve <= 5 * 64)
    }
}
