import Doing
import Testing
import Wiring

@testable import LTP

@Suite("An engine: blocks both ways")
struct EngineTests {
    @Test("a small red block is one segment, one report and one acknowledgement, and both are told after a round trip")
    func small() throws {
        let world = try World()
        let block = pattern(1200)
        let session = try world.send(block)
        world.run()
        #expect(world.types(1, 2) == [3, 9] && world.types(2, 1) == [8])
        #expect(world.reds(2) == [LTPRed(session: session, client: 1, bytes: block, endsBlock: true)])
        #expect(world.ends(1) == ["complete"] && world.tyme == 0.75)
        // Started and sent; started there, and whole; complete.
        #expect(world.told.map(\.tyme) == [0, 0, 0.25, 0.25, 0.5])
        #expect(world.events(2).count { if case .importStarted(session, client: 1) = $0 { true } else { false } } == 1)
        #expect(world.isQuiet)
    }

    @Test("a block of 5000 bytes of which 3000 are red is cut as ION cuts it, and every byte arrives")
    func mixed() throws {
        let world = try World { $0.mtu = 1400 }
        let block = pattern(5000)
        world.engines[0].nextNumber = 6
        try world.send(block, red: 3000)
        world.run(until: 0.6)
        let pieces = world.pieces(1)
        #expect(pieces.map(\.type) == [0, 0, 2, 4, 7])
        #expect(pieces.map(\.offset) == [0, 1392, 2783, 3000, 4391])
        #expect(pieces.map(\.data.count) == [1392, 1391, 217, 1391, 609])
        #expect(world.reds(2).map(\.bytes) == [Array(block[..<3000])] && world.reds(2).map(\.endsBlock) == [false])
        #expect(world.greens(2).flatMap(\.bytes) == Array(block[3000...]))
        #expect(world.greens(2).map(\.endsBlock) == [false, true])
        #expect(world.ends(1) == ["complete"])
        world.run()
        #expect(world.isQuiet)
    }

    @Test("a green block is complete for its sender once its end has left, and leaves nothing behind")
    func green() throws {
        let world = try World { $0.mtu = 500 }
        let block = pattern(1700)
        try world.send(block, red: 0)
        world.run()
        #expect(world.types(1, 2) == [4, 4, 4, 7] && world.types(2, 1) == [])
        #expect(world.greens(2).flatMap(\.bytes) == block && world.ends(1) == ["complete"])
        #expect(world.isQuiet)
    }

    @Test("lost segments are sent again exactly in the gaps, the last of them as a checkpoint that cites the report")
    func gaps() throws {
        let world = try World { $0.mtu = 1400 }
        world.rule = { $0.segment.type == 0 && [2, 6, 7].contains($0.number) ? .drop : .deliver }
        let block = pattern(100_000)
        try world.send(block)
        world.run()
        #expect(world.reds(2).map(\.bytes) == [block] && world.ends(1) == ["complete"])
        let lost = world.log.filter { $0.fate == "drop" }.compactMap { one -> LTPSegment.Piece? in
            if case .data(let piece) = one.flight.segment.content { piece } else { nil }
        }
        let reports = world.reports(2)
        #expect(reports.count == 2 && reports[0].claims.count == 3 && reports[1].serial == reports[0].serial + 1)
        let again = world.pieces(1).drop { $0.type != 3 }.dropFirst()
        #expect(again.map(\.type).dropLast().allSatisfy { $0 == 0 } && again.last?.type == 1)
        #expect(again.last?.report == reports[0].serial)
        var refilled = ByteSpans()
        for piece in again {
            #expect(refilled.insert(piece.offset, piece.offset + UInt64(piece.data.count)) == UInt64(piece.data.count))
        }
        var expected = ByteSpans()
        for piece in lost { expected.insert(piece.offset, piece.offset + UInt64(piece.data.count)) }
        #expect(refilled == expected)
        // Secondary bounds: the lower of the report that is cited, the end of the checkpoint.
        #expect(reports[1].lower == 0 && reports[1].upper == expected.end && reports[1].claims.count == 1)
        #expect(world.isQuiet)
    }

