import Charting
import Doing
import Foundation
import Rehearsing

/// `rehearse hash`: shows that a seed always gives the same run, and where two runs part if they do.
enum HashCommand {
    /// What is only for whole runs.
    private static let others = [
        "--jobs", "--time", "--log", "--no-shrink", "--page", "--trace", "--pcap", "--chart", "--timeline",
    ]

    static func run(_ words: inout Arguments, _ main: RehearseMain) throws -> Bool {
        if let flag = others.first(where: words.all.contains) { throw UsageError("\(flag) is not for hash") }
        let events = words.has("--events")
        let idlers = try words.integer("--idlers", in: 0...100_000) ?? 0
        let command = try words.value("--against")
        let twice = words.has("--twice")
        let options = try main.options(&words)
        guard !events || options.seeds.count == 1 && options.scenarios.count == 1 else {
            throw UsageError("--events is for one scenario and one seed")
        }
        guard !options.json || !events && command == nil else {
            throw UsageError("--json is not for --events and --against")
        }
        if events { return try printEvents(options, idlers) }
        var other = try command.map { try OtherRun($0, options) }
        var isSame = true
        for seed in options.seeds {
            for scenario in options.scenarios {
                let hash = try hash(scenario, seed, options, idlers)
                if twice,
                    let difference = try scenario.difference(
                        seed: seed, plan: options.plan, options: options.set, idlers: idlers)
                {
                    isSame = false
                    print("\(scenario.name), seed \(seed): \(difference)")
                }
                let line = "\(scenario.name) \(seed) \(hash.count) \(hash)"
                if other == nil { report(scenario, seed, hash, line, options) }
                guard let theirs = other?.next(), theirs != line else { continue }
                print("differs: here \(line), there \(theirs)")
                try other?.showDifference(scenario, seed, options, mine: eventLines(scenario, seed, options, idlers))
                return false
            }
        }
        if other != nil {
            print("\(options.seeds.count * options.scenarios.count) runs give the same hashes here and there")
        }
        return isSame
    }

    private static func report(
        _ scenario: Scenario, _ seed: UInt64, _ hash: EventHash, _ text: String, _ options: RehearseOptions
    ) {
        var line = JSONLine(event: "hash")
        line.add("scenario", scenario.name)
        line.add("seed", "\(seed)")
        line.add("events", Int(clamping: hash.count))
        line.add("hash", hash.description)
        Reporter(json: options.json).say(line, text)
    }

    private static func hash(
        _ scenario: Scenario, _ seed: UInt64, _ options: RehearseOptions, _ idlers: Int
    ) throws -> EventHash {
        try scenario.run(seed: seed, plan: options.plan, options: options.set) { $0.idlers = idlers }.outcome.hash
    }

    private static func eventLines(
        _ scenario: Scenario, _ seed: UInt64, _ options: RehearseOptions, _ idlers: Int
    ) throws -> [String] {
        try scenario.eventLines(seed: seed, plan: options.plan, options: options.set, idlers: idlers)
    }

    private static func printEvents(_ options: RehearseOptions, _ idlers: Int) throws -> Bool {
        let lines = try eventLines(options.scenarios[0], options.seeds.lowerBound, options, idlers)
        for line in lines { print(line) }
        return true
    }

    /// The first line in which two streams of events differ, with what went before.
    static func show(_ first: [String], _ second: [String], _ title: String) {
        print("\(title): \(EventDifference(first, second))")
    }
}

/// The same command in another process, line by line.
private struct OtherRun {
    private let command: String
    /// The plan and the options that are not left to the seed.
    private let fixed: String
    private var lines: ArraySlice<String>

    init(_ command: String, _ options: RehearseOptions) throws {
        self.command = command
        fixed = Self.fixed(options)
        let scenario = options.scenarios.count == 1 ? options.scenarios[0].name : "all"
        let words = "--scenario \(scenario) --seeds \(options.seeds.lowerBound)..\(options.seeds.upperBound)"
        lines = try Self.lines("\(command) hash \(words)\(fixed)")[...]
    }

    private static func fixed(_ options: RehearseOptions) -> String {
        func quoted(_ word: String) -> String {
            "'"
                + word.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
        }
        var words = options.plan.map { " --plan \(quoted($0.description))" } ?? ""
        let set = options.set.sorted { $0.key < $1.key }.map { quoted("\($0.key)=\($0.value)") }
        if !set.isEmpty { words += " --set " + set.joined(separator: " ") }
        return words
    }

    mutating func next() -> String { lines.popFirst() ?? "(no more)" }

    func showDifference(
        _ scenario: Scenario, _ seed: UInt64, _ options: RehearseOptions, mine: [String]
    ) throws {
        let theirs = try Self.lines("\(command) hash --scenario \(scenario.name) --seed \(seed) --events\(fixed)")
        HashCommand.show(mine, theirs, "\(scenario.name), seed \(seed)")
    }

    private static func lines(_ command: String) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw OtherRunError(description: "--against: \(command): status \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// The other command did not do its work.
private struct OtherRunError: Error, CustomStringConvertible {
    let description: String
}
