import Doing
import Framing
import Sockets
import Taping
import Wiring

/// `frame-peer`: one end of a framed protocol over TCP or a Unix stream, for people and for other programs.
public enum FramePeer {
    /// What `frame-peer --help` prints.
    public static let usage = """
        Usage: frame-peer server|client|chat --listen HOST:PORT|PATH… | --connect HOST:PORT|PATH [options]

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
          --record FILE       all that comes in and goes out, for `rehearse replay FILE`: guard it like what was said
          --json              one JSON object a line
        \(OutputFlags.usage)
          --help              this

        Ends with status 0 when done, 1 when something is missing or was refused, 2 for bad words.
        Ctrl-C ends it in order.
        """

    /// Does what the words say.
    ///
    /// - Returns: true if everything was done.
    package static func run(_ words: inout Arguments) throws -> Bool {
        try run(FramePeerOptions(&words))
    }

    /// The listeners stand before anything else happens, so that a port that is taken is told at once and a free one
    /// has its number.
    static func run(_ options: FramePeerOptions) throws -> Bool {
        try options.outputs.check()
        if options.listen.contains(where: { $0.path != nil }) || options.connect?.path != nil {
            let listeners = try options.listen.compactMap(\.path).map { path in
                let listener = try UnixListener(at: try UXDPath(path))
                try listener.open()
                return listener
            }
            return try run(options, listeners, listeners.map { $0.path ?? "" }) {
                try UnixStream(to: try destination(options.connect?.path))
            }
        }
        let listeners = try options.listen.compactMap(\.address).map { address in
            let listener = try TCPListener(address)
            try listener.open()
            return listener
        }
        return try run(options, listeners, listeners.map { "\($0.address)" }) {
            try TCPStream(to: [try destination(options.connect?.address)])
        }
    }

    private static func destination<Place>(_ place: Place?) throws -> Place {
        guard let place else { throw UsageError("say where to: --connect HOST:PORT or PATH") }
        return place
    }

    /// Recorded, if the words say so.
    private static func run<Listener: StreamListener>(
        _ options: FramePeerOptions, _ listeners: [Listener], _ places: [String],
        dial: @escaping () throws -> Listener.Stream
    ) throws -> Bool {
        try TapedRun.run("frame-peer", options.words, to: options.record, stopOn: options.signals) { taping in
            let places = places.isEmpty ? [options.connect?.text ?? ""] : places
            let wires = FrameWires(listeners, places, taping.recorder, options.outputs.trace, dial: dial)
            let isDone = try run(options, wires, taping)
            try options.outputs.write { "\($0)" }
            return isDone
        }
    }

    /// Runs the same doers on a recording.
    ///
    /// - Parameter words: more words than it was recorded with, to see where that makes a difference.
    public static func replay(_ recording: Recording, words more: [String] = []) throws -> Replay.Outcome {
        var words = Arguments(recording.header.arguments + more)
        let options = try FramePeerOptions(&words)
        let replay = Replay(recording)
        let taping = TapedRun(replay)
        _ = try run(options, FrameWires(options, replay), taping)  // only whether it is the same is asked
        return taping.outcome!
    }

    private static func run<Listener: StreamListener>(
        _ options: FramePeerOptions, _ wires: FrameWires<Listener>, _ taping: TapedRun
    ) throws -> Bool {
        let reporter = taping.reporter ?? options.reporter
        if options.mode == .chat { return try FrameChat(options, reporter, taping).run(wires) }
        var limits = options.connect == nil ? FrameLimits() : FrameLimits.client
        limits.message = 64 << 20
        limits.output = 16 << 20
        let again = try options.again.map { try RetryTymer.reconnecting(seed: $0) }
        switch options.wire {
        case .lengthType:
            DemoMessage.choose(options.type)
            let messages = try LengthTypeProtocol([DemoMessage.self], options.format)
            let talk = FrameTalk<LengthTypeCore, Listener.Stream>(
                options, reporter, bytes: { ($0 as? DemoMessage)?.bytes ?? [] },
                send: { try $0.send(DemoMessage(bytes: $1)) })
            guard options.connect != nil else {
                let server = LengthTypeServer(
                    wires.listeners, messages, limits: limits, connections: options.connections,
                    memory: FrameMemory(limit: 256 << 20))
                return try serve(server, talk, wires.places, options, taping)
            }
            let client = LengthTypeClient(messages, limits: limits, again: again, over: wires.dial)
            return try connect(client, talk, wires.places, options, taping)
        case .handshake:
            let talk = FrameTalk<HandshakeCore, Listener.Stream>(
                options, reporter, bytes: { $0 }, send: { try $0.send($1) })
            guard options.connect != nil else {
                let server = HandshakeServer(
                    wires.listeners, limits: limits, connections: options.connections,
                    memory: FrameMemory(limit: 256 << 20))
                return try serve(server, talk, wires.places, options, taping)
            }
            return try connect(
                HandshakeClient(limits: limits, again: again, over: wires.dial), talk, wires.places, options, taping)
        }
    }

    private static func serve<Core, Listener>(
        _ server: FrameServer<Core, Listener>, _ talk: FrameTalk<Core, Listener.Stream>, _ places: [String],
        _ options: FramePeerOptions, _ taping: TapedRun
    ) throws -> Bool {
        talk.addresses = places
        talk.attach(server.on)
        return try run([server, talk], options, taping) { talk.report() }
    }

    private static func connect<Core, Wire>(
        _ client: FrameClient<Core, Wire>, _ talk: FrameTalk<Core, Wire>, _ places: [String],
        _ options: FramePeerOptions, _ taping: TapedRun
    ) throws -> Bool {
        talk.addresses = places
        talk.attach(client.on)
        talk.hangUp = { client.stop() }
        return try run([client, talk], options, taping) { talk.report() }
    }

    static func run(
        _ doers: [Doer], _ options: FramePeerOptions, _ taping: TapedRun, _ report: () -> Bool
    ) throws -> Bool {
        if try taping.replays(doers) { return true }
        let doist = try Doist(limit: options.time, pace: RealPace(stopOn: taping.signals), doers: doers)
        taping.recorder?.watch(doist)
        options.outputs.watch(doist)
        try doist.run()
        return report()
    }
}
