import CoDoing
import Doing
import Testing

@Suite("Inboxes")
struct InboxTests {
    @Test("a body waits for what a plain doer sends: this pass if its place is ahead, else the next")
    func places() throws {
        let log = Log()
        let (early, late) = (Inbox<Int>(), Inbox<Int>())
        func reader(_ name: String, _ inbox: Inbox<Int>) -> Body {
            Body(name) { _ in for _ in 0..<2 { log.add("\(name) \(try await inbox.next()) at \(currentTyme)") } }
        }
        var number = 0
        let sender = doify { _ in
            number += 1
            early.send(number)
            late.send(number)
            return number < 2 ? .again : .done
        }
        try Doist([reader("before", early), sender, reader("behind", late)]).run()
        #expect(
            log.lines == [
                "behind 1 at 0.0", "before 1 at 0.03125", "behind 2 at 0.03125", "before 2 at 0.0625",
            ])
    }

    @Test("what was sent before anyone waited is there, in order, up to the limit; the rest is refused and counted")
    func bounded() throws {
        let log = Log()
        let inbox = Inbox<Int>(limit: 3)
        #expect((1...5).map { inbox.send($0) } == [true, true, true, false, false])
        #expect(inbox.count == 3 && inbox.refused == 2)
        try Doist([Body { _ in for _ in 0..<3 { log.add("\(try await inbox.next())") } }]).run()
        #expect(log.lines == ["1", "2", "3"])
        #expect(inbox.count == 0 && inbox.popFirst() == nil)
    }

    @Test("several that wait are served first come, first served, over doers and children")
    func fifo() throws {
        let log = Log()
        let inbox = Inbox<Int>()
        let parent = Body("parent") { _ in
            try await together(
                ["a", "b"].map { name in { for _ in 0..<2 { log.add("\(name)\(try await inbox.next())") } } })
        }
        let other = Body("other") { _ in for _ in 0..<2 { log.add("other\(try await inbox.next())") } }
        let sender = Body("sender") { _ in
            for number in 1...6 {
                inbox.send(number)
                if number == 3 { try await nextTick() }
            }
        }
        try Doist([parent, other, sender]).run()
        #expect(log.lines == ["a1", "b2", "other3", "a4", "b5", "other6"])
    }

    @Test("an inbox is a sequence that ends when it is closed and empty")
    func sequence() throws {
        let log = Log()
        let inbox = Inbox<Int>()
        let reader = Body("reader") { _ in
            for try await number in inbox { log.add("\(number) at \(currentTyme)") }
            log.add("end at \(currentTyme)")
            await #expect(throws: InboxClosed()) { try await inbox.next() }
            await #expect(throws: InboxClosed()) { try await inbox.next(timeout: 1) }
        }
        let sender = Body("sender") { _ in
            inbox.send(1)
            inbox.send(2)
            try await sleep(for: 0.5)
            inbox.send(3)
            inbox.close()
            #expect(!inbox.send(4) && inbox.refused == 1)
        }
        try Doist([sender, reader]).run()
        #expect(log.lines == ["1 at 0.0", "2 at 0.0", "3 at 0.5", "end at 0.5"])
    }

    @Test("closing ends a wait that is under way")
    func closes() throws {
        let log = Log()
        let inbox = Inbox<Int>()
        let reader = Body("reader") { _ in
            do { _ = try await inbox.next() } catch is InboxClosed { log.add("closed at \(currentTyme)") }
        }
        let closer = Body("closer") { _ in
            try await sleep(for: 0.25)
            inbox.close()
        }
        try Doist([closer, reader]).run()
        #expect(log.lines == ["closed at 0.25"])
    }

    @Test("a timeout ends a wait with nil and leaves the inbox as it was; an element in the same pass comes first")
    func timeouts() throws {
        let log = Log()
        let inbox = Inbox<Int>()
        let reader = Body("reader") { _ in
            log.add("\(String(describing: try await inbox.next(timeout: 0))) at \(currentTyme)")
            log.add("\(String(describing: try await inbox.next(timeout: 0.25))) at \(currentTyme)")
            log.add("\(String(describing: try await inbox.next(timeout: 0.25))) at \(currentTyme)")
            log.add("\(String(describing: try await inbox.next(timeout: 9))) at \(currentTyme)")
        }
        let sender = Body("sender") { _ in
            try await sleep(until: 0.5)
            inbox.send(1)
            inbox.send(2)
        }
        try Doist([sender, reader]).run()
        #expect(log.lines == ["nil at 0.0", "nil at 0.25", "Optional(1) at 0.5", "Optional(2) at 0.5"])
    }

    @Test("two doers play ping-pong: one exchange a tick, since one of them is always behind")
    func pingPong() throws {
        let log = Log()
        let (ping, pong) = (Inbox<Int>(), Inbox<Int>())
        let left = Body("left") { _ in
            for number in 0..<3 {
                pong.send(number)
                log.add("left \(try await ping.next()) at \(currentTyme)")
            }
        }
        let right = Body("right") { _ in
            for _ in 0..<3 {
                let number = try await pong.next()
                log.add("right \(number) at \(currentTyme)")
                ping.send(number * 10)
            }
        }
        try Doist([left, right]).run()
        #expect(
            log.lines == [
                "right 0 at 0.0", "left 0 at 0.03125", "right 1 at 0.03125", "left 10 at 0.0625", "right 2 at 0.0625",
                "left 20 at 0.09375",
            ])
    }

    @Test("elements that are not Sendable may be sent from doer to doer")
    func notSendable() throws {
        final class Parcel { var stamps = 0 }
        final class Reader: CoDoer {
            let inbox = Inbox<Parcel>()
            var seen = 0
            override nonisolated(nonsending) func perform() async throws {
                for try await parcel in inbox { seen += parcel.stamps }
            }
        }
        let reader = Reader()
        let parcel = Parcel()
        let sender = doify { _ in
            parcel.stamps = 3
            reader.inbox.send(parcel)
            reader.inbox.send(parcel)
            reader.inbox.close()
            return .done
        }
        try Doist([reader, sender]).run()
        #expect(reader.seen == 6)
    }

    @Test("a cancelled wait loses no element: the next one to wait gets it")
    func cancelledWait() throws {
        let log = Log()
        let inbox = Inbox<Int>()
        let doer = Body("doer") { _ in
            try await withChildren(returning: Void.self) { children in
                children.fork {
                    do { log.add("first \(try await inbox.next())") } catch {
                        log.add("first cancelled at \(currentTyme)")
                    }
                }
                try await sleep(for: 0.25)
                children.cancelAll()
            }
            log.add("second \(try await inbox.next()) at \(currentTyme)")
        }
        let sender = Body("sender") { _ in
            try await sleep(for: 0.5)
            inbox.send(7)
        }
        try Doist([doer, sender]).run()
        #expect(log.lines == ["first cancelled at 0.25", "second 7 at 0.53125"])
    }
}
