import Charting
import DemoKit
import Doing
import Memoing
import Rehearsing
import Signing
import Simming
import Sockets
import Wiring

/// One memo over the bad link, from red to blu; all that is to be told of it is in its trace and its witness.
struct LossyRun {
    let kind: MemoKind
    let witness: LossyWitness
    let statistics: SureStatistics
    let wasInterrupted: Bool

    /// Seconds from tick to tick: fine, so that what is seen is the protocol and not the scheduler.
    static let tock = 0.001
    /// Bytes of a trace kept at most.
    static let traceLimit = 1 << 30

    /// Runs it where the options say.
    init(_ options: LossyOptions, _ kind: MemoKind) throws {
        switch options.place {
        case .simulated: try self.init(simulated: options, kind)
        case .udp:
            func peer() throws -> UDPPeer {
                let size = max(options.gram, UDPPeer.maximumDatagramSize)
                return try UDPPeer(
                    try Address(host: "127.0.0.1", port: 0), options: .init(maximumDatagramSize: size))
            }
            try self.init(options, kind, red: try peer(), blu: try peer())
        case .uxd:
            try self.init(
                options, kind, red: try UXDPeer(at: .temporary(name: "red")),
                blu: try UXDPeer(at: .temporary(name: "blu")))
        }
    }

    /// In simulated time.
    private init(simulated options: LossyOptions, _ kind: MemoKind) throws {
        let world = try Rehearsal(
            seed: options.seed, link: options.link, tock: Self.tock, traceLimit: Self.traceLimit)
        let keys = try LossyKeys(kind, TestSigner())
        let red = try world.peer("red", keys.memoer("red", options, kind, random: world.random("red")))
        let blu = try world.peer("blu", keys.memoer("blu", options, kind, random: world.random("blu")))
        let witness = LossyWitness(memoText(length: options.size), world.trace)
        red.onEvent = { witness.conclude($1, at: $2) }
        blu.onEvent = { witness.hear($1, at: $2) }
        try red.core.memoit(witness.bytes, to: blu.wire.address)
        let net = world.net
        func isQuiet() -> Bool {
            let counts = net.statistics
            return counts.inFlight + counts.waiting + red.core.statistics.queuedMemos == 0
        }
        try world.run(until: options.time) { kind.isSure ? witness.outcome != nil : isQuiet() && world.tyme > 0 }
        // What is still on its way must not deliver anything twice.
        try world.run(for: options.time) { isQuiet() }
        red.core.closeSure()
        while let event = red.pollEvent() { witness.conclude(event, at: world.tyme) }
        self.init(kind: kind, witness: witness, statistics: red.core.sureStatistics, wasInterrupted: false)
        try world.exit()
    }

    /// Over real sockets.
    private init<Wire: DatagramTransport & Placed>(
        _ options: LossyOptions, _ kind: MemoKind, red: Wire, blu: Wire
    ) throws {
        let trace = Trace(limit: Self.traceLimit)
        let journal = LossyWire<Wire>.Journal()
        let keys = try LossyKeys(kind, kind.isSigned ? try Ed25519() : TestSigner())
        func peer(_ wire: Wire, _ name: String, _ seed: UInt64) throws -> CoreDoer<Memoer, LossyWire<Wire>> {
            let wire = try LossyWire(
                wire, link: options.link, seed: seed, trace: trace, name: name, journal: journal)
            let peer = CoreDoer(try keys.memoer(name, options, kind, random: .system), over: wire)
            // Nothing slows down a sender of plain memos.
            peer.pacing = .udp
            return peer
        }
        let (sender, hearer) = (try peer(red, "red", options.seed), try peer(blu, "blu", options.seed &+ 1))
        let witness = LossyWitness(memoText(length: options.size), trace)
        sender.onEvent = { witness.conclude($1, at: $2) }
        hearer.onEvent = { witness.hear($1, at: $2) }
        let judge = LossyJudge(witness, options, isSure: kind.isSure) {
            for (name, peer) in [("red", sender), ("blu", hearer)] {
                peer.wire.local = peer.wire.base.address
                trace.name(peer.wire.local, name)
            }
            try sender.core.memoit(witness.bytes, to: hearer.wire.local)
        }
        let pace = RealPace(stopOn: [.interrupt, .terminate])
        let doist = try Doist(tock: Self.tock, limit: options.time, pace: pace, doers: [sender, hearer, judge])
        try doist.run()
        sender.core.closeSure()
        while let event = sender.pollEvent() { witness.conclude(event, at: doist.tyme) }
        self.init(
            kind: kind, witness: witness, statistics: sender.core.sureStatistics,
            wasInterrupted: pace.isStopRequested)
    }

    private init(kind: MemoKind, witness: LossyWitness, statistics: SureStatistics, wasInterrupted: Bool) {
        self.kind = kind
        self.witness = witness
        self.statistics = statistics
        self.wasInterrupted = wasInterrupted
    }
}

/// Two memoers that know each other's keys, which everybody knows: for a demo only.
struct LossyKeys {
    private let signer: any Signer
    private var vids: [String: Vid] = [:]
    private var keep = TableKeep()

    init(_ kind: MemoKind, _ signer: any Signer) throws {
        self.signer = signer
        guard kind.isSigned else { return }
        for (index, name) in ["red", "blu"].enumerated() {
            let pair = try KeyPair(seed: Seed(raw: [UInt8](repeating: UInt8(index + 1), count: 32)), signer: signer)
            vids[name] = Vid(pair.verifyKey)
            keep[Vid(pair.verifyKey)] = pair
        }
    }

    func memoer(
        _ name: String, _ options: LossyOptions, _ kind: MemoKind, random: some RandomSource
    ) throws -> Memoer {
        var memoer = try Memoer(
            kind: kind, size: options.gram, maximum: options.gram, vid: vids[name], keep: keep, signer: signer,
            requiresSigned: kind.isSigned, random: random)
        memoer.sureDefaults.control = options.control
        return memoer
    }
}

/// Starts a run over real sockets, and ends it when there is nothing to wait for any more.
private final class LossyJudge: Doer {
    private let witness: LossyWitness
    private let isSure: Bool
    private let patience: Double
    private let begin: () throws -> Void
    private var end = Tyme.infinity

    init(_ witness: LossyWitness, _ options: LossyOptions, isSure: Bool, begin: @escaping () throws -> Void) {
        self.witness = witness
        self.isSure = isSure
        self.begin = begin
        // How long what was sent may still be on its way.
        let link = options.link
        let sending = link.rate > 0 ? Double(options.size) * 16 / link.rate : Double(options.size) * 2e-8
        patience = link.delay + link.jitter + link.reorderBy + sending + 0.2
        super.init()
        witness.onNews = { [unowned self] in wake() }
    }

    override func enter(_ tyme: Tyme) throws {
        try begin()
        if !isSure { end = tyme + 2 * patience }
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        if end == .infinity, witness.outcome != nil { end = tyme + patience }
        if tyme >= end { doist?.requestStop() }
        return .park(until: end)
    }
}

/// The text that is sent.
private func memoText(length: Int) -> [UInt8] { Array(memoText(number: 0, length: length).utf8) }
