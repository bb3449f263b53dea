import Charting
import Doing
import Simming
import Testing
import Wiring

@Suite("what goes wrong on byte pipes") struct PipeFaultTests {
    /// A client that sends so much to a server that keeps it, and then ends its half.
    private func upload(_ count: Int) -> PipeCore {
        var core = PipeCore(sending: pattern(count))
        core.closing = .finish
        return core
    }

    /// Runs until the server has all, and tells how many ticks that took from the beginning of the connection.
    private func ticks(_ bed: PipeBed, _ count: Int, limit: Tyme = 100) throws -> Int {
        try bed.run(limit, until: { bed.served.first?.core.ticks["ended"] != nil })
        #expect(bed.served.first?.core.received == pattern(count))
        return bed.served[0].core.ticks["ended"] ?? 0
    }

    @Test("a slow way takes the time of its bits, heads included, and no more")
    func rate() throws {
        // 100 segments of 1460 bytes, each with 28 more, at 1,000,000 bits a second: 1.1904 s, and the end alone.
        let link = SimLink(delay: 0.010, rate: 1_000_000)
        let bed = try PipeBed(link: link, core: PipeCore(), client: upload(146_000))
        let ticks = try ticks(bed, 146_000)
        #expect(ticks == 1222)  // 10.224 + 10.224 for the connection to stand, 1190.4, 0.0002, 10
    }

    @Test("a queue that is too short for two segments is not overrun")
    func shortQueue() throws {
        let link = SimLink(delay: 0.010, rate: 1_000_000, queueBytes: 3000)
        let bed = try PipeBed(link: link, core: PipeCore(), client: upload(146_000))
        #expect(try ticks(bed, 146_000) == 1222)
        #expect(bed.net.statistics.queueFull == 0)
    }

    @Test("what gets lost is sent again, and nothing overtakes it", arguments: 1...10)
    func loss(seed: UInt64) throws {
        let link = SimLink(delay: 0.010, jitter: 0.020, loss: 0.2)
        let bed = try PipeBed(seed: seed, link: link, core: PipeCore(), client: upload(50_000))
        _ = try ticks(bed, 50_000)
        let counts = bed.net.statistics
        #expect(counts.lost > 0 && counts.sent == counts.delivered + counts.dropped + counts.inFlight)
    }

    @Test("a first segment that is lost comes a fifth of a second later, all others behind it")
    func firstLost() throws {
        // The connection stands at 20 ms: its first bytes go then, and are cut.
        let bed = try PipeBed(
            link: SimLink(delay: 0.010), plan: "cut red>blu 0.0195..0.1", core: PipeCore(), client: upload(3000))
        try bed.run(until: { bed.served.first?.core.received.isEmpty == false })
        let first = bed.sent.first { $0.marks == .stream }
        #expect(first?.fate == .cut && first?.tyme == bed.served[0].core.ticks["connected"].map { _ in first!.tyme })
        let again = bed.sent.first { $0.marks == .stream && $0.fate == .arrives }
        #expect(Int(((again?.tyme ?? 0) * 1000).rounded()) == 220)
    }

    @Test("turned bits and lost ends are found out: the bytes come as they were sent, or not at all")
    func altered() throws {
        let bed = try PipeBed(
            plan: "corrupt 0.2 red>blu; truncate 0.2 red>blu; duplicate 0.3; reorder 0.3 0.05; delay 0.01 0.05",
            core: PipeCore(), client: upload(50_000))
        _ = try ticks(bed, 50_000)
        #expect(bed.net.statistics.lost > 5)
    }

    @Test("segments are as short as the way carries")
    func mtu() throws {
        let bed = try PipeBed(link: SimLink(mtu: 100), core: PipeCore(), client: upload(1000))
        _ = try ticks(bed, 1000)
        let lengths = (0..<bed.trace.count).filter { bed.trace.event($0).kind == .received }.map(bed.trace.length)
        #expect(lengths.filter { $0 > 0 } == Array(repeating: 100, count: 10))
    }

    @Test("a reader that takes nothing stops the writer at the sum of both buffers, and gets all when it goes on")
    func backPressure() throws {
        var deaf = PipeCore()
        deaf.room = 0
        var (pipe, serverPipe) = (SimPipe(), SimPipe())
        pipe.sendBuffer = 5000
        serverPipe.receiveBuffer = 3000
        let bed = try PipeBed(pipe: pipe, serverPipe: serverPipe, core: deaf, client: upload(100_000))
        try bed.run(1)
        #expect(bed.client.core.output.count == 100_000 - 8000)
        #expect(bed.served[0].wire.bufferedBytes == 3000 && bed.client.wire.unackedBytes == 5000)
        let runs = bed.net.statistics.sent
        try bed.run(1)
        #expect(bed.net.statistics.sent == runs)
        bed.served[0].core.room = .max
        _ = try ticks(bed, 100_000)
    }

    @Test("a window of so many bytes a round trip is as fast as it can be")
    func window() throws {
        var serverPipe = SimPipe()
        serverPipe.receiveBuffer = 10_000
        let bed = try PipeBed(
            link: SimLink(delay: 0.050), serverPipe: serverPipe, core: PipeCore(), client: upload(100_000))
        // It stands after 100 ms; ten windows, each a round trip behind the one before; the last takes one way.
        #expect(try ticks(bed, 100_000) == 100 + 9 * 100 + 50 + 1)
    }

