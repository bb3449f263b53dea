import Doing
import Framing
import Sockets

/// A message of type 1 whose body is a text. Each type of a protocol is one such struct.
struct Line: LengthTypeMessage {
    static let type: FrameType = 1
    var text: String

    init(_ text: String) { self.text = text }
    init(unpacking body: [UInt8]) throws(BodyError) {
        guard let text = String(validating: body, as: UTF8.self) else { throw .content(offset: 0) }
        self.text = text
    }
    func pack(into body: inout [UInt8]) { body += Array(text.utf8) }
}

/// Frames over TCP: a client says a line, the server answers it.
func frames() throws {
    let words = try LengthTypeProtocol([Line.self])
    let door = try TCPListener(host: "127.0.0.1", port: 0)
    try door.open()
    let server = LengthTypeServer([door], words)
    server.on.message = { connection, message, _ in
        guard let line = message as? Line else { return }
        try connection.send(Line("you said: \(line.text)"))
    }
    let place = door.address
    let client = LengthTypeClient(words) { try TCPStream(to: [place]) }
    client.on.up = { connection, _ in try connection.send(Line("hello")) }
    client.on.message = { connection, message, _ in
        print((message as? Line)?.text ?? "")
        connection.close()
    }
    client.on.down = { _, ending, _ in
        print("closed in order: \(ending.isClean)")
        server.doist?.requestStop()
    }
    try Doist([server, client]).run(limit: 10, pace: .real)
}
