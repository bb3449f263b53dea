import Doing
import Testing
import Wiring

@testable import Simming

@Suite("Faulty tells whether there is something to receive")
struct FaultyEmptyTests {
    @Test("it is empty as its base is, and not while it holds something that a receive may let go")
    func empty() throws {
        let net = SimNet()
        let red = try Faulty(net.host("red").peer(port: 1), link: SimLink(delay: 0.01), seed: 1)
        let blu = try Faulty(net.host("blu").peer(port: 1), link: SimLink(), seed: 2)
        var seen: [[Bool]] = []
        let doer = doify { tyme in
            let bytes: [UInt8] = [7]
            if tyme == 0 { _ = try red.send(bytes.span.bytes, Train(peer: blu.base.address, segment: 1), at: tyme) }
            seen.append([red.isEmpty, blu.isEmpty])
            for wire in [red, blu] {
                _ = try Burst().lend { out throws(TransportError) in try wire.receive(into: &out, at: tyme) }
            }
            seen.append([red.isEmpty, blu.isEmpty])
            return .again
        }
        #expect(red.isEmpty == red.base.isEmpty)
        try red.open(for: nil)
        try blu.open(for: nil)
        try Doist(tock: 0.0078125, limit: 0.03125, doers: [net, doer]).run()
        #expect(
            seen == [
                [false, true], [false, true],  // sent, and held
                [false, true], [false, true],
                [false, true], [true, true],  // 15.6 ms: a receive lets go of it
                [true, false], [true, true],  // it has arrived
            ])
    }
}
