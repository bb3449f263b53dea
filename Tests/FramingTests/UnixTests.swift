import Doing
import Foundation
import Framing
import Sockets
import Testing
import Wiring

/// Servers and clients of frames over Unix stream sockets, in real time.
@Suite("frames over Unix stream sockets") struct UnixTests {
    /// A server, a client and the doist of both; `run` turns it.
    private final class UnixBed<Core: FrameCore> {
        let server: FrameServer<Core, UnixListener>
        let client: FrameClient<Core, UnixStream>
        let doist: Doist
        let pace = RealPace()
        var downs: (server: [FrameEnding], client: [FrameEnding]) = ([], [])

        init(_ server: FrameServer<Core, UnixListener>, _ client: FrameClient<Core, UnixStream>) throws {
            (self.server, self.client) = (server, client)
            doist = try Doist(pace: pace, doers: [server, client])
            server.on.down = { [unowned self] _, ending, _ in downs.server.append(ending) }
            client.on.down = { [unowned self] _, ending, _ in downs.client.append(ending) }
        }

        /// Runs until `isOver`, for 20 s at most; false if it never was.
        func run(until isOver: () -> Bool) throws -> Bool {
            let end = pace.now() + 20
            while pace.now() < end {
                if isOver() { return true }
                _ = try doist.turn()
                try pace.poll(until: pace.now() + 0.01, block: true)
            }
            return isOver()
        }

        var isUp: Bool { client.connection?.isUp == true && server.activeConnections.first?.isUp == true }
    }

