import Doing
import Testing
import Wiring

@testable import LTP

/// The kinds of segments that loss is scripted for.
enum Kind: Int, CaseIterable, CustomTestStringConvertible {
    case plain, checkpoint, endOfRed, report, reportAck, senderCancel, senderCancelAck, receiverCancel
    case receiverCancelAck, green, endOfGreen

    init(_ segment: LTPSegment) {
        let kinds: [Kind] = [
            .plain, .checkpoint, .endOfRed, .endOfRed, .green, .green, .green, .endOfGreen, .report, .reportAck, .plain,
            .plain, .senderCancel, .senderCancelAck, .receiverCancel, .receiverCancelAck,
        ]
        self = kinds[Int(segment.type)]
    }

    var testDescription: String { "\(self)" }
}

extension World {
    /// Drops the first so many segments of each of these kinds.
    func lose(_ first: [Kind: Int]) {
        var seen: [Kind: Int] = [:]
        rule = { flight in
            let kind = Kind(flight.segment)
            seen[kind, default: 0] += 1
            return seen[kind]! <= first[kind, default: 0] ? .drop : .deliver
        }
    }
}

@Suite("Scripted loss: the first k of each kind of segment")
struct LossTests {
    /// A block of twelve segments, of which the last two are green if `isMixed`, with a checkpoint in the middle.
    private func world(_ seed: UInt64) throws -> World {
        try World(seed: seed) {
            $0.mtu = 120
            $0.checkpointEvery = 4
        }
    }

    @Test(
        "all pairs of kinds, the first 0 to 4 of each lost: red arrives whole and once, both ends agree, all is quiet",
        arguments: Kind.allCases)
    func pairs(one: Kind) throws {
        for other in Kind.allCases where other.rawValue >= one.rawValue {
            for k in 0...4 {
                for l in 0...4 {
                    for red in [1200, 1000] { try exchange(Dictionary([(one, k), (other, l)]) { $1 }, red) }
                }
            }
        }
    }

    private func exchange(_ lost: [Kind: Int], _ red: Int) throws {
        let world = try world(UInt64(red))
        world.lose(lost)
        let block = pattern(1200)
        try world.send(block, red: red)
        let passes = world.run(passes: 5000)
        let words = "\(lost), \(red) red\n\(world.text)"
        #expect(passes < 5000, "\(words)")
        #expect(world.ends(1) == ["complete"], "\(words)")
        #expect(world.reds(2).map(\.bytes) == [Array(block[..<red])], "\(words)")
        #expect(world.isQuiet, "\(words)")
        // Green is never sent again.
        let green = world.pieces(1).filter { $0.type >= 4 }
        #expect(Set(green.map(\.offset)).count == green.count, "\(words)")
    }

    @Test("cancellations and their acknowledgements may be lost as often: both ends agree", arguments: [true, false])
    func cancels(bySender: Bool) throws {
        for k in 0...4 {
            for l in 0...4 {
                let world = try World { $0.rate = 500 }
                world.lose(
                    bySender
                        ? [.senderCancel: k, .senderCancelAck: l] : [.receiverCancel: k, .receiverCancelAck: l])
                let session = try world.send(pattern(200_000))
                world.run(until: 3)
                #expect(world.cancel(session, by: bySender ? 1 : 2))
                world.run(passes: 5000)
                #expect(world.ends(1) == ["canceled user by \(bySender ? "us" : "peer")"])
                #expect(world.cancels(2) == ["user by \(bySender ? "peer" : "us")"])
                #expect(world.isQuiet)
            }
        }
    }

