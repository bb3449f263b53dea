import Testing
import Wiring

@testable import Memoing

/// What holds sending back, and what tells a loss from a delay.
@Suite struct ControlTests {
    @Test("newReno doubles in slow start, halves once for the losses of a round trip, and then adds a gram a window")
    func newReno() {
        var control = NewReno()
        #expect(control.window == 10)
        control.acknowledged(10, sentAt: 1, isUsed: true)
        #expect(control.window == 20)
        control.acknowledged(20, sentAt: 2, isUsed: false)
        #expect(control.window == 20)
        control.lost(sentAt: 3, at: 10)
        #expect(control.window == 10 && control.threshold == 10)
        // Of the same round trip; and what was sent before the cut opens nothing.
        control.lost(sentAt: 9, at: 11)
        control.acknowledged(10, sentAt: 9, isUsed: true)
        #expect(control.window == 10)
        control.acknowledged(10, sentAt: 12, isUsed: true)
        #expect(control.window == 11)
        control.acknowledged(10, sentAt: 13, isUsed: true)
        #expect(control.window == 11)
        control.acknowledged(1, sentAt: 14, isUsed: true)
        #expect(control.window == 12)
        for time in 20..<30 { control.lost(sentAt: Micros(time), at: Micros(time + 1)) }
        #expect(control.window == NewReno.least)
        control.acknowledged(10_000, sentAt: 40, isUsed: true)
        for _ in 0..<800 { control.acknowledged(800, sentAt: 40, isUsed: true) }
        #expect(control.window == NewReno.most)
        control.timedOut(2)
        #expect(control.window == NewReno.most)
        control.timedOut(3)
        #expect(control.window == NewReno.least && control.threshold == NewReno.most / 2)
        control.idled()
        #expect(control.window == NewReno.least)
    }

    @Test("a cut for losses that were none is taken back with the last of them, and not before")
    func undo() {
        var control = NewReno()
        control.acknowledged(30, sentAt: 1, isUsed: true)
        for sentAt in [2, 3, 4] as [Micros] { control.lost(sentAt: sentAt, at: 10) }
        #expect(control.window == 20 && control.threshold == 20)
        control.spared()
        control.spared()
        #expect(control.window == 20)
        control.spared()
        #expect(control.window == 40 && control.threshold == .max)
        control.spared()
        control.lost(sentAt: 20, at: 30)
        #expect(control.window == 20)
    }

    @Test("delayReno doubles until the round trip grows, and then adds a gram a window")
    func delayGrowth() {
        var control = DelayReno()
        control.acknowledged(32, isUsed: true)
        #expect(control.window == 64)
        control.measured(50_000, least: 50_000)
        control.acknowledged(64, isUsed: true)
        #expect(control.window == 128)
        control.measured(57_000, least: 50_000)
        control.acknowledged(128, isUsed: true)
        #expect(control.window == 129)
        control.acknowledged(64, isUsed: false)
        #expect(control.window == 129)
    }

    @Test("a loss with a full queue halves the window once a round trip; one without a queue leaves it")
    func delayLosses() {
        var control = DelayReno()
        control.acknowledged(224, isUsed: true)
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
        var control = DelayReno()
        control.acknowledged(100, isUsed: true)
        control.measured(50_000, least: 50_000)
        var window = control.window
        for index in 0..<25 { control.lost(sentAt: Micros(10 * index + 5), at: Micros(10 * index + 6)) }
        #expect(control.window == window)
        window = control.window
        control.lost(sentAt: 1000, at: 1001)
        #expect(control.window == window / 2)
        control.timedOut(3)
        #expect(control.window == DelayReno.least)
    }

    @Test("what a burst queues behind itself cuts the window a little, and does not end the doubling")
    func burst() {
        var control = DelayReno()
        control.acknowledged(32, isUsed: true)
        control.measured(55_000, least: 50_000)
        control.lost(sentAt: 1, at: 2)
        #expect(control.window == 58 && control.threshold == .max)
        control.acknowledged(58, isUsed: true)
        #expect(control.window == 116)
        control.measured(57_000, least: 50_000)
        control.lost(sentAt: 3, at: 4)
        #expect(control.window == 101 && control.threshold == 101)
        control.acknowledged(101, isUsed: true)
        #expect(control.window == 102)
    }

    @Test("grams that were not lost after all do not add up to a fifth")
    func delaySpared() {
        var control = DelayReno()
        control.acknowledged(100, isUsed: true)
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
