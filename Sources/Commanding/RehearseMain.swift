import Foundation
import Rehearsing
import Simming

/// A command line for scenarios of your own: sweeps seeds, shows one run, compares hashes.
///
/// ```swift
/// import Commanding
///
/// RehearseMain([myScenario, another]).run()
/// ```
/// That is a whole program. `--help` says what it can do.
public struct RehearseMain: Sendable {
    /// A verb of your own beside `hash`: its name, what `--help` says of it, and what it does; true for success.
    package struct Verb: Sendable {
        let name, usage: String
        let run: @Sendable (inout Arguments) throws -> Bool

        package init(_ name: String, usage: String, _ run: @escaping @Sendable (inout Arguments) throws -> Bool) {
            self.name = name
            self.usage = usage
            self.run = run
        }
    }

    let scenarios: [Scenario]
    /// Those of `scenarios` that run only where they are named.
    let unlisted: [Scenario]
    let name: String
    let command: String
    let verbs: [Verb]

    /// A program over these scenarios.
    ///
    /// - Parameters:
    ///   - scenarios: what it knows, each by its name.
    ///   - unlisted: further ones, which `all` leaves out: those that are meant to fail.
    ///   - command: how a user starts it, for the lines that replay a failure; `swift run -c release NAME` by default.
    public init(_ scenarios: [Scenario], unlisted: [Scenario] = [], command: String? = nil) {
        self.init(scenarios, unlisted: unlisted, command: command, verbs: [])
    }

    package init(_ scenarios: [Scenario], unlisted: [Scenario] = [], command: String? = nil, verbs: [Verb]) {
        self.scenarios = scenarios + unlisted
        self.unlisted = unlisted
        self.verbs = verbs
        let program = CommandLine.arguments.first.map { URL(fileURLWithPath: $0).lastPathComponent } ?? ""
        name = program.isEmpty ? "rehearse" : program
        self.command = command ?? "swift run -c release \(name)"
    }

    /// Does what the words of the command line say, and ends the process: status 0 if nothing failed, 1 if something
    /// did or the sweep was interrupted, 2 for bad words.
    public func run() -> Never { Program(name: name, usage: usage).run { try perform(&$0) } }

    /// What `rehearse --help` prints.
    package var usage: String {
        """
        Usage: \(name) [--scenario NAME|all] [--seeds A..B] [options]
               \(name) hash --seed N | --seeds A..B [--scenario NAME] [options]
        \(verbs.map { "       \(name) \($0.name) …" }.joined(separator: "\n"))

          --scenario NAME   which exchange; all of them without it
        \(scenarioLines)
          --seeds A..B      which seeds, 1..100 without it; --seed N for one
          --jobs N          worlds at a time, each on a thread of its own
          --plan "FAULTS"   these faults instead of the seed's, for instance "loss 0.3 red>blu 0..5; cut red|blu 1..2"
          --set NAME=VALUE… options of the scenario that are not left to the seed
          --time S          no new seeds after S seconds, as after Ctrl-C; shrinking takes the time it takes
          --no-shrink       do not look for the smallest plan that fails
          --page FILE       a page for a browser that shows the first failure: chart, log and plan
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
        \(verbs.map(\.usage).joined(separator: "\n"))

        Ends with status 0 if nothing failed, 1 if something did or Ctrl-C ended it early, 2 for bad words.
        """
    }

    private var scenarioLines: String {
        scenarios.map { "                      \(padded($0.name, 13))\($0.about)" }.joined(separator: "\n")
    }

    /// Does what the words say.
    ///
    /// - Returns: true if nothing failed.
    package func perform(_ words: inout Arguments) throws -> Bool {
        do {
            switch words.word() {
            case nil: return try sweep(options(&words))
            case "hash": return try HashCommand.run(&words, self)
            case let word?:
                if let verb = verbs.first(where: { $0.name == word }) { return try verb.run(&words) }
                let known = (["hash"] + verbs.map(\.name)).joined(separator: ", ")
                throw UsageError("what is \"\(word)\"? Expected \(known), or flags")
            }
        } catch let error as RehearsalError {
            throw UsageError("--set: \(error)")  // what fails in a run is its outcome: only options are left
        } catch let error as FaultError {
            throw UsageError("--plan: \(error)")
        }
    }

    package func options(_ words: inout Arguments) throws -> RehearseOptions {
        try RehearseOptions(&words, known: scenarios, unlisted: unlisted)
    }

