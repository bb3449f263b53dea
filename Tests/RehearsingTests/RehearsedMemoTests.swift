import Memoing
import Rehearsing
import Simming
import Testing

/// The second program of the README, to the letter.
@Suite("A rehearsed memo")
struct RehearsedMemoTests {
    @Test("the first gram is lost; the retry after a second is acknowledged one round trip later")
    func retry() throws {
        let world = try Rehearsal(seed: 1, link: SimLink(delay: 0.25), plan: FaultPlan(parsing: "drop 1 any red>blu"))
        let blu = try world.peer("blu", Memoer(random: world.random("blu")))
        let red = try world.peer("red", Memoer(kind: .sure, random: world.random("red")))
        var outcomes: [SureOutcome.Result] = []
        red.onEvent = { _, event, _ in if case .outcome(let outcome) = event { outcomes.append(outcome.result) } }
        try red.core.memoit("well met", to: blu.wire.address)
        try world.run(until: 9) { !outcomes.isEmpty }
        #expect(outcomes == [.delivered] && blu.core.inbox.count == 1)
        #expect(world.tyme == 1.53125)  // lost at 0, sent again at 1, 0.25 there, 0.25 back, and the tick that saw it
    }
}
