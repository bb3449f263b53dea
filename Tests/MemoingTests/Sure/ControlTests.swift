import Testing

@testable import Memoing

/// What holds sending back, and what tells a loss from a delay.
@Suite struct ControlTests {
    @Test("newReno doubles until the round trip grows, and then adds a gram a window")
    func growth() {
        var control = NewReno()
        control.acknowledged(32, inFlight: 32)
        #expect(control.window == 64)
        control.measured(50_000, least: 50_000)
        control.acknowledged(64, inFlight: 64)
        #expect(control.window == 128)
        control.measured(57_000, least: 50_000)
        control.acknowledged(128, inFlight: 128)
        #expect(control.window == 129)
        control.acknowledged(64, inFlight: 10)
        #expect(control.window == 129)
    }

    @Test("a loss with a full queue halves the window once a round trip; one without a queue leaves it")
    func losses() {
        var control = NewReno()
        control.acknowledged(224, inFlight: 64)
        control.measured(50_000, least: 50_000)
        control.lost(sentAt: 1, at: 10)
        #expect(control.window == 256)
        control.measured(100_000, least: 50_000)
        control.lost(sentAt: 20, at: 30)
        #expect(control.window == 128)
        control.lost(sentAt: 25, at: 31)
        #expect(control.window == 128)
        control.measured(64_000, least: 48_000)
        control.lost(sentAt: 40, at: 50)
        #expect(control.window == 96)
    }

    @Test("where more than a fifth is lost the window is halved, queue or none")
    func muchLoss() {
        var control = NewReno()
        control.acknowledged(100, inFlight: 32)
        control.measured(50_000, least: 50_000)
        var window = control.window
        for index in 0..<25 { control.lost(sentAt: Micros(10 * index + 5), at: Micros(10 * index + 6)) }
        #expect(control.window == window)
        window = control.window
        control.lost(sentAt: 1000, at: 1001)
        #expect(control.window == window / 2)
        control.timedOut(3)
        #expect(control.window == NewReno.least)
    }

    @Test("a microsecond's tyme is the least that counts as it, so that a drifted tick is not too late")
    func micros() {
        for micros in [Micros(0), 1, 52_000, 1_234_567_891] {
            let tyme = micros.tyme
            #expect(Micros(tyme: tyme) == micros)
            #expect(Micros(tyme: tyme.nextDown.nextDown) == micros - 1)
        }
        let drifted = (0..<52).reduce(0.0) { tyme, _ in tyme + 0.001 }
        #expect(Micros(52_000).tyme <= drifted)
    }

    @Test("the timer is three round trips at first and closes up to one and two ticks; it doubles up to 8 s")
    func timer() {
        var trip = RoundTrip(initial: 1_000_000)
        #expect(trip.probeTimeout(granularity: 1000) == 1_000_000)
        trip.sample(50_000, granularity: 1000)
        #expect(trip.probeTimeout(granularity: 1000) == 150_000)
        for _ in 0..<60 { trip.sample(50_000, granularity: 1000) }
        #expect(trip.probeTimeout(granularity: 1000) == 52_000)
        #expect(trip.probeTimeout(granularity: 1000, doubled: 3) == 416_000)
        #expect(trip.probeTimeout(granularity: 1000, doubled: 99) == RoundTrip.heardCap)
        var steady = RoundTrip(initial: 1, isSteady: true)
        steady.sample(48_000, granularity: 1000)
        #expect(steady.probeTimeout(granularity: 1000) == 54_000)
        steady.sample(48_000, lag: 25_000, granularity: 1000)
        #expect(steady.probeTimeout(granularity: 1000) == 77_500)
    }
}