    private func withBed<Core: FrameCore>(
        _ make: (UnixListener, @escaping () throws -> UnixStream) throws -> UnixBed<Core>,
        _ body: (UnixBed<Core>, String) throws -> Void
    ) throws {
        let path = NSTemporaryDirectory() + "fr-\(UUID().uuidString.prefix(8)).sock"
        let listener = try UnixListener(at: UXDPath(path))
        try listener.open()
        let bed = try make(listener) { try UnixStream(to: path) }
        try body(bed, path)
        try bed.doist.exit()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    private func lengthType(
        _ limits: FrameLimits = FrameLimits(), _ body: (UnixBed<LengthTypeCore>, String) throws -> Void
    ) throws {
        let messages = try words(LengthTypeFormat(length: .uint32))
        try withBed(
            {
                try UnixBed(
                    LengthTypeServer([$0], messages, limits: limits),
                    LengthTypeClient(messages, over: $1))
            }, body)
    }

    private func handshake(_ body: (UnixBed<HandshakeCore>, String) throws -> Void) throws {
        try withBed({ try UnixBed(HandshakeServer([$0]), HandshakeClient(over: $1)) }, body)
    }

    /// Lengths around every bound: empty, a byte, a read, and beyond what a socket holds.
    private static let sizes = [0, 1, 255, 65_530, 65_536, 300_000, 3_000_000]

    @Test("length-type frames: what the client sends comes back, and what the server pushes arrives, whole")
    func lengthTypeBothWays() throws {
        try lengthType { bed, _ in
            var (echoes, pushed): ([[UInt8]], [[UInt8]]) = ([], [])
            bed.server.on.message = { connection, message, _ in try? connection.send(message as! StrMessage) }
            bed.client.on.message = { _, message, _ in echoes.append((message as! StrMessage).bytes) }
            let isUp = try bed.run { bed.isUp }
            #expect(isUp)
            let texts = Self.sizes.map { pattern($0) }
            for text in texts { try bed.client.connection?.send(StrMessage(bytes: text)) }
            let isAll = try bed.run { echoes.count == texts.count }
            #expect(isAll && echoes == texts)
            bed.client.on.message = { _, message, _ in pushed.append((message as! StrMessage).bytes) }
            for text in texts { try bed.server.sendToAll(StrMessage(bytes: text)) }
            let isPushed = try bed.run { pushed.count == texts.count }
            #expect(isPushed && pushed == texts)
            bed.client.connection?.close()
            let isOver = try bed.run { bed.downs.server.count == 1 && bed.downs.client.count == 1 }
            #expect(isOver && bed.downs.server[0].isClean && bed.downs.client[0].isClean)
            #expect(bed.server.memory.held == 0)
        }
    }

    @Test("handshaken frames: the same")
    func handshakeBothWays() throws {
        try handshake { bed, _ in
            var (echoes, pushed): ([[UInt8]], [[UInt8]]) = ([], [])
            bed.server.on.message = { connection, message, _ in try? connection.send(message) }
            bed.client.on.message = { _, message, _ in echoes.append(message) }
            let isUp = try bed.run { bed.isUp }
            #expect(isUp)
            let texts = Self.sizes.map { pattern($0) }
            for text in texts { try bed.client.connection?.send(text) }
            let isAll = try bed.run { echoes.count == texts.count }
            #expect(isAll && echoes == texts)
            bed.client.on.message = { _, message, _ in pushed.append(message) }
            for text in texts { try bed.server.activeConnections[0].send(text) }
            let isPushed = try bed.run { pushed.count == texts.count }
            #expect(isPushed && pushed == texts)
            bed.client.connection?.close()
            let isOver = try bed.run { bed.downs.server.count == 1 && bed.downs.client.count == 1 }
            #expect(isOver && bed.downs.server[0].isClean && bed.downs.client[0].isClean)
            #expect(bed.server.memory.held == 0)
        }
    }

    @Test("half close: a client that has sent its last still gets every answer, larger than the socket holds")
    func halfClose() throws {
        try lengthType { bed, _ in
            let text = pattern(2_000_000)
            var came: [[UInt8]] = []
            bed.server.on.message = { connection, message, _ in try? connection.send(message as! StrMessage) }
            let isUp = try bed.run { bed.isUp }
            #expect(isUp)
            bed.client.on.message = { _, message, _ in came.append((message as! StrMessage).bytes) }
            try bed.client.connection?.send(StrMessage(bytes: text))
            let isWritten = try bed.run { bed.client.connection?.stream.core.unsent == 0 }
            #expect(isWritten)
            bed.client.connection?.stream.wire.finish()
            let isOver = try bed.run { bed.downs.client.count == 1 }
            #expect(isOver && came == [text])
            #expect(bed.downs.client[0].isClean && bed.downs.server.first?.isClean == true)
        }
    }

    @Test("a client that goes amid a frame: the server delivers nothing of it, tells why, and takes the next one")
    func truncated() throws {
        try lengthType { bed, path in
            var come = 0
            bed.server.on.message = { _, _, _ in come += 1 }
            let isUp = try bed.run { bed.isUp }
            #expect(isUp)
            let frame = try words(LengthTypeFormat(length: .uint32)).pack(StrMessage(bytes: pattern(1000)))
            let raw = StreamDoer(RawCore(sending: Array(frame[..<500])), over: try UnixStream(to: path))
            try bed.doist.extend([raw])
            let isOver = try bed.run { bed.downs.server.count == 1 }
            #expect(isOver && come == 0)
            #expect(bed.downs.server[0].error == .truncated(have: 500, need: 1005))
            try bed.client.connection?.send(StrMessage("still here"))
            let hasCome = try bed.run { come == 1 }
            #expect(hasCome)
        }
    }

    @Test("a server that throws a connection away: the client hears of it, and what waited is counted as not sent")
    func reset() throws {
        try handshake { bed, _ in
            let isUp = try bed.run { bed.isUp }
            #expect(isUp)
            try bed.client.connection?.send(pattern(3_000_000))
            bed.server.activeConnections[0].reset()
            let isOver = try bed.run { bed.downs.client.count == 1 }
            #expect(isOver && !bed.downs.client[0].isClean && bed.downs.client[0].unsent == 3_000_000)
            #expect(bed.downs.server[0].stream == .reset)
        }
    }

    @Test("a peer that takes nothing holds the server to its bound, and gets everything once it reads")
    func slowPeer() throws {
        var limits = FrameLimits()
        limits.backlog = 200_000
        try lengthType(limits) { bed, _ in
            bed.server.on.message = { connection, message, _ in try? connection.send(message as! StrMessage) }
            let isUp = try bed.run { bed.isUp }
            #expect(isUp)
            let text = pattern(50_000)
            var came = 0
            bed.client.on.message = { _, message, _ in came += (message as! StrMessage).bytes == text ? 1 : 1_000_000 }
            // The client's own bound stops its reading as long as nobody takes what has come.
            let tap = bed.client.connection!.stream.onEvent
            bed.client.connection!.stream.onEvent = nil
            for _ in 0..<80 { try bed.client.connection?.send(StrMessage(bytes: text)) }
            var most = 0
            _ = try bed.run {
                most = max(most, bed.server.memory.held)
                return bed.client.connection?.stream.core.wantsInput == false && most > 200_000
            }
            #expect(most > 200_000 && most < 400_000, "\(most)")
            bed.client.connection!.stream.onEvent = tap
            bed.client.connection!.stream.wake()
            let isAll = try bed.run { came == 80 }
            #expect(isAll)
        }
    }
}

/// Sends bytes and ends its half.
private struct RawCore: StreamCore {
    private var output: [UInt8]

    init(sending bytes: [UInt8]) { output = bytes }

    mutating func handle(_ bytes: RawSpan, at tyme: Tyme) {}
    mutating func ended(at tyme: Tyme) {}
    func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R { try body(output.span.bytes) }
    mutating func sent(_ count: Int, at tyme: Tyme) { output.removeFirst(count) }
    var wantsInput: Bool { true }
    var closing: StreamClosing { .finish }
    mutating func pollEvent() -> Never? { nil }
    var hasEvents: Bool { false }
    var wakeTyme: Tyme? { nil }
}
