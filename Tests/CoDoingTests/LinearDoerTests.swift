import CoDoing
import Doing
import Testing

@Suite("Doers and children from closures")
struct LinearDoerTests {
    @Test("a closure that holds what is not Sendable is a doer: named, with a tock, done when it returns")
    func closure() throws {
        let (questions, answers) = (Inbox<Int>(), Inbox<String>())
        var lines: [String] = []
        let asker = LinearDoer { _ in
            questions.send(6)
            lines.append("\(try await answers.next()) at \(currentTyme)")
        }
        let answerer = try LinearDoer(name: "Ann", tock: 0.25) { doer in
            let number = try await questions.next()
            try await nextTick()
            answers.send("\(number * 7) says \(doer.name)")
        }
        let doist = Doist([asker, answerer])
        try doist.run(limit: 9)
        #expect(lines == ["42 says Ann at 0.28125"] && asker.isDone && answerer.isDone)
        #expect(asker.name == "LinearDoer" && doist.tyme == 0.3125)
    }

    @Test("a tock that is none is refused by name")
    func badTock() {
        #expect(throws: TymeError.tock(-1)) { try LinearDoer(name: "bad", tock: -1) { _ in } }
        #expect(throws: (any Error).self) { try LinearDoer(name: "bad", tock: .nan) { _ in } }
    }

    @Test("what a closure throws is its doer's error")
    func failing() throws {
        let doist = Doist([LinearDoer { _ in throw Oops() }])
        #expect(throws: Oops()) { try doist.run() }
    }

    @Test("a closure of the main actor is an error with words, and does not run; one made outside of it does")
    @MainActor func isolated() throws {
        var runs = 0
        let wrong = try LinearDoer(name: "wrong") { _ in runs += 1 }
        #expect(throws: CoError.isolated(doer: "wrong")) { try Doist([wrong]).run() }
        let inbox = Inbox<Int>()
        try Doist([Self.filler(of: inbox)]).run()
        #expect(runs == 0 && inbox.popFirst() == 7)
    }

    private nonisolated static func filler(of inbox: Inbox<Int>) -> Doer {
        LinearDoer { _ in
            try await sleep(for: 1)
            inbox.send(7)
        }
    }

    @Test("children share what is not Sendable, end in their own time, and are cancelled with their parent")
    func children() throws {
        final class Tally { var names: [String] = [] }
        let tally = Tally()
        let parent = LinearDoer { _ in
            let sum = try await withChildren(returning: Int.self) { children in
                for (number, seconds) in [0.5, 0.25, 9.0].enumerated() {
                    children.fork {
                        do { try await sleep(for: seconds) } catch { tally.names.append("\(number) \(error)") }
                        tally.names.append("\(number) at \(currentTyme)")
                        return number
                    }
                }
                let first = try await children.next() ?? -1
                let second = try await children.next() ?? -1
                children.cancelAll()
                return 10 * first + second
            }
            tally.names.append("\(sum) at \(currentTyme)")
        }
        try Doist([parent]).run()
        #expect(
            tally.names == ["1 at 0.25", "0 at 0.5", "2 CancellationError()", "2 at 0.5", "10 at 0.5"])
    }

    @Test("a body that throws cancels its children, and they have ended when it surfaces")
    func childrenOfThrower() throws {
        var lines: [String] = []
        let parent = LinearDoer { _ in
            do {
                try await withChildren(returning: Void.self) { children in
                    children.fork {
                        defer { lines.append("child ends at \(currentTyme)") }
                        try await sleep(for: 9)
                    }
                    try await sleep(for: 0.25)
                    throw Oops()
                }
            } catch { lines.append("\(error) at \(currentTyme)") }
        }
        try Doist([parent]).run()
        #expect(lines == ["child ends at 0.25", "Oops() at 0.25"])
    }
}
