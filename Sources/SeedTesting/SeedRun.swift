import Doing
import Rehearsing
import Simming

/// The run of a test under one seed: what a body under ``SeedTrait`` asks for.
public enum SeedRun {
    @TaskLocal static var current: SeedWorlds?

    /// The seed of this run; 1 where the test has no ``SeedTrait``.
    public static var seed: UInt64 { current?.seed ?? 1 }

    /// A world with this run's seed. Its log is attached to the test if the seed fails.
    ///
    /// - Parameters:
    ///   - link: what every way is like that is not given another link.
    ///   - plan: the faults that come to it.
    ///   - tock: seconds from tick to tick, finite and greater than 0.
    ///   - options: values that are set and not left to the seed.
    /// - Throws: `TymeError` for a tock that is none.
    public static func world(
        link: SimLink = SimLink(), plan: FaultPlan = .empty, tock: Double = Tymist.defaultTock,
        options: [String: String] = [:]
    ) throws -> Rehearsal {
        let world = try Rehearsal(seed: seed, link: link, plan: plan, tock: tock, options: options)
        current?.add(world)
        return world
    }
}

/// What one run of a test made. Only the task that runs the body touches it.
final class SeedWorlds: @unchecked Sendable {
    let seed: UInt64
    private var worlds: [Rehearsal] = []
    private(set) var hasFailed = false

    init(_ seed: UInt64) { self.seed = seed }

    func add(_ world: Rehearsal) { worlds.append(world) }
    func fail() { hasFailed = true }

    /// The logs of all worlds, one after the other.
    var log: String { worlds.map(\.log).joined(separator: "\n") }
}
