import Doing
import Simming
import Testing
import Wiring

/// A way that is held by hand holds everything, and release lets all of it go, in order.
@Suite("streams over a way that is held") struct HeldPipeTests {
    @Test("nobody connects over it; released, the first opening arrives at once and not again a second later")
    func opening() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.1))
        bed.net.hold(from: bed.red, to: bed.blu)
        try bed.run(0.5)
        #expect(bed.client.core.story == [] && bed.served.isEmpty)
        bed.net.release(from: bed.red, to: bed.blu)
        try bed.run(0.15)
        #expect(bed.client.core.story == ["connected"] && bed.client.core.ticks["connected"]! <= 605)
        try bed.run(1)
        #expect(bed.served.count == 1)
    }

    @Test("the answer to the answer is held, too: connected here, not yet there")
    func thirdLeg() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.1))
        try bed.run(0.15)
        bed.net.hold(from: bed.red, to: bed.blu)
        try bed.run(70)  // longer than anybody's patience
        #expect(bed.client.core.story == ["connected"] && bed.served.isEmpty)
        bed.net.release(from: bed.red, to: bed.blu)
        try bed.run(0.15)
        #expect(bed.served.count == 1)
    }

    @Test("a reset is held")
    func reset() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.1))
        try bed.run(0.5)
        bed.net.hold(from: bed.red, to: bed.blu)
        bed.client.core.closing = .reset
        try bed.run(5)
        #expect(bed.client.ending == .reset && bed.served[0].ending == nil)
        bed.net.release(from: bed.red, to: bed.blu)
        try bed.run(0.1)
        #expect(bed.served[0].ending == .lost(StreamLoss(.reset, code: 104)))
        #expect(try bed.leavesNothing())
    }

    @Test("word of what arrived is held: its writer has no room before it is released, and then all of it")
    func words() throws {
        let bed = try PipeBed(
            link: SimLink(delay: 0.1), pipe: SimPipe(buffer: 1000), core: PipeCore(),
            client: PipeCore(sending: pattern(2000)))
        try bed.run(0.25)  // connected at 0.2 s
        bed.net.hold(from: bed.blu, to: bed.red)
        try bed.run(5)
        #expect(bed.served[0].core.received == Array(pattern(2000)[..<1000]))
        #expect(bed.client.wire.unackedBytes == 1000)
        bed.net.release(from: bed.blu, to: bed.red)
        try bed.run(0.35)
        #expect(bed.served[0].core.received == pattern(2000))
    }

    @Test("a hold by plan holds openings, answers and words until its end", arguments: ["red>blu", "blu>red"])
    func byPlan(way: String) throws {
        let bed = try PipeBed(link: SimLink(delay: 0.1), plan: "hold \(way) 0..5")
        try bed.run(4.9)
        #expect(bed.client.core.story == [] && bed.served.isEmpty)
        try bed.run(1)
        #expect(bed.client.core.story == ["connected"] && bed.served.count == 1)
    }
}
