import Rehearsing
import SeedTesting
import Simming
import Testing

@testable import examples

/// The protocol of `Demos/Examples/OwnProtocol.swift`, in simulated time.
@Suite("A request/response protocol")
struct OwnProtocolTests {
    @Test("the question is lost; asked again after a second, it is answered one round trip later")
    func lost() throws {
        let world = try Rehearsal(seed: 1, link: SimLink(delay: 0.25), plan: FaultPlan(parsing: "drop 1 any red>blu"))
        let blu = try world.peer("blu", Asker())
        let red = try world.peer("red", Asker())
        blu.core.answer = { $0 + "!" }
        var answers: [Asker.Answer] = []
        red.onEvent = { _, answer, _ in answers.append(answer) }
        let number = red.core.ask("hello", of: blu.wire.address)
        try world.run(until: 9) { !answers.isEmpty }
        #expect(answers == [Asker.Answer(number: number, text: "hello!")])
        #expect(world.tyme == 1.53125)  // lost at 0, asked again at 1, 0.25 there, 0.25 back, and the tick that saw it
    }

    @Test("every question is answered once, whatever is lost, late or twice", .seeds(1...50))
    func sweep() throws {
        var link = SimLink(delay: 0.1, jitter: 0.3, loss: 0.3)
        link.duplicate = 0.2
        let world = try SeedRun.world(link: link)
        let blu = try world.peer("blu", Asker())
        let red = try world.peer("red", Asker())
        var answers: [String] = []
        red.onEvent = { _, answer, _ in answers.append(answer.text) }
        for number in 0..<10 { _ = red.core.ask("\(number)", of: blu.wire.address) }
        try world.run(until: 60) { answers.count == 10 }
        #expect(answers.sorted() == (0..<10).map { "\($0)" })
    }
}
