import Doing
import Testing
import Wiring

@testable import LTP

@Suite("What others may send: forged, replayed, flooded, or nothing sensible")
struct HostileTests {
    private func forged(_ session: LTPSession, _ content: LTPSegment.Content) -> LTPSegment {
        LTPSegment(session, content)
    }

    private func red(_ session: LTPSession, _ offset: UInt64, _ data: [UInt8], type: UInt8 = 0, checkpoint: UInt64 = 0)
        -> LTPSegment
    {
        LTPSegment(
            session,
            .data(LTPSegment.Piece(type: type, client: 1, offset: offset, data: data, checkpoint: checkpoint)))
    }

    @Test("reports, cancels and data from a third host are counted, and change nothing")
    func thirdHost() throws {
        let world = try World(3) { $0.mtu = 1400 }
        let block = pattern(20_000)
        let session = try world.send(block)
        world.afterPass = {
            guard world.tyme < 0.7 else { return }
            let all = LTPSegment.Report(
                serial: 7, checkpoint: 0, upper: 20_000, lower: 0, claims: [.init(offset: 0, length: 20_000)])
            world.inject(self.forged(session, .report(all)), to: 1, from: 3, after: 0.05)
            world.inject(self.forged(session, .cancel(by: .receiver, .user)), to: 1, from: 3, after: 0.05)
            world.inject(self.forged(session, .cancel(by: .sender, .user)), to: 2, from: 3, after: 0.05)
            world.inject(self.red(session, 0, pattern(1000, 9)), to: 2, from: 3, after: 0.05)
        }
        world.rule = { $0.segment.type == 0 && $0.number == 3 ? .drop : .deliver }
        world.run()
        #expect(world.reds(2).map(\.bytes) == [block] && world.ends(1) == ["complete"] && world.isQuiet)
        #expect(try world.engines[0].counters(2).wrongHost.count > 5)
        #expect(try world.engines[1].counters(1).wrongHost.count > 5)
        #expect(world.log.allSatisfy { $0.flight.to != 3 })
    }

    @Test("a replay of all that was sent delivers nothing again, and ends quietly")
    func replay() throws {
        let world = try World { $0.mtu = 500 }
        try world.send(pattern(5000), red: 4000)
        world.run()
        let log = world.log
        for one in log { world.inject(one.flight.segment, to: one.flight.to, from: one.flight.from, after: 0.1) }
        world.run(until: world.tyme + 60)
        #expect(world.reds(2).count == 1 && world.ends(1) == ["complete"] && world.isQuiet)
        #expect(try world.engines[1].counters(1).closedSession.count > 5)
    }

    @Test("a restarted peer that uses a session number again is heard, at the price of a round trip")
    func restart() throws {
        let world = try World { $0.mtu = 500 }
        let first = try world.send(pattern(2000))
        world.run()
        world.engines[0] = LTPEngine(engine: 1, random: Xoshiro256(seed: 77))
        var peer = LTPPeer(engine: 2, address: World.address(2))
        peer.mtu = 500
        peer.rate = nil
        try world.add(peer, to: 1)
        world.engines[0].nextNumber = first.number
        #expect(try world.send(pattern(2000, 5)) == first)
        world.run()
        #expect(world.reds(2).map(\.bytes) == [pattern(2000), pattern(2000, 5)])
        #expect(world.ends(1) == ["complete", "complete"])
    }

    @Test("reports that cannot be true are acknowledged and counted, and nothing is sent for them")
    func badReports() throws {
        let world = try World { $0.mtu = 1400 }
        world.rule = { $0.segment.type == 8 ? .drop : .deliver }
        let session = try world.send(pattern(5000))
        world.run(until: 0.1)
        let checkpoint = world.pieces(1).map(\.checkpoint).max()!
        let before = world.pieces(1).count
        func report(_ serial: UInt64, _ checkpoint: UInt64, _ lower: UInt64, _ upper: UInt64, _ claims: [[UInt64]]) {
            let one = LTPSegment.Report(
                serial: serial, checkpoint: checkpoint, upper: upper, lower: lower,
                claims: claims.map { .init(offset: $0[0], length: $0[1]) })
            world.inject(forged(session, .report(one)), to: 1, from: 2)
        }
        report(1, checkpoint + 5, 0, 5000, [[0, 10]])  // a checkpoint that was never sent
        report(2, checkpoint, 0, 9000, [[0, 10]])  // more than was sent: HDTN sends what lies behind its buffer
        report(3, checkpoint, 100, 100, [])
        report(4, checkpoint, 200, 100, [[0, 10]])
        report(5, checkpoint, 0, 5000, [[0, 6000]])
        report(6, checkpoint, 0, 5000, [[0, 0]])
        report(7, checkpoint, 0, 5000, [[100, 100], [50, 10]])
        report(8, checkpoint, 0, .max >> 3, [[0, .max >> 3]])
        world.run(until: 0.2)
        #expect(try world.engines[0].counters(2).badReports.count == 8)
        #expect(world.pieces(1).count == before && world.types(1, 2).filter { $0 == 9 }.count == 8)
        world.rule = { _ in .deliver }
        world.run()
        #expect(world.ends(1) == ["complete"])
    }

