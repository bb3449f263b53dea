import CoDoing
import Doing
import Testing

@Suite("Tyme as a clock of Swift's")
struct TymeClockTests {
    /// Code of somebody who has never heard of doers: it tries until an attempt answers, and doubles its pauses.
    private func attempt<Value, Time: Clock>(
        on clock: Time, pause: Duration, _ body: () throws -> Value?
    ) async throws -> (value: Value, spent: Duration) where Time.Duration == Duration {
        let start = clock.now
        var pause = pause
        while true {
            if let value = try body() { return (value, start.duration(to: clock.now)) }
            try await clock.sleep(for: pause)
            pause *= 2
        }
    }

    @Test("code for any clock runs in tyme: three pauses of 1, 2 and 4 s, and no real time")
    func generic() throws {
        var (tymes, found): ([Tyme], String) = ([], "")
        let doer = LinearDoer { _ in
            let (value, spent) = try await attempt(on: TymeClock(), pause: .seconds(1)) {
                tymes.append(currentTyme)
                return tymes.count == 4 ? "four" : nil
            }
            found = "\(value) \(spent == .seconds(7))"
        }
        try Doist([doer]).run()
        #expect(tymes == [0, 1, 3, 7] && found == "four true")
    }

    @Test("instants are tymes: they compare, and durations lie between them")
    func instants() {
        let (one, two) = (TymeClock.Instant(1.5), TymeClock.Instant(2.0))
        #expect(one < two && one.duration(to: two) == .milliseconds(500))
        #expect(two.duration(to: one) == .milliseconds(-500))
        #expect(one.advanced(by: .milliseconds(500)) == two && "\(one)" == "tyme 1.5")
    }

    @Test("a sleep on the clock ends when its doer is closed")
    func cancelled() throws {
        var lines: [String] = []
        let doer = LinearDoer { _ in
            do { try await TymeClock().sleep(for: .seconds(100)) } catch { lines.append("\(error) at \(currentTyme)") }
        }
        try Doist([doer]).run(limit: 0.5)
        #expect(lines == ["CancellationError() at 0.5"])
    }
}
