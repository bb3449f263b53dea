import Doing
import Simming
import Testing
import Tracing
import Wiring

@Suite("byte pipes") struct PipeTests {
    @Test("a connection stands after a round trip, bytes take the delay, and both halves end in order")
    func ideal() throws {
        let bed = try PipeBed(link: SimLink(delay: 0.010), client: PipeCore(sending: pattern(3000)))
        try bed.run(until: { bed.client.core.received.count == 3000 })
        #expect(bed.client.core.received == pattern(3000))
        #expect(bed.client.core.story == ["connected \(tyme(20, after: 0))"])
        // The doer of a connection runs in the pass behind that in which it was taken.
        #expect(tick(bed.doist.tyme) == 42)
        #expect(bed.served[0].core.sizes == [3000])
        bed.client.core.closing = .finish
        try bed.run(until: { bed.client.ending != nil && bed.served[0].ending != nil })
        #expect(bed.client.ending == .closed && bed.served[0].ending == .closed)
        #expect(bed.served[0].core.story.count == 2)
        #expect(bed.server.count == 0)
    }
}

/// How many ticks of a millisecond.
func tick(_ tyme: Tyme) -> Int { Int((tyme * 1000).rounded()) }

/// The tyme after so many ticks of a millisecond.
func tyme(_ ticks: Int, after start: Tyme) -> Tyme { (0..<ticks).reduce(start) { tyme, _ in tyme + 0.001 } }
