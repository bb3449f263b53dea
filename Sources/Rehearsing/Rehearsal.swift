import Charting
import Doing
import Simming
import Wiring

/// A small world to rehearse an exchange in: a doist in simulated time, a network, and a trace of all that happens.
///
/// ```swift
/// let world = try Rehearsal(seed: 1, link: SimLink(delay: 0.25))
/// let red = try world.peer("red", Memoer(random: world.random("red")))
/// let blu = try world.peer("blu", Memoer(random: world.random("blu")))
/// try red.core.memoit("hello", to: blu.wire.address)
/// try world.run(until: 1.0) { blu.core.inbox.count == 1 }
/// ```
/// Everything in it follows from its seed, its plan and its options: the same give the same trace, bit for bit, in any
/// process. ``log`` says what happened.
public final class Rehearsal {
    /// Where all chance in it comes from.
    public let seed: UInt64
    /// The network: the first doer of ``doist``.
    public let net: SimNet
    /// What runs it, in simulated time.
    public let doist: Doist
    /// What happened.
    public let trace: Trace
    /// Values that a scenario lets the seed choose.
    public var options: ScenarioOptions
    /// What the bytes of a datagram mean, for ``log``; nil says their length only.
    public var describe: ((RawSpan) -> String?)?

    /// Doers that do nothing, put behind all that are there when a run begins. The trace must be the same with any
    /// number of them.
    public var idlers = 0

    private var waiting: [Doer] = []
    private var homes: [(host: SimHost, residents: Residents)] = []
    private var invariants: [(name: String, check: () throws -> String?)] = []

    /// A world without peers.
    ///
    /// - Parameters:
    ///   - seed: where all chance in it comes from.
    ///   - link: what every way is like that is not given another link.
    ///   - plan: the faults that come to it.
    ///   - tock: seconds from tick to tick, finite and greater than 0.
    ///   - options: values that are set and not left to the seed.
    ///   - traceLimit: bytes of the trace that are kept at most; 0 keeps its hash only.
    /// - Throws: `TymeError` for a tock that is none.
    public init(
        seed: UInt64, link: SimLink = SimLink(), plan: FaultPlan = .empty, tock: Double = Tymist.defaultTock,
        options: [String: String] = [:], traceLimit: Int = 64 << 20
    ) throws {
        guard tock != 0 else { throw TymeError.tock(tock) }  // where tyme stands still nothing comes to an end
        self.seed = seed
        self.options = ScenarioOptions(seed: seed, set: options)
        trace = Trace(limit: traceLimit)
        net = SimNet(seed: Self.stream(seed, "net"), link: link, trace: trace)
        net.plan = plan
        doist = try Doist(name: "world", tock: tock, seed: Self.stream(seed, "doist"), doers: [net])
    }

    /// Now.
    public var tyme: Tyme { doist.tyme }

    /// A generator of its own for the part of this name: what one part draws does not move what another sees.
    public func random(_ part: String) -> Xoshiro256 { Xoshiro256(seed: Self.stream(seed, part)) }

    /// The seed of a named stream: FNV-1a of the name, mixed with the seed.
    static func stream(_ seed: UInt64, _ name: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var mixer = SplitMix64(seed: seed ^ hash)
        return mixer.next()
    }

    // MARK: - Who is in it

    /// A core on a host, driven like on a real socket. The host is made and scheduled if there is none of this name.
    ///
    /// A crash of the host closes its peers, and its restart enters the same ones again, with their cores as they were.
    /// For a host that forgets, use `SimHost.boot(_:)` and ``add(_:)``.
    ///
    /// - Parameters:
    ///   - host: the name of the host.
    ///   - core: the protocol.
    ///   - port: where it listens; 0 takes any that is free.
    /// - Throws: what its enter threw, if the world runs already.
    @discardableResult
    public func peer<Core: DatagramCore>(
        _ host: String, _ core: Core, port: UInt16 = 1
    ) throws -> CoreDoer<Core, SimPeer> {
        let home = net.host(host)
        let doer = try CoreDoer(core, over: home.peer(port: port), name: host)
        if let index = homes.firstIndex(where: { $0.host === home }) {
            homes[index].residents.doers.append(doer)
            if doist.isEntered { try home.extend([doer]) }
        } else {
            let residents = Residents()
            residents.doers = [doer]
            homes.append((home, residents))
            home.boot { _ in residents.doers }
            try add(home)
        }
        return doer
    }

    /// Puts doers, hosts too, behind those that are there. Before the first pass they only wait to be entered.
    ///
    /// - Throws: what an enter threw, if the world runs already.
    public func add(_ doers: Doer...) throws {
        if doist.isEntered { try doist.extend(doers) } else { waiting += doers }
    }

    // MARK: - What must hold

    /// Something that must hold after every pass: the closure says what is wrong, or nil.
    public func invariant(_ name: String, _ check: @escaping () throws -> String?) {
        invariants.append((name, check))
    }

    /// A remark in the trace.
    public func note(_ text: String) { trace.note(text, at: tyme, lane: worldLane) }

    private lazy var worldLane = trace.lane("world")

    // MARK: - How it goes on

    /// Enters, unless that was done: the network first, then who was added, in that order.
    ///
    /// - Throws: what an enter threw; `FaultError` for a host or kind that the plan names and nobody knows.
    public func enter() throws {
        guard !doist.isEntered else { return }
        try doist.enter([net] + waiting)
        waiting = []
    }

    /// Passes until `condition` holds, `tyme` is reached, or nobody is left. Ticks in which nothing is due are jumped;
    /// what is looked at after every pass, is so once more at the end if the last ticks were.
    ///
    /// - Parameters:
    ///   - tyme: the end at the latest; infinite for none, where something ends it.
    ///   - condition: looked at after every pass.
    /// - Returns: whether the condition holds; without a condition, true.
    /// - Throws: ``RehearsalError/broken(invariant:what:tyme:)``; what a doer threw.
    @discardableResult
    public func run(until tyme: Tyme, _ condition: (() throws -> Bool)? = nil) throws -> Bool {
        precondition(!tyme.isNaN, "a run until \(tyme)")
        try enter()
        if idlers > 0 { try doist.extend((0..<idlers).map { _ in Idler() }) }
        idlers = 0
        while doist.tyme < tyme {
            try doist.recur()
            try checkInvariants()
            if try condition?() == true { return true }
            if doist.isDone { break }
            let before = doist.tyme
            doist.skipIdle(until: tyme)
            guard doist.tyme >= tyme, doist.tyme > before else { continue }
            try checkInvariants()
            if try condition?() == true { return true }
        }
        return condition == nil
    }

    /// The same for a span of tyme from now.
    @discardableResult
    public func run(for span: Double, _ condition: (() throws -> Bool)? = nil) throws -> Bool {
        try run(until: tyme + span, condition)
    }

    /// Runs every exit.
    public func exit() throws { try doist.exit() }

    private func checkInvariants() throws {
        for (name, check) in invariants {
            guard let what = try check() else { continue }
            throw RehearsalError.broken(invariant: name, what: what, tyme: tyme)
        }
    }

    // MARK: - What came of it

    /// The packet log: one line for each thing that happened.
    public var log: String { trace.text(describe: describe) }
}

/// Runs in every pass, and does nothing.
private final class Idler: Doer {
    override func recur(_ tyme: Tyme) throws -> Recurrence { .again }
}

/// Who lives on a host.
private final class Residents {
    var doers: [Doer] = []
}
