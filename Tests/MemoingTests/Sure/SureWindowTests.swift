import Doing
import Testing
import Wiring

@testable import Memoing

/// A window without a rate.
@Suite struct SureWindowTests {
    @Test(
        "a window of 64 is refilled by the quarter, not gram by gram: 1 MiB takes no more than 60 trains",
        .timeLimit(.minutes(1)))
    func quarters() throws {
        var options = SureOptions()
        options.control = .none(window: 64)
        var road = try SureRoad.pair(delay: 0.001, options: options)
        var trains = 0
        road.refuses = { host, _, _ in
            if host == 0 { trains += 1 }
            return nil
        }
        try road.send(MemoerTests.bytes(1 << 20, seed: 1))
        road.run(until: 10)
        #expect(road.results == ["delivered": 1] && road.wrong == [])
        // 868 grams, 16 at least a time.
        #expect(trains <= 60)
    }

    @Test(
        "a window of which nothing comes back goes on by its timers, with loss of a third",
        arguments: 1...5 as ClosedRange<UInt64>)
    func lossy(seed: UInt64) throws {
        var options = SureOptions()
        options.control = .none(window: 64)
        var road = try SureRoad.pair(seed: seed, delay: 0.01, loss: 0.3, options: options)
        try road.run(40, gap: 0.02, limit: 300) { MemoerTests.bytes(1 + $0 * 2500, seed: UInt64($0)) }
        #expect(road.results == ["delivered": 40] && road.wrong == [])
    }
}
