import Charting
import Doing
import Simming
import Testing
import Wiring

/// Random connections under random plans: what must hold whatever goes wrong.
@Suite("byte pipes, whatever happens") struct PipePropertyTests {
    struct Outcome: Equatable {
        var hash: EventHash
        var endings: [StreamEnding?]
        var received: [Int]
    }

    private func pipe(_ random: inout SplitMix64) -> SimPipe {
        var pipe = SimPipe(buffer: 300 + random.below(8000))
        pipe.receiveBuffer = 300 + random.below(8000)
        pipe.segment = 100 + random.below(1400)
        if random.below(2) == 0 { pipe.reads = 1...(1 + random.below(500)) }
        if random.below(2) == 0 { pipe.writes = 1...(1 + random.below(500)) }
        if random.below(8) == 0 { pipe.resetAfter = random.below(3000) }
        pipe.patience = 5
        return pipe
    }

    private func run(_ seed: UInt64) throws -> Outcome {
        var random = SplitMix64(seed: seed)
        var (up, down) = (
            PipeCore(sending: pattern(random.below(6000))), PipeCore(sending: pattern(random.below(6000)))
        )
        let sent = (up.output, down.output)
        (up.closing, down.closing) = (.finish, .finish)
        (up.closingAtEnd, down.closingAtEnd) = (.finish, .finish)
        let link = SimLink(
            delay: random.unit() * 0.05, jitter: random.unit() * 0.05, loss: random.unit() * 0.2,
            rate: random.below(2) == 0 ? 0 : 1e5 + random.unit() * 1e6)
        let plan = FaultPlan.random(
            seed: seed, hosts: ["red", "blu"], until: 2, crashes: random.below(4) == 0, resets: true)
        // The client's doers are nobody's: only the server's host stands still and crashes.
        let usable = plan.removing { [.pause, .crash].contains($0.effect) && $0.place != .host("blu") }
        let bed = try PipeBed(
            seed: seed, link: link, plan: "\(usable)", pipe: pipe(&random), serverPipe: pipe(&random), core: down,
            client: up)
        for _ in 0..<30_000 where bed.client.ending == nil || bed.served.contains(where: { $0.ending == nil }) {
            _ = try bed.doist.recur()
            let counts = bed.net.statistics
            try #require(counts.sent == counts.delivered + counts.dropped + counts.inFlight)
        }
        // All that came is the front of what was sent, and all of it if both sides ended in order.
        let (toClient, toServer) = (bed.client.core.received, bed.served.first?.core.received ?? [])
        #expect(toClient == Array(sent.1.prefix(toClient.count)) && toServer == Array(sent.0.prefix(toServer.count)))
        if bed.client.ending == .closed, bed.served.first?.ending == .closed {
            #expect(toClient == sent.1 && toServer == sent.0)
        }
        // Who has sent all and waits does not know of an end that crashed, gave up, or whose reset got lost.
        let isCrash = usable.faults.contains { $0.effect == .crash }
        let isUntold = bed.served.contains {
            if case .lost = $0.ending { return isCrash || $0.ending == .lost(StreamLoss(.timedOut, code: 110)) }
            return $0.ending == .cut
        }
        let isResetLost = (0..<bed.trace.count).map(bed.trace.event).contains {
            $0.marks.contains(.resets) && $0.fate != .arrives && $0.fate != .none
        }
        #expect(bed.client.ending != nil || isUntold || isResetLost, "seed \(seed): \(usable)")
        return Outcome(
            hash: bed.trace.hash, endings: [bed.client.ending] + bed.served.map(\.ending),
            received: [toClient.count, toServer.count])
    }

    @Test("bytes come in order or not at all, counts add up, and every connection ends")
    func whatever() throws {
        var endings: [String: Int] = [:]
        for seed in 1...100 as ClosedRange<UInt64> {
            let outcome = try run(seed)
            endings[outcome.endings[0].map { "\($0)" } ?? "none", default: 0] += 1
        }
        // Every kind of end is among them.
        #expect(endings["closed", default: 0] > 20 && endings.count >= 3)
    }

    @Test("the same seed gives the same events, byte for byte")
    func same() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let (one, other) = (try run(seed), try run(seed))
            #expect(one == other)
        }
        #expect(try run(1).hash != run(2).hash)
    }
}
