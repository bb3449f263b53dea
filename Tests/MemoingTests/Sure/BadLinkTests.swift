import Doing
import Testing
import Wiring

@testable import Memoing

/// Ways that lose a third or a half of everything, both ways: with the defaults every memo arrives, soon, and at a
/// price. The ways are 50 ms long; the bounds on bytes are 1.15 times what KCP 0.1.6 needs for the same.
@Suite struct BadLinkTests {
    struct Row: CustomTestStringConvertible {
        let loss, median, slow, worst, bytes: Double
        var testDescription: String { "\(Int(loss * 100)) %" }
    }

    @Test(
        "300 memos of 1,000 bytes, one each 0.5 s: all are delivered, and within bounds of time and bytes, 20 seeds",
        arguments: [
            Row(loss: 0, median: 0.0521, slow: 0.0521, worst: 0.0521, bytes: 1.07),
            Row(loss: 0.1, median: 0.0521, slow: 0.33, worst: 1.5, bytes: 1.15 * 1.35),
            Row(loss: 0.3, median: 0.0521, slow: 0.5, worst: 2, bytes: 1.15 * 2.07),
            Row(loss: 0.5, median: 0.16, slow: 2.5, worst: 8, bytes: 1.15 * 3.24),
        ])
    func row(_ row: Row) throws {
        var (medians, slows, worst, bytes): ([Tyme], [Tyme], [Tyme], [Double]) = ([], [], [], [])
        for seed in 1...20 as ClosedRange<UInt64> {
            var road = try SureRoad.pair(seed: seed, delay: 0.05, loss: row.loss)
            try road.run(300, gap: 0.5, limit: 2000) { MemoerTests.bytes(1000, seed: UInt64($0)) }
            #expect(road.results == ["delivered": 300] && road.wrong == [], "seed \(seed)")
            medians.append(road.latency(0.5))
            slows.append(road.latency(0.99))
            worst.append(road.latency(1))
            bytes.append(Double(road.way(0, 1).bytes + road.way(1, 0).bytes) / 300_000)
        }
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        #expect(median(medians) <= row.median && median(slows) <= row.slow, "\(medians) \(slows)")
        // No seed's 99 %, and no memo of any seed but for what one more wait of 3 s makes.
        #expect((slows.max() ?? 0) <= row.worst && (worst.max() ?? 0) <= row.worst + 3, "\(slows) \(worst)")
        #expect(bytes.allSatisfy { $0 <= row.bytes }, "\(bytes)")
    }

    @Test("a memo of 256 grams arrives though half of everything is lost, each of 20 times", arguments: [0.3, 0.5])
    func many(_ loss: Double) throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var road = try SureRoad.pair(seed: seed, delay: 0.05, loss: loss)
            try road.send(MemoerTests.bytes(256 * 1208, seed: seed))
            road.run(until: 3000)
            #expect(
                road.results == ["delivered": 1] && road.wrong == [],
                """
                seed \(seed): \(road.results) at \(road.tyme) \(road.memoers[0].sureStatistics)
                \(road.memoers[1].statistics.drops.occurred)
                """
            )
        }
    }

    @Test("the first memo ever to a destination is tried every 3 s at least: 200 of 200, the slowest within a minute")
    func first() throws {
        var times: [Tyme] = []
        for seed in 1...200 as ClosedRange<UInt64> {
            var road = try SureRoad.pair(seed: seed, delay: 0.05, loss: 0.5)
            try road.send([1, 2, 3])
            road.run(until: 3000)
            #expect(road.results == ["delivered": 1], "seed \(seed)")
            times.append(road.latency(1))
        }
        #expect((times.max() ?? .infinity) < 60 && times.sorted()[100] <= 1.1)
    }
}
