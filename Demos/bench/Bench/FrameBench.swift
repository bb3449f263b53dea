import CBench
import DemoKit
import Doing
import Framing
import Sockets
import Wiring

/// A message of any bytes.
private struct Blob: LengthTypeMessage {
    static let type: FrameType = 1
    let bytes: [UInt8]

    init(unpacking body: [UInt8]) { bytes = body }
    func pack(into body: inout [UInt8]) { body += bytes }
}

/// A server of either protocol that answers every message with itself.
private func echoServer(_ framing: Int, _ listener: TCPListener) throws -> Doer {
    if framing == LBC_HANDSHAKE {
        let server = HandshakeServer([listener])
        server.on.message = { connection, message, _ in try? connection.send(message) }
        return server
    }
    let messages = try LengthTypeProtocol([Blob.self], LengthTypeFormat(length: .uint32, type: .uint8))
    let server = LengthTypeServer([listener], messages)
    server.on.message = { connection, message, _ in
        if let blob = message as? Blob { try? connection.send(blob) }
    }
    return server
}

/// `bench frames`: messages echoed by a `FrameServer` of each protocol, whole objects in and out, beside C that echoes
/// the same bytes where they lie.
func benchFrames(_ arguments: [String]) throws {
    var words = Arguments(arguments)
    let rounds = try words.integer("--rounds", in: 1...99) ?? 5
    let seconds = Double(try words.integer("--ms", in: 1...10_000) ?? 300) / 1000
    try words.finish()
    try benchFrames(
        "length-type", LBC_LENGTH_TYPE, [(64, 1000), (1024, 1000), (65_536, 64), (64, 1)], rounds, seconds)
    try benchFrames("handshake", LBC_HANDSHAKE, [(64, 1), (1024, 1), (65_536, 1)], rounds, seconds)
}

private func benchFrames(
    _ row: String, _ framing: Int, _ loads: [(size: Int, inflight: Int)], _ rounds: Int, _ seconds: Double
) throws {
    let listener = try TCPListener(host: "127.0.0.1", port: 0)
    try listener.open()
    let ours = StreamServer("frames_s", port: Int(listener.address.port)) {
        try Doist(pace: RealPace(), doers: [echoServer(framing, listener)]).run()
    }
    defer { ours.end() }
    let yardstick = try StreamServer.yardstick(framing)
    defer { yardstick.end() }
    _ = lbc_pin(0)
    for load in loads {
        try StreamLoad(framing: framing, size: load.size, inflight: load.inflight)
            .compare(row, [ours, yardstick], rounds: rounds, seconds: seconds)
    }
}
