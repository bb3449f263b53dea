import Doing
import Memoing
import Signing
import Simming
import Sockets
import Taping
import Wiring

/// `memo-peer`: one memo peer on a real socket, for people and for other programs.
public enum MemoPeer {
    /// What `memo-peer --help` prints.
    public static let usage = """
        Usage: memo-peer listen|send|chat (--udp HOST:PORT | --uxd PATH) [--to HOST:PORT|PATH] [options]

          listen            print the memos that arrive
          send              send memos, then end
          chat              send each line of standard input, print what arrives
          --to              where to send: HOST:PORT, or the PATH of a Unix peer
          --kind KIND       plain (the default), signed, sure or sure-signed: a sure memo is repeated until it arrives
          --domain DOMAIN   heads in text (the default) or binary
          --probes N        sure memos to a peer that never answered are repeated N times only: hio's peers never do,
                            and hear a memo of one gram anew each time
          --deadline S      a sure memo is given up S seconds after it was taken
          --window N        N sure grams under way, as fast as they go; otherwise the way is found out
          --size N          gram size in bytes; the transport's usual one otherwise
          --memo TEXT       what to send; or --memo-size N characters that any peer can make again; or --file FILE
          --count N         send N memos (1 by default), or listen until N have arrived
          --expect N        when sending, wait for N memos before the end
          --echo            send each memo that arrives back to its source
          --seed-key HEX64  the Ed25519 seed to sign with; its vid of code B is ours
          --keep FILE       a JSON list of {"vid","qvk","qss"}: keys of other vids
          --allow VID…      accept memos of these vids only
          --per-tick N      datagrams sent in a tick of 1/32 s at most; 64 over UDP, as nothing slows a UDP sender down
          --time S          end after S seconds
          --record FILE     all that comes in and goes out, for `rehearse replay FILE`; the words of the command,
                            --seed-key too, and what --file and --keep name stand in it: guard it like a key
          --json            one JSON object a line
        \(WireFlags.usage)
          --help            this

        Ends with status 0 when done, 1 when something is missing or was refused, 2 for bad words.
        Ctrl-C ends it in order.
        """

    /// Does what the words say.
    ///
    /// - Returns: true if everything was done.
    package static func run(_ words: inout Arguments) throws -> Bool {
        try run(&words, stopOn: [.interrupt, .terminate])
    }

    /// The same, ended by these signals only.
    static func run(_ words: inout Arguments, stopOn signals: RealPace.Signals) throws -> Bool {
        let given = words.all
        let options = try MemoPeerOptions(&words)
        try options.checkPlace()
        try options.flags.check()
        return try TapedRun.run("memo-peer", given, to: options.record, stopOn: signals) { taping in
            for file in options.files { _ = try taping.inlet(file.flag).take { file.bytes } }
            return try run(options, taping)
        }
    }

    /// Runs the same doers on a recording.
    ///
    /// - Parameter words: more words than it was recorded with, to see where that makes a difference.
    public static func replay(_ recording: Recording, words more: [String] = []) throws -> Replay.Outcome {
        var words = Arguments(recording.header.arguments + more)
        let replay = Replay(recording)
        let taping = TapedRun(replay)
        let options = try MemoPeerOptions(&words) { flag, path in
            // Older recordings have no files in them.
            guard let file = try? taping.inlet(flag) else { return try MemoPeerOptions.read(flag, path) }
            return file.take { [] }
        }
        let wire = try Replayed(replay, name: "socket")
        let pacing: DatagramPacing? =
            switch options.place {
            case .udp: udpPacing(options)
            case .uxd: uxdPacing(options)
            }
        let outcome: Bool
        if let link = options.flags.link {
            let faulty = try Faulty(wire, link: link, seed: options.flags.seed)
            outcome = try run(options, over: faulty, to: Address.none, pacing: pacing, taping) { "" }
        } else {
            outcome = try run(options, over: wire, to: Address.none, pacing: pacing, taping) { "" }
        }
        _ = outcome  // whether that run had done everything; a replay asks only whether it is the same
        return taping.outcome!
    }

    private static func udpPacing(_ options: MemoPeerOptions) -> DatagramPacing? {
        options.pacing ?? (options.isSure ? nil : .udp)
    }

    private static func uxdPacing(_ options: MemoPeerOptions) -> DatagramPacing? { options.pacing }

    private static func run(_ options: MemoPeerOptions, _ taping: TapedRun) throws -> Bool {
        switch options.place {
        case .udp(let address):
            let largest = max(options.size ?? 0, UDPPeer.maximumDatagramSize)
            guard largest <= UDPPeer.largest else {
                throw UsageError("--size \(largest): a UDP datagram has at most \(UDPPeer.largest) bytes")
            }
            let peer = try UDPPeer(address, options: .init(maximumDatagramSize: largest))
            let destination: Address? = if case .udp(let address)? = options.destination { address } else { nil }
            if options.flags.trace != nil { try peer.open() }
            if options.mode == .send, options.expected == nil, !options.isSure, let destination {
                try peer.open()
                peer.tie(to: destination)
            }
            return try run(
                options, over: peer, at: peer.address, to: destination, pacing: udpPacing(options), taping
            ) { "\(peer.address)" }
        case .uxd(let path):
            let peer = try UXDPeer(at: try UXDPath(path))
            var destination: Address?
            if case .uxd(let path)? = options.destination { destination = try UXDPeer.address(of: path) }
            let local = try UXDPeer.address(of: path)
            return try run(options, over: peer, at: local, to: destination, pacing: uxdPacing(options), taping) {
                peer.path ?? path
            }
        }
    }

