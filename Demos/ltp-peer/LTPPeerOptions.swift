import DemoKit
import Foundation
import LTP
import Simming
import Sockets
import Wiring

/// What `ltp-peer` was told to do.
struct LTPPeerOptions {
    enum Mode: String, CaseIterable { case recv, send }

    let mode: Mode
    let engine: UInt64
    let listen: Address
    let peers: [LTPPeer]
    let service: UInt64
    let count: Int
    let file: [UInt8]
    /// Bytes of the red part; nil for all.
    let red: Int?
    let linger: Double
    let time: Double?
    let mtu: Int
    let flags: WireFlags
    let json: Bool
    /// Takes the lines instead of standard output.
    var sink: ((String) -> Void)?
    /// What ends it in order.
    var signals: RealPace.Signals = [.interrupt, .terminate]

    init(_ words: inout Arguments) throws {
        let word = words.word()
        guard let word, let mode = Mode(rawValue: word) else {
            throw UsageError(word.map { "what is \"\($0)\"? Expected recv or send" } ?? "say recv or send")
        }
        self.mode = mode
        guard let engine = try words.integer("--engine", in: 1...Int.max) else {
            throw UsageError("--engine is missing")
        }
        self.engine = UInt64(engine)
        guard let listen = try words.value("--listen") else { throw UsageError("--listen is missing") }
        self.listen = try LTPPeerOptions.address("--listen", listen)
        mtu = try words.integer("--mtu", in: 32...65_507) ?? 1400
        let lightTime = try words.number("--owlt", in: 0...1e6) ?? 0
        let margin = try words.number("--margin", in: 0.001...1e6) ?? 0.5
        let rate = try words.number("--rate", in: 0...1e12) ?? 8_000_000
        let retries = try words.integer("--retries", in: 0...10_000)
        let every = try words.integer("--checkpoint-every", in: 0...1_000_000) ?? 0
        let copies = try words.integer("--copies", in: 1...8) ?? 1
        let mtu = mtu
        peers = try words.values("--peer").map { text in
            var peer = try LTPPeerOptions.peer(text)
            (peer.mtu, peer.lightTime, peer.margin) = (mtu, lightTime, margin)
            peer.rate = rate > 0 ? max(1, rate) : nil
            (peer.checkpointEvery, peer.copies) = (every, copies)
            if let retries { peer.retries = retries }
            return peer
        }
        guard !peers.isEmpty else { throw UsageError("--peer ENGINE=HOST:PORT is missing") }
        service = UInt64(try words.integer("--service", in: 0...Int.max) ?? 1)
        count = try words.integer("--count", in: 0...1_000_000_000) ?? 1
        let path = try words.value("--file")
        let red = try words.integer("--red", in: -1...Int.max) ?? -1
        linger = try words.number("--linger", in: 0...1e6) ?? 1
        time = try words.number("--time", in: 0.001...31_536_000)
        json = words.has("--json")
        flags = try WireFlags(&words)
        try words.finish()
        guard mode == .send else {
            guard path == nil else { throw UsageError("--file is for send") }
            (file, self.red) = ([], nil)
            return
        }
        guard let path else { throw UsageError("send needs --file FILE") }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UsageError("--file \(path): cannot be read")
        }
        guard !data.isEmpty else { throw UsageError("--file \(path): has no bytes") }
        guard red <= data.count else { throw UsageError("--red \(red): the file has \(data.count) bytes") }
        (file, self.red) = (Array(data), red < 0 ? nil : red)
    }

    private static func address(_ flag: String, _ text: String) throws -> Address {
        do { return try Address(text) } catch { throw UsageError("\(flag) \(text): \(error)") }
    }

    /// `ENGINE=HOST:PORT`
    private static func peer(_ text: String) throws -> LTPPeer {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let engine = UInt64(parts[0]), engine > 0 else {
            throw UsageError("--peer \(text): expected ENGINE=HOST:PORT")
        }
        return LTPPeer(engine: engine, address: try address("--peer", String(parts[1])))
    }
}
