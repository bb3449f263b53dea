import Foundation
import Rehearsing
import Simming
import Taping

/// `rehearse`: whole exchanges on the simulated network, over as many seeds as one likes.
public enum RehearseCommand {
    /// What `rehearse --help` prints.
    public static var usage: String {
        """
        Usage: rehearse [--scenario NAME|all] [--seeds A..B] [options]
               rehearse hash --seed N | --seeds A..B [--scenario NAME] [options]
               rehearse replay FILE [--json]

          --scenario NAME   which exchange; all of them without it
        \(scenarios)
          --seeds A..B      which seeds, 1..100 without it; --seed N for one
          --jobs N          worlds at a time, each on a thread of its own
          --plan "FAULTS"   these faults instead of the seed's, for instance "loss 0.3 red>blu 0..5; cut red|blu 1..2"
          --set NAME=VALUE… options of the scenario that are not left to the seed
          --time S          no new seeds after S seconds, as after Ctrl-C; shrinking takes the time it takes
          --no-shrink       do not look for the smallest plan that fails
          --json            one JSON object a line
        For one scenario and one seed:
          --log             print all that happened
          --trace FILE      write that to a file; --pcap FILE for Wireshark; --chart FILE a sequence chart (SVG, or
                            Mermaid if FILE ends in .mmd); --timeline FILE for ui.perfetto.dev
        hash: prints the hash over everything that happened; it is the same in every process. It takes --scenario,
        --seeds, --plan, --set, --json and
          --events          a line for each event, with the hash so far
          --twice           each run is made twice and compared
          --idlers N        with N doers more that do nothing: the hash must stay
          --against "CMD"   compares with what CMD prints for the same seeds: another build, another machine
        replay: runs the doers of a recording again that `memo-peer` or `frame-peer` made with `--record FILE`, without
        sockets and clock, and compares every byte that they send; the first difference is shown.

        Ends with status 0 if nothing failed, 1 if something did, 2 for bad words or a file that is
        no whole recording.
        """
    }

    private static var scenarios: String {
        RehearseOptions.known.map { "                      \($0.name.padded(13))\($0.about)" }.joined(separator: "\n")
    }

    /// Does what the words say.
    ///
    /// - Returns: true if nothing failed.
    public static func run(_ words: inout Arguments) throws -> Bool {
        do {
            switch words.word() {
            case nil: return try swarm(RehearseOptions(&words))
            case "hash": return try HashCommand.run(&words)
            case "replay": return try ReplayCommand.run(&words)
            case let word?: throw UsageError("what is \"\(word)\"? Expected hash, replay, or flags")
            }
        } catch let error as RehearsalError {
            throw UsageError("--set: \(error)")  // what fails in a run is its outcome: only options are left
        } catch let error as FaultError {
            throw UsageError("--plan: \(error)")
        }
    }

    private static func swarm(_ options: RehearseOptions) throws -> Bool {
        let reporter = Reporter(json: options.json)
        if options.scenarios.count == 1, options.seeds.count == 1 { return try one(options, reporter) }
        let start = ProcessInfo.processInfo.systemUptime
        let swarm = Swarm(options)
        func line(_ event: String, _ tally: Swarm.Tally) {
            let wall = max(1e-9, ProcessInfo.processInfo.systemUptime - start)
            var line = JSONLine(event: event)
            line.add("done", tally.done)
            line.add("of", swarm.count)
            line.add("failures", tally.failures.count)
            line.add("simulated_seconds", tally.simulated, digits: 1)
            line.add("wall_seconds", wall, digits: 3)
            line.add("sim_per_wall", tally.simulated / wall, digits: 0)
            line.add("events", Int(clamping: tally.events))
            reporter.say(
                line,
                "\(tally.done) of \(swarm.count) runs, \(tally.failures.count) failed; "
                    + "\(JSONLine.fixed(tally.simulated, 0)) simulated seconds in \(JSONLine.fixed(wall, 1)) s "
                    + "(\(JSONLine.fixed(tally.simulated / wall, 0)) ×), \(tally.events) events")
        }
        let tally = try swarm.run { line("progress", $0) }
        if let error = tally.error { throw UsageError("\(error)") }
        line("end", tally)
        let failures = tally.failures.sorted { ($0.seed, $0.scenario) < ($1.seed, $1.scenario) }
        for failure in failures.prefix(10) { tell(failure, reporter) }
        if failures.count > 10 { reporter.say(JSONLine(), "… and \(failures.count - 10) more") }
        if let first = failures.first, options.shrinks { try shrinkPlan(of: first, options, reporter) }
        return failures.isEmpty
    }