    @Test("a flood of true reports brings each gap once: the rest is on its way already")
    func amplification() throws {
        let world = try World { $0.mtu = 1400 }
        world.rule = { $0.to == 2 ? .drop : .deliver }
        let session = try world.send(pattern(50_000))
        world.run(until: 0.01)
        let (checkpoint, sent) = (world.pieces(1).map(\.checkpoint).max()!, world.bytesSent)
        for serial in 1...500 {
            let one = LTPSegment.Report(
                serial: UInt64(serial), checkpoint: serial == 1 ? checkpoint : 0, upper: 50_000, lower: 0,
                claims: [.init(offset: UInt64(serial), length: 1)])
            world.inject(forged(session, .report(one)), to: 1, from: 2)
        }
        world.run(until: 0.02)
        #expect(world.bytesSent - sent < 55_000 + 500 * 20)
    }

    @Test("red and green where the other was, and red beyond its end, cancel the block at both ends")
    func miscolored() throws {
        func outcome(_ segments: [LTPSegment]) throws -> [String] {
            let world = try World()
            for segment in segments { world.inject(segment, to: 2, from: 1) }
            world.run(until: 1)
            return world.cancels(2) + world.reds(2).map { "red \($0.bytes.count)" }
        }
        func green(_ offset: UInt64, _ count: Int, type: UInt8 = 4) -> LTPSegment {
            forged(
                session, .data(LTPSegment.Piece(type: type, client: 1, offset: offset, data: pattern(count))))
        }
        let session = LTPSession(engine: 1, number: 5)
        #expect(try outcome([red(session, 0, pattern(100)), green(50, 10)]) == ["miscolored by us"])
        #expect(try outcome([green(50, 10), red(session, 0, pattern(100))]) == ["miscolored by us"])
        let end = red(session, 100, pattern(10), type: 3, checkpoint: 9)
        #expect(try outcome([end, red(session, 105, pattern(10))]) == ["miscolored by us"])
        #expect(try outcome([end, green(110, 10)]) == [])
        #expect(try outcome([end, red(session, 0, pattern(100)), green(110, 10)]) == ["red 110"])
        // An end that moves is a contradiction, and dropped.
        #expect(try outcome([end, red(session, 90, pattern(10), type: 3, checkpoint: 10)]) == [])
    }

    @Test("more red than a peer may send cancels the block")
    func tooMuch() throws {
        let world = try World { $0.redLimit = 10_000 }
        try world.send(pattern(10_000))
        try world.send(pattern(10_001))
        world.run()
        #expect(world.ends(1).sorted() == ["canceled system by peer", "complete"] && world.isQuiet)
    }

    @Test("a flood of sessions from spoofed sources is bounded, and an honest block among it arrives")
    func flood() throws {
        var limits = LTPLimits()
        limits.closedSessions = 256
        let world = try World(2, limits: limits) {
            $0.imports = 100
            $0.importBytes = 4 << 20
            $0.mtu = 1400
            $0.redLimit = 64 << 20
        }
        world.keepsLog = false
        var random = Draws(1)
        var forgedNumber: UInt64 = 1 << 40
        world.rule = { _ in random.chance(0.05) ? .drop : .deliver }
        world.afterPass = {
            guard world.tyme < 10 else { return }
            for _ in 0..<20 {
                forgedNumber += 1
                let offset = UInt64(random.below(60 << 20))
                let segment = self.red(
                    LTPSession(engine: 1, number: forgedNumber), offset, pattern(100),
                    type: UInt8(random.below(4)), checkpoint: 5)
                // From the peer's own address: nothing else would be looked at.
                world.inject(segment, to: 2, from: 1, after: 0.05)
                world.inject(segment, to: 2, from: 9, after: 0.05)
            }
        }
        let block = pattern(1_000_000)
        try world.send(block)
        var most = (imports: 0, bytes: 0)
        let check = world.afterPass!
        world.afterPass = {
            check()
            most.imports = max(most.imports, world.engines[1].imports.count)
            most.bytes = max(most.bytes, world.engines[1].peers[0].importBytes)
        }
        world.run(until: 40)
        #expect(world.reds(2).contains { $0.bytes == block } && world.ends(1) == ["complete"])
        #expect(most.imports <= 100 && most.bytes <= 4 << 20)
        let counters = try world.engines[1].counters(1)
        #expect(counters.evicted.count > 100 && counters.wrongHost.count > 100)
        world.run()
        #expect(world.isQuiet)
    }

