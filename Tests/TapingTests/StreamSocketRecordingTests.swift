import Doing
import Foundation
import Sockets
import Taping
import Testing
import Wiring

private let header = RecordingHeader(program: "echo", arguments: [], seed: 1)

/// Streams over real sockets, whose passes, pieces and wakes are never the same twice.
@Suite(.timeLimit(.minutes(5))) struct StreamSocketRecordingTests {
    /// A server that is recorded, run by hand in turns.
    private final class Server<Listener: StreamListener> {
        let file = File()
        let recorder: Recorder
        let doist: Doist
        let acceptor: StreamAcceptor<RecordedListener<Listener>>
        var endings: [StreamEnding] = []

        init(_ listener: Listener, _ outputs: Recorder.Outputs) throws {
            recorder = file.recorder(header, outputs)
            var tell: (StreamEnding) -> Void = { _ in }
            acceptor = StreamAcceptor(RecordedListener(listener, recorder, name: "door")) { wire in
                let doer = StreamDoer(ByteEcho(), over: wire)
                doer.onEnd = { _, ending, _ in tell(ending) }
                return doer
            }
            doist = try Doist(pace: RealPace(), doers: [acceptor])
            recorder.watch(doist)
            tell = { [unowned self] in endings.append($0) }
            _ = try doist.turn()
        }

        func serve(_ what: String, until isTrue: () throws -> Bool) throws {
            let start = Date()
            while try !isTrue() {
                guard Date().timeIntervalSince(start) < 20 else {
                    Issue.record("\(what) did not happen")
                    return
                }
                _ = try doist.turn()
                usleep(500)
            }
        }

        func end() throws -> Recording {
            try doist.exit()
            try recorder.finish()
            return try Recording(file.bytes)
        }
    }

    /// Clients that speak in pieces, end their half, throw the connection away, or say more than there is room for.
    private func exchange<Listener, Wire: StreamTransport>(
        _ server: Server<Listener>, _ connect: () throws -> Wire
    ) throws {
        var first = try Caller(try connect())
        for piece in [[1, 2, 3], [4], [5, 6]] as [[UInt8]] {
            _ = try first.say(piece)
            try server.serve("the echo of a piece") {
                try first.hear()
                return first.heard.count >= Int(piece[piece.count - 1])
            }
        }
        var second = try Caller(try connect())
        _ = try second.say([9])
        try server.serve("the second connection") { server.acceptor.count == 2 }
        let many = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0) }
        var said = 0
        try server.serve("the echo of much") {
            if said < many.count { said += try first.say(Array(many[said...].prefix(200_000))) }
            if said > 1_000_000 { try first.hear() }  // later: so the server finds no room
            return first.heard.count == 6 + many.count
        }
        second.reset()
        first.finish()
        try server.serve("both ends") {
            try first.hear()
            return server.endings.count == 2
        }
        #expect(first.heard == [2, 3, 4, 5, 6, 7] + many.map { $0 &+ 1 })
        #expect(first.end == .end)
        #expect(server.endings.contains(.closed))
        #expect(server.endings.contains(.lost(StreamLoss(.reset, code: ECONNRESET))))
    }

    private func check(_ recording: Recording, salt: UInt8 = 1) throws -> Replay.Outcome {
        let replay = Replay(recording)
        return try replay.run([
            StreamAcceptor(try ReplayedListener(replay, name: "door")) { StreamDoer(ByteEcho(salt: salt), over: $0) }
        ])
    }

    private func expectSame(_ recording: Recording) throws {
        guard case .same(let tally) = try check(recording) else {
            Issue.record("\(try check(recording))")
            return
        }
        #expect(tally.streams == 2)
        #expect(tally.read == 2_000_007 && tally.wrote == 2_000_007 && tally.compared == 2_000_007)
        #expect(tally.passes > 5)
        guard case .different(let difference) = try check(recording, salt: 2) else {
            Issue.record("a changed core replayed as if it were the same")
            return
        }
        #expect(difference.firstByte == 0)
        #expect(difference.place.hasPrefix("door.1 of StreamDoer"))
    }

    @Test("a TCP server with clients of all kinds replays to the byte", arguments: [Recorder.Outputs.bytes, .sums])
    func tcp(outputs: Recorder.Outputs) throws {
        let listener = try TCPListener(host: "127.0.0.1", port: 0)
        let server = try Server(listener, outputs == .sums ? .sums : .bytes)
        try exchange(server, { try TCPStream(to: [listener.address]) })
        let recording = try server.end()
        if outputs == .bytes { return try expectSame(recording) }
        guard case .same = try check(recording) else {
            Issue.record("\(try check(recording))")
            return
        }
    }

    @Test("a Unix server replays to the byte")
    func unix() throws {
        let path = NSTemporaryDirectory() + "tymist-srec-\(getpid())"
        let server = try Server(try UnixListener(at: try UXDPath(path)), .bytes)
        try exchange(server, { try UnixStream(to: path) })
        try expectSame(server.end())
    }

    @Test("a client that is refused first and connects then replays, and the refusal is the recorded one")
    func client() throws {
        let listener = try TCPListener(host: "127.0.0.1", port: 0)
        try listener.open()
        let address = listener.address
        listener.close()
        let file = File()
        let recorder = file.recorder(header)
        /// Calls until it is through.
        func dial(_ make: @escaping () throws -> some StreamTransport, _ endings: Endings) -> DoDoer {
            let all = DoDoer(doers: [], always: true)
            func call() throws {
                let doer = StreamDoer(ByteEcho(sending: [1, 2, 3]), over: try make())
                doer.onEnd = { _, ending, _ in
                    endings.all.append(ending)
                    if endings.all.count < 3 { try? call() }
                }
                try all.extend([doer])
            }
            endings.begin = call
            return all
        }
        final class Endings {
            var all: [StreamEnding] = []
            var begin: () throws -> Void = {}
        }
        func doers(_ make: @escaping () throws -> some StreamTransport, _ endings: Endings) -> [Doer] {
            let all = dial(make, endings)
            return [
                all,
                doify { _ in
                    try endings.begin()
                    return .done
                },
            ]
        }
        let (live, again) = (Endings(), Endings())
        let doist = try Doist(
            pace: RealPace(),
            doers: doers({ RecordedStream(try TCPStream(to: [address]), recorder, name: "call") }, live))
        recorder.watch(doist)
        let start = Date()
        while live.all.count < 3, Date().timeIntervalSince(start) < 20 {
            _ = try doist.turn()
            if live.all.count == 1, !listener.isOpen { try listener.open() }
            if listener.isOpen, let stream = try listener.accept(at: 0) { stream.close() }
            usleep(500)
        }
        try doist.exit()
        try recorder.finish()
        guard case .failed(.system("connect", ECONNREFUSED, _, _))? = live.all.first else {
            Issue.record("\(live.all)")
            return
        }
        let replay = Replay(try Recording(file.bytes))
        let outcome = try replay.run(doers({ try ReplayedStream(replay, name: "call") }, again))
        guard case .same(let tally) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(again.all == live.all)
        #expect(tally.streams == 3)
    }
}
