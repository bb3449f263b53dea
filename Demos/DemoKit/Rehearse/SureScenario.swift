import Doing
import Memoing
import Rehearsing
import Simming
import Wiring

/// Hosts send sure memos of all sizes to each other while the network does its worst.
///
/// What must hold at every tick: nothing is delivered that was not sent to that peer, nothing twice to one incarnation
/// of it, nothing altered; no memo ends twice; one that ends as delivered was in the inbox, and one that is said not to
/// be was not; the tables of the memoers are within their bounds and do not contradict themselves. In the end every
/// memo of a host that did not crash is over, and nothing is left of any of them.
enum SureScenario {
    static let plain = Scenario(
        "sure", "sure memos between three hosts; every fault but altered bytes",
        hosts: ["red", "blu", "grn"], span: 20, faults: .all.subtracting(.altering)
    ) { try SureParty(.sure, in: $0).run() }

    static let signed = Scenario(
        "sure-signed", "signed sure memos between three hosts; every fault",
        hosts: ["red", "blu", "grn"], span: 20
    ) { try SureParty(.sureSigned, in: $0).run() }
}

/// The hosts, their keys and their account.
private final class SureParty {
    private let world: Rehearsal
    private let kind: MemoKind
    private let names = ["red", "blu", "grn"]
    private let count, largest, gramSize: Int
    private let gap: Double
    private let isBinary, isOrdered: Bool
    private let control: SureControl
    private let ledger = SureLedger()
    private let signer = TestSigner()
    private var keys: [String: (vid: Vid, pair: KeyPair)] = [:]
    private var incarnations: [String: Int] = [:]
    private var members: [String: SureMember] = [:]

    init(_ kind: MemoKind, in world: Rehearsal) throws {
        self.world = world
        self.kind = kind
        count = try world.options.number("count", in: 1...24)
        largest = try world.options.choice("largest", of: [40, 1000, 9000, 30000])
        gramSize = try world.options.choice("gram", of: [200, 1240])
        isBinary = try world.options.number("binary", in: 0...1) == 1
        isOrdered = try world.options.number("ordered", in: 0...3) == 0
        gap = Double(try world.options.number("gap-ms", in: 1...500)) / 1000
        switch try world.options.choice("control", of: ["newreno", "rate", "none"]) {
        case "rate": control = .rate(bytesPerSecond: 200_000)
        case "none": control = .none(window: 64)
        default: control = .newReno
        }
        let link = try SimLink(
            delay: Double(world.options.number("delay-ms", in: 0...200)) / 1000,
            jitter: Double(world.options.number("jitter-ms", in: 0...100)) / 1000,
            loss: Double(world.options.choice("loss-percent", of: [0, 0, 5, 30])) / 100)
        world.describe = { describeGram($0) }
        for (index, one) in names.enumerated() {
            for other in names[(index + 1)...] { world.net.connect(world.net.host(one), world.net.host(other), link) }
            let seed = try Seed(raw: [UInt8](repeating: UInt8(index + 1), count: 32))
            let pair = try KeyPair(seed: seed, signer: signer)
            keys[one] = (Vid(pair.verifyKey), pair)
        }
    }

    func run() throws {
        ledger.incarnationOf = { [unowned self] name in incarnations[name, default: 0] }
        for name in names {
            let host = world.net.host(name)
            host.boot { [unowned self] host in try self.boot(name, on: host) }
            try world.add(host)
        }
        world.invariant("nothing that was not sent, nothing twice, nothing altered, one true end") { [ledger] in
            ledger.wrong
        }
        world.invariant("every table is within its bound, and they agree") { [unowned self] in overfull() }
        try world.run(until: 60)
        // Faults have ended: all ends by itself, and what is left of unfinished memos is dropped within ten minutes.
        try world.run(until: 3000)
        for name in names {
            guard let member = members[name], let problem = member.leftover else { continue }
            throw RehearsalError.missing(what: "empty tables of \(name): \(problem)", tyme: world.tyme)
        }
        guard ledger.unfinished == 0 else {
            throw RehearsalError.missing(what: "the ends of \(ledger.unfinished) memos", tyme: world.tyme)
        }
    }

