import Doing
import Testing

@Suite("A doer of a mailbox")
struct MailboxDoerTests {
    @Test("takes what was posted before and after it was entered, in order, and ends where its body says so")
    func order() throws {
        let mailbox = Mailbox<Int>()
        var heard: [Int] = []
        let doer = MailboxDoer(mailbox) { number, _ in
            heard.append(number)
            return number == 3 ? .done : .again
        }
        mailbox.post(1)
        let doist = try Doist(doers: [doer])
        try doist.enter()
        try doist.recur()
        #expect(heard == [1])
        for number in 2...4 { mailbox.post(number) }
        for _ in 0..<3 where !doist.isDone { try doist.recur() }
        #expect(heard == [1, 2, 3] && doist.isDone)
        #expect(mailbox.popFirst() == 4)
    }

    @Test("takes no more in a pass than its budget")
    func budget() throws {
        let mailbox = Mailbox<Int>()
        var heard = 0
        let doist = try Doist(doers: [
            MailboxDoer(mailbox, budget: 2) { _, _ in
                heard += 1
                return .again
            }
        ])
        for number in 0..<5 { mailbox.post(number) }
        try doist.enter()
        var counts: [Int] = []
        for _ in 0..<3 {
            try doist.recur()
            counts.append(heard)
        }
        #expect(counts == [2, 4, 5])
        try doist.exit()
    }
}
