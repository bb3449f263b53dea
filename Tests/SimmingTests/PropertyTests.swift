import Charting
import Doing
import Testing
import Wiring

@testable import Simming

@Suite("Whatever goes wrong: one seed is one run, and every datagram is accounted for")
struct PropertyTests {
    static let names = ["red", "blu", "grn"]

    /// Sends to everybody, now and then, trains of all kinds; reads when it is woken.
    final class Chatter: Doer {
        let peer: SimPeer
        var random: Xoshiro256
        let others: [Address]
        var received: [UInt64: Int] = [:]

        init(_ host: SimHost, others: [Address]) {
            peer = host.peer(port: 1, buffer: 4000)
            random = host.random.fork()
            self.others = others
            super.init()
        }

        override func enter(_ tyme: Tyme) throws { try peer.open(for: self) }

        override func recur(_ tyme: Tyme) throws -> Recurrence {
            while let (train, bytes) = try receiveTrain(peer, at: tyme) {
                #expect(train.count(of: bytes.count) <= 64)
            }
            if random.below(3) == 0 {
                let segment = 1 + random.below(300)
                let bytes = (0..<random.below(900)).map { UInt8(truncatingIfNeeded: $0) }
                let train = Train(peer: others[random.below(others.count)], segment: segment)
                _ = try peer.send(bytes.span.bytes, train, at: tyme)
            }
            return random.below(2) == 0 ? .again : .park(until: tyme + Double(random.below(20)) / 1000)
        }

        override func exit(_ tyme: Tyme) throws { peer.close() }
    }

    struct Result {
        var hash: EventHash
        var statistics: SimStatistics
        var first: [TraceEvent]
    }

    /// A run of three hosts that all talk to each other while a random plan is carried out.
    func run(_ seed: UInt64, skips: Bool = true, isTraced: Bool = true) throws -> Result {
        var dice = SplitMix64(seed: seed)
        var link = SimLink(delay: Double(dice.below(20)) / 1000, jitter: Double(dice.below(20)) / 1000, loss: 0.05)
        if dice.below(2) == 0 { link.rate = 200_000 }
        if dice.below(2) == 0 { link.duplicate = 0.1 }
        if dice.below(4) == 0 { link.mtu = 200 }
        let trace = isTraced ? Trace() : nil
        let net = SimNet(seed: seed, link: link, trace: trace)
        net.plan = .random(seed: seed, hosts: Self.names, until: 0.4, most: 8, crashes: true)
        let addresses = (1...3).map { Address.host($0, port: 1) } + [.host(2, port: 9), .host(7, port: 1)]
        let hosts = Self.names.map { net.host($0).boot { [Chatter($0, others: addresses)] } }
        let auditor = doify { tyme in
            let counts = net.statistics
            #expect(counts.sent + counts.copies == counts.delivered + counts.dropped + counts.inFlight + counts.waiting)
            #expect(counts.inFlight + counts.waiting == net.raw.pointee.flights.count)
            return .again
        }
        let ender = doify { $0 >= 0.6 ? .done : .park(until: 0.6) }
        let doist = try Doist(
            tock: 0.001, limit: 0.6, skipsIdle: skips, doers: [net] + hosts + (skips ? [] : [auditor]) + [ender])
        try doist.run()
        let first = trace.map { trace in (0..<min(trace.count, 50)).map(trace.event) } ?? []
        return Result(hash: trace?.hash ?? EventHash(), statistics: net.statistics, first: first)
    }

    @Test("the counts agree at every tick, for 80 seeds, and twice the same seed is twice the same trace")
    func seeds() throws {
        var hashes: Set<EventHash> = []
        for seed in 0..<80 as Range<UInt64> {
            let first = try run(seed)
            let second = try run(seed, skips: false)
            #expect(first.hash == second.hash, "seed \(seed): \(first.first) against \(second.first)")
            #expect(first.statistics == second.statistics)
            #expect(first.statistics.sent > 30)
            hashes.insert(first.hash)
        }
        #expect(hashes.count == 80)
    }

    @Test("what is not traced goes the short way and comes out the same")
    func untraced() throws {
        for seed in 1000..<1030 as Range<UInt64> {
            #expect(try run(seed).statistics == run(seed, isTraced: false).statistics, "seed \(seed)")
        }
    }

    @Test("hosts that have nothing to do with a way do not move its draws")
    func strangers() throws {
        func fates(_ strangers: Int) throws -> [TraceEvent] {
            let trace = Trace()
            var link = SimLink(delay: 0.01, jitter: 0.02, loss: 0.2)
            link.duplicate = 0.2
            let net = SimNet(seed: 6, link: link, trace: trace)
            net.plan = try FaultPlan(parsing: "reorder 0.3 0.01 red>blu; burst 0.05 0.3 1")
            let others = (0..<strangers).map { net.host("x\($0)") }
            let (red, blu) = (net.host("red"), net.host("blu"))
            let talk = { (host: SimHost, to: SimHost) in
                Talker(
                    host.peer(port: 1),
                    (0..<200).map { (Double($0) / 1000, .host(UInt64(to.number), port: 1), [UInt8($0)]) })
            }
            let doers = others.map { talk($0, blu) } + [talk(red, blu), talk(blu, red)]
            try Doist(tock: 0.001, limit: 1, doers: [net] + doers).run()
            return (0..<trace.count).map(trace.event).filter {
                $0.kind == .sent && $0.local.lo > UInt64(strangers) && $0.peer.lo > UInt64(strangers)
            }
        }
        let alone = try fates(0)
        let crowded = try fates(5)
        #expect(alone.count > 400 && alone.count == crowded.count)
        #expect(alone.map(\.fate) == crowded.map(\.fate))
        #expect(alone.map(\.due) == crowded.map(\.due) && alone.map(\.marks) == crowded.map(\.marks))
    }

    @Test("the heap gives back by due and then by order, whatever goes in, and the arena's blocks never overlap")
    func heap() {
        var random = SplitMix64(seed: 2)
        var flights = Flights(limit: 1 << 24)
        defer { flights.free() }
        var model: [(due: Int64, order: Int, slot: Int32, bytes: [UInt8])] = []
        for order in 0..<4000 {
            if random.below(5) < 3 || model.isEmpty {
                let bytes = [UInt8](
                    repeating: UInt8(order & 255), count: random.below(random.below(2) == 0 ? 3000 : 70))
                let slot = bytes.withUnsafeBytes { flights.add($0, way: 0, from: 0, to: 0, number: 0) }
                let due = Int64(random.below(200))
                flights.launch(slot, due: due)
                model.append((due, order, slot, bytes))
            } else {
                let least = model.indices.min { (model[$0].due, model[$0].order) < (model[$1].due, model[$1].order) }!
                let expected = model.remove(at: least)
                #expect(flights.heap.firstDue == expected.due)
                let entry = flights.heap.popFirst()
                #expect(entry.slot == expected.slot && entry.due == expected.due)
                let flight = flights[entry.slot].pointee
                #expect(
                    Array(UnsafeRawBufferPointer(start: flight.bytes, count: Int(flight.count))) == expected.bytes)
                flights.remove(entry.slot)
            }
        }
        #expect(flights.count == model.count && flights.heap.count == model.count)
    }
}
