import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

@Suite("TCP listeners", .timeLimit(.minutes(5))) struct TCPListenerTests {
    private func connect(_ address: Address) throws -> TCPStream {
        let stream = try TCPStream(to: [address])
        try stream.socket.connectNow()
        return stream
    }

    @Test("a port in use is an error that names it, and nothing stays open; two listeners never share one")
    func inUse() throws {
        let first = try TCPListener(host: "127.0.0.1", port: 0)
        try first.open()
        let second = try TCPListener(first.address, name: "second")
        #expect(
            throws: TransportError.failed("bind", -EADDRINUSE, "TCP listener second at \(first.address)")
        ) { try second.open() }
        #expect(!second.isOpen && second.descriptor == nil)
        first.close()
        try second.open()
        #expect(second.address == first.address)
    }

    @Test("a port can be opened again at once, though connections of the earlier listener are still fading out")
    func restart() throws {
        let first = try TCPListener(host: "127.0.0.1", port: 0)
        try first.open()
        let near = try connect(first.address)
        var far: TCPStream?
        try eventually("a connection") {
            far = try first.accept(at: 0)
            return far != nil
        }
        far?.socket.close()  // the listener's side ends first: its port stays busy for a minute
        var reader = Reader()
        try eventually("the end") {
            try reader.read(&near.socket)
            return reader.end == .end
        }
        near.socket.close()
        first.close()
        let again = try TCPListener(first.address)
        try again.open()
        _ = try connect(again.address)
    }

    @Test("the address of every IPv6 interface takes IPv4 too, and tells it as IPv4; a single one does not")
    func bothFamilies() throws {
        let every = try TCPListener(host: "::", port: 0)
        try every.open()
        let near = try connect(.ip4(0x7F00_0001, port: every.address.port))
        var far: TCPStream?
        try eventually("a connection") {
            far = try every.accept(at: 0)
            return far != nil
        }
        #expect(far?.remote == near.local && far?.remote.family == .ip4)

        let single = try TCPListener(host: "::1", port: 0)
        try single.open()
        #expect(throws: TransportError.self) { try connect(.ip4(0x7F00_0001, port: single.address.port)) }
    }

    @Test("a connection that is reset before it is taken harms nobody")
    func resetBefore() throws {
        let listener = try TCPListener(host: "127.0.0.1", port: 0)
        try listener.open()
        try connect(listener.address).socket.close(resets: true)
        let good = try connect(listener.address)
        var taken: [TCPStream] = []
        try eventually("the good one") {
            if let stream = try listener.accept(at: 0) { taken.append(stream) }
            return taken.contains { $0.remote == good.local }
        }
        for stream in taken where stream.remote != good.local {
            var reader = Reader()
            try reader.read(&stream.socket)
            #expect(reader.end == .lost(StreamLoss(.reset, code: ECONNRESET)))
        }
    }

    @Test("closed, it throws; closed behind its back, too")
    func closed() throws {
        let listener = try TCPListener(host: "127.0.0.1", port: 0, name: "red")
        #expect(throws: TransportError.notOpen(subject: "TCP listener red at 127.0.0.1:0")) {
            try listener.accept(at: 0)
        }
        try listener.open()
        let descriptor = try #require(listener.descriptor)
        loseSocket(descriptor)
        #expect(throws: TransportError.failed("accept", -ENOTSOCK, "TCP listener red at \(listener.address)")) {
            try listener.accept(at: 0)
        }
    }
}
