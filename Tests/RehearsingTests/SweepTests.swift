import Doing
import Rehearsing
import SeedTesting
import Simming
import Synchronization
import Testing

/// Wrongly expects that the first try always arrives.
private let hasty = Scenario(
    "hasty", "ten bytes, each acknowledged at the first try", hosts: ["red", "blu"], span: 6,
    faults: [.losing, .duplicating]
) { world in
    let gap = try world.options.number("gap", in: 1...4)
    let (red, blu) = (world.net.host("red"), world.net.host("blu"))
    world.net.connect(red, blu, SimLink(delay: 0.25))
    for port in UInt16(1)...10 {
        let core = RetryCore(7, to: blu.address(port: port), timeout: Double(gap))
        let sender = try world.peer("red", core, port: port)
        try world.peer("blu", RetryCore(to: red.address(port: port)), port: port)
        guard try world.run(for: 60, { sender.core.isAcknowledged }) else {
            throw RehearsalError.missing(what: "an acknowledgement", tyme: world.tyme)
        }
        guard sender.core.tries == 1 else {
            throw RehearsalError.missing(what: "one try, not \(sender.core.tries)", tyme: world.tyme)
        }
    }
}

@Suite("A sweep of seeds")
struct SweepTests {
    @Test("finds the seeds that fail, and shrinks the first to one fault; its line of Swift makes the same run again")
    func fails() throws {
        let report = try hasty.sweep(1...60)
        #expect(report.done == 60 && report.of == 60 && !report.hasPassed)
        let first = try #require(report.first)
        #expect(first.failure.seed == report.failures[0].seed)
        #expect(first.failure.plan.faults.count == 1)
        let plan = first.failure.plan
        #expect(
            first.failure.replayCode
                == "try scenario.run(seed: \(first.failure.seed), plan: FaultPlan(parsing: \"\(plan)\"), "
                + "options: [\"gap\": \"\(first.failure.chosen["gap"]!)\"], traceLimit: 1 << 26)")
        let again = try hasty.run(
            seed: first.failure.seed, plan: FaultPlan(parsing: "\(plan)"), options: first.failure.chosen
        ).outcome
        #expect(again.hash == first.failure.hash && again.failure != nil)
        let text = "\(report)"
        #expect(text.hasPrefix("\(report.failures.count) of 60 runs failed: seeds \(first.failure.seed)"))
        #expect(text.contains(first.failure.replayCode) && text.contains("✗"))
        let page = first.page.html
        #expect(page.contains("<svg ") && page.contains("hasty, seed \(first.failure.seed)"))
        #expect(page.contains("✗") && page.contains("</html>"))
    }

    @Test("says in one line that all passed, and gives threads that share it every run once")
    func passes() throws {
        let sweep = SeedSweep([hasty], seeds: 1...40, plan: .empty)
        #expect(sweep.runNext())
        #expect("\(try sweep.run())" == "40 runs, none failed")
        #expect(!sweep.runNext())
    }

    @Test("begins no run once it is stopped")
    func stopped() throws {
        let sweep = SeedSweep([hasty], seeds: 1...40, plan: .empty)
        #expect(sweep.runNext() && sweep.runNext())
        sweep.stop()
        let report = try sweep.run()
        #expect(report.done == 2 && report.of == 40)
    }

    @Test("throws what is wrong with an option")
    func badOption() {
        #expect(throws: RehearsalError.self) { try hasty.sweep(1...3, options: ["gap": "9"]) }
        #expect(throws: RehearsalError.self) { try hasty.sweep(1...3, options: ["gapp": "2"]) }
    }

    @Test("two runs of a seed are the same; a scenario that draws from elsewhere is found, with the first event")
    func difference() throws {
        #expect(try hasty.difference(seed: 3) == nil)
        let drawn = Mutex(0)
        let leaky = Scenario("leaky", "counts its runs", hosts: ["red"], span: 1) { world in
            world.note("the same")
            world.note("run \(drawn.withLock { $0 += 1; return $0 })")
        }
        let found = try #require(try leaky.difference(seed: 1))
        #expect(found.event == 2 && found.before.count == 1)
        #expect(found.here?.contains("run 3") == true && found.there?.contains("run 4") == true)
    }
}

@Suite("The trait .seeds", .serialized)
struct SeedTraitTests {
    private static let seen = Mutex<[UInt64]>([])

    @Test("runs the body once for each seed, and its worlds have it", .seeds(3...7))
    func each() throws {
        let world = try SeedRun.world(link: SimLink(delay: 0.25))
        #expect(world.seed == SeedRun.seed)
        Self.seen.withLock { $0.append(SeedRun.seed) }
    }

    @Test("has run them in order")
    func after() {
        // Under TYMIST_SEED, or alone, there is nothing to look at.
        let seen = Self.seen.withLock { $0 }
        #expect(seen.isEmpty || seen == Array(3...7) || seen.count == 1)
    }

    @Test("a scenario that passes is no issue", .seeds(1...1))
    func scenario() throws { try checkSeeds(1...20, of: hasty, plan: .empty) }
}
