/// Where the ticks of a run lie on the clock: origin plus a whole number of tocks, so that nothing drifts.
struct Metronome {
    /// The clock time of tick number 0 since the tock last changed.
    private var origin: Double
    private var ticks = 0.0
    private(set) var tock: Double

    init(now: Double, tock: Double) {
        origin = now
        self.tock = tock
    }

    /// When the next pass is due.
    var boundary: Double { origin + ticks * tock }

    /// When the pass `count` ticks after the next one is due.
    func boundary(after count: Double) -> Double { origin + (ticks + count) * tock }

    /// After a pass: `tock` is the one that it ticked by.
    mutating func tick(by tock: Double) {
        adopt(tock)
        ticks += 1
    }

    /// Ticks went by without a pass.
    mutating func skip(_ count: Int) { ticks += Double(count) }

    /// From the next pass on another tock counts.
    mutating func adopt(_ tock: Double) {
        guard tock != self.tock else { return }
        origin = boundary
        ticks = 0
        self.tock = tock
    }

    /// Holds tyme back by `seconds` of the clock.
    mutating func shift(by seconds: Double) { origin += seconds }
}
