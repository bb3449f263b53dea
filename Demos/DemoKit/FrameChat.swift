import Doing
import Framing
import Sockets

/// A chat over length-type frames: the server hands each line to all others.
enum FrameChat {
    static func run(_ options: FramePeerOptions) throws -> Bool {
        let reporter = options.reporter
        let messages = try LengthTypeProtocol([ChatLine.self], options.format)
        func show(_ line: ChatLine) {
            var object = JSONLine(event: "line")
            object.add("name", line.name)
            object.add("text", line.text)
            reporter.say(object, "\(line.name): \(line.text)")
        }
        func tell(_ event: String, _ peer: String) {
            var line = JSONLine(event: event)
            line.add(event == "open" ? "address" : "peer", peer)
            reporter.say(line, "\(event) \(peer)")
        }
        guard options.connect != nil else {
            let server = LengthTypeServer(
                try FramePeer.listeners(options), messages, connections: options.connections)
            for listener in server.listeners { tell("open", "\(listener.address)") }
            server.on.up = { connection, _ in tell("connected", connection.name) }
            server.on.down = { connection, _, _ in tell("disconnected", connection.name) }
            server.on.message = { from, message, _ in
                guard let line = message as? ChatLine else { return }
                show(line)
                for other in server.activeConnections where other !== from { say(line, to: other) }
            }
            let console = console(options) { line in
                guard let line else { return server.doist?.requestStop() ?? () }
                for connection in server.activeConnections { say(line, to: connection) }
            }
            return try FramePeer.run([server, console], options) { true }
        }
        return try join(options, messages, reporter: tell, show: show)
    }

    /// The connecting side; it ends with its input, or with the server's end if it does not connect again.
    private static func join(
        _ options: FramePeerOptions, _ messages: LengthTypeProtocol, reporter tell: @escaping (String, String) -> Void,
        show: @escaping (ChatLine) -> Void
    ) throws -> Bool {
        var wasUp = false
        let again = options.again.map { Backoff(seed: $0) }
        let client = LengthTypeClient(messages, again: again, over: try FramePeer.dial(options))
        client.on.up = { connection, _ in
            wasUp = true
            tell("connected", connection.name)
        }
        var hasHungUp = false
        client.on.message = { _, message, _ in if let line = message as? ChatLine { show(line) } }
        client.on.down = { [unowned client] _, ending, _ in
            tell("disconnected", ending.isClean ? "in order" : "\(ending)")
            if hasHungUp || again == nil { client.doist?.requestStop() }
        }
        let console = console(options) { line in
            if let line {
                if let connection = client.connection { say(line, to: connection) }
            } else {
                hasHungUp = true
                if client.connection == nil { client.doist?.requestStop() }
                client.stop()
            }
        }
        return try FramePeer.run([client, console], options) { wasUp }
    }

    /// Whoever does not take lines fast enough is let go: the others do not wait for him.
    private static func say(_ line: ChatLine, to connection: LengthTypeConnection) {
        do { try connection.send(line) } catch { connection.close() }
    }

    private typealias LengthTypeConnection = FrameConnection<LengthTypeCore, TCPStream>

    /// Standard input, line by line; nil at its end.
    private static func console(_ options: FramePeerOptions, _ say: @escaping (ChatLine?) -> Void) -> Console {
        Console(descriptor: options.input) { event, _ in
            switch event {
            case .line(let text): say(ChatLine(name: options.name, text: text))
            case .notText(let bytes): complain("a line of \(bytes.count) bytes is no UTF-8: not sent")
            case .tooLong(let bytes): complain("a line of \(bytes) bytes is too long: not sent")
            case .end: say(nil)
            }
        }
    }
}
