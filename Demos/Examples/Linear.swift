import CoDoing
import Doing

/// Code from top to bottom: it waits where a plain doer would return. It is the same in simulated and in real time.
func linear() throws {
    let questions = Inbox<String>()
    let answers = Inbox<Int>()
    let asking = LinearDoer { _ in
        for attempt in 1...3 {
            questions.send("how many?")
            guard let answer = try await answers.next(timeout: 0.5) else {
                print("\(currentTyme): no answer to attempt \(attempt)")
                continue
            }
            print("\(currentTyme): \(answer)")
            return
        }
    }
    let answering = LinearDoer { _ in
        let question = try await questions.next()
        print("\(currentTyme): heard \"\(question)\"")
        try await sleep(for: 0.75)
        answers.send(42)
    }
    try Doist([asking, answering]).run()
}
