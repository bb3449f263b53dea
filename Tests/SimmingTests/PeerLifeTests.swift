import Doing
import Simming
import Testing
import Wiring

/// Peers, their doers and their net come and go in any order.
@Suite("The life of a peer") struct PeerLifeTests {
    @Test("a peer that outlives its doer wakes nobody, and keeps what arrives")
    func outlives() throws {
        let net = SimNet()
        let (red, blu) = (net.host("red").peer(port: 1), net.host("blu").peer(port: 1))
        let sender = Talker(red, [(1, blu.address, [7])])
        weak var gone: Doer?
        let doist = try Doist(tock: 0.25, doers: [net, sender])
        try doist.enter()
        try {
            let owner = Doer()
            try blu.open(for: owner)
            gone = owner
        }()
        #expect(gone == nil && blu.isOpen)
        while doist.tyme < 2 { _ = try doist.recur() }
        #expect(try receiveTrain(blu, at: 2)?.1 == [7])
    }

    @Test("a peer whose net is in no doist says so, instead of sending into silence")
    func unscheduled() throws {
        let net = SimNet()
        let peer = net.host("red").peer(port: 1)
        let talker = Talker(peer)
        #expect(throws: TransportError.self) { try Doist([talker]).run() }
        do { try Doist([Talker(peer)]).run() } catch {
            #expect("\(error)".contains("not scheduled"), "\(error)")
        }
    }

    @Test("a stream and a listener whose net is in no doist say so")
    func unscheduledStreams() throws {
        let net = SimNet()
        let (red, blu) = (net.host("red"), net.host("blu"))
        let acceptor = StreamAcceptor(blu.listener(port: 7)) { PipeDoer(PipeCore(), over: $0) }
        #expect(throws: TransportError.self) { try Doist([acceptor]).run() }
        let client = PipeDoer(PipeCore(), over: red.stream(to: blu.address(port: 7)))
        try Doist([client]).run()
        guard case .failed(let error)? = client.ending else { return #expect(Bool(false), "it did not fail") }
        #expect("\(error)".contains("not scheduled"), "\(error)")
    }

    @Test("a length cut to more than there is cuts nothing")
    func truncateToMore() throws {
        let stream = try Stream(3, size: 20)
        stream.net.rule { _ in .truncate(.max) }
        try stream.run()
        #expect(stream.receiver.heard.map(\.bytes.count) == [20, 20, 20])
    }
}
