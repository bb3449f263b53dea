import Charting
import Doing
import Simming

/// A whole exchange that can be run under any seed: who takes part, what must hold, how it ends.
public struct Scenario: Sendable {
    /// What it is called on a command line.
    public let name: String
    /// What it is about, in one line.
    public let about: String
    /// The hosts that faults come to.
    public let hosts: [String]
    /// Seconds of tyme in which faults come.
    public let span: Double
    /// Which faults suit it.
    public let faults: FaultMenu
    let body: @Sendable (Rehearsal) throws -> Void

    /// A scenario.
    ///
    /// - Parameters:
    ///   - name: what it is called on a command line.
    ///   - about: what it is about, in one line.
    ///   - hosts: the hosts that faults come to.
    ///   - span: seconds of tyme in which faults come; after that the world is kind.
    ///   - faults: which faults suit it.
    ///   - body: puts peers into the world, runs it, and throws if what should happen does not. It must draw from the
    ///     world's ``Rehearsal/random(_:)`` and ``Rehearsal/options`` only.
    public init(
        _ name: String, _ about: String, hosts: [String], span: Double, faults: FaultMenu = .all,
        _ body: @escaping @Sendable (Rehearsal) throws -> Void
    ) {
        self.name = name
        self.about = about
        self.hosts = hosts
        self.span = span
        self.faults = faults
        self.body = body
    }

    /// The plan of faults that a seed makes for it.
    public func plan(seed: UInt64) -> FaultPlan {
        FaultPlan.random(
            seed: Rehearsal.stream(seed, "plan"), hosts: hosts, until: span, most: 8, crashes: true,
            resets: faults.contains(.resetting)
        )
        .removing { !faults.offers($0.effect) }
    }

    /// Runs it once.
    ///
    /// - Parameters:
    ///   - seed: where all chance comes from.
    ///   - plan: the faults; nil for those that the seed makes.
    ///   - options: values that are set and not left to the seed.
    ///   - traceLimit: bytes of the trace that are kept; 0, the fastest, keeps its hash only.
    ///   - prepare: called with the world before anything is in it.
    /// - Returns: how it went, and the world as it was at the end.
    /// - Throws: only what is wrong with `plan` or `options`; a failure is an ``ScenarioOutcome``.
    public func run(
        seed: UInt64, plan: FaultPlan? = nil, options: [String: String] = [:], traceLimit: Int = 0,
        prepare: (Rehearsal) -> Void = { _ in }
    ) throws -> (outcome: ScenarioOutcome, world: Rehearsal) {
        let plan = plan ?? self.plan(seed: seed)
        let world = try Rehearsal(seed: seed, plan: plan, options: options, traceLimit: traceLimit)
        // Made in this order, whichever of them the body asks for first.
        let hosts = hosts.map { world.net.host($0) }
        defer { withExtendedLifetime(hosts) {} }
        prepare(world)
        var failure: String?
        do {
            try body(world)
            try world.exit()
            guard world.options.unused.isEmpty else { throw RehearsalError.unknownOptions(world.options.unused) }
        } catch let error as FaultError {
            throw error
        } catch let error as RehearsalError {
            switch error {
            case .badOption, .unknownOptions: throw error
            case .broken, .missing, .diverged: failure = "\(error)"
            }
        } catch {
            failure = "\(error)"
        }
        if world.doist.isEntered { try? world.exit() }
        let outcome = ScenarioOutcome(
            scenario: name, seed: seed, plan: plan, options: world.options.described,
            chosen: world.options.values, failure: failure,
            hash: world.trace.hash, tyme: world.tyme)
        return (outcome, world)
    }
}

/// How one run of a scenario went.
public struct ScenarioOutcome: Sendable {
    /// Which scenario.
    public let scenario: String
    /// Under which seed.
    public let seed: UInt64
    /// With which faults.
    public let plan: FaultPlan
    /// With which options: `count=3 size=200`.
    public let options: String
    /// The same as values, for ``Scenario/run(seed:plan:options:traceLimit:prepare:)``.
    public let chosen: [String: String]
    /// What went wrong; nil if nothing did.
    public let failure: String?
    /// The hash over all that happened.
    public let hash: EventHash
    /// Seconds of tyme that it took.
    public let tyme: Tyme
}