    private static func one(_ options: RehearseOptions, _ reporter: Reporter) throws -> Bool {
        let keeps = options.log || !options.outputs.isEmpty
        let (outcome, world) = try options.scenarios[0].run(
            seed: options.seeds.lowerBound, plan: options.plan, options: options.set, traceLimit: keeps ? 1 << 28 : 0
        ) { world in
            if options.outputs.contains(where: { $0.kind == .timeline }) { world.trace.watch(world.doist) }
        }
        if options.log { print(world.log, terminator: "") }
        for (kind, path) in options.outputs {
            try OutputFile.write(kind, of: world.trace, to: path, describe: world.describe)
        }
        var line = JSONLine(event: "end")
        line.add("scenario", outcome.scenario)
        line.add("seed", "\(outcome.seed)")
        line.add("options", outcome.options)
        line.add("plan", outcome.plan.description)
        line.add("failure", outcome.failure)
        line.add("hash", outcome.hash.description)
        line.add("events", Int(clamping: outcome.hash.count))
        let verdict = outcome.failure.map { "FAILED: \($0)" } ?? "all holds"
        reporter.say(
            line,
            """
            \(outcome.scenario), seed \(outcome.seed): \(verdict)
              options  \(outcome.options)
              plan     \(outcome.plan.description.isEmpty ? "no faults" : outcome.plan.description)
              end      at \(outcome.tyme) s; \(outcome.hash.count) events, hash \(outcome.hash)
            """)
        if outcome.failure != nil, options.shrinks { try shrinkPlan(of: outcome, options, reporter) }
        return outcome.failure == nil
    }

    private static func tell(_ failure: ScenarioOutcome, _ reporter: Reporter) {
        var line = JSONLine(event: "failure")
        line.add("scenario", failure.scenario)
        line.add("seed", "\(failure.seed)")
        line.add("what", failure.failure)
        line.add("options", failure.options)
        line.add("plan", failure.plan.description)
        line.add("replay", command(failure, plan: nil))
        reporter.say(
            line,
            """

            FAILED: \(failure.scenario), seed \(failure.seed): \(failure.failure ?? "")
              options  \(failure.options)
              plan     \(failure.plan.description.isEmpty ? "no faults" : failure.plan.description)
              replay   \(command(failure, plan: nil))
            """)
    }

    /// The words that make the same run again.
    private static func command(_ failure: ScenarioOutcome, plan: FaultPlan?) -> String {
        let set = failure.options.isEmpty ? "" : " --set \(failure.options)"
        let plan = plan.map { " --plan \"\($0.description)\"" } ?? " --plan \"\(failure.plan.description)\""
        return "swift run -c release rehearse --scenario \(failure.scenario) --seed \(failure.seed)\(set)\(plan) --log"
    }

    private static func shrinkPlan(of failure: ScenarioOutcome, _ options: RehearseOptions, _ reporter: Reporter) throws
    {
        guard let scenario = options.scenarios.first(where: { $0.name == failure.scenario }) else { return }
        let (faults, tries) = try shrink(failure.plan.faults, simpler: { $0.simpler }) { faults in
            try scenario.run(seed: failure.seed, plan: FaultPlan(faults), options: options.set).outcome.failure != nil
        }
        let smallest = try FaultPlan(faults)
        var line = JSONLine(event: "smallest")
        line.add("scenario", failure.scenario)
        line.add("seed", "\(failure.seed)")
        line.add("plan", smallest.description)
        line.add("faults", faults.count)
        line.add("of", failure.plan.faults.count)
        line.add("tries", tries)
        line.add("replay", command(failure, plan: smallest))
        reporter.say(
            line,
            """

            The smallest plan that still fails (\(faults.count) of \(failure.plan.faults.count) faults, \(tries) tries):
              plan     \(faults.isEmpty ? "no faults" : smallest.description)
              replay   \(command(failure, plan: smallest))
            """)
    }
}

extension String {
    func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
