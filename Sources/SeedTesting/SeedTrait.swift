import Foundation
import Rehearsing
import Simming
import Testing

/// Runs a test once for each of some seeds: `@Test("…", .seeds(1...100))`.
public struct SeedTrait: TestTrait, TestScoping {
    /// Which seeds.
    public let seeds: ClosedRange<UInt64>

    /// Runs the body under every seed, or under the one that the environment's `TYMIST_SEED` names.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let only = ProcessInfo.processInfo.environment["TYMIST_SEED"].flatMap { UInt64($0) }
        for seed in only.map({ $0...$0 }) ?? seeds {
            let worlds = SeedWorlds(seed)
            let replay = "TYMIST_SEED=\(seed) swift test --filter \(test.name.prefix { $0 != "(" })"
            let telling = IssueHandlingTrait.compactMapIssues { issue in
                worlds.fail()
                var issue = issue
                issue.comments.append("seed \(seed); replay: \(replay)")
                return issue
            }
            try await telling.provideScope(for: test, testCase: testCase) {
                await SeedRun.$current.withValue(worlds) {
                    do { try await function() } catch { Issue.record(error) }
                }
            }
            if worlds.hasFailed { Attachment.record(worlds.log, named: "seed-\(seed).log") }
        }
    }
}

extension Trait where Self == SeedTrait {
    /// Runs the test once for each of these seeds.
    ///
    /// - Parameter seeds: which, from 0.
    public static func seeds(_ seeds: ClosedRange<some BinaryInteger>) -> Self {
        SeedTrait(seeds: UInt64(seeds.lowerBound)...UInt64(seeds.upperBound))
    }
}

/// Runs a scenario under many seeds. A failure is shrunk and becomes an issue of the test that says what failed and how
/// to run it again; a page with chart, log and plan is attached.
///
/// - Parameters:
///   - seeds: which.
///   - scenario: what is run.
///   - plan: the faults; nil for those that each seed makes.
///   - options: values that are set and not left to the seed.
///   - sourceLocation: where the issue is said to be.
/// - Throws: what is wrong with the plan or the options.
public func checkSeeds(
    _ seeds: ClosedRange<UInt64>, of scenario: Scenario, plan: FaultPlan? = nil, options: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let report = try scenario.sweep(seeds, plan: plan, options: options)
    guard let first = report.first else { return }
    Issue.record("\(report)", sourceLocation: sourceLocation)
    Attachment.record(
        first.page.html, named: "\(scenario.name)-\(first.failure.seed).html", sourceLocation: sourceLocation)
}
