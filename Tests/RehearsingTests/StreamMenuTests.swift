import Rehearsing
import Simming
import Testing

@Suite("Faults of byte streams on a menu") struct StreamMenuTests {
    private func resets(_ menu: FaultMenu) -> Int {
        let scenario = Scenario("menu", "plans only", hosts: ["red", "blu"], span: 2, faults: menu) { _ in }
        return (1...200 as ClosedRange<UInt64>).reduce(0) { sum, seed in
            sum + scenario.plan(seed: seed).faults.count { if case .reset = $0.effect { true } else { false } }
        }
    }

    @Test("streams are reset only where the menu says so")
    func menu() {
        #expect(resets(.all) == 0)
        #expect(resets([.all, .resetting]) > 20)
    }

    @Test("a plan with resets is read as it is written, and could lose something")
    func text() throws {
        let plan = try FaultPlan(parsing: "reset 0.05 red>blu 0..1")
        #expect("\(plan)" == "reset 0.05 red>blu 0..1" && plan.canLose)
    }
}
