import Doing
import Testing
import Wiring

@testable import Simming

/// The queue in front of a slow link holds bytes: what waits there is passed on at whatever rate holds now.
@Suite("The queue of a slow link") struct LinkQueueTests {
    @Test("behind a slow window the link is as fast as before, once its queue of 0.6 MB is through")
    func behindASlowWindow() throws {
        // 8 Mbit/s offered all the time; 0.1 Mbit/s for a second, which fills the queue; then 10 Mbit/s.
        let stream = try Stream(
            3000, link: SimLink(rate: 1e7), plan: "rate 100000 625000 0..1", size: 1000)
        try stream.run(limit: 6)
        #expect(stream.fates[..<1000].contains(.queueFull))
        // The queue takes 625,000 * 8 / 10^7 = 0.5 s, and what is offered meanwhile 0.4 s of the next half second.
        #expect(stream.fates[1002...].allSatisfy { $0 == .arrives })
        #expect(stream.receiver.heard.last.map { $0.tyme < 60 } ?? false)
        let late = stream.receiver.heard.filter { $0.bytes[0] == 0xB7 && $0.bytes[1] == 0x0B }  // number 2999
        #expect(late.count == 1 && late.allSatisfy { $0.tyme < 3.5 })
    }

    @Test("a queue that a fast link filled is as many bytes for a slow one: there is no room for them twice")
    func fastThenSlow() {
        var model = LinkModel(SimLink(rate: 1e8, queueBytes: 100_000), seed: 1, direction: 0)
        var taken = 0
        for _ in 0..<1000 {
            if case .arrives = model.send(1000, at: 0) { taken += 1 }
        }
        #expect(taken == 97)  // 97 * 1028 < 100,000
        model.figures = LinkModel.Figures(SimLink(rate: 1e6, queueBytes: 100_000))
        #expect(model.send(1000, at: 0) == .queueFull)
        // 1,028 B have left after 8.3 ms at 1 Mbit/s, and the next one waits for the 99 kB in front of it.
        guard case .arrives(let due) = model.send(1000, at: 9000) else { return #expect(Bool(false), "no room") }
        #expect(due > 780_000 && due < 810_000)
    }

    @Test("a link that is as fast as can be has no queue, whatever it had before")
    func thenIdeal() {
        var model = LinkModel(SimLink(rate: 1e4), seed: 1, direction: 0)
        for _ in 0..<100 { _ = model.send(1000, at: 0) }
        model.figures = LinkModel.Figures(SimLink())
        #expect(model.send(1000, at: 10) == .arrives(10))
        model.figures = LinkModel.Figures(SimLink(rate: 1e4))
        // (1000 + 28) * 8 / 10^4 = 0.8224 s
        #expect(model.send(1000, at: 20) == .arrives(822_420))
    }

    @Test("bursts go on where a link is given other figures")
    func burstsStay() throws {
        var fates: [[Bool]] = []
        for changes in [false, true] {
            let stream = try Stream(400, seed: 9, plan: "burst 0.05 0.02 1")
            let doist = try Doist(tock: 0.001, doers: [stream.net, stream.sender, stream.receiver])
            try doist.enter()
            for tick in 0..<500 {
                if changes, tick % 3 == 0 { stream.net.setLink(SimLink(), from: stream.red, to: stream.blu) }
                _ = try doist.recur()
            }
            try doist.exit()
            fates.append(stream.fates.map { $0 == .lost })
        }
        #expect(fates[0] == fates[1] && fates[0].contains(true) && fates[0].contains(false))
    }
}