    /// What a host does when it starts, the first time or after a crash.
    private func boot(_ name: String, on host: SimHost) throws -> [Doer] {
        let incarnation = incarnations[name, default: 0] + 1
        incarnations[name] = incarnation
        ledger.forget(name, before: incarnation)
        var memoer = try Memoer(
            kind: kind, domain: isBinary ? .binary : .text, size: gramSize, vid: kind.isSigned ? keys[name]?.vid : nil,
            keep: TableKeep(names.compactMap { keys[$0] }.map { ($0.vid, $0.pair) }), signer: signer,
            requiresSigned: kind.isSigned, random: world.random("\(name) \(incarnation)"))
        memoer.sureDefaults.control = control
        memoer.sureDefaults.isOrdered = isOrdered
        let peer = CoreDoer(memoer, over: host.peer(port: 1))
        let others = names.filter { $0 != name }.map { ($0, world.net.host($0).address(port: 1)) }
        let member = SureMember(
            peer, name: name, incarnation: incarnation, ledger: ledger, count: count, largest: largest, gap: gap,
            random: world.random("talk of \(name) \(incarnation)"), to: others)
        peer.listener = member
        members[name] = member
        return [peer, member]
    }

    private func overfull() -> String? {
        for name in names {
            if let what = members[name]?.overfull { return "\(name) \(what)" }
        }
        return nil
    }
}

/// One host's application: sends a memo every gap, and accounts for what arrives and how memos end.
private final class SureMember: Doer {
    let peer: CoreDoer<Memoer, SimPeer>
    private let title: String
    private let incarnation: Int
    private let ledger: SureLedger
    private let count, largest: Int
    private let gap: Double
    private let others: [(name: String, address: Address)]
    private var random: Xoshiro256
    private var next = 0
    private var due: Tyme = 0

    init(
        _ peer: CoreDoer<Memoer, SimPeer>, name: String, incarnation: Int, ledger: SureLedger, count: Int,
        largest: Int, gap: Double, random: Xoshiro256, to others: [(name: String, address: Address)]
    ) {
        self.peer = peer
        title = name
        self.incarnation = incarnation
        self.ledger = ledger
        self.count = count
        self.largest = largest
        self.gap = gap
        self.random = random
        self.others = others
        super.init()
    }

    /// Which table is beyond its bound.
    var overfull: String? {
        let (counts, limits) = (peer.core.statistics, peer.core.limits)
        if counts.openMemos > limits.open { return "has \(counts.openMemos) memos open" }
        if counts.openBytes > limits.bytes { return "holds \(counts.openBytes) bytes" }
        let sure = peer.core.sureStatistics
        if sure.remembered > 2 * limits.sureFinished { return "remembers \(sure.remembered) memos" }
        if sure.inFlight > SureControl.mostInFlight { return "has \(sure.inFlight) grams under way" }
        peer.core.checkSureInvariants()
        return nil
    }

    /// What is left in the end, where nothing should be.
    var leftover: String? {
        let (counts, sure) = (peer.core.statistics, peer.core.sureStatistics)
        guard counts.openMemos > 0 || counts.openBytes > 0 || counts.queuedMemos > 0 || sure.unfinished > 0 else {
            return nil
        }
        return "\(counts.openMemos) open, \(counts.queuedMemos) queued, \(sure.unfinished) unfinished"
    }

    override func enter(_ tyme: Tyme) throws { due = tyme }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while let event = peer.pollEvent() {
            switch event {
            case .memo(let memo):
                let from = others.first { $0.address == memo.source }?.name ?? "nobody"
                ledger.memos.receive(memo, by: title, incarnation: incarnation, from: from)
            case .outcome(let outcome): ledger.end(outcome, of: title)
            case .sent, .failed: break
            }
        }
        while next < count, due <= tyme {
            let item = Ledger.Item(from: title, number: incarnation * 1000 + next)
            let other = others[random.below(others.count)]
            let bytes = Ledger.bytes(item, length: 1 + random.below(largest))
            let mid = try peer.core.memoit(bytes, to: other.address)
            ledger.send(item, incarnation: incarnation, to: other.name, bytes, mid)
            next += 1
            due += gap
        }
        return .park(until: next < count ? due : .infinity)
    }
}
