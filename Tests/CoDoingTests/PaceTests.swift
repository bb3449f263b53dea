import CoDoing
import Doing
import Testing

@Suite("Async doers in real time")
struct PaceTests {
    @Test("sleeps follow the clock, and the doist sleeps in the pace meanwhile")
    func sleeps() throws {
        let log = Log()
        let pace = SteppedPace()
        let doer = Body { _ in
            for _ in 0..<3 {
                log.add("tyme \(currentTyme) clock \(pace.clock)")
                try await sleep(for: 2)
            }
        }
        let doist = try Doist(tock: 0.25, pace: pace, doers: [doer])
        try doist.run()
        #expect(log.lines == ["tyme 0.0 clock 100.0", "tyme 2.0 clock 102.0", "tyme 4.0 clock 104.0"])
        #expect(doist.statistics.passes == 4 && pace.polls < 10)
    }

    @Test("what comes between two ticks is answered in extra passes at the same tyme; a tick waits for the tick")
    func extraPasses() throws {
        let log = Log()
        let pace = SteppedPace()
        let (questions, answers) = (Inbox<Int>(), Inbox<Int>())
        let asker = Body("asker") { _ in
            let first = try await answers.next()
            log.add("answer \(first) at tyme \(currentTyme) clock \(pace.clock)")
            questions.send(first + 1)
            log.add("answer \(try await answers.next()) at tyme \(currentTyme) clock \(pace.clock)")
        }
        let server = Body("server") { _ in
            for _ in 0..<2 { answers.send(10 * (try await questions.next())) }
        }
        let ticker = Body("ticker") { _ in
            for _ in 0..<2 {
                try await nextTick()
                log.add("tick at tyme \(currentTyme)")
            }
        }
        pace.plan = [(100.1, { questions.send(7) })]
        let doist = try Doist(tock: 0.25, pace: pace, doers: [asker, server, ticker])
        try doist.run()
        #expect(
            log.lines == [
                "answer 70 at tyme 0.25 clock 100.1", "answer 710 at tyme 0.25 clock 100.1", "tick at tyme 0.25",
                "tick at tyme 0.5",
            ])
        #expect(doist.statistics.extraPasses > 0)
    }
}

/// A pace whose clock jumps to each deadline, or to what is planned before it.
private final class SteppedPace: Pace, @unchecked Sendable {
    private struct Mute: Kicker, Sendable { func kick() {} }

    var clock = 100.0
    var plan: [(at: Double, action: () -> Void)] = []
    private(set) var polls = 0
    let descriptor: Int32 = -1
    let isStopRequested = false
    let kicker: any Sendable & Kicker = Mute()

    func now() -> Double { clock }

    func poll(until deadline: Double?, block: Bool) throws {
        polls += 1
        guard block, let until = [deadline, plan.first?.at].compactMap({ $0 }).min() else { return }
        clock = max(clock, until)
        while let first = plan.first, first.at <= clock {
            plan.removeFirst()
            first.action()
        }
    }

    func watch(_ descriptor: Int32, _ doer: Doer) throws {}
    func watchWritable(_ descriptor: Int32, _ on: Bool) throws {}
    func unwatch(_ descriptor: Int32) {}
    func start() throws {}
    func stop() {}
    nonisolated(nonsending) func wait(until deadline: Double?) async throws { try poll(until: deadline, block: true) }
}
