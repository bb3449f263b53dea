import Doing
import Testing

/// Enough timers that the wheel is used, against a list that is searched from end to end.
@Suite struct TimerTests {
    /// Parks by a script of spans and writes down when it ran.
    private final class Timer: Doer {
        let number: Int
        var random: Xoshiro256
        unowned let log: Log
        init(_ number: Int, _ random: Xoshiro256, _ log: Log) {
            self.number = number
            self.random = random
            self.log = log
            super.init()
        }
        override func recur(_ tyme: Tyme) throws -> Recurrence {
            log.runs.append((number, tyme))
            return .park(until: tyme + Self.span(&random))
        }

        static func span(_ random: inout Xoshiro256) -> Double {
            switch random.below(10) {
            case 0: 0.0
            case 1: Double(random.below(5)) * 0.03125
            case 2...6: random.unit() * 3.0
            case 7: random.unit() * 300.0
            case 8: random.unit() * 1e6
            default: random.below(4) == 0 ? (random.below(2) == 0 ? 1e18 : .infinity) : 1.0
            }
        }
    }

    private final class Log {
        var runs: [(number: Int, tyme: Tyme)] = []
    }

    @Test(
        "3,000 timers run when and in what order a plain list says, with tocks that change, wakes and removals",
        arguments: [0.03125, 0.1, 0.7])
    func manyTimers(tock: Double) throws {
        let count = 3000
        var seeds = Xoshiro256(seed: 99)
        let log = Log()
        let generators = (0..<count).map { _ in seeds.fork() }
        let timers = (0..<count).map { Timer($0, generators[$0], log) }
        let doist = try Doist(tock: tock)
        try doist.enter(timers)
        // The plain list: retyme by number, nil when removed.
        var model: [(retyme: Tyme, random: Xoshiro256)?] = generators.map { (0.0, $0) }
        for pass in 0..<400 {
            let tyme = doist.tyme
            var expected: [Int] = []
            for number in 0..<count where model[number] != nil && model[number]!.retyme <= tyme {
                expected.append(number)
                model[number]!.retyme = tyme + Timer.span(&model[number]!.random)
            }
            log.runs = []
            try doist.recur()
            #expect(log.runs.map(\.number) == expected, "pass \(pass)")
            #expect(log.runs.allSatisfy { $0.tyme == tyme })
            guard log.runs.map(\.number) == expected else { return }
            for _ in 0..<5 {
                let number = seeds.below(count)
                if seeds.below(2) == 0 {
                    timers[number].wake()
                    model[number]?.retyme = doist.tyme
                } else {
                    try doist.remove([timers[number]])
                    model[number] = nil
                }
            }
            if pass % 37 == 36 { doist.tock = [0.03125, 0.1, 0.001, 5.0, 1e-7, tock][seeds.below(6)] }
            let next = model.compactMap { $0?.retyme }.min() ?? .infinity
            #expect(doist.nextTyme == max(doist.tyme, next) || doist.nextTyme == doist.tyme)
        }
        try doist.exit()
    }

    @Test("timers a long way off are reached in one step and in order")
    func farTimers() throws {
        var order: [Int] = []
        let spans = [1e9, 3600.0, 1e12, 86_400.0, 4096.0, 1e9 + 0.03125]
        func retyme(_ number: Int) -> Tyme { spans[number % spans.count] + Double(number / spans.count) * 64.0 }
        let doers = (0..<600).map { (number: Int) -> Doer in
            let span = retyme(number)
            var runs = 0
            return doify { _ in
                runs += 1
                guard runs == 2 else { return .park(until: span) }
                order.append(number)
                return .done
            }
        }
        let doist = Doist(doers)
        try doist.run()
        #expect(doist.isDone)
        // All of them are whole numbers, or hit a tick anyway, so none waits for the tick of another.
        let due = (0..<600).sorted { one, two in
            retyme(one) == retyme(two) ? one < two : retyme(one) < retyme(two)
        }
        #expect(order == due)
        #expect(doist.statistics.passes <= 602)
    }
}
