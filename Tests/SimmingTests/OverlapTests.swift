import Charting
import Doing
import Simming
import Testing

@Suite("Windows of one host that overlap")
struct OverlapTests {
    /// What happens to red, and when.
    private func story(_ plan: String) throws -> [String] {
        let trace = Trace(limit: 1 << 20)
        let net = SimNet(trace: trace)
        let red = net.host("red").boot { _ in [doify { _ in .again }] }
        net.plan = try FaultPlan(parsing: plan)
        try Doist(limit: 6, doers: [net, red]).run()
        let text = trace.text().split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        return text.map { $0.replacing(".000000 red", with: "") }
    }

    @Test("the first end of a pause or a crash is its end")
    func firstEnd() throws {
        #expect(try story("pause red 1..3; pause red 2..4") == ["1 paused", "3 resumed"])
        #expect(try story("crash red 1..3; crash red 2..4") == ["1 crashed", "3 restarted"])
    }

    @Test("a host that is down is not paused, and one that crashes is no longer")
    func both() throws {
        #expect(try story("crash red 1..2; pause red 1.5..3") == ["1 crashed", "2 restarted"])
        #expect(try story("pause red 1..4; crash red 2..3") == ["1 paused", "2 crashed", "3 restarted"])
    }
}
