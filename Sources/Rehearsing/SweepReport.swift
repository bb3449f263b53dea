/// What came of a ``SeedSweep``: printed, it says what failed, how to run it again, and what happened in it.
public struct SweepReport: Sendable, CustomStringConvertible {
    /// More of the first failure.
    public struct Detail: Sendable {
        /// The failure under the smallest plan that was found.
        public let failure: ScenarioOutcome
        /// Runs that shrinking took.
        public let tries: Int
        /// What happened in it.
        public let page: FailurePage
    }

    /// Runs that were made.
    public let done: Int
    /// Runs that were asked for.
    public let of: Int
    /// Seconds of tyme in them.
    public let simulated: Double
    /// Those that failed, by seed.
    public let failures: [ScenarioOutcome]
    /// More of the first of them.
    public let first: Detail?

    /// Whether all that were made passed.
    public var hasPassed: Bool { failures.isEmpty }

    /// A line if all passed. Otherwise the first failure: what is wrong, the smallest plan, the line of Swift that runs
    /// it again, and the last 60 lines of its log.
    public var description: String {
        guard let first else { return "\(done) runs, none failed" }
        let seeds = failures.prefix(10).map { "\($0.seed)" }.joined(separator: ", ")
        return """
            \(failures.count) of \(done) runs failed: seeds \(seeds)\(failures.count > 10 ? ", …" : "")
            \(first.failure.verdict)
              replay   \(first.failure.replayCode)
            \(first.page.end(lines: 60))
            """
    }
}

extension ScenarioOutcome {
    /// What went wrong, or that nothing did, with the options and the plan; several lines.
    public var verdict: String {
        """
        \(scenario), seed \(seed): \(failure.map { "FAILED: \($0)" } ?? "all holds")
          options  \(options)
          plan     \(plan.description.isEmpty ? "no faults" : plan.description)
        """
    }

    /// The line of Swift that makes the same run again, of a scenario in a constant `scenario`.
    public var replayCode: String {
        let set = chosen.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \"\($0.value)\"" }.joined(separator: ", ")
        let options = chosen.isEmpty ? "" : ", options: [\(set)]"
        return "try scenario.run(seed: \(seed), plan: FaultPlan(parsing: \"\(plan)\")\(options), traceLimit: 1 << 26)"
    }

    /// The words that make the same run again, for a program whose main is `RehearseMain`.
    public var replayWords: String {
        let set = options.isEmpty ? "" : " --set \(options)"
        return "--scenario \(scenario) --seed \(seed)\(set) --plan \"\(plan)\" --log"
    }
}
