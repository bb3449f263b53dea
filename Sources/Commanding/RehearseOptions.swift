import Rehearsing
import Simming

/// What `rehearse` was told to do.
package struct RehearseOptions {
    let scenarios: [Scenario]
    let seeds: ClosedRange<UInt64>
    let jobs: Int
    let plan: FaultPlan?
    let set: [String: String]
    let time: Double?
    let json: Bool
    let log: Bool
    let shrinks: Bool
    /// Where a page of the first failure is written.
    let page: String?
    let outputs: [(kind: OutputFile.Kind, path: String)]

    init(_ words: inout Arguments, known: [Scenario], unlisted: [Scenario]) throws {
        scenarios = try Self.scenarios(try words.value("--scenario") ?? "all", known, unlisted)
        let seed = try words.value("--seed")
        let range = try words.value("--seeds")
        guard seed == nil || range == nil else { throw UsageError("--seed and --seeds: one of them, not both") }
        if let seed {
            let number = try Self.seed("--seed", seed)
            seeds = number...number
        } else {
            seeds = try Self.seeds(range ?? "1..100")
        }
        jobs = try words.integer("--jobs", in: 1...256) ?? 1
        plan = try words.value("--plan").map { text in
            do { return try FaultPlan(parsing: text) } catch { throw UsageError("--plan: \(error)") }
        }
        set = try Self.options(try words.values("--set"))
        time = try words.number("--time", in: 0.001...31_536_000)
        json = words.has("--json")
        log = words.has("--log")
        shrinks = !words.has("--no-shrink")
        page = try words.value("--page")
        outputs = try OutputFile.Kind.allCases.compactMap { kind in
            try words.value("--\(kind.rawValue)").map { (kind, $0) }
        }
        try words.finish()
        let isOne = scenarios.count == 1 && seeds.count == 1
        guard isOne || !log && outputs.isEmpty else {
            throw UsageError("--log and output files are for one scenario and one seed")
        }
        guard scenarios.count == 1 || plan == nil && set.isEmpty else {
            throw UsageError("--plan and --set are for one scenario")
        }
    }

    private static func scenarios(
        _ name: String, _ known: [Scenario], _ unlisted: [Scenario]
    ) throws -> [Scenario] {
        if name == "all" { return known.filter { one in !unlisted.contains { $0.name == one.name } } }
        guard let found = known.first(where: { $0.name == name }) else {
            let names = known.map(\.name).joined(separator: ", ")
            throw UsageError("--scenario \(name): expected all, \(names)")
        }
        return [found]
    }

    private static func seed(_ flag: String, _ text: String) throws -> UInt64 {
        guard let seed = UInt64(text) else { throw UsageError("\(flag) \(text): expected a whole number from 0") }
        return seed
    }

    private static func seeds(_ text: String) throws -> ClosedRange<UInt64> {
        let ends = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if ends.count == 1 {
            let one = try seed("--seeds", text)
            return one...one
        }
        guard ends.count == 3, ends[1].isEmpty, let first = UInt64(ends[0]), let last = UInt64(ends[2]),
            first <= last, last - first < 1_000_000_000
        else { throw UsageError("--seeds \(text): expected A..B with A not above B, at most 1,000,000,000 of them") }
        return first...last
    }

    private static func options(_ words: [String]) throws -> [String: String] {
        var options: [String: String] = [:]
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw UsageError("--set \(word): expected NAME=VALUE") }
            guard options.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw UsageError("--set \(parts[0]) stands there twice")
            }
        }
        return options
    }
}