    @Test("reads and writes in parts: every byte comes once, in order, for any cut", arguments: 1...10)
    func parts(seed: UInt64) throws {
        var pipe = SimPipe()
        (pipe.reads, pipe.writes, pipe.segment) = (1...7, 1...50, 13)
        let bed = try PipeBed(
            seed: seed, link: SimLink(delay: 0.002), pipe: pipe, serverPipe: pipe,
            client: PipeCore(sending: pattern(2000)))
        try bed.run(until: { bed.client.core.received.count == 2000 })
        #expect(bed.client.core.received == pattern(2000))
        let sizes = Set(bed.client.core.sizes)
        #expect(sizes.isSubset(of: Set(1...7)) && sizes.count > 4)
        #expect(Set(bed.served[0].core.sizes).isSubset(of: Set(1...7)))
    }

    @Test("one byte a read, a megabyte: no read waits for a tick")
    func byteByByte() throws {
        var pipe = SimPipe(buffer: 1 << 20)
        pipe.reads = 1...1
        let bed = try PipeBed(serverPipe: pipe, core: PipeCore(), client: upload(200_000))
        #expect(try ticks(bed, 200_000) < 10)
    }

    @Test("a host that pauses takes bytes as far as it has room, and its doers get them when it goes on")
    func pause() throws {
        var serverPipe = SimPipe()
        serverPipe.receiveBuffer = 3000
        let bed = try PipeBed(
            link: SimLink(delay: 0.010), plan: "pause blu 0.1..0.5", serverPipe: serverPipe, core: PipeCore())
        try bed.run(0.2)
        bed.client.core.output = pattern(5000)
        try bed.run(0.2)
        #expect(bed.served[0].wire.bufferedBytes == 3000 && bed.served[0].core.received.isEmpty)
        try bed.run(until: { bed.served[0].core.received.count == 5000 })
        #expect(bed.served[0].core.received == pattern(5000))
        #expect((bed.doist.tyme * 1000).rounded() == 500 + 20 + 1)
    }

    @Test("a host that crashes tells nobody; booted again it answers with a reset")
    func crash() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.010), plan: "crash blu 0.1..0.5")
        try bed.run(0.2)
        #expect(bed.served[0].ending == .cut && bed.client.ending == nil)
        bed.client.core.output = [1]
        try bed.run(until: { bed.client.ending != nil })
        #expect(bed.client.ending == .lost(StreamLoss(.reset, code: 104)))
        // Sent at 200 ms, it comes in vain at 210; again at 410, in vain at 420; at 820, and the reset is back at 840.
        #expect(bed.client.core.ticks["lost"] == 840)
        let next = PipeDoer(PipeCore(sending: [7]), over: bed.red.stream(to: bed.blu.address(port: 7)))
        try bed.doist.extend([next])
        try bed.run(until: { next.core.received == [7] })
        #expect(bed.served.count == 2 && bed.served[0].ending == .cut && bed.server.count == 1)
    }

    @Test("a way that is cut: who sends gives up when his patience is over, who waits does not know")
    func patience() throws {
        var pipe = SimPipe()
        pipe.patience = 3
        let bed = try PipeBed(link: SimLink(delay: 0.010), plan: "cut red|blu 0.1..", pipe: pipe)
        try bed.run(0.2)
        bed.client.core.output = [1]
        try bed.run(until: { bed.client.ending != nil })
        #expect(bed.client.ending == .lost(StreamLoss(.timedOut, code: 110)))
        #expect(bed.served[0].ending == nil)
        // Tried at 0.2, 0.4, 0.8, 1.6 and 3.2 s, which is three seconds behind the first.
        #expect(bed.client.core.ticks["lost"] == 3200)
        let answers = try PipeBed(link: SimLink(delay: 0.010), plan: "cut blu>red 0.1..", pipe: pipe)
        try answers.run(0.2)
        answers.client.core.output = [1]
        try answers.run(until: { answers.client.ending != nil })
        #expect(answers.client.ending == .lost(StreamLoss(.timedOut, code: 110)))
    }

    @Test("what is held by hand or by plan comes when it is let go")
    func hold() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.010), core: PipeCore())
        try bed.run(0.1)
        bed.net.hold(from: bed.red, to: bed.blu)
        bed.client.core.output = [1, 2, 3]
        try bed.run(1)
        #expect(bed.served[0].core.received.isEmpty)
        bed.net.release(from: bed.red, to: bed.blu)
        try bed.run(0.012)
        #expect(bed.served[0].core.received == [1, 2, 3])
        let planned = try PipeBed(
            link: SimLink(delay: 0.010), plan: "hold red>blu 0.1..0.5", core: PipeCore())
        try planned.run(0.2)
        planned.client.core.output = [1]
        try planned.run(until: { planned.served[0].core.received == [1] })
        #expect((planned.doist.tyme * 1000).rounded() == 501)
    }

    @Test("a transport without room takes nothing until the window ends; a slow reader reads as fast as it may")
    func fullAndSlow() throws {
        let full = try PipeBed(plan: "full red>blu 0..0.5", core: PipeCore(), client: PipeCore(sending: [1]))
        try full.run(until: { full.served.first?.core.received == [1] })
        #expect((full.doist.tyme * 1000).rounded() == 502)
        let slow = try PipeBed(plan: "slow 10000 bytes blu", core: PipeCore(), client: upload(20_000))
        let ticks = try ticks(slow, 20_000)
        #expect(ticks > 1800 && ticks < 2100)
    }

    @Test("an end that let go of what it wrote gives up, too, and leaves nothing")
    func closedAndCut() throws {
        var pipe = SimPipe()
        pipe.patience = 3
        let bed = try PipeBed(link: SimLink(delay: 0.010), plan: "cut red|blu 0.1..", pipe: pipe)
        try bed.run(0.2)
        bed.client.core.output = [1]
        bed.client.core.closing = .close
        bed.served[0].core.closing = .reset
        try bed.run(5)
        #expect(bed.client.ending == .closed && bed.net.connectionCount == 0)
    }
}
