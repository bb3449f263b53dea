import Charting
import Doing
import Memoing
import Signing
import Sockets
import Wiring

/// `demo`: the main job in one process. Two peers exchange memos over real UDP and Unix sockets, under one doist.
public enum Showcase {
    /// What `demo --help` prints.
    public static let usage = """
        Usage: demo [--json] [--time S] [--without-crypto] [--chart FILE] [--pcap FILE] [--trace FILE] [--timeline FILE]

        Two peers, red and blu, send each other plain and signed memos of several sizes over UDP and over Unix
        datagrams, in this one process and thread. Prints every train of datagrams that is sent, every memo that
        arrives, and a summary.

          --json            one JSON object a line
          --time S          give up after S seconds (20)
          --without-crypto  behave as on a machine without a library for signatures
        \(OutputFlags.usage)
          --help            this

        Ends with status 0 if every memo went there and back intact, 1 if not, 2 for bad words.
        """

    static let sizes = [1, 200, 5_000, 100_000]
    static let texts = sizes.enumerated().map { Array(memoText(number: $0, length: $1).utf8) }

    /// Does what the words say.
    ///
    /// - Returns: true if every memo went there and back intact.
    package static func run(_ words: inout Arguments) throws -> Bool {
        let json = words.has("--json")
        let time = try words.number("--time", in: 0.1...3600) ?? 20
        let withoutCrypto = words.has("--without-crypto")
        let outputs = try OutputFlags(&words)
        try words.finish()
        try outputs.check()

        _ = texts  // made before the log's clock starts
        let log = PacketLog(Reporter(json: json))
        let signer = findSigner(log, withoutCrypto: withoutCrypto)
        let udp = try Pair(
            "udp", red: try UDPPeer(name: "red", port: 0), blu: try UDPPeer(name: "blu", port: 0), signer, log,
            outputs)
        let uxd = try Pair(
            "uxd", red: try UXDPeer(at: .temporary(name: "red")), blu: try UXDPeer(at: .temporary(name: "blu")), signer,
            log, outputs)
        let pace = RealPace(stopOn: [.interrupt, .terminate])
        let doist = try Doist(limit: time, pace: pace)
        let kinds: [MemoKind] = signer == nil ? [.plain] : [.plain, .signed]
        var exchanges = kinds.map { udp.exchange($0) } + kinds.map { uxd.exchange($0) }
        log.exchanges = exchanges
        // One exchange after the other, each entering when the one before it is done.
        for (exchange, next) in zip(exchanges, exchanges.dropFirst()) {
            exchange.onDone = { [unowned doist] in try doist.extend([next]) }
        }
        exchanges.removeLast().onDone = { [unowned doist] in doist.requestStop() }
        try doist.enter(udp.doers + uxd.doers + [log.exchanges[0]])
        log.begin()
        outputs.watch(doist)
        udp.nameTaps()
        uxd.nameTaps()
        try doist.run()
        let names = [udp.names, uxd.names]
        try outputs.write { address in names.lazy.compactMap { $0[address] }.first ?? "\(address)" }
        // A signal ends a demo in order, whatever was left.
        return log.summarise(hasSigner: signer != nil) || pace.isStopRequested
    }

    private static func findSigner(_ log: PacketLog, withoutCrypto: Bool) -> Ed25519? {
        do throws(SignerError) {
            if withoutCrypto { throw .libraryMissing(looked: ["any (--without-crypto)"], package: "libsodium23") }
            return try Ed25519()
        } catch {
            log.lacks(error)
            return nil
        }
    }
}

/// Two memo peers of one transport, joined with the log.
struct Pair<Wire: DatagramTransport & Placed> {
    typealias Line = Tapped<Tapped<Wire, TrainTap>, TraceTap>
    typealias Peer = CoreDoer<Memoer, Line>
    let name: String
    let red, blu: Peer
    let log: PacketLog