    /// Puts what the flags ask for between the memoer and the transport.
    private static func run<Wire: DatagramTransport>(
        _ options: MemoPeerOptions, over wire: Wire, at local: Address, to destination: Address?,
        pacing: DatagramPacing?, _ taping: TapedRun, address: @escaping () -> String
    ) throws -> Bool {
        let flags = options.flags
        if let recorder = taping.recorder {
            let recorded = Recorded(wire, recorder, name: "socket")
            return try run(options, tapping: recorded, at: local, to: destination, pacing, taping, address)
        }
        guard flags.link != nil || flags.trace != nil else {
            return try run(options, over: wire, to: destination, pacing: pacing, taping, address: address)
        }
        return try run(options, tapping: wire, at: local, to: destination, pacing, taping, address)
    }

    private static func run<Wire: DatagramTransport>(
        _ options: MemoPeerOptions, tapping wire: Wire, at local: Address, to destination: Address?,
        _ pacing: DatagramPacing?, _ taping: TapedRun, _ address: @escaping () -> String
    ) throws -> Bool {
        let tap = options.flags.tap("memo-peer")
        tap?.local = local
        let tapped = Tapped(wire, tap)
        guard let link = options.flags.link else {
            return try run(options, over: tapped, to: destination, pacing: pacing, taping, address: address)
        }
        let faulty = try Faulty(tapped, link: link, seed: options.flags.seed)
        return try run(options, over: faulty, to: destination, pacing: pacing, taping, address: address)
    }

    private static func run<Wire: DatagramTransport>(
        _ options: MemoPeerOptions, over wire: Wire, to destination: Address?, pacing: DatagramPacing?,
        _ taping: TapedRun, address: @escaping () -> String
    ) throws -> Bool {
        let memoer = try makeMemoer(options, limits: wire.limits, taping)
        let peer = CoreDoer(memoer, over: wire)
        peer.pacing = pacing
        let (place, here) = (try taping.inlet("destination"), try taping.inlet("address"))
        let to = options.destination == nil ? nil : place.address { destination ?? .none }
        let talk = Talk(peer, options, to: to, reporter: taping.reporter) { here.text(address) }
        peer.listener = talk
        var doers: [Doer] = [peer, talk]
        if options.mode == .chat {
            let hear: (ConsoleEvent) -> Void = { event in
                switch event {
                case .line(let line): talk.say(line)
                case .notText(let bytes): talk.refuse("a line of \(bytes.count) bytes is no UTF-8: not sent")
                case .tooLong(let bytes): talk.refuse("a line of \(bytes) bytes is too long: not sent")
                case .end: talk.hangUp()
                }
            }
            doers.append(
                taping.isTaped
                    ? TapedConsole(try taping.inlet("console"), onEvent: hear) : Console { event, _ in hear(event) })
        }
        if try taping.replays(doers) { return true }
        let doist = try Doist(limit: options.time, pace: RealPace(stopOn: taping.signals), doers: doers)
        taping.recorder?.watch(doist)
        options.flags.watch(doist)
        try doist.run()
        try options.flags.write { peer.wire.describe($0) }
        return talk.report()
    }

    private static func makeMemoer(
        _ options: MemoPeerOptions, limits: TrainLimits, _ taping: TapedRun
    ) throws -> Memoer {
        var keep = TableKeep(options.keep)
        var vid: Vid?
        var signer: Ed25519?
        if options.isSigned || options.seed != nil || !options.keep.isEmpty || options.allowed != nil {
            signer = try Ed25519()
        } else {
            signer = try? Ed25519()  // to check the signed memos that others send; without it they are counted drops
        }
        if let seed = options.seed, let signer {
            let pair = try KeyPair(seed: seed, signer: signer)
            vid = Vid(pair.verifyKey)
            keep[Vid(pair.verifyKey)] = pair
        }
        var memoer = try Memoer(
            kind: options.isSigned && vid != nil
                ? (options.isSure ? .sureSigned : .signed)
                : options.isSure ? .sure : .plain,
            domain: options.domain == .text ? .text : .binary,
            size: options.size, vid: vid, keep: keep, signer: signer,
            requiresSigned: options.isSigned, allowed: options.allowed, random: taping.random)
        memoer.reportsSent = true
        // Unix datagrams are never lost, and the kernel holds the sender back.
        if limits.datagram > GramSize.largestUDP { memoer.sureDefaults.control = .none(window: 64) }
        if let window = options.window { memoer.sureDefaults.control = .none(window: window) }
        if let probes = options.probes {
            memoer.sureDefaults.mode = .bestEffort
            memoer.sureDefaults.probes = probes
        }
        memoer.sureDefaults.deadline = options.deadline
        return memoer
    }
}
