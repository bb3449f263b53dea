import Doing
import Memoing
import Testing
import Wiring

/// Flows through one bottleneck share it.
@Suite struct FairnessTests {
    /// Bytes that each of some senders has got through a link of 10 Mbit/s, 20 ms long, with a queue of 64 KiB, in
    /// `span` s after the first 10.
    private static func shares(
        _ controls: [SureControl], starts: [Tyme], seed: UInt64, guests: Int = 0, queue: Int = 65_536, span: Int = 40
    ) throws -> [Double] {
        let forth = SureRoad.Way(delay: 0.02)
        (forth.rate, forth.queue) = (1_250_000, queue)
        let back = (0...controls.count + guests).map { _ in SureRoad.Way(delay: 0.02) }
        var memoers: [Memoer] = []
        for (host, control) in (controls + [.newReno]).enumerated() {
            var memoer = try Memoer(kind: .sure, random: SplitMix64(seed: seed &* 9 &+ UInt64(host)))
            memoer.sureDefaults.control = control
            memoers.append(memoer)
        }
        let sink = controls.count
        var road = SureRoad(memoers, seed: seed) { from, to in to == sink ? forth : back[to] }
        road.guests = Array(repeating: ReferenceReno(), count: guests)
        var (guestsBefore, sent) = ([Double](), controls.map { _ in 0 })
        var before = controls.map { _ in 0.0 }
        let grams = { (road: SureRoad, host: Int) in Double(road.memoers[host].sureStatistics.acknowledged) }
        for step in 0..<100 + 10 * span {
            let tyme = Double(step) * 0.1
            road.run(until: tyme, stopsWhenOver: false)
            if step == 100 {
                before = controls.indices.map { grams(road, $0) }
                guestsBefore = road.guests.map { Double($0.acknowledged) }
            }
            for host in controls.indices where starts[host] <= tyme {
                // There is always more to send.
                while road.memoers[host].sureStatistics.unfinished < 6 {
                    sent[host] += 1
                    try road.send(MemoerTests.bytes(100_000, seed: UInt64(sent[host])), from: host, to: sink)
                }
            }
        }
        #expect(road.wrong == [])
        return controls.indices.map { grams(road, $0) - before[$0] }
            + road.guests.indices.map { Double(road.guests[$0].acknowledged) - guestsBefore[$0] }
    }

    /// Jain's index: 1 for equal shares, 1/n for all to one.
    private static func index(_ shares: [Double]) -> Double {
        let sum = shares.reduce(0, +)
        return sum * sum / (Double(shares.count) * shares.reduce(0) { $0 + $1 * $1 })
    }

    @Test("two of newReno's share a link of 10 Mbit/s, and leave little of it unused", arguments: 1...3)
    func two(seed: UInt64) throws {
        let shares = try Self.shares([.newReno, .newReno], starts: [0, 3], seed: seed)
        #expect(Self.index(shares) >= 0.9, "\(shares)")
        // In 40 s; 985 grams of 1,268 bytes go through in one.
        let all = shares.reduce(0, +)
        #expect(all >= 0.8 * 40 * 985, "\(shares)")
    }

    @Test(
        "one of newReno's and a sender of RFC 9002 of another make share it too", arguments: [40_000, 65_536, 100_000])
    func reference(queue: Int) throws {
        let shares = try Self.shares([.newReno], starts: [0], seed: 1, guests: 1, queue: queue, span: 20)
        #expect(Self.index(shares) >= 0.9, "\(shares)")
        #expect(shares.reduce(0, +) >= 0.8 * 20 * 985, "\(shares)")
    }

    @Test("four of them too")
    func four() throws {
        let shares = try Self.shares(
            [.newReno, .newReno, .newReno, .newReno], starts: [0, 1, 2, 3], seed: 7)
        #expect(Self.index(shares) >= 0.9, "\(shares)")
    }
}
