import CSockets
import Doing
import Foundation
import Simming
import Testing
import Wiring

@testable import Sockets

/// One protocol, unchanged, over each kind of stream.
@Suite("the same core over every link", .timeLimit(.minutes(5))) struct EveryLinkTests {
    /// A client that sends a megabyte to a server that echoes it, both under one doist; `turn` makes one step of it.
    private func exchange<L: StreamListener, W: StreamTransport>(
        _ listener: L, _ wire: W, _ doist: Doist, turn: () throws -> Void
    ) throws {
        let text = pattern(1 << 20)
        var served: StreamDoer<StreamTestCore, L.Stream>?
        let server = StreamAcceptor(listener) { stream in
            let doer = StreamDoer(StreamTestCore(echoes: true), over: stream)
            served = doer
            return doer
        }
        let client = StreamDoer(StreamTestCore(sending: text), over: wire)
        try doist.extend([server])
        try doist.extend([client])
        let start = Date()
        while client.core.received.count < text.count, Date().timeIntervalSince(start) < 20 { try turn() }
        #expect(client.core.received == text)
        // Our half ends; the other end answers by ending its own.
        client.core.closing = .finish
        while client.ending == nil || served?.ending == nil, Date().timeIntervalSince(start) < 20 { try turn() }
        #expect(client.ending == .closed && served?.ending == .closed && server.count == 0)
        try doist.exit()
    }

    private func real<L: StreamListener, W: StreamTransport>(_ listener: L, _ wire: W) throws {
        let doist = try Doist(pace: RealPace(), doers: [doify { _ in .park(until: .infinity) }])
        _ = try doist.turn()
        try exchange(listener, wire, doist) {
            _ = try doist.turn()
            try doist.pace?.poll(until: Double(csk_now()) * 1e-9 + 0.01, block: true)
        }
    }

    @Test("TCP, IPv4 and IPv6", arguments: ["127.0.0.1", "::1"])
    func tcp(host: String) throws {
        let listener = try TCPListener(host: host, port: 0)
        try listener.open()
        try real(listener, try TCPStream(to: [listener.address]))
    }

    @Test("a Unix stream")
    func unix() throws {
        try withDirectory { directory in
            let listener = try UnixListener(at: UXDPath(directory + "/red.sock"))
            try listener.open()
            try real(listener, try UnixStream(to: directory + "/red.sock"))
        }
    }

    @Test("a simulated pipe, ideal and bad", arguments: [SimLink(), SimLink(delay: 0.01, jitter: 0.01, loss: 0.05)])
    func simulated(link: SimLink) throws {
        let net = SimNet(seed: 1, link: link)
        let (red, blu) = (net.host("red"), net.host("blu"))
        let doist = try Doist(tock: 0.001, doers: [net])
        try doist.enter()
        try exchange(blu.listener(port: 7), red.stream(to: blu.address(port: 7)), doist) { _ = try doist.recur() }
    }

    @Test("TCP behind a tap passes what it is, and the tap sees all of it")
    func tapped() throws {
        let listener = try TCPListener(host: "127.0.0.1", port: 0)
        try listener.open()
        let log = WireLog(limit: 8 << 20)
        try real(listener, TappedStream(try TCPStream(to: [listener.address]), log))
        let records = log.records
        let sent = records.filter { $0.direction == .tx }.flatMap(\.bytes)
        let came = records.filter { $0.direction == .rx }.flatMap(\.bytes)
        #expect(sent == pattern(1 << 20) && came == sent)
        #expect(records.allSatisfy { $0.peer == listener.address })
    }
}
