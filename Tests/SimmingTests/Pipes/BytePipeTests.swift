import Charting
import Doing
import Simming
import Testing
import Wiring

/// How many ticks of a millisecond.
private func tick(_ tyme: Tyme) -> Int { Int((tyme * 1000).rounded()) }

@Suite("byte pipes") struct BytePipeTests {
    @Test("a connection stands after a round trip, bytes take the delay, and both halves end in order")
    func ideal() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.010), client: PipeCore(sending: pattern(3000)))
        try bed.run(until: { bed.client.core.received.count == 3000 })
        #expect(bed.client.core.received == pattern(3000))
        #expect(bed.client.core.ticks == ["connected": 20])
        // The doer of a connection runs in the pass behind that in which it was taken.
        #expect(bed.served[0].core.ticks == ["connected": 31])
        #expect(tick(bed.doist.tyme) == 42)
        #expect(bed.served[0].core.sizes == [3000])
        bed.client.core.closing = .finish
        try bed.run(until: { bed.client.ending != nil && bed.served[0].ending != nil })
        #expect(bed.client.ending == .closed && bed.served[0].ending == .closed)
        #expect(bed.served[0].core.ticks == ["connected": 31, "ended": 52])
        #expect(bed.client.core.ticks == ["connected": 20, "ended": 62])
        #expect(bed.server.count == 0)
        #expect(try bed.leavesNothing())
        let counts = bed.net.statistics
        #expect(counts.sent == counts.delivered && counts.inFlight == 0)
    }

    @Test("nobody listens: refused after a round trip; no such host, or no way: at once")
    func refused() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.010), port: 8)
        try bed.run(until: { bed.client.ending != nil })
        let refusal = TransportError.system(
            call: "connect", code: 111, reason: "connection refused", subject: "red to blu:8")
        #expect(bed.client.ending == .failed(refusal) && tick(bed.doist.tyme) == 21)
        let nowhere = PipeDoer(PipeCore(), over: bed.red.stream(to: .host(9, port: 1)))
        try bed.doist.extend([nowhere])
        try bed.run(until: { nowhere.ending != nil })
        #expect(
            nowhere.ending
                == .failed(.system(call: "connect", code: 113, reason: "no route to host", subject: "red to host9:1")))
        let barred = try PipeBed(plan: "unreachable red>blu")
        try barred.run(until: { barred.client.ending != nil })
        #expect(
            barred.client.ending
                == .failed(.system(call: "connect", code: 113, reason: "no route to host", subject: "red to blu:7")))
    }

    @Test("nothing answers: asked again after 1, 3 and 7 s, and given up after the time for it")
    func timedOut() throws {
        let bed = try PipeBed(plan: "cut red>blu")
        try bed.run(until: { bed.client.ending != nil })
        let reason = TransportError.system(
            call: "connect", code: 110, reason: "connection timed out", subject: "red to blu:7")
        #expect(bed.client.ending == .failed(reason) && tick(bed.doist.tyme) == 10_001)
        #expect(bed.sent.map { tick($0.tyme) } == [0, 1000, 3000, 7000])
        #expect(bed.sent.allSatisfy { $0.fate == .cut && $0.marks == [.stream, .opens] })
    }

    @Test("a connection that is asked for while nothing gets through stands when something does")
    func late() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.010), plan: "cut red|blu 0..2")
        try bed.run(until: { !bed.client.core.story.isEmpty })
        #expect(bed.client.core.ticks == ["connected": 3020])
    }

    @Test("a full backlog gives no answer until there is room")
    func backlog() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.001), plan: "pause blu 0..0.5", backlog: 1)
        let second = PipeDoer(PipeCore(sending: [2]), over: bed.red.stream(to: bed.blu.address(port: 7)))
        try bed.doist.extend([second])
        try bed.run(until: { second.core.received == [2] })
        #expect(bed.client.core.ticks == ["connected": 2])
        #expect(second.core.ticks == ["connected": 1002])
    }

    @Test("a limit of connections keeps the others waiting, and they are served when one goes")
    func limit() throws {
        let bed = try PipeBed(limit: 1)
        let second = PipeDoer(PipeCore(sending: [2]), over: bed.red.stream(to: bed.blu.address(port: 7)))
        try bed.doist.extend([second])
        try bed.run(0.1)
        #expect(bed.server.count == 1 && second.core.received == [])
        bed.client.core.closing = .close
        try bed.run(until: { second.core.received == [2] })
        #expect(bed.server.count == 1 && bed.client.ending == .closed)
    }

    @Test("half by half: an end that has sent its last still gets the answer", arguments: [true, false])
    func halfClose(clientBegins: Bool) throws {
        var core = PipeCore()
        core.closingAtEnd = .open
        let bed = try PipeBed(link: SimLink(delay: 0.005), core: core, client: core)
        try bed.run(until: { bed.served.count == 1 && !bed.served[0].core.story.isEmpty })
        let (first, second) = clientBegins ? (bed.client, bed.served[0]) : (bed.served[0], bed.client)
        first.core.output = [1, 2, 3]
        first.core.closing = .finish
        try bed.run(until: { second.core.ticks["ended"] != nil })
        #expect(second.core.received == [1, 2, 3] && second.ending == nil && first.ending == nil)
        second.core.output = pattern(200_000)
        second.core.closing = .finish
        try bed.run(until: { first.ending != nil && second.ending != nil })
        #expect(first.core.received == pattern(200_000))
        #expect(first.ending == .closed && second.ending == .closed)
        #expect(try bed.leavesNothing())
    }

    @Test(
        "a reset behind any byte: that many arrive, and both ends know", arguments: [0, 1, 2, 1459, 1460, 1461, 5000])
    func resetAfter(count: Int) throws {
        var pipe = SimPipe()
        pipe.resetAfter = count
        var core = PipeCore(sending: pattern(10_000))
        core.closing = .finish
        let bed = try PipeBed(link: SimLink(delay: 0.010), pipe: pipe, core: PipeCore(), client: core)
        try bed.run(until: { bed.client.ending != nil && bed.served.first?.ending != nil })
        let loss = StreamLoss(.reset, code: 104)
        #expect(bed.served[0].core.received == Array(pattern(10_000)[..<count]))
        #expect(bed.served[0].ending == .lost(loss) && bed.client.ending == .lost(loss))
        #expect(bed.client.core.ticks == ["connected": 20, "lost": 21])
        #expect(try bed.leavesNothing())
    }

    @Test("a plan resets connections within segments, at the same byte for the same seed")
    func planned() throws {
        func run(_ seed: UInt64) throws -> Int {
            let bed = try PipeBed(
                seed: seed, plan: "reset 0.1 red>blu", core: PipeCore(), client: PipeCore(sending: pattern(100_000)))
            try bed.run(5, until: { bed.client.ending != nil && bed.served.first?.ending != nil })
            let received = bed.served.first?.core.received ?? []
            #expect(received == Array(pattern(100_000)[..<received.count]))
            return received.count
        }
        let counts = try (1...20).map { try run(UInt64($0)) }
        #expect(try (1...20).map { try run(UInt64($0)) } == counts)
        #expect(Set(counts).count > 15 && counts.contains { $0 % 1460 != 0 })
    }

    @Test("thrown away by one end, it is lost for the other, behind the bytes that were there")
    func thrownAway() throws {
        var core = PipeCore(sending: [1, 2, 3])
        core.closingAtEnd = .open
        let bed = try PipeBed(link: SimLink(delay: 0.010), core: PipeCore(), client: core)
        try bed.run(until: { bed.served.first?.core.received.count == 3 })
        bed.client.core.closing = .reset
        try bed.run(until: { bed.served[0].ending != nil })
        #expect(bed.client.ending == .reset)
        #expect(bed.served[0].ending == .lost(StreamLoss(.reset, code: 104)))
        #expect(try bed.leavesNothing())
    }

    @Test("who closes and leaves something unread resets; who has read all ends in order")
    func unread() throws {
        var deaf = PipeCore()
        deaf.room = 0
        let bed = try PipeBed(core: deaf, client: PipeCore(sending: [1, 2, 3]))
        try bed.run(until: { bed.served.first?.wire.bufferedBytes == 3 })
        bed.served[0].core.closing = .close
        try bed.run(until: { bed.client.ending != nil })
        #expect(bed.client.ending == .lost(StreamLoss(.reset, code: 104)))
        #expect(bed.served[0].ending == .closed)
    }

    @Test("what is written to an end that has closed is answered by a reset")
    func writeToClosed() throws {
        var core = PipeCore()
        core.closingAtEnd = .open
        let bed = try PipeBed(link: SimLink(delay: 0.010), core: core, client: core)
        try bed.run(until: { bed.served.first?.core.story.isEmpty == false })
        bed.served[0].core.closing = .close
        try bed.run(until: { bed.client.core.ticks["ended"] != nil })
        bed.client.core.output = [1]
        try bed.run(0.1)
        #expect(bed.client.ending == nil)
        bed.client.core.output = [2]
        try bed.run(until: { bed.client.ending != nil })
        #expect(bed.client.ending == .lost(StreamLoss(.reset, code: 104)))
        #expect(try bed.leavesNothing())
    }
}
