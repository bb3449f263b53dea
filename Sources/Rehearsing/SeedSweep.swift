import Simming
import Synchronization

/// Scenarios over a range of seeds.
///
/// ```swift
/// let report = try SeedSweep([scenario], seeds: 1...1000).run()
/// #expect(report.failures.isEmpty, "\(report)")
/// ```
/// Each run is a world of its own, so several threads may call ``runNext()`` at once. The sweep makes no thread itself.
public final class SeedSweep: Sendable {
    /// What has come of it so far.
    public struct Tally: Sendable {
        /// Runs that are over.
        public var done = 0
        /// Seconds of tyme in them.
        public var simulated = 0.0
        /// Events in them.
        public var events: UInt64 = 0
        /// Those that failed, in the order in which they ended.
        public var failures: [ScenarioOutcome] = []
        /// What is wrong with the plan or the options; it ends the sweep.
        public var error: (any Error)?
    }

    private struct State {
        var next = 0
        var isStopped = false
        var tally = Tally()
    }

    /// What is run.
    public let scenarios: [Scenario]
    /// Under which seeds.
    public let seeds: ClosedRange<UInt64>
    /// The faults; nil for those that each seed makes.
    public let plan: FaultPlan?
    /// Values that are set and not left to the seed.
    public let options: [String: String]
    /// How many runs there are.
    public let count: Int
    private let state = Mutex(State())

    /// A sweep that has not begun.
    ///
    /// - Parameters:
    ///   - scenarios: what is run, each under every seed.
    ///   - seeds: at most a thousand million of them.
    ///   - plan: the faults; nil for those that each seed makes.
    ///   - options: values that are set and not left to the seed.
    public init(
        _ scenarios: [Scenario], seeds: ClosedRange<UInt64>, plan: FaultPlan? = nil, options: [String: String] = [:]
    ) {
        precondition(seeds.upperBound - seeds.lowerBound < 1_000_000_000, "seeds \(seeds)")
        self.scenarios = scenarios
        self.seeds = seeds
        self.plan = plan
        self.options = options
        count = scenarios.count * seeds.count
    }

    /// What has come of it so far.
    public var tally: Tally { state.withLock { $0.tally } }

    /// Begins no more runs; those under way come to their end.
    public func stop() { state.withLock { $0.isStopped = true } }

    /// Makes the next run on the calling thread.
    ///
    /// - Returns: false if there is none left.
    public func runNext() -> Bool {
        let number = state.withLock { state -> Int? in
            guard state.next < count, state.tally.error == nil, !state.isStopped else { return nil }
            defer { state.next += 1 }
            return state.next
        }
        guard let number else { return false }
        let scenario = scenarios[number % scenarios.count]
        let seed = seeds.lowerBound + UInt64(number / scenarios.count)
        let result = Result { try scenario.run(seed: seed, plan: plan, options: options).outcome }
        state.withLock { state in
            switch result {
            case .success(let outcome):
                state.tally.done += 1
                state.tally.simulated += outcome.tyme
                state.tally.events += outcome.hash.count
                if outcome.failure != nil { state.tally.failures.append(outcome) }
            case .failure(let error): state.tally.error = error
            }
        }
        return true
    }

    /// Makes all runs that are left on the calling thread, and shrinks the first failure.
    ///
    /// - Parameter tries: runs that shrinking may take; 0 leaves it out.
    /// - Throws: what is wrong with the plan or the options.
    public func run(shrinking tries: Int = 1000) throws -> SweepReport {
        while runNext() {}
        return try report(shrinking: tries)
    }

    /// What came of the runs that were made, the first failure shrunk and logged.
    ///
    /// - Parameter tries: runs that shrinking may take; 0 leaves it out.
    /// - Throws: what is wrong with the plan or the options.
    public func report(shrinking tries: Int = 1000) throws -> SweepReport {
        let tally = tally
        if let error = tally.error { throw error }
        let failures = tally.failures.sorted { ($0.seed, $0.scenario) < ($1.seed, $1.scenario) }
        var detail: SweepReport.Detail?
        if let first = failures.first, let scenario = scenarios.first(where: { $0.name == first.scenario }) {
            let (smallest, used) = try scenario.shrink(first, tries: tries)
            detail = SweepReport.Detail(failure: smallest, tries: used, page: try scenario.page(of: smallest))
        }
        return SweepReport(done: tally.done, of: count, simulated: tally.simulated, failures: failures, first: detail)
    }
}

extension Scenario {
    /// Runs it under many seeds on the calling thread, and shrinks the first failure.
    ///
    /// - Parameters:
    ///   - seeds: at most a thousand million of them.
    ///   - plan: the faults; nil for those that each seed makes.
    ///   - options: values that are set and not left to the seed.
    /// - Throws: what is wrong with the plan or the options.
    public func sweep(
        _ seeds: ClosedRange<UInt64>, plan: FaultPlan? = nil, options: [String: String] = [:]
    ) throws -> SweepReport {
        try SeedSweep([self], seeds: seeds, plan: plan, options: options).run()
    }

    /// The smallest plan under which a failure of this scenario still fails, with the same seed and the same options.
    ///
    /// - Parameters:
    ///   - failure: the outcome of a run of this scenario.
    ///   - tries: runs that it may take; 0 gives the failure back.
    /// - Returns: the outcome under that plan, and how many runs it took.
    /// - Throws: what is wrong with the plan or the options.
    public func shrink(
        _ failure: ScenarioOutcome, tries: Int = 1000
    ) throws -> (smallest: ScenarioOutcome, tries: Int) {
        guard failure.failure != nil, tries > 0 else { return (failure, 0) }
        var smallest = failure
        let (_, used) = try Rehearsing.shrink(failure.plan.faults, tries: tries, simpler: { $0.simpler }) { faults in
            let outcome = try run(seed: failure.seed, plan: FaultPlan(faults), options: failure.chosen).outcome
            if outcome.failure != nil { smallest = outcome }
            return outcome.failure != nil
        }
        return (smallest, used)
    }
}
