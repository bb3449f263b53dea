import Framing
import Sockets
import Wiring

/// What `frame-peer` was told to do.
struct FramePeerOptions {
    enum Mode: String, CaseIterable { case server, client, chat }
    enum Wire: String, CaseIterable {
        case lengthType = "length-type"
        case handshake
    }

    let mode: Mode
    let wire: Wire
    let listen: [FramePlace]
    let connect: FramePlace?
    let format: LengthTypeFormat
    let type: FrameType
    let count: Int?
    let messageSize: Int
    let echoes: Bool
    let push: Int
    let expected: Int
    let connections: Int?
    let again: UInt64?
    let name: String
    let time: Double?
    let record: String?
    let json: Bool
    let outputs: OutputFlags
    /// As they were given.
    let words: [String]
    /// Takes the lines instead of standard output.
    var sink: ((String) -> Void)?
    /// What ends it in order.
    var signals: RealPace.Signals = [.interrupt, .terminate]
    /// Where a chat's own lines come from.
    var input: Int32 = 0

    var reporter: Reporter { Reporter(json: json, to: sink) }

    init(_ words: inout Arguments) throws {
        self.words = words.all
        let word = words.word()
        guard let word, let mode = Mode(rawValue: word) else {
            throw UsageError(
                word.map { "what is \"\($0)\"? Expected server, client or chat" } ?? "say server, client or chat")
        }
        self.mode = mode
        wire = try words.choice("--protocol", of: Wire.self) ?? .lengthType
        listen = try words.values("--listen").map { try FramePlace("--listen", $0) }
        connect = try words.value("--connect").map { try FramePlace("--connect", $0) }
        let lengthFormat = try words.choice("--length-format", of: FieldFormat.self)
        let typeFormat = try words.choice("--type-format", of: FieldFormat.self)
        let type = try words.value("--type")
        count = try words.integer("--count", in: 0...1_000_000_000)
        messageSize = try words.integer("--message-size", in: 0...(64 << 20)) ?? 5
        echoes = words.has("--echo")
        push = try words.integer("--push", in: 0...1_000_000_000) ?? 0
        expected = try words.integer("--expect", in: 0...1_000_000_000) ?? 0
        connections = try words.integer("--connections", in: 1...1_000_000)
        again = try words.integer("--again", in: 0...Int.max).map { UInt64($0) }
        name = try words.value("--name") ?? "somebody"
        time = try words.number("--time", in: 0.001...31_536_000)
        record = try words.value("--record")
        json = words.has("--json")
        outputs = try OutputFlags(&words)
        try words.finish()

        switch mode {
        case .server: guard !listen.isEmpty, connect == nil else { throw UsageError("server needs --listen HOST:PORT") }
        case .client: guard listen.isEmpty, connect != nil else { throw UsageError("client needs --connect HOST:PORT") }
        case .chat:
            guard listen.isEmpty != (connect == nil) else { throw UsageError("chat needs --listen or --connect") }
            guard wire == .lengthType else { throw UsageError("chat speaks --protocol length-type") }
            guard name.utf8.count <= 255 else { throw UsageError("--name: at most 255 bytes") }
        }
        guard listen.allSatisfy({ $0.path == nil }) || listen.allSatisfy({ $0.path != nil }) else {
            throw UsageError("--listen: all of them HOST:PORT, or all of them paths")
        }
        guard wire == .lengthType || (lengthFormat == nil && typeFormat == nil && type == nil) else {
            throw UsageError("--length-format, --type-format, --type: not with --protocol handshake")
        }
        let format = LengthTypeFormat(
            length: lengthFormat ?? (mode == .chat ? .uint32 : .uint16), type: typeFormat ?? .uint8)
        self.format = format
        self.type = FrameType(try type.map { try Self.number($0, format.type) } ?? 2)
    }

    private static func number(_ text: String, _ format: FieldFormat) throws -> Int128 {
        guard let number = Int128(text), format.range.contains(number) else {
            throw UsageError("--type \(text): expected \(format.range) for format \(format.rawValue)")
        }
        return number
    }
}
