import Charting
import Simming

/// The first event in which two runs differ that should be the same.
public struct EventDifference: Sendable, CustomStringConvertible {
    /// The number of the event, from 1; nil if the events are the same and only their hashes were not.
    public let event: Int?
    /// The event here; nil if there is none.
    public let here: String?
    /// The event there; nil if there is none.
    public let there: String?
    /// Up to five events before it, which are the same.
    public let before: [String]

    /// Compares two runs by the lines that `Trace.hashLines(describe:)` makes of them.
    ///
    /// - Parameters:
    ///   - here: of one run.
    ///   - there: of the other.
    public init(_ here: [String], _ there: [String]) {
        event = (0..<max(here.count, there.count)).first { index in
            index >= here.count || index >= there.count || here[index] != there[index]
        }.map { $0 + 1 }
        let index = (event ?? 1) - 1
        self.here = event != nil && index < here.count ? here[index] : nil
        self.there = event != nil && index < there.count ? there[index] : nil
        before = event == nil ? [] : Array(here[max(0, index - 5)..<index])
    }

    /// Several lines: the events before it, and both forms of the first that differs.
    public var description: String {
        guard let event else {
            return "the hashes differ and the events do not: not the same when it was run once more"
        }
        let lines =
            ["event \(event) is the first that differs"] + before.map { "          \($0)" } + [
                "  here    \(here ?? "(no more)")", "  there   \(there ?? "(no more)")",
            ]
        return lines.joined(separator: "\n")
    }
}

extension Scenario {
    /// Makes a run twice, and says where the two differ.
    ///
    /// - Parameters:
    ///   - seed: where all chance comes from.
    ///   - plan: the faults; nil for those that the seed makes.
    ///   - options: values that are set and not left to the seed.
    ///   - idlers: doers beside it that do nothing; they must change nothing.
    /// - Returns: nil if they are the same.
    /// - Throws: what is wrong with the plan or the options.
    public func difference(
        seed: UInt64, plan: FaultPlan? = nil, options: [String: String] = [:], idlers: Int = 0
    ) throws -> EventDifference? {
        func hash() throws -> EventHash {
            try run(seed: seed, plan: plan, options: options) { $0.idlers = idlers }.outcome.hash
        }
        guard try hash() != hash() else { return nil }
        func lines() throws -> [String] {
            try eventLines(seed: seed, plan: plan, options: options, idlers: idlers)
        }
        return EventDifference(try lines(), try lines())
    }

    /// A line for each event of a run, with the hash so far: what ``EventDifference`` compares.
    ///
    /// - Parameters:
    ///   - seed: where all chance comes from.
    ///   - plan: the faults; nil for those that the seed makes.
    ///   - options: values that are set and not left to the seed.
    ///   - idlers: doers beside it that do nothing; they must change nothing.
    /// - Throws: what is wrong with the plan or the options.
    public func eventLines(
        seed: UInt64, plan: FaultPlan? = nil, options: [String: String] = [:], idlers: Int = 0
    ) throws -> [String] {
        let world = try run(seed: seed, plan: plan, options: options, traceLimit: 1 << 28) { $0.idlers = idlers }.world
        return world.trace.hashLines(describe: world.describe)
    }
}
