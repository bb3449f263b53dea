import Simming
import Testing

@testable import Scenarios

@Suite("A host that stands still in the middle of a memo")
struct LongPauseTests {
    @Test(
        "may cost a plain memo, whose receiver does not wait that long: no failure of memos",
        arguments: [
            (UInt64(25460), "pause grn 0.529..10.893; enobufs grn|blu 17.304..19.71"),
            (28155, "reorder 0.245 0.074 10.393..19.937; pause grn 2.581..14.868"), (52463, "pause red 1.374..19.321"),
        ])
    func long(seed: UInt64, plan: String) throws {
        #expect(MemoScenario.plain.plan(seed: seed).description == plan)
        #expect(try MemoScenario.plain.run(seed: seed).outcome.failure == nil)
    }

    @Test("costs none if it is short, and one that is lost otherwise is a failure still")
    func short() throws {
        let plan = try FaultPlan(parsing: "pause grn 0.529..9")
        let (outcome, world) = try MemoScenario.plain.run(seed: 25460, plan: plan, traceLimit: 1 << 24)
        #expect(outcome.failure == nil && world.log.contains("resumed"))
        // A rule is no fault of a plan, so that the scenario expects every memo.
        let lost = try MemoScenario.plain.run(seed: 25460, plan: plan) { world in
            world.net.rule { $0.number == 0 ? .drop : .deliver }
        }
        #expect(lost.outcome.failure?.contains(" of 15 memos: not until 1400.0 s") == true)
    }
}
