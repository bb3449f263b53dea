import CBench
import DemoKit

/// Runs a row and its yardstick in turn in one process, so that both see the same machine.
///
/// A shared machine is now quick and now slow, for a tenth of a second or for minutes. So a round changes between the
/// two every hundredth of a second, and is what both have done in it.
struct LoopbackRounds {
    /// Units a second of each round.
    private(set) var ours: [Double] = []
    private(set) var yardstick: [Double] = []

    /// Seconds after which it is the other's turn.
    private static let turn = 0.01

    /// Each call does some work once and says how many units that was; `seconds` are for each of the two.
    init(rounds: Int, seconds: Double, ours: () throws -> Int, yardstick: () -> Int) rethrows {
        _ = try ours()
        _ = yardstick()
        for _ in 0..<rounds {
            var (mine, theirs) = (Work(), Work())
            while min(mine.seconds, theirs.seconds) < seconds {
                theirs.add(min(seconds, Self.turn), yardstick)
                try mine.add(min(seconds, Self.turn), ours)
            }
            self.ours.append(mine.rate)
            self.yardstick.append(theirs.rate)
        }
    }

    /// What was done in the turns of a round.
    private struct Work {
        var units = 0
        var seconds = 0.0

        mutating func add(_ turn: Double, _ work: () throws -> Int) rethrows {
            let start = lbc_now()
            var took = 0.0
            repeat {
                units += try work()
                took = lbc_now() - start
            } while took < turn
            seconds += took
        }

        var rate: Double { Double(units) / seconds }
    }

    /// The middle one.
    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// Ours over the yardstick's, medians.
    var ratio: Double { Self.median(ours) / Self.median(yardstick) }

    /// `{"median":…,"min":…,"max":…}`
    static func spread(_ values: [Double], digits: Int = 1) -> JSONLine {
        var line = JSONLine()
        line.add("median", median(values), digits: digits)
        line.add("min", values.min() ?? .nan, digits: digits)
        line.add("max", values.max() ?? .nan, digits: digits)
        return line
    }

    /// One row: name, size, both rates and their ratio.
    func line(_ row: String, size: Int, unit: String, yardstickName: String) -> JSONLine {
        var line = JSONLine()
        line.add("row", row)
        line.add("size", size)
        line.add(unit, Self.spread(ours))
        line.add(yardstickName, Self.spread(yardstick))
        line.add("ratio", ratio, digits: 3)
        return line
    }
}