    private func sweep(_ options: RehearseOptions) throws -> Bool {
        let reporter = Reporter(json: options.json)
        if options.scenarios.count == 1, options.seeds.count == 1 { return try one(options, reporter) }
        let start = ProcessInfo.processInfo.systemUptime
        let sweep = SeedSweep(options.scenarios, seeds: options.seeds, plan: options.plan, options: options.set)
        func line(_ event: String, _ tally: SeedSweep.Tally) {
            let wall = max(1e-9, ProcessInfo.processInfo.systemUptime - start)
            var line = JSONLine(event: event)
            line.add("done", tally.done)
            line.add("of", sweep.count)
            line.add("failures", tally.failures.count)
            line.add("simulated_seconds", tally.simulated, digits: 1)
            line.add("wall_seconds", wall, digits: 3)
            line.add("sim_per_wall", tally.simulated / wall, digits: 0)
            line.add("events", Int(clamping: tally.events))
            reporter.say(
                line,
                "\(tally.done) of \(sweep.count) runs, \(tally.failures.count) failed; "
                    + "\(JSONLine.fixed(tally.simulated, 0)) simulated seconds in \(JSONLine.fixed(wall, 1)) s "
                    + "(\(JSONLine.fixed(tally.simulated / wall, 0)) ×), \(tally.events) events")
        }
        let wasInterrupted = try sweep.run(jobs: options.jobs, time: options.time) { line("progress", $0) }
        let tally = sweep.tally
        if let error = tally.error { throw UsageError("\(error)") }
        line("end", tally)
        let failures = tally.failures.sorted { ($0.seed, $0.scenario) < ($1.seed, $1.scenario) }
        for failure in failures.prefix(10) { tell(failure, reporter) }
        if failures.count > 10 { reporter.say(JSONLine(), "… and \(failures.count - 10) more") }
        if let first = failures.first { try shrinkPlan(of: first, options, reporter) }
        return failures.isEmpty && !wasInterrupted
    }

    private func one(_ options: RehearseOptions, _ reporter: Reporter) throws -> Bool {
        let keeps = options.log || !options.outputs.isEmpty
        let (outcome, world) = try options.scenarios[0].run(
            seed: options.seeds.lowerBound, plan: options.plan, options: options.set, traceLimit: keeps ? 1 << 28 : 0
        ) { world in
            if options.outputs.contains(where: { $0.kind == .timeline }) { world.trace.watch(world.doist) }
        }
        if options.log { print(world.log, terminator: "") }
        for (kind, path) in options.outputs {
            try OutputFile.write(
                kind, of: world.trace, to: path, title: "\(outcome.scenario), seed \(outcome.seed)",
                describe: world.describe)
        }
        var line = JSONLine(event: "end")
        line.add("scenario", outcome.scenario)
        line.add("seed", "\(outcome.seed)")
        line.add("options", outcome.options)
        line.add("plan", outcome.plan.description)
        line.add("failure", outcome.failure)
        line.add("hash", outcome.hash.description)
        line.add("events", Int(clamping: outcome.hash.count))
        reporter.say(
            line,
            """
            \(outcome.verdict)
              end      at \(outcome.tyme) s; \(outcome.hash.count) events, hash \(outcome.hash)
            """)
        if outcome.failure != nil { try shrinkPlan(of: outcome, options, reporter) }
        return outcome.failure == nil
    }

    private func tell(_ failure: ScenarioOutcome, _ reporter: Reporter) {
        var line = JSONLine(event: "failure")
        line.add("scenario", failure.scenario)
        line.add("seed", "\(failure.seed)")
        line.add("what", failure.failure)
        line.add("options", failure.options)
        line.add("plan", failure.plan.description)
        line.add("replay", replay(failure))
        reporter.say(
            line,
            """

            \(failure.verdict)
              replay   \(replay(failure))
            """)
    }

    private func replay(_ failure: ScenarioOutcome) -> String { "\(command) \(failure.replayWords)" }

    private func shrinkPlan(of failure: ScenarioOutcome, _ options: RehearseOptions, _ reporter: Reporter) throws {
        guard let scenario = options.scenarios.first(where: { $0.name == failure.scenario }) else { return }
        let (smallest, tries) = try scenario.shrink(failure, tries: options.shrinks ? 1000 : 0)
        if let path = options.page { try OutputFile.write(try scenario.page(of: smallest).html, "--page", path) }
        guard options.shrinks else { return }
        let (count, of) = (smallest.plan.faults.count, failure.plan.faults.count)
        var line = JSONLine(event: "smallest")
        line.add("scenario", failure.scenario)
        line.add("seed", "\(failure.seed)")
        line.add("plan", smallest.plan.description)
        line.add("faults", count)
        line.add("of", of)
        line.add("tries", tries)
        line.add("replay", replay(smallest))
        reporter.say(
            line,
            """

            The smallest plan that still fails (\(count) of \(of) faults, \(tries) tries):
              plan     \(count == 0 ? "no faults" : smallest.plan.description)
              replay   \(replay(smallest))
            """)
    }
}
