import Peering
import Testing

@Suite("One import", .timeLimit(.minutes(5)))
struct PeerMemoerTests {
    @Test(
        "two peers over UDP: a memo of 100 kB arrives with the defaults, plain and sure",
        arguments: [MemoKind.plain, .sure])
    func udp(kind: MemoKind) throws {
        let red = try PeerMemoer(port: 0, kind: kind)
        let blu = try PeerMemoer(port: 0)
        try red.wire.open()
        try blu.wire.open()
        let memo = [UInt8](repeating: 7, count: 100_000)
        var heard: [Int] = []
        blu.onEvent = { blu, event, _ in
            guard case .memo(let memo) = event else { return }
            heard.append(memo.bytes.count)
            blu.doist?.requestStop()
        }
        try red.core.memoit(memo, to: blu.wire.address)
        try Doist(limit: 20, doers: [red, blu]).run(pace: .real)
        #expect(heard == [100_000])
    }

    @Test(
        "two peers over Unix datagrams: a memo of 1 MB arrives with the defaults, plain and sure",
        arguments: [MemoKind.plain, .sure])
    func uxd(kind: MemoKind) throws {
        let red = try UXDPeerMemoer(path: .temporary(name: "red"), kind: kind)
        let blu = try UXDPeerMemoer(path: .temporary(name: "blu"))
        try red.wire.open()
        try blu.wire.open()
        var heard: [Int] = []
        blu.onEvent = { blu, event, _ in
            guard case .memo(let memo) = event else { return }
            heard.append(memo.bytes.count)
            blu.doist?.requestStop()
        }
        try red.core.memoit([UInt8](repeating: 7, count: 1_000_000), to: blu.wire.address)
        try Doist(limit: 20, doers: [red, blu]).run(pace: .real)
        #expect(heard == [1_000_000])
    }

    @Test("a peer is serviced by hand, and closed on the way out")
    func byHand() throws {
        let burst = Burst()
        let (text, address) = try withPeerMemoer(port: 0) { memoer, peer -> (String?, Address) in
            try memoer.memoit("to myself", to: peer.address)
            for tick in 0..<100 where memoer.inbox.isEmpty {
                try memoer.service(Double(tick), over: &peer, by: burst)
            }
            return (memoer.inbox.first?.text, peer.address)
        }
        #expect(text == "to myself" && address.port != 0)
    }

    @Test("a host that is no numeric address is refused with its name")
    func badHost() {
        #expect(throws: TransportError.self) { try PeerMemoer(port: 1, host: "nowhere") }
    }
}
