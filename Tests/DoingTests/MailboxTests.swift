import Doing
import Synchronization
import Testing

/// Work from other threads.
@Suite struct MailboxTests {
    /// Takes what is in a mailbox; done when it has had enough.
    private final class Reader: Doer {
        let mailbox: Mailbox<Int>
        var got: [Int] = []
        let enough: Int
        init(_ mailbox: Mailbox<Int>, enough: Int) {
            self.mailbox = mailbox
            self.enough = enough
            super.init()
        }
        override func enter(_ tyme: Tyme) throws { mailbox.connect(doist!.waker(for: self)) }
        override func recur(_ tyme: Tyme) throws -> Recurrence {
            while let message = mailbox.popFirst() { got.append(message) }
            return got.count >= enough ? .done : .park(until: .infinity)
        }
        override func exit(_ tyme: Tyme) throws { mailbox.connect(nil) }
    }

    @Test("a post wakes the doer, in the next pass, and messages stay in order")
    func posts() throws {
        let mailbox = Mailbox<Int>(limit: 100)
        let reader = Reader(mailbox, enough: 4)
        let doist = Doist()
        mailbox.post(0)
        try doist.enter([reader])
        try doist.recur()
        #expect(reader.got == [0])
        try doist.recur()
        mailbox.post(1)
        mailbox.post(2)
        #expect(mailbox.count == 2)
        try doist.recur()
        #expect(reader.got == [0, 1, 2])
        mailbox.post(3)
        try doist.recur()
        #expect(doist.isDone)
        #expect(reader.got == [0, 1, 2, 3])
        try doist.exit()
        mailbox.post(4)
        #expect(mailbox.takeAll() == [4])
    }

    @Test("a full mailbox refuses and counts")
    func full() {
        let mailbox = Mailbox<Int>(limit: 2)
        #expect([1, 2, 3, 4].map { mailbox.post($0) } == [true, true, false, false])
        #expect(mailbox.refused == 2)
        #expect(mailbox.popFirst() == 1)
        #expect(mailbox.post(5))
        #expect(mailbox.takeAll() == [2, 5])
        #expect(mailbox.popFirst() == nil)
    }

    private final class Letter: Sendable {
        let onEnd: @Sendable () -> Void
        init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }
        deinit { onEnd() }
    }

    @Test("a message that was taken is the taker's alone, and may post when it is let go")
    func lettersGo() {
        let mailbox = Mailbox<Letter>(limit: 8)
        let ended = Mutex(0)
        for _ in 0..<8 {
            mailbox.post(
                Letter {
                    ended.withLock { $0 += 1 }
                    mailbox.post(Letter {})
                })
        }
        for taken in 1...3 {
            _ = mailbox.popFirst()
            #expect(ended.withLock { $0 } == taken)
        }
        #expect(mailbox.count == 8)  // five of the first, and what three have posted
        _ = mailbox.takeAll()
        #expect(ended.withLock { $0 } == 8)
        #expect(mailbox.takeAll().count == 5)
    }

    @Test("four threads post 40,000 messages; none is lost, each thread's stay in order")
    func threads() async throws {
        let mailbox = Mailbox<Int>(limit: 40_000)
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask { for number in 0..<10_000 { mailbox.post(thread * 10_000 + number) } }
            }
        }
        let reader = Reader(mailbox, enough: 40_000)
        let doist = Doist()
        try doist.enter([reader])
        while !doist.isDone { try doist.recur() }
        try doist.exit()
        #expect(reader.got.count == 40_000)
        for thread in 0..<4 {
            let own = reader.got.filter { $0 / 10_000 == thread }
            #expect(own == Array(thread * 10_000..<(thread + 1) * 10_000))
        }
    }

    @Test("wakers of doers that are gone do nothing, and their places are used again")
    func goneDoers() throws {
        let doist = try Doist(limit: 1.0)
        var kept: [Waker] = []
        for _ in 0..<1000 {
            let waker = doist.waker(for: Doer())
            waker.wake()
            if kept.count < 3 { kept.append(waker) }
        }
        let doer = Probe("doer") { _ in .park(until: .infinity) }
        try doist.enter([doer])
        try doist.recur()
        kept.forEach { $0.wake() }
        try doist.recur()
        #expect(doer.tymes == [0.0])
        doist.waker(for: doer).wake()
        try doist.recur()
        #expect(doer.tymes == [0.0, 0.0625])
        try doist.exit()
    }

    @Test("another thread can end a run")
    func requestStop() async throws {
        let pace = FakePace()
        let doist = try Doist(tock: 0.03125, pace: pace)
        let waker = doist.waker
        let doer = Probe("doer")
        doer.answer = { _ in
            if doer.tymes.count == 2 { waker.requestStop() }
            return .again
        }
        try doist.enter([doer])
        try doist.exit()
        try doist.run()
        #expect(doer.tymes.count == 2)
    }
}
