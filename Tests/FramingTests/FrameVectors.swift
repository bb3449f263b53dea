import Doing
import Testing

@testable import Framing

/// Frames as ltprotocol 0.2.1 and tinyproto 3.0 exchange them.
@Suite struct FrameVectors {
    static let file = FrameVectorFile.shared

    @Test("the file holds what it says")
    func complete() {
        #expect(Self.file.length_type.pack.count >= 300)
        #expect(Self.file.length_type.pack_errors.count >= 9)
        #expect(Self.file.length_type.receive.count >= 8)
        #expect(Self.file.handshake.exchanges.count >= 3)
        #expect(Self.file.handshake.raw_server.count >= 6)
        #expect(Self.file.handshake.raw_client.count >= 3)
    }

    @Test("messages are packed byte for byte in all formats, and come back")
    func pack() throws {
        for vector in Self.file.length_type.pack {
            let words = try words(LengthTypeFormat(vector.len, vector.type))
            var core = LengthTypeCore(words)
            switch vector.message {
            case "NumMsg(200)":
                try core.send(NumMessage(200))
                #expect(hex(core.drain()) == vector.hex)
                core.feed(unhex(vector.hex))
                let come = core.messages() as? [NumMessage]
                #expect(come == [NumMessage(200)])
            case let text where text.hasPrefix("StrMsg('") && text.hasSuffix("')"):
                let message = StrMessage(String(text.dropFirst(8).dropLast(2)))
                try core.send(message)
                #expect(hex(core.drain()) == vector.hex)
                core.feed(unhex(vector.hex))
                let come = core.messages() as? [StrMessage]
                #expect(come == [message])
            default: Issue.record("what is \(vector.message)?")
            }
            #expect(core.failure == nil && core.partial.isEmpty)
        }
    }

