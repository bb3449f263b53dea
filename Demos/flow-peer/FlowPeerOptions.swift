import DemoKit
import Flowing
import Foundation
import Simming
import Sockets
import Wiring

/// What `flow-peer` was told to do.
struct FlowPeerOptions {
    enum Mode: String, CaseIterable { case accept, alloc, join }
    enum Place {
        case o7(Address)
        case udp(Address)
        case uxd(String)
    }

    let mode: Mode
    let name: String
    let place: Place
    let to: String?
    let qos: QoSSpec
    let count: Int?
    let messageSize: Int
    let echoes: Bool
    let hold: Double
    let time: Double?
    let flags: WireFlags
    let json: Bool
    /// Takes the lines instead of standard output.
    var sink: ((String) -> Void)?
    /// What ends it in order.
    var signals: RealPace.Signals = [.interrupt, .terminate]

    init(_ words: inout Arguments) throws {
        let word = words.word()
        guard let word, let mode = Mode(rawValue: word) else {
            throw UsageError(
                word.map { "what is \"\($0)\"? Expected accept, alloc or join" } ?? "say accept, alloc or join")
        }
        self.mode = mode
        guard let name = try words.value("--name") else { throw UsageError("--name is missing") }
        self.name = name
        var places: [Place] = []
        if let text = try words.value("--o7") { places.append(.o7(try Self.address("--o7", text))) }
        if let text = try words.value("--udp") { places.append(.udp(try Self.address("--udp", text))) }
        if let path = try words.value("--uxd") { places.append(.uxd(path)) }
        guard places.count == 1 else { throw UsageError("say one of --o7 HOST:PORT, --udp HOST:PORT, --uxd PATH") }
        place = places[0]
        to = try words.value("--to")
        guard mode != .alloc || to != nil else { throw UsageError("alloc needs --to PLACE") }
        if mode == .join, case .o7 = places[0] { throw UsageError("join: not over --o7") }
        var qos = try Self.qos(try words.value("--qos") ?? "raw")
        if words.has("--crc") { qos.bitErrors = 0 }
        self.qos = qos
        count = try words.integer("--count", in: 0...1_000_000_000)
        messageSize = try words.integer("--message-size", in: 1...8980) ?? 20
        echoes = words.has("--echo")
        hold = try words.number("--hold", in: 0...1e6) ?? 0
        time = try words.number("--time", in: 0.001...31_536_000)
        json = words.has("--json")
        flags = try WireFlags(&words)
        try words.finish()
        _ = try destination()
    }

    /// Where the name is served; nil: nowhere else.
    func destination() throws -> Address? {
        guard let to else { return nil }
        if case .uxd = place { return try UXDPeer.address(of: to) }
        return try Self.address("--to", to.contains(":") ? to : "\(to):3435")
    }

    private static func address(_ flag: String, _ text: String) throws -> Address {
        do { return try Address(text) } catch { throw UsageError("\(flag) \(text): \(error)") }
    }

    private static func qos(_ text: String) throws -> QoSSpec {
        switch text {
        case "raw": return .raw
        case "ordered": return .bestEffort
        case "reliable": return QoSSpec(loss: 0, inOrder: true)
        default: break
        }
        guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw UsageError("--qos \(text): expected raw, ordered, reliable or a JSON object")
        }
        var qos = QoSSpec.raw
        for key in object.keys.sorted() {
            guard let number = object[key] as? NSNumber, number.doubleValue >= 0, number.doubleValue < 1.8e19 else {
                throw UsageError("--qos: \(key) is no number")
            }
            let value = number.uint64Value
            switch key {
            case "delay": qos.delay = UInt32(clamping: value)
            case "bandwidth": qos.bandwidth = value
            case "availability": qos.availability = UInt8(clamping: value)
            case "loss": qos.loss = UInt32(clamping: value)
            case "ber": qos.bitErrors = UInt32(clamping: value)
            case "in_order": qos.inOrder = UInt8(clamping: value)
            case "max_gap": qos.maxGap = UInt32(clamping: value)
            case "timeout": qos.timeout = UInt32(clamping: value)
            case "cypher_s": qos.cipherStrength = UInt16(clamping: value)
            default: throw UsageError("--qos: no field is called \(key)")
            }
        }
        return qos
    }
}
