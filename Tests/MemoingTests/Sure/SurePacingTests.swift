import Doing
import Testing
import Wiring

@testable import Memoing

/// The rate that was asked for is the rate that leaves, however coarse tyme is.
@Suite struct SurePacingTests {
    static let tocks: [Tyme] = [0.001, 1.0 / 32, 1.0 / 16]

    /// Bytes a second that leave of one large memo, heads of IP and UDP included, after the first tenth of a second.
    private static func rate(_ tock: Tyme, _ options: SureOptions, delay: Tyme = 0.025) throws -> Double {
        var road = try SureRoad.pair(tock: tock, delay: delay, options: options)
        try road.send(MemoerTests.bytes(3_600_000, seed: 1))
        let forth = road.way(0, 1)
        road.run(until: 0.5, stopsWhenOver: false)
        let (bytes, datagrams, start) = (forth.bytes, forth.datagrams, road.tyme)
        road.run(until: 2.5, stopsWhenOver: false)
        return Double(forth.bytes - bytes + 28 * (forth.datagrams - datagrams)) / (road.tyme - start)
    }

    @Test("1,250,000 bytes a second were asked for: 95 to 101 % of them leave, at any tock", arguments: tocks)
    func rate(_ tock: Tyme) throws {
        var options = SureOptions()
        options.control = .rate(bytesPerSecond: 1_250_000)
        let rate = try Self.rate(tock, options)
        #expect(rate >= 0.95 * 1_250_000 && rate <= 1.01 * 1_250_000, "\(rate)")
    }

    @Test("a ceiling is reached and not passed, at any tock", arguments: tocks)
    func ceiling(_ tock: Tyme) throws {
        var options = SureOptions()
        options.ceiling = 400_000
        let rate = try Self.rate(tock, options)
        #expect(rate >= 0.95 * 400_000 && rate <= 1.01 * 400_000, "\(rate)")
    }

    @Test("a window that grows with acks grows at the default tock too: 4 MB in at most twice what fine ticks take")
    func growth() throws {
        var times: [Tyme] = []
        for tock in [0.001, 1.0 / 32] {
            var road = try SureRoad.pair(tock: tock, delay: 0.05)
            let mid = try road.send(MemoerTests.bytes(4_000_000, seed: 1))
            road.run(until: 30)
            times.append(try #require(road.accounts[mid]?.endedAt))
        }
        #expect(times[1] <= 2 * times[0], "\(times)")
    }

    @Test("a bucket that was waited for is filled for all of the wait; one that nobody waited for holds 4 ms")
    func bucket() {
        var pacer = Pacer()
        pacer.fill(1_000_000, at: 0)
        #expect(pacer.room == 4000)
        pacer.take(4000)
        pacer.fill(1_000_000, at: 31_250)
        #expect(pacer.room == 4000)
        pacer.take(4000 - Pacer.overhead)
        #expect(!pacer.isOpen && pacer.close(1_000_000, at: 31_250) == 31_251)
        pacer.fill(1_000_000, at: 62_500)
        #expect(pacer.room == 31_250)
        // So late it comes when it is waited for: twice that is saved up from now on.
        pacer.fill(1_000_000, at: 1_000_000)
        #expect(pacer.room == 62_498)
    }
}