    @Test("what does not fit is an error at the caller, and nothing is sent")
    func packErrors() throws {
        for vector in Self.file.length_type.pack_errors {
            let format = try LengthTypeFormat(vector.len, vector.type)
            guard let size = vector.body else {
                #expect(throws: FrameError.typeOutOfRange(FrameType(vector.message_type!), format.type)) {
                    try LengthTypeProtocol([WideMessage.self], format)
                }
                #expect(throws: FrameError.typeOutOfRange(FrameType(vector.message_type!), format.type)) {
                    try format.frame(FrameType(vector.message_type!), [0x78])
                }
                continue
            }
            var core = LengthTypeCore(try words(format))
            let message = StrMessage(bytes: [UInt8](repeating: 0x78, count: size))
            if vector.ok == true {
                try core.send(message)
                let bytes = core.drain()
                #expect(bytes.count == vector.total && hex(bytes.prefix(4)) == vector.header)
            } else {
                #expect(throws: FrameError.tooLarge(size: UInt64(size), limit: format.largestBody)) {
                    try core.send(message)
                }
                #expect(core.drain() == [])
            }
        }
    }

    @Test("what comes is delivered as the vectors say, in any cutting", arguments: 0..<40)
    func receive(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for vector in Self.file.length_type.receive {
            let pieces = vector.chunks.map(unhex)
            let cut = seed == 0 ? pieces : chunks(pieces.flatMap { $0 }, &random, upTo: 1 + Int(seed) / 4)
            var core = LengthTypeCore(try words(LengthTypeFormat(vector.len, vector.type)))
            core.connected(at: 0)
            for piece in cut { core.feed(piece) }
            var told: [String] = []
            while let event = core.pollEvent() {
                switch event {
                case .message(let message as NumMessage): told.append("1 \(message.value)")
                case .message(let message as StrMessage): told.append("2 \(hex(message.bytes))")
                case .unknown: told.append("unknown")
                case .message(let message): told.append("\(message)")
                case .up: break
                case .down: Issue.record("a core tells no end")
                }
            }
            let wanted = vector.delivered.map { one in
                one.map { "\($0.type) \($0.num.map { "\($0)" } ?? $0.hex ?? "")" } ?? "unknown"
            }
            #expect(told == wanted, "\(vector.name)")
            #expect((core.failure != nil) == (vector.error != nil), "\(vector.name)")
            #expect((core.closing != .open) == (vector.error != nil), "\(vector.name)")
            if vector.error == nil { #expect(hex(core.partial) == vector.left_in_buffer, "\(vector.name)") }
        }
    }

    @Test("recorded exchanges of the original come out byte for byte between two ends of ours")
    func exchanges() throws {
        for exchange in Self.file.handshake.exchanges {
            var recorded = ["C->S": "", "S->C": ""]
            for piece in exchange.transcript {
                let text = piece.hex ?? ""
                let bytes = text.contains("..(") ? String(repeating: "00", count: 76800) : text
                recorded[piece.dir, default: ""] += bytes
            }
            var (client, server) = (HandshakeCore(), HandshakeCore())
            client.connected(at: 0)
            server.connected(at: 0)
            var (up, down): ([UInt8], [UInt8]) = ([], [])
            for text in exchange.sent {
                let message = text == "76800 bytes" ? [UInt8](repeating: 0, count: 76800) : unhex(text)
                try client.send(message)
                var echo: [[UInt8]] = []
                for _ in 0..<10 where echo.isEmpty {
                    let out = client.drain()
                    up += out
                    server.feed(out)
                    for message in server.messages() { try server.send(message) }
                    let back = server.drain()
                    down += back
                    client.feed(back)
                    echo = client.messages()
                }
                #expect(echo == [message])
            }
            #expect(hex(up) == recorded["C->S"] && hex(down) == recorded["S->C"], "\(exchange.name)")
        }
    }

    /// Feeds the steps of the bare socket to an end that echoes, or not.
    private func judge(_ raw: FrameVectorFile.Raw, echoes: Bool, _ random: inout SplitMix64, upTo longest: Int) throws {
        var core = HandshakeCore()
        core.connected(at: 0)
        var (sent, delivered): ([UInt8], [String]) = (core.drain(), [])
        for step in raw.steps where step[0] == "send" {
            for piece in chunks(unhex(step[1]), &random, upTo: longest) {
                core.feed(piece)
                for message in core.messages() {
                    delivered.append(hex(message))
                    if echoes { try core.send(message) }
                }
                sent += core.drain()
            }
        }
        if raw.ours.error == "timeout" {
            core.wait(until: 4.9)
            #expect(core.failure == nil)
            core.wait(until: 5)
        }
        let kind: String? =
            switch core.failure {
            case nil: nil
            case .hello: "hello"
            case .connectionLimit: "limit"
            case .tooLarge: "tooLarge"
            case .timeout: "timeout"
            case let other?: "\(other)"
            }
        #expect(raw.ours.sends.contains(hex(sent)), "\(raw.name): \(hex(sent))")
        #expect(delivered == raw.ours.deliveries, "\(raw.name)")
        #expect(kind == raw.ours.error && (core.closing != .open) == raw.ours.closes, "\(raw.name)")
        guard core.failure == nil else { return }
        core.ended(at: 6)
        #expect(core.failure == nil && core.closing != .open, "\(raw.name): a FIN between two messages is clean")
    }

    @Test("an end of ours answers bare sockets as the vectors say, in any cutting", arguments: 0..<20)
    func bareSockets(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for raw in Self.file.handshake.raw_server { try judge(raw, echoes: true, &random, upTo: 1 + Int(seed)) }
        for raw in Self.file.handshake.raw_client { try judge(raw, echoes: false, &random, upTo: 1 + Int(seed)) }
    }

    @Test("what follows on the vectors: an answer lets the echoes go, silence is a timeout")
    func follows() throws {
        var core = HandshakeCore()
        core.connected(at: 0)
        core.feed(unhex("ff00000002686900000003616263"))
        for message in core.messages() { try core.send(message) }
        #expect(hex(core.drain()) == "ffffff00000002")
        var other = core
        core.feed([0xFF], at: 1)
        #expect(hex(core.drain(at: 1)) == "686900000003")
        core.feed([0xFF], at: 2)
        #expect(hex(core.drain(at: 2)) == "616263")
        #expect(core.failure == nil && core.unsent == 0 && core.closing == .open)
        other.wait(until: 5)
        #expect(other.failure == .timeout(.answer) && other.closing == .finish)
        var silent = HandshakeCore()
        silent.connected(at: 0)
        silent.wait(until: 5)
        #expect(silent.failure == .timeout(.hello) && silent.closing == .finish)
    }
}
