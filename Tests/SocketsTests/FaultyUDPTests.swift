import Doing
import Memoing
import Simming
import Sockets
import Testing
import Wiring

@Suite("A bad link in front of real sockets", .timeLimit(.minutes(5)))
struct FaultyUDPTests {
    @Test("over UDP memos are lost as the seed says, and arrive no sooner than the delay, without busy waiting")
    func udp() throws {
        let link = SimLink(delay: 0.05, loss: 0.3)
        let lossless = try UDPPeer(port: 0)
        let wire = try Faulty(UDPPeer(port: 0), link: link, seed: 12)
        let a = CoreDoer(Memoer(random: SplitMix64(seed: 1)), over: wire)
        let b = CoreDoer(Memoer(random: SplitMix64(seed: 2)), over: lossless)
        var heard: [Int] = []
        var last = 0.0
        b.onEvent = { _, event, tyme in
            guard case .memo(let memo) = event else { return }
            heard.append(Int(memo.bytes[0]))
            last = tyme
        }
        var model = LinkModel(link, seed: 12, direction: 0)
        let expected = (0..<100).filter { _ in model.send(100, at: 0) != .lost }
        let doist = try Doist(limit: 10, pace: RealPace(), doers: [a, b])
        let pace = try #require(doist.pace)
        _ = try doist.turn()
        let start = doist.tyme
        for index in 0..<100 { try a.core.memoit([UInt8(index)], to: b.wire.address) }
        while heard.count < expected.count, doist.tyme < start + 5 {
            let wait = try doist.turn().wait ?? 1
            try pace.poll(until: pace.now() + min(wait, 1), block: true)
        }
        let statistics = doist.statistics
        try doist.exit()
        #expect(heard == expected)
        #expect(last >= start + 0.05)
        #expect(wire.traffic.lost == 100 - expected.count && wire.traffic.delivered == expected.count)
        #expect(statistics.passes + statistics.extraPasses < 100)
    }
}
