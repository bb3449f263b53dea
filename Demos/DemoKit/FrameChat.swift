import Doing
import Framing
import Sockets
import Wiring

/// A chat over length-type frames: the server hands each line to all others.
struct FrameChat {
    private let options: FramePeerOptions
    private let reporter: Reporter
    private let taping: TapedRun

    init(_ options: FramePeerOptions, _ reporter: Reporter, _ taping: TapedRun) {
        (self.options, self.reporter, self.taping) = (options, reporter, taping)
    }

    func run<Listener: StreamListener>(_ wires: FrameWires<Listener>) throws -> Bool {
        let messages = try LengthTypeProtocol([ChatLine.self], options.format)
        return options.connect == nil ? try host(wires, messages) : try join(wires, messages)
    }

    private func host<Listener: StreamListener>(
        _ wires: FrameWires<Listener>, _ messages: LengthTypeProtocol
    ) throws -> Bool {
        let server = LengthTypeServer(wires.listeners, messages, connections: options.connections)
        for place in wires.places { tell("open", place) }
        server.on.up = { connection, _ in tell("connected", connection.name) }
        server.on.down = { connection, _, _ in tell("disconnected", connection.name) }
        server.on.message = { from, message, _ in
            guard let line = message as? ChatLine else { return }
            show(line)
            for other in server.activeConnections where other !== from { say(line, to: other) }
        }
        let console = try console { line in
            guard let line else { return server.doist?.requestStop() ?? () }
            for connection in server.activeConnections { say(line, to: connection) }
        }
        return try FramePeer.run([server, console], options, taping) { true }
    }

    /// The connecting side; it ends with its input, or with the server's end if it does not connect again.
    private func join<Listener: StreamListener>(
        _ wires: FrameWires<Listener>, _ messages: LengthTypeProtocol
    ) throws -> Bool {
        var wasUp = false
        let again = try options.again.map { try RetryTymer.reconnecting(seed: $0) }
        let client = LengthTypeClient(messages, again: again, over: wires.dial)
        client.on.up = { connection, _ in
            wasUp = true
            tell("connected", connection.name)
        }
        var hasHungUp = false
        client.on.message = { _, message, _ in if let line = message as? ChatLine { show(line) } }
        client.on.down = { [unowned client] _, ending, _ in
            tell("disconnected", ending.isClean ? "in order" : ending.words)
            if hasHungUp || again == nil { client.doist?.requestStop() }
        }
        let console = try console { line in
            if let line {
                if let connection = client.connection { say(line, to: connection) }
            } else {
                hasHungUp = true
                if client.connection == nil { client.doist?.requestStop() }
                client.stop()
            }
        }
        return try FramePeer.run([client, console], options, taping) { wasUp }
    }

    private func show(_ line: ChatLine) {
        var object = JSONLine(event: "line")
        object.add("name", line.name)
        object.add("text", line.text)
        reporter.say(object, "\(printable(line.name)): \(printable(line.text))")
    }

    private func tell(_ event: String, _ peer: String) {
        var line = JSONLine(event: event)
        line.add(event == "open" ? "address" : "peer", peer)
        reporter.say(line, "\(event) \(peer)")
    }

    /// Whoever does not take lines fast enough is let go: the others do not wait for him.
    private func say<Wire>(_ line: ChatLine, to connection: FrameConnection<LengthTypeCore, Wire>) {
        do { try connection.send(line) } catch { connection.close() }
    }

    private func refuse(_ why: String) { if taping.replay == nil { complain(why) } }

    /// Standard input, line by line; nil at its end. What is typed is recorded, too.
    private func console(_ say: @escaping (ChatLine?) -> Void) throws -> Doer {
        let hear: (ConsoleEvent) -> Void = { event in
            switch event {
            case .line(let text): say(ChatLine(name: options.name, text: text))
            case .notText(let bytes): refuse("a line of \(bytes.count) bytes is no UTF-8: not sent")
            case .tooLong(let bytes): refuse("a line of \(bytes) bytes is too long: not sent")
            case .end: say(nil)
            }
        }
        guard taping.isTaped else { return Console(descriptor: options.input) { event, _ in hear(event) } }
        return TapedConsole(try taping.inlet("console"), descriptor: options.input, onEvent: hear)
    }
}