    @Test("twenty blocks at once, both ways and of all colours, arrive whole")
    func twenty() throws {
        let world = try World { $0.mtu = 600 }
        var sent: [LTPSession: [UInt8]] = [:]
        for number in 0..<20 {
            for end in 0..<2 {
                let block = pattern(500 + number * 777, number * 2 + end)
                let red = number % 3 == 0 ? block.count / 2 : block.count
                let session = try world.send(block, from: end + 1, to: 2 - end, red: red)
                sent[session] = Array(block[..<red])
            }
        }
        world.run()
        for end in 1...2 {
            #expect(world.ends(end) == Array(repeating: "complete", count: 20))
            #expect(world.reds(end).count == 20)
            for red in world.reds(end) { #expect(sent[red.session] == red.bytes) }
        }
        #expect(world.isQuiet)
    }

    @Test("a block to a client service that nobody has opened is cancelled by its receiver")
    func unreachable() throws {
        let world = try World()
        try world.send(pattern(100), client: 9)
        world.run()
        #expect(world.ends(1) == ["canceled unreachable by peer"])
        #expect(world.types(2, 1) == [14] && world.types(1, 2) == [3, 15])
        #expect(world.cancels(2) == ["unreachable by us"] && world.isQuiet)
    }

    @Test("a block that its sender cancels ends at both ends with the same word")
    func cancel() throws {
        let world = try World { $0.rate = 1000 }
        let session = try world.send(pattern(200_000))
        world.run(until: 10)
        #expect(world.cancel(session, by: 1))
        #expect(!world.cancel(session, by: 1))
        world.run()
        #expect(world.ends(1) == ["canceled user by us"] && world.cancels(2) == ["user by peer"])
        #expect(world.isQuiet && world.reds(2).isEmpty)
    }

    @Test("a block that its receiver cancels ends at both ends with the same word")
    func receiverCancels() throws {
        let world = try World { $0.rate = 1000 }
        let session = try world.send(pattern(200_000))
        world.run(until: 10)
        #expect(world.cancel(session, by: 2))
        world.run()
        #expect(world.ends(1) == ["canceled user by peer"] && world.cancels(2) == ["user by us"])
        #expect(world.isQuiet)
    }

    @Test("a peer that never answers is given up after as many repeats as were allowed, at the tyme that they take")
    func silence() throws {
        let world = try World {
            $0.retries = 3
            $0.margin = 0.25
        }
        world.rule = { _ in .drop }
        try world.send(pattern(100))
        world.run()
        // A timer of 1 s: checkpoints at 0, 1, 2 and 3, then cancellations at 4, 5, 6 and 7, and 8 is the end.
        #expect(world.types(1, 2) == [3, 3, 3, 3, 12, 12, 12, 12])
        #expect(world.log.map(\.flight.tyme) == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(world.ends(1) == ["canceled retransmission limit by us"] && world.tyme == 8)
        #expect(world.isQuiet)
    }

    @Test("a lost report comes again, by its timer or since the checkpoint is repeated, and nothing is told twice")
    func lostReports() throws {
        for lost in 0..<5 {
            let world = try World()
            world.rule = { $0.segment.type == 8 && $0.number < lost ? .drop : .deliver }
            try world.send(pattern(100))
            world.run()
            #expect(world.ends(1) == ["complete"] && world.reds(2).count == 1)
            #expect(Set(world.reports(2).map(\.serial)).count == 1)
            #expect(world.isQuiet)
        }
    }

    @Test("checkpoints in every few segments split the reports, whose bounds adjoin")
    func discretionary() throws {
        let world = try World {
            $0.mtu = 1400
            $0.checkpointEvery = 10
        }
        world.rule = { $0.segment.type == 0 && $0.number % 7 == 3 ? .drop : .deliver }
        let block = pattern(70_000)
        try world.send(block)
        world.run()
        #expect(world.reds(2).map(\.bytes) == [block] && world.ends(1) == ["complete"])
        let first = world.pieces(1).filter { $0.checkpoint > 0 && $0.report == 0 }
        #expect(first.map(\.type) == [1, 1, 1, 1, 1, 3])
        let serials = world.pieces(1).map(\.checkpoint).filter { $0 > 0 }
        #expect(Array(Set(serials)).sorted() == Array(serials.min()!...serials.max()!))
        // Those without gaps need not wait.
        let primary = world.reports(2).filter { report in first.contains { $0.checkpoint == report.checkpoint } }
            .sorted { $0.lower < $1.lower }
        #expect(primary.count == 6)
        for (a, b) in zip(primary, primary.dropFirst()) { #expect(a.upper == b.lower) }
        #expect(world.isQuiet)
    }

    @Test("the rate is kept over any second, and what is due leaves at the tick that it is due at")
    func rate() throws {
        let world = try World {
            $0.rate = 100_000
            $0.burst = 5000
        }
        try world.send(pattern(500_000))
        world.run()
        let times = world.log.filter { $0.flight.from == 1 && $0.flight.segment.type < 4 }
        for second in stride(from: 0.0, to: 5, by: 0.5) {
            let bytes = times.filter { $0.flight.tyme >= second && $0.flight.tyme < second + 1 }
                .reduce(0) { $0 + $1.flight.segment.bytes.count }
            #expect(bytes <= 100_000 + 5000 + 1400)
            if second < 3.5 { #expect(bytes >= 98_000) }
        }
        #expect(world.ends(1) == ["complete"] && world.tyme < 6)
    }

    @Test("values that cannot be used are refused by name")
    func refusals() throws {
        let world = try World()
        #expect(throws: LTPError.unknownEngine(9)) { try world.send([1], to: 9) }
        #expect(throws: LTPError.badValue(name: "block", value: "empty", allowed: "at least one byte")) {
            try world.send([])
        }
        #expect(throws: LTPError.self) { try world.send([1], red: 2) }
        #expect(throws: LTPError.alreadyOpen(client: 1)) { try world.open(client: 1, at: 1) }
        var peer = LTPPeer(engine: 3, address: World.address(3))
        peer.mtu = 10
        #expect(throws: LTPError.badValue(name: "mtu", value: "10", allowed: "32 to 65507")) {
            try world.add(peer, to: 1)
        }
        peer.mtu = 32
        try world.add(peer, to: 1)
        #expect(throws: LTPError.tooLarge(bytes: 33, limit: 32)) {
            try world.send(pattern(100_000), to: 3, client: 1 << 60)
        }
    }

