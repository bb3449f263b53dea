import Doing
import Memoing
import Rehearsing
import Simming
import Wiring

/// Hosts send memos of all sizes to each other while the network does its worst.
///
/// What must hold at every tick: nothing is delivered that was not sent to that peer, nothing twice to one incarnation
/// of it, nothing altered; the tables of the memoers are within their bounds and do not contradict themselves. No sure
/// memo ends twice; one that ends as delivered was in the inbox, and one that is said not to be was not.
///
/// In the end nothing is left in any table. Plain memos have all arrived if no fault could lose anything, or hold it up
/// for longer than a receiver waits; every sure memo of a host that did not crash is over.
enum MemoScenario {
    static let plain = Scenario(
        "memos", "plain memos between three hosts; every fault but altered bytes",
        hosts: ["red", "blu", "grn"], span: 20, faults: .all.subtracting(.altering)
    ) { try MemoParty(.plain, in: $0).run() }

    static let signed = Scenario(
        "signed", "signed memos between three hosts; every fault",
        hosts: ["red", "blu", "grn"], span: 20
    ) { try MemoParty(.signed, in: $0).run() }

    static let sure = Scenario(
        "sure", "sure memos between three hosts; every fault but altered bytes",
        hosts: ["red", "blu", "grn"], span: 20, faults: .all.subtracting(.altering)
    ) { try MemoParty(.sure, in: $0).run() }

    static let sureSigned = Scenario(
        "sure-signed", "signed sure memos between three hosts; every fault",
        hosts: ["red", "blu", "grn"], span: 20
    ) { try MemoParty(.sureSigned, in: $0).run() }
}

/// The hosts, their keys and their account.
private final class MemoParty {
    private let world: Rehearsal
    private let kind: MemoKind
    private let names = ["red", "blu", "grn"]
    private let talk: MemoMember.Talk
    private let gramSize: Int
    private let isBinary: Bool
    private var isOrdered = false
    private var control = SureControl.newReno
    private let ledger = SureLedger()
    private let signer = TestSigner()
    private var keys: [String: (vid: Vid, pair: KeyPair)] = [:]
    private var incarnations: [String: Int] = [:]
    private var members: [String: MemoMember] = [:]

    init(_ kind: MemoKind, in world: Rehearsal) throws {
        self.world = world
        self.kind = kind
        let count = try world.options.number("count", in: 1...24)
        let asked = try world.options.choice("largest", of: [40, 1000, 9000, 30000])
        gramSize = try world.options.choice("gram", of: [200, 1240])
        // Of a signed memo 64 grams may overtake the first one; what is beyond that is dropped, and it is lost.
        let largest = kind == .signed ? min(asked, 60 * (gramSize - 120)) : asked
        isBinary = try world.options.number("binary", in: 0...1) == 1
        if kind.isSure { isOrdered = try world.options.number("ordered", in: 0...3) == 0 }
        let gap = Double(try world.options.number("gap-ms", in: 1...500)) / 1000
        talk = MemoMember.Talk(count: count, largest: largest, gap: gap)
        if kind.isSure { control = try Self.control(in: world) }
        var link = try SimLink(
            delay: Double(world.options.number("delay-ms", in: 0...200)) / 1000,
            jitter: Double(world.options.number("jitter-ms", in: 0...100)) / 1000)
        if kind.isSure { link.loss = Double(try world.options.choice("loss-percent", of: [0, 0, 5, 30])) / 100 }
        world.describe = { describeGram($0) }
        for (index, one) in names.enumerated() {
            for other in names[(index + 1)...] { world.net.connect(world.net.host(one), world.net.host(other), link) }
            let seed = try Seed(raw: [UInt8](repeating: UInt8(index + 1), count: 32))
            let pair = try KeyPair(seed: seed, signer: signer)
            keys[one] = (Vid(pair.verifyKey), pair)
        }
    }

    private static func control(in world: Rehearsal) throws -> SureControl {
        switch try world.options.choice("control", of: ["newreno", "rate", "none"]) {
        case "rate": .rate(bytesPerSecond: 200_000)
        case "none": .none(window: 64)
        default: .newReno
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
        try world.run(until: kind.isSure ? 3000 : 1400)
        for name in names {
            guard let problem = members[name]?.leftover else { continue }
            throw RehearsalError.missing(what: "empty tables of \(name): \(problem)", tyme: world.tyme)
        }
        if kind.isSure, ledger.unfinished > 0 {
            throw RehearsalError.missing(what: "the ends of \(ledger.unfinished) memos", tyme: world.tyme)
        }
        // Who is held up in the middle of a memo, for longer than the other waits for the rest of it, costs it that.
        let isLong = Self.longestStay(of: world.net.plan) > MemoerLimits().orphanAge - 1
        let expired = isLong ? names.reduce(0) { $0 + (members[$1]?.expired ?? 0) } : 0
        if !kind.isSure, !world.net.plan.canLose, ledger.memos.missing > expired {
            throw RehearsalError.missing(
                what: "\(ledger.memos.missing) of \(ledger.memos.sent) memos", tyme: world.tyme)
        }
    }

    /// Seconds for which faults may hold up a datagram at most, other than by a delay of its own: windows that touch
    /// count as one, wherever they are.
    private static func longestStay(of plan: FaultPlan) -> Double {
        let windows = plan.faults.filter { FaultMenu([.holding, .crowding, .pausing]).offers($0.effect) }
            .map { ($0.from, $0.until) }.sorted { $0 < $1 }
        var (start, end, longest) = (0.0, 0.0, 0.0)
        for (from, until) in windows {
            if from > end { start = from }
            end = max(end, until)
            longest = max(longest, end - start)
        }
        return longest
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
        let member = MemoMember(
            peer, name: name, incarnation: incarnation, talk, ledger,
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
