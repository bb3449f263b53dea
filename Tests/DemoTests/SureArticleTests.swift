import Memoing
import Rehearsing
import Simming
import Testing

/// The example of the article on sure memos is this program, to the letter.
@Suite("The article on sure memos")
struct SureArticleTests {
    @Test("its five lines run, the memo arrives, and its sender is told")
    func example() throws {
        let world = try Rehearsal(seed: 1, link: SimLink(delay: 0.05, loss: 0.3))
        let red = try world.peer("red", Memoer(kind: .sure, random: world.random("red")))
        let blu = try world.peer("blu", Memoer(random: world.random("blu")))
        let mid = try red.core.memoit("hello", to: blu.wire.address)
        try world.run(until: 600) { red.core.sureStatistics.unfinished == 0 }

        guard case .outcome(let outcome)? = red.pollEvent() else {
            Issue.record("no outcome")
            return
        }
        #expect(outcome.mid == mid && outcome.result == .delivered)
        #expect(blu.core.inbox.count == 1)
        #expect(blu.core.inbox.first?.text == "hello")
    }

    @Test("the article shows it as it is here")
    func sameLines() throws {
        let lines = try ReadmeTests.text("Tests/DemoTests/SureArticleTests.swift").split(separator: "\n")
        let first = try #require(lines.firstIndex { $0.contains("let world = try") })
        let program = lines[first..<first + 5].map { $0.dropFirst(8) }.joined(separator: "\n")
        let article = try ReadmeTests.text("Sources/Memoing/Memoing.docc/SureMemos.md")
        #expect(article.contains("```swift\n\(program)\n```"))
    }
}
