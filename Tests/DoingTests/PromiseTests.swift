import Doing
import Testing

@Suite("Promises and inboxes of plain doers")
struct PromiseTests {
    @Test("a promise wakes its doer once; the first value wins")
    func promise() throws {
        let promise = Promise<Int>()
        var log: [String] = []
        let waiter = doify { tyme in
            guard let value = promise.value else { return .park(until: .infinity) }
            log.append("\(value) at \(tyme)")
            return .done
        }
        promise.waker = waiter
        let resolver = doify { tyme in
            guard tyme >= 0.25 else { return .park(until: 0.25) }
            log.append("\(promise.isResolved) \(promise.resolve(1)) \(promise.resolve(2)) \(promise.isResolved)")
            return .done
        }
        try Doist([waiter, resolver]).run()
        #expect(log == ["false true false true", "1 at 0.28125"])
    }

    @Test("an inbox wakes its reader at a send and at its close, refuses beyond its limit, and keeps the order")
    func inbox() throws {
        let inbox = Inbox<Int>(limit: 3)
        var log: [String] = []
        let reader = doify { tyme in
            while let number = inbox.popFirst() { log.append("\(number) at \(tyme)") }
            if inbox.isClosed { log.append("closed at \(tyme)") }
            return inbox.isClosed ? .done : .park(until: .infinity)
        }
        inbox.reader = reader
        let doist = Doist([reader])
        try doist.enter()
        try doist.recur()
        let taken = (1...5).map { inbox.send($0) }
        #expect(taken == [true, true, true, false, false])
        #expect(inbox.count == 3 && inbox.isFull && inbox.refused == 2)
        try doist.recur()
        try doist.recur()
        inbox.close()
        #expect(!inbox.send(6))
        try doist.recur()
        try doist.exit()
        #expect(log == ["1 at 0.03125", "2 at 0.03125", "3 at 0.03125", "closed at 0.09375"])
    }
}
