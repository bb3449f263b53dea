import CBench
import DemoKit

/// Runs a row and its yardstick in turn, round by round in one process, so that both see the same machine.
struct LoopbackRounds {
    /// Units a second of each round.
    private(set) var ours: [Double] = []
    private(set) var yardstick: [Double] = []

    /// Each call does some work once and says how many units that was.
    init(rounds: Int, seconds: Double, ours: () throws -> Int, yardstick: () -> Int) rethrows {
        _ = try ours()
        _ = yardstick()
        for _ in 0..<rounds {
            self.yardstick.append(Self.rate(seconds, yardstick))
            self.ours.append(try Self.rate(seconds, ours))
        }
    }

    private static func rate(_ seconds: Double, _ work: () throws -> Int) rethrows -> Double {
        let start = lbc_now()
        var units = 0
        var took = 0.0
        repeat {
            units += try work()
            took = lbc_now() - start
        } while took < seconds
        return Double(units) / took
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
