import Doing
import Testing
import Wiring

@testable import Memoing

/// What is told of destinations: how they do, that there is room again, that they are silent.
@Suite struct MemoPeerTests {
    @Test("a peer as it is seen: round trip, loss, window, what waits, its class")
    func snapshot() throws {
        var road = try SureRoad.pair(seed: 3, delay: 0.04, loss: 0.2)
        #expect(road.memoers[0].peer(at: .blu) == nil)
        for step in 0..<200 {
            road.run(until: Double(step) * 0.1, stopsWhenOver: false)
            try road.send([1, 2, 3])
        }
        let peer = try #require(road.memoers[0].peer(at: SureRoad.address(1)))
        #expect(peer.isHeard && !peer.isSilent && peer.standing == .proven)
        #expect(abs((peer.roundTrip ?? 0) - 0.08) < 0.01 && (peer.variation ?? 1) < 0.02)
        // Lost is what lost either way: 1 - 0.8 * 0.8 = 0.36.
        #expect((0.15...0.55).contains(peer.loss), "\(peer.loss)")
        #expect(peer.queuedMemos == road.memoers[0].sureStatistics.unfinished && peer.window >= 2)
        #expect(peer.inFlight == road.memoers[0].sureStatistics.inFlight)
        var red = Memoer(random: SplitMix64(seed: 1))
        try red.memoit([1, 2], to: .blu)
        let plain = red.peer(at: .blu)
        #expect(plain?.queuedMemos == 1 && plain?.queuedBytes == 2 && plain?.roundTrip == nil)
        #expect(plain?.standing == .stranger && plain?.isHeard == false)
    }

    @Test("what its receivers have heard tells the loss of the way there from that of the way back")
    func lossThere() throws {
        for (there, back) in [(0.2, 0.0), (0.0, 0.2)] {
            var road = try SureRoad.pair(seed: 3, delay: 0.02)
            road.way(0, 1).loss = there
            road.way(1, 0).loss = back
            for step in 0..<100 {
                road.run(until: Double(step) * 0.1, stopsWhenOver: false)
                try road.send(MemoerTests.bytes(12_000, seed: UInt64(step)))
            }
            road.run(until: 60)
            let found = try #require(road.memoers[0].peer(at: SureRoad.address(1))?.lossThere)
            #expect(abs(found - there) < 0.06, "\(found) of \(there)")
        }
    }

    @Test("a queue that was full is told of once it is half empty, of each destination once; nobody else is told")
    func room() throws {
        var limits = MemoerLimits()
        limits.queuedMemosPerPeer = 8
        for kind in [MemoKind.plain, .sure] {
            var red = try SureWorld.memoer(.red, limits: limits, options: SureWorld.options(window: 100))
            for index in 0..<8 as Range<UInt8> { try red.memoit([index], to: .blu, kind: kind) }
            for _ in 0..<5 {
                #expect(throws: MemoError.queueFull(memos: 8, limit: 8)) { try red.memoit([9], to: .blu, kind: kind) }
            }
            try red.memoit([1], to: .grn, kind: kind)
            #expect(!red.hasEvents && red.pollEvent() == nil)
            let grams = red.out(at: 0)
            if kind == .sure {
                // Three acknowledged leave five, which is more than half; a fourth does not.
                for (index, gram) in grams.prefix(4).enumerated() {
                    let before = red.events()
                    #expect(!before.contains(.room(to: .blu)), "\(index)")
                    red.feed(SureWorld.ack(try mid(of: gram), 0), from: .blu, at: 0.1)
                }
            }
            #expect(red.hasEvents)
            #expect(red.events().filter { if case .room = $0 { true } else { false } } == [.room(to: .blu)])
            #expect(!red.hasEvents && red.pollEvent() == nil)
        }
    }

    @Test("where the queue of all was full the word is of all")
    func roomForAll() throws {
        var limits = MemoerLimits()
        limits.queuedBytes = 1000
        var red = try SureWorld.memoer(.red, limits: limits, options: SureWorld.options(window: 100))
        try red.memoit([UInt8](repeating: 0, count: 600), to: .blu, kind: .plain)
        #expect(throws: MemoError.queueBytesFull(bytes: 1200, limit: 1000)) {
            try red.memoit([UInt8](repeating: 0, count: 600), to: .grn)
        }
        #expect(red.pollEvent() == nil)
        _ = red.out(at: 0)
        #expect(red.events() == [.room(to: nil)])
    }

    @Test("a destination that never answers is silent after three timers; one that did, after more than loss explains")
    func silence() throws {
        var pair = SurePair(red: try SureWorld.memoer(.red), blu: try SureWorld.memoer(.blu))
        var heard: [(Tyme, MemoerEvent)] = []
        func note(_ pair: inout SurePair) {
            for event in pair.red.events() {
                switch event {
                case .silent, .answers: heard.append((pair.tyme, event))
                case .memo, .sent, .failed, .outcome, .room: break
                }
            }
        }
        // Silent from the start: timers at 1, 3 and 6 s. The clock of this world then stands at the next one.
        pair.loses = { _, _ in true }
        try pair.red.memoit("one", to: .blu)
        while pair.tyme < 20, heard.isEmpty {
            pair.run(limit: pair.tyme + 0.25)
            note(&pair)
        }
        #expect(heard.count == 1 && heard[0].1 == .silent(.blu) && (5...9.1).contains(heard[0].0), "\(heard)")
        #expect(pair.red.peer(at: .blu)?.isSilent == true)
        // It answers: told once.
        pair.loses = { _, _ in false }
        pair.run(limit: pair.tyme + 10)
        note(&pair)
        #expect(heard.map(\.1) == [.silent(.blu), .answers(.blu)])
        #expect(pair.red.peer(at: .blu)?.isSilent == false)
        // It goes on to be heard for a while, then is gone: within a second and some, not at the first timer.
        for _ in 0..<60 {
            try pair.red.memoit("x", to: .blu)
            pair.run(limit: pair.tyme + 1)
        }
        note(&pair)
        #expect(heard.count == 2)
        pair.loses = { _, _ in true }
        let gone = pair.tyme
        try pair.red.memoit("two", to: .blu)
        while pair.tyme < gone + 20, heard.count == 2 {
            pair.run(limit: pair.tyme + 0.25)
            note(&pair)
        }
        #expect(heard.last?.1 == .silent(.blu) && (1...4).contains((heard.last?.0 ?? 0) - gone))
    }

    @Test("loss of a half is no silence", arguments: 1...5 as ClosedRange<UInt64>)
    func noSilence(seed: UInt64) throws {
        var road = try SureRoad.pair(seed: seed, delay: 0.05, loss: 0.5)
        road.memoers[0].tellsMemos = false
        try road.run(300, gap: 0.5, limit: 2000) { MemoerTests.bytes(1000, seed: UInt64($0)) }
        #expect(road.silences <= 1, "\(road.silences)")
    }
}
