import DemoKit
import Doing
import Flowing
import Foundation
import Memoing
import Simming
import Sockets
import Wiring

/// `flow-peer`: one end of flows over the UDP layer of Ouroboros 0.23, or over memos, for people and for other
/// programs.
public enum FlowDemo {
    /// What `flow-peer --help` prints.
    public static let usage = """
        Usage: flow-peer accept|alloc|join --name NAME (--o7 HOST:PORT | --udp HOST:PORT | --uxd PATH) [options]

          accept            serve the name, and tell of what comes
          alloc             ask for a flow to the name, send packets, and wait for each to come back unchanged
          join              take part in a broadcast, send packets, and tell of what comes; its hub has no --to
          --o7 HOST:PORT    stand there as a UDP layer of Ouroboros 0.23 (no other version); its port is 3435
          --udp HOST:PORT   stand there with a layer over memos; --uxd PATH for one over Unix datagrams
          --to PLACE        where the name is served: HOST:PORT, HOST (port 3435), or a path
          --qos Q           raw (the default), ordered, reliable, or a JSON object of Ouroboros' fields:
                            delay, bandwidth, availability, loss, ber, in_order, max_gap, timeout, cypher_s
          --crc             no flipped bits: ber 0
          --count N         accept: end after N packets; alloc and join: send N packets (1 by default)
          --message-size N  bytes of a packet; 20 by default
          --echo            accept: send each packet back
          --hold S          go on for S seconds before the end
          --time S          end after S seconds
          --json            one JSON object a line
        \(WireFlags.usage)
          --help            this

        Ends with status 0 when done, 1 when refused, timed out or wrong, 2 for bad words.
        Ctrl-C ends it in order.
        """

    /// Does what the words say.
    ///
    /// - Returns: true if everything was done.
    package static func run(_ words: inout Arguments) throws -> Bool { try run(FlowPeerOptions(&words)) }

    static func run(_ options: FlowPeerOptions) throws -> Bool {
        try options.flags.check()
        switch options.place {
        case .o7(let address), .udp(let address):
            let socket = try UDPPeer(address, options: .init(maximumDatagramSize: 9216))
            try socket.open()
            let place = "\(socket.address)"
            if case .o7 = options.place {
                return try run(options, socket, socket.address, at: place, isOuroboros: true)
            }
            return try run(options, socket, socket.address, at: place, isOuroboros: false)
        case .uxd(let path):
            let socket = try UXDPeer(at: try UXDPath(path))
            return try run(options, socket, try UXDPeer.address(of: path), at: path, isOuroboros: false)
        }
    }

    private static func run<Wire: DatagramTransport>(
        _ options: FlowPeerOptions, _ socket: Wire, _ local: Address, at place: String, isOuroboros: Bool
    ) throws -> Bool {
        let tap = options.flags.tap(options.name)
        tap?.local = local
        let tapped = Tapped(socket, tap)
        guard let link = options.flags.link else { return try run(options, over: tapped, at: place, isOuroboros) }
        return try run(
            options, over: try Faulty(tapped, link: link, seed: options.flags.seed), at: place, isOuroboros)
    }

    private static func run<Wire: DatagramTransport>(
        _ options: FlowPeerOptions, over wire: Wire, at place: String, _ isOuroboros: Bool
    ) throws -> Bool {
        var system = SystemRandomNumberGenerator()
        let core = FlowCore(isOuroboros ? .ouroborosUDP023 : .own, random: Xoshiro256(seed: system.next()))
        core.utc = { _ in UInt64(Date().timeIntervalSince1970 * 1e9) }
        let destination = try options.destination()
        let directory = FlowDirectory { _ in destination }
        let layer: FlowLayer
        if isOuroboros {
            layer = FlowLayer("o7", core, over: wire, directory: directory)
        } else {
            let over = try OverMemos(core, by: Memoer(random: SplitMix64(seed: system.next())))
            layer = FlowLayer("memo", core, drivenBy: CoreDoer(over, over: wire), directory: directory)
        }
        let net = FlowNet([layer])
        let talk = FlowTalk(net, options, at: place) { wire.describe($0) }
        let doist = try Doist(limit: options.time, pace: RealPace(stopOn: options.signals), doers: net.doers + [talk])
        options.flags.watch(doist)
        try doist.run()
        try options.flags.write { wire.describe($0) }
        return talk.report()
    }
}
