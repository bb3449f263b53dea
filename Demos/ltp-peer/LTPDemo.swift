import DemoKit
import Doing
import LTP
import Simming
import Sockets
import Wiring

/// `ltp-peer`: one engine of LTP on a UDP socket, for people and for other programs.
public enum LTPDemo {
    /// What `ltp-peer --help` prints.
    public static let usage = """
        Usage: ltp-peer recv|send --engine E --listen HOST:PORT --peer ENGINE=HOST:PORT [--service S] [options]

          recv              tell of the blocks that arrive, and end after --count of them
          send              send --file FILE, and end when it is complete, or cancelled
          --engine E        the number of this engine
          --listen          where it stands
          --peer            the other engine, and where it stands; recv may have several
          --service S       the client service; 1 by default
          --count N         blocks: red parts and green parts each count; 1 by default
          --file FILE       what to send; --red N for its first N bytes red and the rest green, -1 (the default) for all
          --mtu N           bytes of a datagram at most; 1400 by default
          --owlt S          seconds that light takes, one way; 0 by default. Timers allow twice that
          --margin S        seconds that a segment lies at either end at most; 0.5 by default
          --rate BYTES      bytes a second; 8,000,000 by default, since an ION with usual buffers loses what is faster;
                            0 for as fast as it goes
          --retries N       repeats of a segment before giving up; 20 by default
          --checkpoint-every N    a checkpoint in every N segments
          --copies N        send checkpoints and control segments N times ahead of any timer
          --linger S        seconds to go on answering after the end; 1 by default
          --time S          end after S seconds
          --json            one JSON object a line
          --loss P --delay S --jitter S --duplicate P --reorder P --corrupt P
                            what goes wrong with what is sent: probabilities, seconds
          --seed N          what that is drawn from; 1 without it
        \(OutputFlags.usage)
          --help            this

        Ends with status 0 when done, 1 when something is missing or was cancelled, 2 for bad words.
        Ctrl-C ends it in order.
        """

    /// Does what the words say.
    ///
    /// - Returns: true if everything was done.
    package static func run(_ words: inout Arguments) throws -> Bool { try run(LTPPeerOptions(&words)) }

    static func run(_ options: LTPPeerOptions) throws -> Bool {
        try options.flags.check()
        let size = max(options.mtu, UDPPeer.maximumDatagramSize)
        let socket = try UDPPeer(options.listen, options: .init(maximumDatagramSize: size))
        try socket.open()
        let tap = options.flags.tap("engine \(options.engine)")
        tap?.local = socket.address
        let tapped = Tapped(socket, tap)
        guard let link = options.flags.link else { return try run(options, over: tapped, at: "\(socket.address)") }
        let faulty = try Faulty(tapped, link: link, seed: options.flags.seed)
        return try run(options, over: faulty, at: "\(socket.address)")
    }

    private static func run<Wire: DatagramTransport>(
        _ options: LTPPeerOptions, over wire: Wire, at place: String
    ) throws -> Bool {
        var system = SystemRandomNumberGenerator()
        let proxy = try LTPProxy(
            engine: options.engine, over: wire, peers: options.peers, random: Xoshiro256(seed: system.next()))
        let talk = try LTPTalk(proxy, options, at: place)
        let doist = try Doist(
            limit: options.time, pace: RealPace(stopOn: options.signals), doers: [proxy.doer, talk])
        options.flags.watch(doist)
        try doist.run()
        try options.flags.write { proxy.doer.wire.describe($0) }
        return talk.report()
    }
}
