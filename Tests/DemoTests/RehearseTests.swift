import Doing
import Rehearsing
import Simming
import Testing

@testable import Commanding
@testable import Scenarios

@Suite("The scenarios of rehearse")
struct RehearseTests {
    static let scenarios = ["memos", "signed", "sure", "sure-signed", "memo-peer", "frames", "handshakes"]

    static func scenario(_ name: String) throws -> Scenario {
        try #require((Scenarios.all + [Scenarios.fragile]).first { $0.name == name })
    }

    @Test("hold under every one of many seeds", arguments: scenarios)
    func hold(name: String) throws {
        let scenario = try Self.scenario(name)
        for seed in UInt64(1)...10 {
            let outcome = try scenario.run(seed: seed).outcome
            #expect(outcome.failure == nil, "\(name), seed \(seed), options \(outcome.options), plan \(outcome.plan)")
        }
    }

    @Test(
        "give the same hash twice, from their plan and options written down, and with doers that do nothing beside",
        arguments: scenarios)
    func same(name: String) throws {
        let scenario = try Self.scenario(name)
        for seed in UInt64(1)...3 {
            let first = try scenario.run(seed: seed).outcome
            let plan = try FaultPlan(parsing: first.plan.description)
            let words = first.options.split(separator: " ").map { $0.split(separator: "=").map(String.init) }
            let options = Dictionary(uniqueKeysWithValues: words.map { ($0[0], $0[1]) })
            #expect(try scenario.run(seed: seed).outcome.hash == first.hash)
            #expect(try scenario.run(seed: seed, plan: plan, options: options).outcome.hash == first.hash)
            #expect(try scenario.run(seed: seed, traceLimit: 1 << 26) { $0.idlers = 20 }.outcome.hash == first.hash)
        }
    }

    @Test("differ from seed to seed")
    func different() throws {
        let scenario = try Self.scenario("memos")
        let hashes = try (UInt64(1)...8).map { try scenario.run(seed: $0).outcome.hash }
        #expect(Set(hashes).count == 8)
    }

    @Test("the mistake in the fragile one is found, and shrinks to one fault that still fails")
    func fragile() throws {
        let scenario = try Self.scenario("fragile")
        let failure = try #require(
            try (UInt64(1)...100).lazy.map { try scenario.run(seed: $0).outcome }.first { $0.failure != nil })
        func fails(_ faults: [Fault]) throws -> Bool {
            try scenario.run(seed: failure.seed, plan: FaultPlan(faults)).outcome.failure != nil
        }
        let (smallest, _) = try shrink(failure.plan.faults, simpler: \.simpler, fails: fails)
        #expect(smallest.count == 1)
        #expect(try fails(smallest))
        #expect(try !fails([]))
    }

    @Test("the first acknowledgement lost is all that the mistake needs")
    func byHand() throws {
        let scenario = try Self.scenario("fragile")
        let plan = try FaultPlan(parsing: "drop 1 ack blu>red")
        let outcome = try scenario.run(seed: 1, plan: plan, options: ["words": "2"]).outcome
        #expect(outcome.failure == "each word is heard once, in order: heard [1, 1] (at 0.59375 s)")
        #expect(try scenario.run(seed: 1, plan: FaultPlan.empty).outcome.failure == nil)
    }

    @Test(
        "wrong words are refused with the word",
        arguments: [
            ("--scenario nosuch", "--scenario nosuch: expected all, memos"),
            ("--seeds 9..1", "--seeds 9..1: expected A..B"), ("--seeds 1..x", "--seeds 1..x: expected A..B"),
            ("--seed -1", "--seed -1: expected"), ("--jobs 0", "--jobs 0: expected"),
            ("--scenario memos --seeds 1..2 --log", "--log and output files are for one scenario and one seed"),
            ("--scenario memos --plan loss", "--plan: "),
            ("--scenario memos --set count", "--set count: expected NAME=VALUE"),
            ("--set count=1", "--plan and --set are for one scenario"), ("--nosuch", "unknown flag --nosuch"),
        ])
    func refused(words: String, message: String) {
        var arguments = Arguments(words.split(separator: " ").map(String.init))
        let main = RehearseMain(Scenarios.all, unlisted: [Scenarios.fragile])
        let error = #expect(throws: UsageError.self) { try main.options(&arguments) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }
}
