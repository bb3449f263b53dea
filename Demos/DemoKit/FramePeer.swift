import Doing
import Framing
import Sockets
import Wiring

/// `frame-peer`: one end of a framed protocol over TCP, for people and for other programs.
public enum FramePeer {
    /// What `frame-peer --help` prints.
    public static let usage = """
        Usage: frame-peer server|client|chat --listen HOST:PORT… | --connect HOST:PORT [options]

          server              take connections at one address or several
          client              connect, send, and end
          chat                talk, as a server or as a client: each line of standard input goes to all others
          --protocol P        length-type (the default; the protocol of PyPI's ltprotocol) or handshake (tinyproto's)
          --length-format F   how a length is written: one of b B h H (the default) i I l L q Q
          --type-format F     how a type is written; B by default
          --type T            the type of the messages; 2 by default
          --count N           client: send N messages (1 by default); server: end after N messages
          --message-size N    send messages of N characters that any peer can make again; 5 by default
          --echo              server: send each message back; client: wait for each message to come back unchanged
          --push N            server: send N messages to each connection
          --expect N          client: wait for N messages before the end
          --connections N     server: refuse connections beyond N
          --again SEED        client: connect again, with back-off, until all is done
          --name NAME         what you are called in a chat
          --time S            end after S seconds
          --json              one JSON object a line
          --help              this

        Ends with status 0 when done, 1 when something is missing or was refused, 2 for bad words.
        Ctrl-C ends it in order.
        """

    /// Does what the words say.
    ///
    /// - Returns: true if everything was done.
    public static func run(_ words: inout Arguments) throws -> Bool {
        try run(FramePeerOptions(&words))
    }

    static func run(_ options: FramePeerOptions) throws -> Bool {
        if options.mode == .chat { return try FrameChat.run(options) }
        var limits = options.connect == nil ? FrameLimits() : FrameLimits.client
        limits.message = 64 << 20
        limits.output = 16 << 20
        switch options.wire {
        case .lengthType:
            DemoMessage.choose(options.type)
            let messages = try LengthTypeProtocol([DemoMessage.self], options.format)
            let talk = FrameTalk<LengthTypeCore>(
                options, bytes: { ($0 as? DemoMessage)?.bytes ?? [] },
                send: { try $0.send(DemoMessage(bytes: $1)) })
            guard options.connect != nil else {
                return try serve(
                    LengthTypeServer(
                        try listeners(options), messages, limits: limits, connections: options.connections,
                        memory: FrameMemory(limit: 256 << 20)),
                    talk, options)
            }
            let wire = try dial(options)
            return try connect(
                LengthTypeClient(messages, limits: limits, again: options.again.map { Backoff(seed: $0) }, over: wire),
                talk, options)
        case .handshake:
            let talk = FrameTalk<HandshakeCore>(options, bytes: { $0 }, send: { try $0.send($1) })
            guard options.connect != nil else {
                return try serve(
                    HandshakeServer(
                        try listeners(options), limits: limits, connections: options.connections,
                        memory: FrameMemory(limit: 256 << 20)),
                    talk, options)
            }
            let wire = try dial(options)
            return try connect(
                HandshakeClient(limits: limits, again: options.again.map { Backoff(seed: $0) }, over: wire), talk,
                options)
        }
    }

    /// Listeners that stand already, so that a port that is taken is told at once and a free one has its number.
    static func listeners(_ options: FramePeerOptions) throws -> [TCPListener] {
        try options.listen.map { address in
            let listener = try TCPListener(address)
            try listener.open()
            return listener
        }
    }

    /// Makes streams to where the words say.
    static func dial(_ options: FramePeerOptions) throws -> () throws -> TCPStream {
        guard let address = options.connect else { throw UsageError("say where to: --connect HOST:PORT") }
        return { try TCPStream(to: [address]) }
    }

    private static func serve<Core>(
        _ server: FrameServer<Core, TCPListener>, _ talk: FrameTalk<Core>, _ options: FramePeerOptions
    ) throws -> Bool {
        talk.addresses = server.listeners.map { "\($0.address)" }
        talk.attach(server.on)
        return try run([server, talk], options) { talk.report() }
    }

    private static func connect<Core>(
        _ client: FrameClient<Core, TCPStream>, _ talk: FrameTalk<Core>, _ options: FramePeerOptions
    ) throws -> Bool {
        talk.addresses = options.connect.map { ["\($0)"] } ?? []
        talk.attach(client.on)
        talk.hangUp = { client.stop() }
        return try run([client, talk], options) { talk.report() }
    }

    static func run(_ doers: [Doer], _ options: FramePeerOptions, _ report: () -> Bool) throws -> Bool {
        let pace = RealPace(stopOn: options.signals)
        try Doist(limit: options.time, pace: pace, doers: doers).run()
        return report()
    }
}
