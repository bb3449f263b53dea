import Doing
import Memoing
import Rehearsing
import Simming
import Wiring

/// Hosts send memos of all sizes to each other while the network does its worst.
///
/// What must hold at every tick: nothing is delivered that was not sent to that peer, nothing twice to one incarnation
/// of it, nothing altered; every table is within its bound. At the end the tables are empty, and if no fault could
/// lose anything, everything has arrived.
enum MemoScenario {
    static let plain = Scenario(
        "memos", "plain memos between three hosts; every fault but altered bytes",
        hosts: ["red", "blu", "grn"], span: 20, faults: .all.subtracting(.altering)
    ) { try Party(signed: false, in: $0).run() }

    static let signed = Scenario(
        "signed", "signed memos between three hosts; every fault",
        hosts: ["red", "blu", "grn"], span: 20
    ) { try Party(signed: true, in: $0).run() }
}

/// The hosts, their keys and their account.
private final class Party {
    private let world: Rehearsal
    private let names: [String]
    private let isSigned: Bool
    private let count, largest, gramSize: Int
    private let gap: Double
    private let isBinary: Bool
    private let ledger = Ledger()
    private let signer = TestSigner()
    private var keys: [String: (vid: Vid, pair: KeyPair)] = [:]
    private var incarnations: [String: Int] = [:]
    private var members: [String: Member] = [:]

    init(signed: Bool, in world: Rehearsal) throws {
        self.world = world
        isSigned = signed
        names = ["red", "blu", "grn"]
        count = try world.options.number("count", in: 1...24)
        let asked = try world.options.choice("largest", of: [40, 1000, 9000, 30000])
        gramSize = try world.options.choice("gram", of: [200, 1240])
        // Of a signed memo 64 grams may overtake the first one; what is beyond that is dropped, and it is lost.
        largest = signed ? min(asked, 60 * (gramSize - 120)) : asked
        isBinary = try world.options.number("binary", in: 0...1) == 1
        gap = Double(try world.options.number("gap-ms", in: 1...500)) / 1000
        let link = try SimLink(
            delay: Double(world.options.number("delay-ms", in: 0...200)) / 1000,
            jitter: Double(world.options.number("jitter-ms", in: 0...100)) / 1000)
        world.describe = { describeGram($0) }
        for (index, one) in names.enumerated() {
            for other in names[(index + 1)...] { world.net.connect(world.net.host(one), world.net.host(other), link) }
        }
        for (index, name) in names.enumerated() {
            let seed = try Seed(raw: [UInt8](repeating: UInt8(index + 1), count: 32))
            let pair = try KeyPair(seed: seed, signer: signer)
            keys[name] = (Vid(pair.verifyKey), pair)
        }
    }

    func run() throws {
        for name in names {
            let host = world.net.host(name)
            host.boot { [unowned self] host in try self.boot(name, on: host) }
            try world.add(host)
        }
        world.invariant("nothing that was not sent, nothing twice, nothing altered") { [ledger] in ledger.wrong }
        world.invariant("every table is within its bound") { [unowned self] in overfull() }
        try world.run(until: 60)
        // Faults have ended; what is left of unfinished memos is dropped within ten minutes.
        try world.run(until: 1400)
        for name in names {
            guard let statistics = members[name]?.peer.core.statistics else { continue }
            guard statistics.openMemos == 0, statistics.openBytes == 0, statistics.queuedMemos == 0 else {
                throw RehearsalError.missing(
                    what: "empty tables of \(name): \(statistics.openMemos) open, \(statistics.queuedMemos) queued",
                    tyme: world.tyme)
            }
        }
        if !world.net.plan.canLose, ledger.missing > 0 {
            throw RehearsalError.missing(what: "\(ledger.missing) of \(ledger.sent) memos", tyme: world.tyme)
        }
    }

    /// What a host does when it starts, the first time or after a crash.
    private func boot(_ name: String, on host: SimHost) throws -> [Doer] {
        let incarnation = incarnations[name, default: 0] + 1
        incarnations[name] = incarnation
        var memoer = try Memoer(
            kind: isSigned ? .signed : .plain, domain: isBinary ? .binary : .text, size: gramSize,
            vid: isSigned ? keys[name]?.vid : nil,
            keep: TableKeep(names.compactMap { keys[$0] }.map { ($0.vid, $0.pair) }), signer: signer,
            requiresSigned: isSigned, random: world.random("\(name) \(incarnation)"))
        memoer.reportsSent = false
        let peer = CoreDoer(memoer, over: host.peer(port: 1))
        let others = names.filter { $0 != name }
        let member = Member(
            peer, name: name, incarnation: incarnation, ledger: ledger, count: count, gap: gap,
            random: world.random("talk of \(name) \(incarnation)"),
            to: others.map { ($0, world.net.host($0).address(port: 1)) })
        member.largest = largest
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

/// One host's application: sends a memo every gap, and accounts for what arrives.
private final class Member: Doer {
    let peer: CoreDoer<Memoer, SimPeer>
    var largest = 1000
    private let title: String
    private let incarnation: Int
    private let ledger: Ledger
    private let count: Int
    private let gap: Double
    private let others: [(name: String, address: Address)]
    private var random: Xoshiro256
    private var next = 0
    private var due: Tyme = 0

    init(
        _ peer: CoreDoer<Memoer, SimPeer>, name: String, incarnation: Int, ledger: Ledger, count: Int, gap: Double,
        random: Xoshiro256, to others: [(name: String, address: Address)]
    ) {
        self.peer = peer
        title = name
        self.incarnation = incarnation
        self.ledger = ledger
        self.count = count
        self.gap = gap
        self.random = random
        self.others = others
        super.init()
    }

    /// Which table is beyond its bound.
    var overfull: String? {
        let (open, bytes) = (peer.core.statistics.openMemos, peer.core.statistics.openBytes)
        if open > peer.core.limits.open { return "has \(open) memos open" }
        if bytes > peer.core.limits.bytes { return "holds \(bytes) bytes" }
        return nil
    }

    override func enter(_ tyme: Tyme) throws { due = tyme }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while let event = peer.pollEvent() {
            guard case .memo(let memo) = event else { continue }
            let from = others.first { $0.address == memo.source }?.name ?? "nobody"
            ledger.receive(memo, by: title, incarnation: incarnation, from: from)
        }
        while next < count, due <= tyme {
            let item = Ledger.Item(from: title, number: incarnation * 1000 + next)
            let other = others[random.below(others.count)]
            let bytes = Ledger.bytes(item, length: 1 + random.below(largest))
            ledger.send(item, to: other.name, bytes)
            try peer.core.memoit(bytes, to: other.address)
            next += 1
            due += gap
        }
        return .park(until: next < count ? due : .infinity)
    }
}