    init(_ name: String, red: Wire, blu: Wire, _ signer: Ed25519?, _ log: PacketLog, _ outputs: OutputFlags) throws {
        self.name = name
        self.log = log
        func wire(_ base: Wire, _ who: String, _ other: String) -> Line {
            Tapped(Tapped(base, TrainTap(log, name, who, other)), outputs.tap("\(name) \(who)"))
        }
        self.red = try Self.peer(wire(red, "red", "blu"), name: "\(name) red", seed: 1, signer)
        self.blu = try Self.peer(wire(blu, "blu", "red"), name: "\(name) blu", seed: 2, signer)
    }

    /// Tells the taps where they are; once the two are open.
    func nameTaps() {
        for peer in [red, blu] { peer.wire.tap?.local = peer.wire.base.base.address }
    }

    /// What the two are called in what is written of them; once they are open.
    var names: [Address: String] {
        [red.wire.base.base.address: "\(name) red", blu.wire.base.base.address: "\(name) blu"]
    }

    private static func peer(_ wire: Line, name: String, seed: UInt8, _ signer: Ed25519?) throws -> Peer {
        var vid: Vid?
        var keep = TableKeep()
        if let signer {
            // A key that everybody knows, for a demo only.
            let pair = try KeyPair(seed: try Seed(raw: [UInt8](repeating: seed, count: 32)), signer: signer)
            vid = Vid(pair.verifyKey)
            keep[Vid(pair.verifyKey)] = pair
        }
        let memoer = try Memoer(maximum: wire.limits.datagram, vid: vid, keep: keep, signer: signer, random: .system)
        return try Peer(memoer, over: wire, name: name)
    }

    var doers: [Doer] { [red, blu] }

    func exchange(_ kind: MemoKind) -> Exchange { PairExchange(self, kind) }
}

/// A transport that knows its own address.
package protocol Placed {
    var address: Address { get }
}
extension UDPPeer: Placed {}
extension UXDPeer: Placed {}

/// Memos of every size that go there and back; what is the same for all transports.
class Exchange: Doer {
    let wireName: String
    let kind: MemoKind
    var onDone: () throws -> Void = {}
    var intact = 0
    var roundTrips: [Double] = []
    var started = 0.0

    init(_ wireName: String, _ kind: MemoKind) throws {
        self.wireName = wireName
        self.kind = kind
        try super.init(name: "\(wireName) \(kind.rawValue)")
    }
}

/// Sends one memo, waits until it is back, sends the next.
final class PairExchange<Wire: DatagramTransport & Placed>: Exchange {
    private let pair: Pair<Wire>
    private var text: [UInt8] = []
    private var next = 0

    init(_ pair: Pair<Wire>, _ kind: MemoKind) {
        self.pair = pair
        // A name never is a bad value.
        try! super.init(pair.name, kind)
    }

    override func enter(_ tyme: Tyme) throws {
        pair.blu.onEvent = { [unowned self] _, event, _ in hear(event, at: "blu") { try answer($0) } }
        pair.red.onEvent = { [unowned self] _, event, _ in hear(event, at: "red") { try goOn($0) } }
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        if next == Showcase.sizes.count {
            try onDone()
            return .done
        }
        if text.isEmpty {
            text = Showcase.texts[next]
            started = pair.log.now
            try pair.red.core.memoit(text, to: pair.blu.wire.base.base.address, kind: kind)
        }
        return .park(until: .infinity)
    }

    private func hear(_ event: MemoerEvent, at who: String, _ body: (Memo) throws -> Void) {
        switch event {
        case .memo(let memo):
            let isIntact = memo.bytes == text && (memo.vid != nil) == kind.isSigned
            pair.log.heard(memo, pair.name, by: who, isIntact)
            guard isIntact else { return }
            do { try body(memo) } catch { complain("\(pair.name) \(who): \(error)") }
        case .sent, .room, .silent, .answers: break
        case .outcome(let outcome): if outcome.result != .delivered { complain("\(pair.name) \(who): \(outcome)") }
        case .failed(let failure): complain("\(pair.name) \(who): \(failure)")
        }
    }

    private func answer(_ memo: Memo) throws { try pair.blu.core.memoit(memo.bytes, to: memo.source, kind: kind) }

    private func goOn(_ memo: Memo) throws {
        roundTrips.append(pair.log.now - started)
        intact += 1
        next += 1
        text = []
        wake()
    }
}
