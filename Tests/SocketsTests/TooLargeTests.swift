import Simming
import Testing
import Wiring

@testable import Sockets

/// A datagram above the limit is the sender's mistake on every transport alike, so that what was rehearsed holds.
@Suite("a datagram that is longer than its peer's limit", .timeLimit(.minutes(5))) struct TooLargeTests {
    /// Sends below, at and above the limit, single and as a train; nothing of a train goes if its segment is too long.
    private func check<Wire: DatagramTransport>(_ wire: Wire, to peer: Address) throws {
        var wire = wire
        let most = wire.limits.datagram
        let tooLarge = Sending(taken: 0, .refused(Refusal(.tooLarge)))
        #expect(try wire.send(pattern(most), to: peer) == Sending(taken: most))
        #expect(try wire.send(pattern(most + 1), to: peer) == tooLarge)
        #expect(try wire.send(pattern(2 * most + 2), to: peer, segment: most + 1) == tooLarge)
        #expect(wire.statistics.refused == 2 && wire.statistics.sent.datagrams == 1)
        // A segment is no datagram: what is shorter than it goes.
        #expect(try wire.send(pattern(most), to: peer, segment: most + 1) == Sending(taken: most))
        #expect(wire.statistics.refused == 2 && wire.statistics.sent.bytes == 2 * most)
    }

    @Test("is refused by a UDP peer, with the usual limit and one of one's own", arguments: [nil, 1, 100, 9000])
    func udp(limit: Int?) throws {
        let options = UDPPeer.Options(maximumDatagramSize: limit ?? UDPPeer.maximumDatagramSize)
        let (red, blu) = (try UDPPeer(anyPort, options: options), try UDPPeer(anyPort))
        try red.open()
        try blu.open()
        try check(red, to: blu.address)
        var hearer = blu
        #expect(try hearer.next()?.bytes.count == limit ?? 1240)
    }

    @Test("is refused by a Unix peer", arguments: [100, UXDPeer.maximumDatagramSize])
    func unix(limit: Int) throws {
        try withDirectory { directory in
            let red = try UXDPeer(at: UXDPath(directory + "/red"), options: .init(maximumDatagramSize: limit))
            let blu = try UXDPeer(at: UXDPath(directory + "/blu"))
            try red.open()
            try blu.open()
            try check(red, to: blu.address)
            var hearer = blu
            #expect(try hearer.next()?.bytes.count == limit)
        }
    }

    @Test("is refused by a simulated peer")
    func simulated() throws {
        let net = SimNet()
        let (red, blu) = (net.host("red").peer(port: 1), net.host("blu").peer(port: 1))
        try red.open(for: nil)
        try check(red, to: blu.address)
    }
}
