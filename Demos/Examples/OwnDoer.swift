import Doing

/// Counts down, one number a second. In between it is parked and costs nothing.
final class Countdown: Doer {
    private var left: Int

    init(from number: Int) {
        left = number
        super.init()
    }

    override func enter(_ tyme: Tyme) throws { print("\(tyme): begins") }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        print("\(tyme): \(left)")
        left -= 1
        return left > 0 ? .park(until: tyme + 1) : .done
    }

    override func exit(_ tyme: Tyme) throws { print("\(tyme): ends") }
}

/// Without a pace the run is in simulated time: two seconds take no time.
func ownDoer() throws {
    try Doist([Countdown(from: 3)]).run()
}