    @Test("a CR per segment, ghost sessions and acknowledgements of what there is not change nothing")
    func noise() throws {
        let world = try World { $0.mtu = 1400 }
        let block = pattern(30_000)
        let session = try world.send(block)
        world.run()
        for _ in 0..<23 { world.inject(forged(session, .cancel(by: .receiver, .retransmissionLimit)), to: 1, from: 2) }
        let ghost = LTPSegment.Report(
            serial: 3, checkpoint: 9, upper: 30_000, lower: 0, claims: [.init(offset: 29_000, length: 1000)])
        world.inject(forged(session, .report(ghost)), to: 1, from: 2)
        world.inject(forged(session, .reportAck(99)), to: 2, from: 1)
        world.inject(forged(session, .cancelAck(of: .sender)), to: 1, from: 2)
        world.inject(forged(session, .cancelAck(of: .receiver)), to: 2, from: 1)
        world.run()
        #expect(world.ends(1) == ["complete"] && world.cancels(2) == [] && world.isQuiet)
        let types = world.types(1, 2)
        // All 23 come at once: one acknowledgement that waits is enough.
        #expect(types.filter { $0 == 15 }.count == 1 && types.last(where: { $0 == 9 }) != nil)
    }

    @Test("segments that mean nothing are counted by kind and answered by nothing")
    func nonsense() throws {
        let world = try World()
        let session = LTPSession(engine: 1, number: 4)
        let datagrams: [[UInt8]] = [
            [], [3], [3, 1], [0x13, 1, 4, 0, 5, 0, 1, 9], [UInt8](repeating: 0, count: 1400),
            LTPSegment(session, .undefined(10)).bytes, LTPSegment(session, .undefined(11)).bytes,
            LTPSegment(session, .data(.init(type: 5, client: 1, offset: 0, data: [1]))).bytes,
            LTPSegment(session, .data(.init(type: 0, client: 1, offset: 0, data: []))).bytes,
            LTPSegment(LTPSession(engine: 99, number: 4), .data(.init(type: 0, client: 1, offset: 0, data: [1]))).bytes,
        ]
        for datagram in datagrams { world.inject(datagram, to: 2, from: World.address(1)) }
        world.run()
        let counters = try world.engines[1].counters(1)
        #expect(world.log.isEmpty && world.told.isEmpty && world.isQuiet)
        #expect(counters.malformed.count == 6 && counters.undefined.count == 3 && counters.wrongHost.count == 1)
    }

    @Test("numbers of 64 bits in sessions and checkpoints are taken and answered")
    func wide() throws {
        let world = try World()
        for number in [UInt64(0), 1 << 33, 1 << 40, .max] {
            let session = LTPSession(engine: 1, number: number)
            world.inject(red(session, 0, [1, 2, 3], type: 3, checkpoint: 1 << 50), to: 2, from: 1)
        }
        world.run(until: 0.3)
        #expect(world.reds(2).count == 4 && world.reports(2).map(\.checkpoint) == Array(repeating: 1 << 50, count: 4))
    }

    @Test("strangers become peers if they may, up to so many, and are answered where they came from")
    func strangers() throws {
        let world = try World(2)
        var like = LTPPeer(engine: 0, address: .none)
        like.rate = nil
        world.engines[1].strangers = .accept(like: like, most: 2)
        for engine in UInt64(50)...53 {
            let session = LTPSession(engine: engine, number: 1)
            world.inject(
                red(session, 0, [1, 2], type: 3, checkpoint: 4).bytes, to: 2, from: .host(engine, port: 9))
        }
        world.run(until: 0.3)
        #expect(world.reds(2).map(\.session.engine) == [50, 51])
        #expect(world.log.map(\.flight.to) == [50, 51])
        #expect(world.engines[1].strangerCounters.wrongHost.count == 2)
    }

