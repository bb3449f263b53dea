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

    @Test("what a burst queues behind itself cuts the window a little, and does not end the doubling")
    func burst() {
        var control = NewReno()
        control.acknowledged(32, inFlight: 32)
        control.measured(55_000, least: 50_000)
        control.lost(sentAt: 1, at: 2)
        #expect(control.window == 58 && control.threshold == .max)
        control.acknowledged(58, inFlight: 58)
        #expect(control.window == 116)
        control.measured(57_000, least: 50_000)
        control.lost(sentAt: 3, at: 4)
        #expect(control.window == 101 && control.threshold == 101)
        control.acknowledged(101, inFlight: 101)
        #expect(control.window == 102)
    }

    @Test("grams that were not lost after all do not add up to a fifth")
    func spared() {
        var control = NewReno()
        control.acknowledged(100, inFlight: 32)
        control.measured(50_000, least: 50_000)
        let window = control.window
        for index in 0..<40 {
            control.lost(sentAt: Micros(10 * index + 5), at: Micros(10 * index + 6))
            control.spared()
        }
        #expect(control.window == window)
    }

    @Test("the window for reordering is twice what came late, and halves after 256 sendings of which none was as late")
    func reordering() {
        var detector = LossDetector()
        func acknowledge(_ orders: ClosedRange<UInt64>) {
            for order in orders { detector.acknowledged(order, sentAt: Micros(order), after: 50_000) }
        }
        acknowledge(1...10)
        detector.cameLate(after: 58_000, smoothed: 50_000)
        #expect(detector.reorder == 16_000)
        #expect(detector.delay(smoothed: 50_000, granularity: 1000) == 66_000)
        acknowledge(11...257)
        #expect(detector.reorder == 16_000)
        acknowledge(258...513)
        #expect(detector.reorder == 8_000)
        // Half as late is a sign that it is needed; less is none.
        detector.cameLate(after: 53_000, smoothed: 50_000)
        acknowledge(514...769)
        #expect(detector.reorder == 8_000)
        detector.cameLate(after: 52_000, smoothed: 50_000)
        acknowledge(770...1025)
        #expect(detector.reorder == 4_000)
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

    @Test("the timer is three round trips at first and closes up to one and two ticks; it doubles up to 3 s")
    func timer() {
        var trip = RoundTrip(initial: 1_000_000)
        #expect(trip.probeTimeout(granularity: 1000) == 1_000_000)
        trip.sample(50_000, granularity: 1000)
        #expect(trip.probeTimeout(granularity: 1000) == 150_000)
        for _ in 0..<60 { trip.sample(50_000, granularity: 1000) }
        #expect(trip.probeTimeout(granularity: 1000) == 52_000)
        #expect(trip.probeTimeout(granularity: 1000, doubled: 3) == 416_000)
        #expect(trip.probeTimeout(granularity: 1000, doubled: 99) == RoundTrip.silentCap)
        var steady = RoundTrip(initial: 1, isSteady: true)
        steady.sample(48_000, granularity: 1000)
        #expect(steady.probeTimeout(granularity: 1000) == 54_000)
        steady.sample(48_000, lag: 25_000, granularity: 1000)
        #expect(steady.probeTimeout(granularity: 1000) == 77_500)
    }
}
