import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

@Suite("TCP over loopback", .timeLimit(.minutes(5))) struct TCPStreamTests {
    @Test("both ends know each other, over IPv4 and IPv6", arguments: ["127.0.0.1", "::1"])
    func addresses(host: String) throws {
        let pair = try TCPPair(host)
        #expect(pair.near.remote == pair.listener.address && pair.near.remote.host == host)
        #expect(pair.far.remote == pair.near.local && pair.far.local == pair.near.remote)
        #expect(pair.listener.statistics.accepted == 1)
    }

    @Test("a megabyte goes each way at once, in parts, and comes whole", arguments: ["127.0.0.1", "::1"])
    func exchange(host: String) throws {
        let pair = try TCPPair(host, options: .init(sendBufferSize: 64 << 10))
        let there = pattern(1 << 20, 1)
        let back = pattern(1 << 20, 2)
        var (readers, sent, writes) = ((near: Reader(), far: Reader()), (near: 0, far: 0), 0)
        try eventually("both megabytes") {
            sent.near += try pair.near.socket.write(Array(there[sent.near...])) ?? 0
            sent.far += try pair.far.socket.write(Array(back[sent.far...])) ?? 0
            writes += 1
            try readers.far.read(&pair.far.socket)
            try readers.near.read(&pair.near.socket)
            return readers.far.bytes.count >= 1 << 20 && readers.near.bytes.count >= 1 << 20
        }
        #expect(readers.far.bytes == there && readers.near.bytes == back)
        #expect(writes > 1)
    }

    @Test("one half ends while the other goes on, whichever end begins", arguments: [true, false])
    func halfClose(nearBegins: Bool) throws {
        let pair = try TCPPair()
        let (first, second) = nearBegins ? (pair.near, pair.far) : (pair.far, pair.near)
        _ = try first.socket.write([1, 2, 3])
        first.socket.shut()
        var reader = Reader()
        try eventually("the end") {
            try reader.read(&second.socket)
            return reader.end != nil
        }
        #expect(reader.bytes == [1, 2, 3] && reader.end == .end)
        #expect(try first.socket.write([9]) == nil)  // its own half is over: no signal, no trap

        let answer = pattern(300_000)
        var sent = 0
        var back = Reader()
        try eventually("the answer") {
            sent += try second.socket.write(Array(answer[sent...])) ?? 0
            try back.read(&first.socket)
            return back.bytes.count == answer.count
        }
        second.socket.shut()
        try eventually("the other end") {
            try back.read(&first.socket)
            return back.end != nil
        }
        #expect(back.bytes == answer && back.end == .end)
    }

    @Test("a reset is told to reads and writes, and the process lives")
    func reset() throws {
        let pair = try TCPPair()
        pair.far.socket.close(resets: true)
        var reader = Reader()
        try eventually("the reset") {
            try reader.read(&pair.near.socket)
            return reader.end != nil
        }
        #expect(reader.end == .lost(StreamLoss(.reset, code: ECONNRESET)))
        for _ in 0..<3 { #expect(try pair.near.socket.write([1]) == nil) }
    }

    @Test("writing to an end that has closed is told, after the system has noticed, and the process lives")
    func writeAfterClose() throws {
        let pair = try TCPPair()
        pair.far.socket.close()
        try eventually("the loss") { try pair.near.socket.write(pattern(1000)) == nil }
        let bytes = pattern(8)
        #expect(try pair.near.socket.write(bytes.span.bytes) == .lost(StreamLoss(.reset, code: EPIPE)))
    }

    @Test("a slow reader holds the writer up, at a bound, and gets every byte in the end")
    func backPressure() throws {
        let pair = try TCPPair(options: StreamOptions(sendBufferSize: 64 << 10, receiveBufferSize: 64 << 10))
        let chunk = pattern(50_000)
        var sent = 0
        var refused = 0
        while refused < 50 {
            let taken = try pair.near.socket.write(Array(chunk[(sent % chunk.count)...])) ?? 0
            sent += taken
            if taken == 0 {
                refused += 1
                usleep(200)
            }
        }
        #expect((1...4 << 20).contains(sent), "\(sent)")
        pair.near.socket.shut()
        var reader = Reader()
        try eventually("all of it") {
            try reader.read(&pair.far.socket)
            return reader.end == .end
        }
        #expect(reader.bytes.count == sent)
        #expect((0..<sent).allSatisfy { reader.bytes[$0] == chunk[$0 % chunk.count] })
    }

    // MARK: Connecting

    /// A port on which nothing listens.
    private func deadPort() throws -> Address {
        let listener = try TCPListener(host: "127.0.0.1", port: 0)
        try listener.open()
        defer { listener.close() }
        return listener.address
    }

    @Test("a refused connection is an error that names the call, the number and the address")
    func refused() throws {
        let nobody = try deadPort()
        let stream = try TCPStream(to: [nobody], name: "red")
        try stream.socket.open()
        #expect(throws: TransportError.failed("connect", -ECONNREFUSED, "TCP stream red to \(nobody)")) {
            for _ in 0..<1000 where try !stream.socket.connect(at: 0) { usleep(1000) }
        }
        #expect(stream.descriptor == nil && stream.remote == .none)
    }

    @Test("addresses are tried in their order until one takes the connection")
    func several() throws {
        let listener = try TCPListener(host: "::1", port: 0)
        try listener.open()
        let (first, second) = (try deadPort(), try deadPort())
        let stream = try TCPStream(to: [first, second, listener.address])
        try stream.socket.connectNow()
        #expect(stream.remote == listener.address)
        #expect(stream.failures.count == 2)
    }

    @Test("an address that does not answer is given up when its tyme is over")
    func timeout() throws {
        let listener = try TCPListener(host: "127.0.0.1", port: 0, backlog: 1)
        try listener.open()
        // A queue that nobody empties: the next ones wait for ever.
        var fillers: [TCPStream] = []
        var isFull = false
        while !isFull, fillers.count < 64 {
            let filler = try TCPStream(to: [listener.address])
            fillers.append(filler)
            try filler.socket.open()
            var tries = 0
            while try !filler.socket.connect(at: 0), tries < 100 {
                usleep(1000)
                tries += 1
            }
            isFull = tries == 100
        }
        try #require(isFull)
        let stream = try TCPStream(to: [listener.address], options: StreamOptions(connectTimeout: 3))
        try stream.socket.open()
        #expect(try !stream.socket.connect(at: 100))
        #expect(stream.socket.wakeTyme == 103 && stream.descriptor != nil)
        #expect(try !stream.socket.connect(at: 102.9))
        #expect(throws: TransportError.failed("connect", -ETIMEDOUT, "TCP stream main to \(listener.address)")) {
            try stream.socket.connect(at: 103)
        }
        #expect(stream.descriptor == nil)
    }

    @Test("what the user asks for is checked, and the error names it")
    func values() throws {
        #expect(throws: TransportError.badValue(name: "addresses", value: "none", allowed: "at least one")) {
            try TCPStream(to: [])
        }
        #expect(throws: TransportError.self) { try TCPStream(to: [.host(1, port: 2)]) }
        #expect(throws: TransportError.self) { try TCPStream(host: "example.org", port: 1) }
        #expect(throws: TransportError.self) { try TCPStream(host: "::1", port: 1, options: .init(keepAlive: 0)) }
        #expect(throws: TransportError.self) {
            try TCPStream(host: "::1", port: 1, options: .init(connectTimeout: .infinity))
        }
        #expect(throws: TransportError.self) { try TCPListener(host: "::1", port: 0, backlog: 0) }
        #expect(throws: TransportError.self) { try TCPListener(.unix(1)) }
        #expect(try TCPStream.resolve("127.0.0.1", port: 7) == [.ip4(0x7F00_0001, port: 7)])
        #expect(throws: TransportError.self) { try TCPStream.resolve("no host has this name.", port: 7) }
    }

    @Test("the options reach the socket, and those of a listener its connections")
    func options() throws {
        func value(_ stream: TCPStream, _ level: Int32, _ name: Int32) throws -> Int32 {
            var value: Int32 = -1
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(try #require(stream.descriptor), level, name, &value, &length)
            return value
        }
        let pair = try TCPPair(options: StreamOptions(keepAlive: 40))
        for stream in [pair.near, pair.far] {
            #expect(try value(stream, Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
            #expect(try value(stream, SOL_SOCKET, SO_KEEPALIVE) == 1)
            #expect(fcntl(try #require(stream.descriptor), F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(try #require(stream.descriptor), F_GETFD) & FD_CLOEXEC != 0)
        }
        let slow = try TCPPair(options: StreamOptions(sendsAtOnce: false))
        #expect(try value(slow.far, Int32(IPPROTO_TCP), TCP_NODELAY) == 0)
        #expect(try value(slow.near, SOL_SOCKET, SO_KEEPALIVE) == 0)
    }
}