    @Test(
        "what is always lost ends with a word, at both ends that know of the session, and leaves nothing",
        arguments: Kind.allCases)
    func always(kind: Kind) throws {
        let world = try world(3)
        world.lose([kind: .max])
        let block = pattern(1200)
        try world.send(block, red: 1000)
        #expect(world.run(passes: 20_000) < 20_000)
        #expect(world.ends(1).count == 1 && world.isQuiet, "\(world.text)")
        // Without plain segments every round still brings its last one.
        let arrives = ![.endOfRed, .checkpoint].contains(kind)
        #expect(world.reds(2).count == (arrives ? 1 : 0), "\(world.text)")
        if !arrives { #expect(world.ends(1) == ["canceled retransmission limit by us"]) }
    }

    @Test("every odd segment is lost, with reports that hold one claim or two")
    func everyOdd() throws {
        for mtu in [48, 60, 100] {
            let world = try World { $0.mtu = mtu }
            var count = 0
            world.rule = { _ in
                count += 1
                return count % 2 == 1 ? .drop : .deliver
            }
            let block = pattern(5000)
            try world.send(block)
            world.run()
            #expect(world.reds(2).map(\.bytes) == [block] && world.ends(1) == ["complete"] && world.isQuiet)
        }
    }

    @Test("one byte a segment: every block arrives under a fifth of loss")
    func oneByte() throws {
        let world = try World(seed: 4) { $0.mtu = 32 }
        var random = Draws(4)
        world.rule = { _ in random.chance(0.2) ? .drop : .deliver }
        // A head of 9 to 30 bytes, of 32.
        let block = pattern(600)
        try world.send(block, client: 1)
        world.run()
        #expect(world.reds(2).map(\.bytes) == [block] && world.ends(1) == ["complete"] && world.isQuiet)
    }

    @Test("at a fifth of loss, with copies and delays, every red block arrives whole and once, and all is quiet after")
    func liveness() throws {
        for seed in 0..<60 {
            var random = Draws(UInt64(seed))
            let world = try World(3, delay: [0, 0.01, 0.25, 5][random.below(4)], seed: UInt64(seed)) {
                $0.mtu = [64, 300, 1400][random.below(3)]
                $0.checkpointEvery = [0, 0, 1, 5][random.below(4)]
                $0.copies = 1 + random.below(2)
                $0.deferral = [0, 0.02][random.below(2)]
                $0.rate = random.chance(0.3) ? 50_000 : nil
            }
            world.limits = TrainLimits(segments: 1 + random.below(64), bytes: 65_472, datagram: 65_507)
            world.keepsLog = false
            let jitter = [0, 0.005, 0.3][random.below(3)]
            world.rule = { _ in
                switch random.below(100) {
                case 0..<20: .drop
                case 20..<25: .twice
                case 25..<50: .delay(jitter * Double(random.below(100)) / 100)
                default: .deliver
                }
            }
            var expected: [LTPSession: [UInt8]] = [:]
            for number in 0..<12 {
                let block = pattern(1 + random.below(6000), number)
                let red = random.below(4) == 0 ? random.below(block.count + 1) : block.count
                let from = 1 + number % 3
                let session = try world.send(block, from: from, to: 1 + (from + number / 3 % 2) % 3, red: red)
                if red > 0 { expected[session] = Array(block[..<red]) }
            }
            #expect(world.run() < 200_000, "seed \(seed)")
            let reds = (1...3).flatMap(world.reds)
            #expect(reds.count == expected.count, "seed \(seed)")
            for red in reds { #expect(expected[red.session] == red.bytes, "seed \(seed)") }
            #expect((1...3).flatMap(world.ends) == Array(repeating: "complete", count: 12), "seed \(seed)")
            #expect(world.isQuiet, "seed \(seed)")
        }
    }

    @Test("a gap that was filled too late for its report is reported before the receiver closes")
    func lateFill() throws {
        let world = try World {
            $0.mtu = 300
            $0.checkpointEvery = 3
            $0.deferral = 0.01
        }
        // The first segment comes 0.1 s late, after the report on the first checkpoint, and the end later still.
        world.rule = {
            if $0.segment.type == 0, $0.number == 0 { return .delay(0.1) }
            return $0.segment.type == 3 && $0.number == 0 ? .delay(0.2) : .deliver
        }
        let block = pattern(1500)
        try world.send(block)
        world.run()
        #expect(world.ends(1) == ["complete"] && world.reds(2).map(\.bytes) == [block] && world.isQuiet)
        #expect(world.tyme < 2)
    }

    @Test("the same seed sends the same bytes")
    func determinism() throws {
        func run() throws -> String {
            let world = try World(seed: 9) { $0.mtu = 200 }
            var random = Draws(9)
            world.rule = { _ in random.chance(0.1) ? .drop : .deliver }
            for number in 0..<5 { try world.send(pattern(3000, number)) }
            world.run()
            return world.text
        }
        #expect(try run() == run())
    }

    @Test("a checkpoint that was lost and overtaken by the next one is asked for no longer, and does not end the block")
    func overtaken() throws {
        let world = try World {
            ($0.mtu, $0.checkpointEvery, $0.rate, $0.burst) = (300, 2, 1000, 300)
            ($0.retries, $0.margin) = (3, 0.25)
        }
        world.rule = { $0.segment.type == 1 && $0.number == 0 ? .drop : .deliver }
        let block = pattern(20_000)
        try world.send(block)
        world.run()
        #expect(world.reds(2).map(\.bytes) == [block] && world.ends(1) == ["complete"] && world.isQuiet)
        // What it carried is sent once more, as a gap, and the checkpoint once before the next one's report is here.
        #expect(world.bytesSent < 26_000, "\(world.bytesSent)")
        #expect(try world.engines[0].counters(2).checkpointsRepeated.count <= 1)
    }
}
