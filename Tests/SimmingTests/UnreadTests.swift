import Doing
import Simming
import Testing
import Wiring

@Suite("What a peer has not received when it closes")
struct UnreadTests {
    @Test("is lost and counted, so that the same peer, opened again, begins with nothing")
    func reopened() throws {
        let net = SimNet()
        let (red, blu) = (net.host("red").peer(port: 1), net.host("blu").peer(port: 1))
        var heard: [[UInt8]] = []
        let bytes: [UInt8] = [1, 2, 3]
        let doer = doify { tyme in
            switch tyme {
            case 0: _ = try red.send(bytes.span.bytes, Train(peer: blu.address, segment: 1), at: tyme)
            case 0.5:
                #expect(blu.bufferedBytes == 3 * 65 && net.statistics.waiting == 3)
                blu.close()
                #expect(blu.bufferedBytes == 0 && net.statistics.waiting == 0 && net.statistics.down == 3)
                try blu.open(for: nil)
                #expect(blu.isEmpty)
                let later: [UInt8] = [9]
                _ = try red.send(later.span.bytes, Train(peer: blu.address, segment: 1), at: tyme)
            case 1:
                while let (_, bytes) = try receiveTrain(blu, at: tyme) { heard.append(bytes) }
            default: break
            }
            return .again
        }
        try red.open(for: nil)
        try blu.open(for: nil)
        try Doist(tock: 0.25, limit: 1.25, doers: [net, doer]).run()
        #expect(heard == [[9]])
        let sum = net.statistics
        #expect(sum.sent == 4 && sum.delivered == 1 && sum.down == 3 && sum.inFlight == 0 && sum.waiting == 0)
    }
}