    @Test("blocks that are joined on request leave as one when there are enough, or when their time is over")
    func joined() throws {
        let world = try World()
        let joining = LTPJoining(bytes: 1000, seconds: 2)
        func send(_ block: [UInt8], client: UInt64 = 1) throws -> LTPSession {
            try world.engines[0].send(block, to: 2, client: client, joining: joining)
        }
        let parts = (0..<3).map { pattern(400, $0) }
        let sessions = try parts.map { try send($0) }
        // Three make 1200 bytes: they leave at once, and a block that is sent as usual does not wait for others.
        let early = try send(pattern(50, 7))
        let plain = try world.send(pattern(60, 8))
        world.run(until: 1.9)
        #expect(Set(sessions) == [sessions[0]] && early != sessions[0] && plain != early)
        #expect(world.reds(2).map(\.bytes) == [parts.flatMap { $0 }, pattern(60, 8)])
        #expect(world.engines[0].openRows.map(\.state) == [.waiting])
        #expect(try send(pattern(20, 9)) == early)
        world.run()
        #expect(world.reds(2).last?.bytes == pattern(50, 7) + pattern(20, 9))
        #expect(world.told.last { if case .exportStarted = $0.event { true } else { false } }?.tyme == 2)
        #expect(world.ends(1).count == 3 && world.isQuiet && world.engines[0].joints.isEmpty)
    }

    @Test("a joined block can be cancelled while it waits, and what cannot be joined is refused by name")
    func joinedEnds() throws {
        let world = try World()
        let one = try world.engines[0].send([1], to: 2, client: 1, joining: LTPJoining())
        #expect(world.cancel(one, by: 1))
        let two = try world.engines[0].send([2], to: 2, client: 1, joining: LTPJoining(bytes: 1))
        #expect(one != two)
        #expect(throws: LTPError.badValue(name: "red", value: "1", allowed: "all, if it is joined")) {
            try world.engines[0].send([1, 2], to: 2, client: 1, red: 1, joining: LTPJoining())
        }
        #expect(throws: LTPError.self) {
            try world.engines[0].send([1], to: 2, client: 1, joining: LTPJoining(bytes: 0))
        }
        world.run()
        #expect(world.ends(1) == ["canceled user by us", "complete"] && world.reds(2).map(\.bytes) == [[2]])
        #expect(world.isQuiet && world.engines[0].joints.isEmpty)
    }
}
