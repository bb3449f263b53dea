import CMallocCount
import Doing
import Testing
import Wiring

@testable import Simming

/// Nothing is allocated for a datagram of a simulated network once there is room for as many as are under way.
@Suite("A datagram costs no allocation")
struct AllocationTests {
    static let canCount = cmalloc_count() >= 0

    @Test("ten thousand datagrams of mixed lengths with jitter cost no block after warm-up", .enabled(if: canCount))
    func datagrams() throws {
        let net = SimNet(seed: 1, link: SimLink(delay: 0.01, jitter: 0.02, loss: 0.1))
        let (red, blu) = (net.host("red").peer(port: 1), net.host("blu").peer(port: 1))
        try red.open(for: nil)
        try blu.open(for: nil)
        let burst = Burst()
        let bytes = [UInt8](repeating: 7, count: 60_000)
        var (before, received) = (0, 0)
        for round in 0..<2000 {
            if round == 1000 { before = cmalloc_count() }
            let tyme = Double(round) / 1000
            let segment = 1 + round * 37 % 5000
            let train = Train(peer: blu.address, segment: segment)
            _ = try red.send(bytes.span.bytes.extracting(first: segment * 10 % 50_001 + 9), train, at: tyme)
            net.deliver(by: Micros.of(tyme), at: tyme)
            var more = true
            while more {
                try burst.lend { out throws(TransportError) in
                    more = try blu.receive(into: &out, at: tyme) != nil
                    received += out.byteCount
                }
            }
        }
        let blocks = cmalloc_count() - before
        #expect(received > 1_000_000 && net.statistics.sent > 10_000)
        // The heap and the list of slots may grow once more, if never before so many were under way.
        #expect(blocks <= 4, "\(blocks) blocks")
    }
}
