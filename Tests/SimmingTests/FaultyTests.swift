import Doing
import Memoing
import Testing
import Wiring

@testable import Simming

@Suite("Faulty: a bad link in front of any transport")
struct FaultyTests {
    typealias Peer = CoreDoer<Memoer, Faulty<SimPeer>>

    /// Two memo peers over an ideal network, each behind a bad link; the first sends `count` memos at tyme 0.
    func run(
        _ count: Int, link: SimLink, plan: String = "", seed: UInt64 = 3, limit: Double = 2
    ) throws -> (heard: [(Tyme, Int)], a: Peer, b: Peer) {
        let net = SimNet()
        let plan = try FaultPlan(parsing: plan)
        func peer(_ name: String, _ seed: UInt64) throws -> Peer {
            let wire = try Faulty(net.host(name).peer(port: 1), link: link, seed: seed, plan: plan)
            return CoreDoer(Memoer(random: SplitMix64(seed: seed)), over: wire)
        }
        let (a, b) = (try peer("red", seed), try peer("blu", seed + 1))
        var heard: [(Tyme, Int)] = []
        b.onEvent = { _, event, tyme in
            guard case .memo(let memo) = event else { return }
            heard.append((tyme, Int(memo.bytes[0]) << 8 | Int(memo.bytes[1])))
        }
        for index in 0..<count {
            try a.core.memoit([UInt8(index >> 8), UInt8(index & 255)], to: b.wire.base.address)
        }
        try Doist(tock: 0.001, limit: limit, doers: [net, a, b]).run()
        return (heard, a, b)
    }

    @Test("an ideal link changes nothing")
    func ideal() throws {
        let result = try run(300, link: SimLink())
        #expect(result.heard.map(\.1) == Array(0..<300) && result.heard.allSatisfy { Micros.of($0.0) == 1000 })
        #expect(result.a.wire.traffic.delivered == 300 && result.a.wire.wakeTyme == nil)
    }

    @Test("fates are those of the model: lost, delayed, in the order in which they are due")
    func model() throws {
        let link = SimLink(delay: 0.02, jitter: 0.05, loss: 0.25)
        let result = try run(300, link: link, seed: 8)
        var model = LinkModel(link, seed: 8, direction: 0)
        var expected: [(Int64, Int)] = []
        // Every gram of so short a memo is of one length, which does not matter without a rate.
        for index in 0..<300 {
            if case .arrives(let due) = model.send(100, at: 0) { expected.append((due, index)) }
        }
        expected.sort { $0 < $1 }
        #expect(result.heard.map(\.1) == expected.map(\.1))
        for (heard, expected) in zip(result.heard, expected) {
            // It leaves at the first tick that is not before it is due, and the network takes one tick more.
            #expect(Micros.of(heard.0) == (expected.0 + 999) / 1000 * 1000 + 1000)
        }
        let traffic = result.a.wire.traffic
        #expect(traffic.lost == 300 - expected.count && traffic.delivered == expected.count && traffic.inFlight == 0)
    }

    @Test("plans work here too, without places")
    func plan() throws {
        let result = try run(100, link: SimLink(), plan: "drop 3 any; duplicate 1; delay 0.5 0")
        #expect(result.heard.map(\.1) == (0..<100).filter { $0 != 2 })
        #expect(result.a.wire.traffic.copies == 99 && result.b.wire.base.statistics.received.datagrams == 198)
        let full = try run(5, link: SimLink(), plan: "full 0..0.1")
        #expect(full.heard.map(\.1) == Array(0..<5) && full.heard.allSatisfy { Micros.of($0.0) == 101_000 })
        let net = SimNet()
        for text in ["cut red>blu", "crash", "drop 1 ack"] {
            let plan = try FaultPlan(parsing: text)
            #expect(throws: FaultError.self) {
                _ = try Faulty(net.host("red").peer(), link: SimLink(), seed: 1, plan: plan)
            }
        }
    }

    @Test("what is held is kept while the base is full, and dropped when it closes")
    func full() throws {
        let net = SimNet()
        let wire = try Faulty(net.host("red").peer(port: 1), link: SimLink(delay: 0.01), seed: 1)
        let blu = net.host("blu").peer(port: 1)
        let talker = doify { tyme in
            switch Micros.of(tyme) {
            case 0:
                let sending = try wire.send(
                    ([1, 2, 3] as [UInt8]).span.bytes, Train(peer: blu.address, segment: 1), at: tyme)
                #expect(sending == Sending(taken: 3) && wire.heldCount == 3)
                #expect(wire.wakeTyme.map(Micros.of) == 10_000)
            case 50_000:
                _ = try wire.send(([4] as [UInt8]).span.bytes, Train(peer: blu.address, segment: 1), at: tyme)
            default: _ = try Burst().lend { out throws(TransportError) in try wire.receive(into: &out, at: tyme) }
            }
            return .again
        }
        net.plan = try FaultPlan(parsing: "full red 0.005..0.03")
        try blu.open(for: nil)
        try wire.open(for: nil)
        try Doist(tock: 0.001, limit: 0.055, doers: [net, talker]).run()
        #expect(wire.traffic.delivered == 3 && wire.heldCount == 1)
        #expect(wire.base.statistics.full == 20)
        wire.close()
        #expect(wire.heldCount == 0 && wire.traffic.down == 1)
        #expect(wire.traffic.sent == wire.traffic.delivered + wire.traffic.dropped)
    }
}