    @Test("whatever segments come in whatever order, an engine does not trap, stays in its bounds and comes to rest")
    func fuzz() throws {
        for seed in 0..<40 {
            var random = Draws(UInt64(seed))
            let world = try World(2, delay: 0.01, seed: UInt64(seed)) {
                $0.mtu = 100
                $0.imports = 20
                $0.importBytes = 1 << 20
                $0.redLimit = 200_000
                $0.retries = 2
            }
            world.keepsLog = false
            let own = try (0..<4).map { try world.send(pattern(500, $0), red: 400) }
            world.rule = { _ in random.chance(0.3) ? .drop : .deliver }
            for _ in 0..<400 {
                let session =
                    random.chance(0.5)
                    ? own[random.below(4)]
                    : LTPSession(engine: UInt64(1 + random.below(3)), number: UInt64(random.below(30)))
                func number() -> UInt64 {
                    [UInt64(random.below(5)), UInt64(random.below(600)), .max >> UInt64(random.below(64))][
                        random.below(3)]
                }
                let content: LTPSegment.Content =
                    switch random.below(6) {
                    case 0:
                        .report(
                            .init(
                                serial: number(), checkpoint: number(), upper: number() >> 3, lower: number(),
                                claims: (0..<random.below(4)).map { _ in
                                    .init(offset: number() >> 3, length: number() >> 3)
                                }))
                    case 1: .reportAck(number())
                    case 2:
                        .cancel(
                            by: random.chance(0.5) ? .sender : .receiver, LTPReason(rawValue: UInt8(random.below(256))))
                    case 3: .cancelAck(of: random.chance(0.5) ? .sender : .receiver)
                    default:
                        .data(
                            .init(
                                type: UInt8(random.below(8)), client: UInt64(1 + random.below(2)),
                                offset: number() >> 3, data: pattern(random.below(50)), checkpoint: number(),
                                report: number()))
                    }
                world.inject(
                    LTPSegment(session, content), to: 1 + random.below(2), from: 1 + random.below(2),
                    after: Double(random.below(100)) / 50)
            }
            #expect(world.run() < 200_000, "seed \(seed)")
            #expect(world.isQuiet, "seed \(seed)")
            #expect(world.ends(1).count == 4, "seed \(seed)")
            #expect(
                world.engines.allSatisfy {
                    $0.peers.allSatisfy { $0.importBytes == 0 && $0.imports == 0 && $0.exports == 0 }
                })
        }
    }

    @Test("a segment that is repeated while its acknowledgement still waits brings no second one")
    func oneAckWaits() throws {
        let world = try World {
            $0.rate = 100
            $0.burst = 1
            $0.copies = 3
        }
        let session = LTPSession(engine: 1, number: 77)
        world.onEvent = nil
        for _ in 0..<200 {
            let all = LTPSegment.Report(
                serial: 7, checkpoint: 0, upper: 1000, lower: 0, claims: [.init(offset: 0, length: 1000)])
            world.inject(forged(session, .report(all)), to: 1, from: 2)
            world.inject(forged(session, .cancel(by: .receiver, .user)), to: 1, from: 2)
        }
        world.run()
        // The rate lets one leave at once; the other is asked for once more meanwhile, at most.
        #expect((2...4).contains(world.types(1, 2).count) && world.isQuiet, "\(world.text)")
    }

    @Test("a datagram may hold several segments; one that is not all segments is dropped as a whole")
    func severalSegments() throws {
        let world = try World()
        let one = LTPSession(engine: 1, number: 5)
        let two = LTPSession(engine: 1, number: 6)
        let block = pattern(300)
        let first = red(one, 0, Array(block[..<100])).bytes
        let last = red(one, 100, Array(block[100...]), type: 3, checkpoint: 9).bytes
        let other = red(two, 0, block, type: 3, checkpoint: 12).bytes
        world.inject(first + last + other, to: 2, from: World.address(1))
        world.run(until: 0.1)
        #expect(world.reds(2).map(\.bytes) == [block, block] && world.reports(2).map(\.checkpoint) == [9, 12])
        let three = red(LTPSession(engine: 1, number: 7), 0, block, type: 3, checkpoint: 12).bytes
        world.inject(three + [3, 1], to: 2, from: World.address(1))
        world.run(until: 0.2)
        #expect(world.reds(2).count == 2)
        #expect(try world.engines[1].counters(1).malformed.count == 1)
        // Behind a report stand stray bytes of ION, or more segments.
        for report in world.reports(2) {
            let ack = LTPSegment(report.checkpoint == 9 ? one : two, .reportAck(report.serial)).bytes
            world.inject(ack + ack, to: 2, from: World.address(1))
        }
        world.run()
        #expect(world.engines[1].closedRows.count == 2 && world.isQuiet)
    }
}
