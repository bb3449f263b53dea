import Foundation
import Memoing
import Signing
import Sockets
import Wiring

/// What `memo-peer` was told to do.
package struct MemoPeerOptions {
    enum Mode: String, CaseIterable { case listen, send, chat }
    enum Place {
        case udp(Address)
        case uxd(String)
    }
    /// Where to send.
    enum Destination {
        case udp(Address)
        case uxd(String)
    }
    enum Kind: String, CaseIterable {
        case plain, signed, sure
        case sureSigned = "sure-signed"
    }
    enum Domain: String, CaseIterable { case text, binary }
    enum Content {
        case text(String)
        case size(Int)
        case bytes([UInt8])

        func bytes(number: Int) -> [UInt8] {
            switch self {
            case .text(let text): Array(text.utf8)
            case .size(let size): Array(memoText(number: number, length: size).utf8)
            case .bytes(let bytes): bytes
            }
        }
    }

    let mode: Mode
    let place: Place
    let destination: Destination?
    let kind: Kind
    let domain: Domain
    package let size: Int?
    let count: Int?
    let content: Content
    let expected: Int?
    let echoes: Bool
    let seed: Seed?
    let keep: [(Vid, KeyPair)]
    let allowed: [Vid]?
    let pacing: DatagramPacing?
    let probes: Int?
    let deadline: Double?
    let window: Int?
    let time: Double?
    let flags: WireFlags
    /// Where the run is recorded.
    let record: String?
    let json: Bool
    /// What was read, in this order: the flag that named the file, and its bytes.
    let files: [(flag: String, bytes: [UInt8])]

    var isSigned: Bool { kind == .signed || kind == .sureSigned }
    var isSure: Bool { kind == .sure || kind == .sureSigned }

    /// - Parameters:
    ///   - words: what it was called with.
    ///   - reading: gives the bytes of the file that a flag names.
    package init(
        _ words: inout Arguments, reading: (_ flag: String, _ path: String) throws -> [UInt8] = MemoPeerOptions.read
    ) throws {
        var files: [(flag: String, bytes: [UInt8])] = []
        func read(_ flag: String, _ path: String) throws -> [UInt8] {
            let bytes = try reading(flag, path)
            files.append((flag, bytes))
            return bytes
        }
        let word = words.word()
        guard let word, let mode = Mode(rawValue: word) else {
            throw UsageError(
                word.map { "what is \"\($0)\"? Expected listen, send or chat" } ?? "say listen, send or chat")
        }
        self.mode = mode
        place = try Self.place(&words)
        destination = try words.value("--to").map { [place] in try Self.destination($0, from: place) }
        guard destination != nil || mode == .listen else { throw UsageError("\(mode) needs --to") }
        kind = try words.choice("--kind", of: Kind.self) ?? .plain
        domain = try words.choice("--domain", of: Domain.self) ?? .text
        size = try words.integer("--size", in: 1...65535)
        count = try words.integer("--count", in: 1...1_000_000_000)
        content = try Self.content(&words, reading: read)
        expected = try words.integer("--expect", in: 1...1_000_000_000)
        echoes = words.has("--echo")
        seed = try words.value("--seed-key").map(Self.seed)
        keep = try words.value("--keep").map { try Self.keep($0, read("--keep", $0)) } ?? []
        let vids = try words.values("--allow")
        allowed = vids.isEmpty ? nil : try vids.map { try Self.named("--allow", $0) { try Vid(text: $0) } }
        probes = try words.integer("--probes", in: 0...1000)
        deadline = try words.number("--deadline", in: 0.001...31_536_000)
        window = try words.integer("--window", in: 1...SureControl.mostInFlight)
        pacing = try words.number("--pace", in: 1...1e12).map { try DatagramPacing(bytesPerSecond: $0) }
        time = try words.number("--time", in: 0.001...31_536_000)
        json = words.has("--json")
        flags = try WireFlags(&words)
        record = try words.value("--record")
        try words.finish()
        self.files = files
        guard isSure || probes == nil && deadline == nil && window == nil else {
            throw UsageError("--probes, --deadline and --window are for sure memos")
        }
        guard !isSigned || mode == .listen || seed != nil else {
            throw UsageError("--kind \(kind.rawValue) needs --seed-key")
        }
    }

    /// Where it is to stand a socket can: its directory exists, and no file that is no socket is in the way.
    func checkPlace() throws {
        guard case .uxd(let path) = place else { return }
        let directory = (path as NSString).deletingLastPathComponent
        var isDirectory: ObjCBool = false
        if !directory.isEmpty, path.contains("/"),
            !FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) || !isDirectory.boolValue
        {
            throw UsageError("--uxd \(path): there is no directory \(directory)")
        }
        if let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType,
            type != .typeSocket
        {
            throw UsageError("--uxd \(path): that is something else than a socket already")
        }
    }

    private static func place(_ words: inout Arguments) throws -> Place {
        switch (try words.value("--udp"), try words.value("--uxd")) {
        case (let text?, nil): .udp(try named("--udp", text) { try Address($0) })
        case (nil, let path?): .uxd(try named("--uxd", path) { try UXDPath($0).path })
        case (nil, nil): throw UsageError("say where to stand: --udp HOST:PORT or --uxd PATH")
        case (_?, _?): throw UsageError("--udp and --uxd: one of them, not both")
        }
    }

    private static func destination(_ text: String, from place: Place) throws -> Destination {
        switch place {
        case .udp(let here): .udp(try reachable(try named("--to", text) { try Address($0) }, from: here))
        case .uxd: .uxd(try named("--to", text) { try UXDPath($0).path })
        }
    }

    private static func reachable(_ there: Address, from here: Address) throws -> Address {
        guard here.family == .ip6 || there.family == .ip4 else {
            throw UsageError("--to \(there): an IPv6 address, and --udp \(here) is an IPv4 one; say --udp '[::]:0'")
        }
        guard here.family == .ip4 || there.family == .ip6 else {
            throw UsageError("--to \(there): an IPv4 address, and --udp \(here) is an IPv6 one; say --udp 0.0.0.0:0")
        }
        guard there.port != 0 else { throw UsageError("--to \(there): port 0 is nobody's") }
        return there
    }

    /// The bytes of a file.
    package static func read(_ flag: String, _ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UsageError("\(flag) \(path): cannot be read")
        }
        return [UInt8](data)
    }

    private static func content(
        _ words: inout Arguments, reading: (String, String) throws -> [UInt8]
    ) throws -> Content {
        let text = try words.value("--memo")
        let size = try words.integer("--memo-size", in: 0...(16 << 20))
        let file = try words.value("--file")
        guard [text != nil, size != nil, file != nil].filter(\.self).count <= 1 else {
            throw UsageError("--memo, --memo-size, --file: one of them")
        }
        if let size { return .size(size) }
        guard let file else { return .text(text ?? "hello") }
        return .bytes(try reading("--file", file))
    }

    private static func seed(_ text: String) throws -> Seed {
        let digits = Array(text.utf8)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        guard digits.count == 64, bytes.count == 32 else {
            throw UsageError("--seed-key: expected 64 hexadecimal digits, got \(digits.count) characters")
        }
        return try Seed(raw: bytes)
    }

    private struct KeepEntry: Decodable { let vid, qvk: String; let qss: String? }

    private static func keep(_ file: String, _ bytes: [UInt8]) throws -> [(Vid, KeyPair)] {
        do {
            return try JSONDecoder().decode([KeepEntry].self, from: Data(bytes)).map { entry in
                let seed = try entry.qss.map { try Seed(text: $0) }
                return (try Vid(text: entry.vid), KeyPair(verifyKey: try VerifyKey(text: entry.qvk), seed: seed))
            }
        } catch {
            throw UsageError("--keep \(file): expected a JSON list of {\"vid\",\"qvk\",\"qss\"}: \(error)")
        }
    }

    private static func named<T>(_ flag: String, _ text: String, _ body: (String) throws -> T) throws -> T {
        do { return try body(text) } catch { throw UsageError("\(flag) \(text): \(error)") }
    }
}
