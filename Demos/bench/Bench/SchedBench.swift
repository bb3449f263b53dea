import CBench
import DemoKit
import Doing

/// The row `bench sched`: what a tick costs, by how many doers there are and how many are due.
///
/// Ours and the C references run in turn in one process; the ratios are of their medians.
func benchSched(_ arguments: [String]) throws {
    try SchedBench(arguments).run()
}

/// Runs every tick.
private final class BusyDoer: Doer {
    var sum = 0.0
    override func recur(_ tyme: Tyme) throws -> Recurrence {
        sum += tyme
        return .again
    }
}

/// Parks until woken.
private final class ParkedDoer: Doer {
    override func recur(_ tyme: Tyme) throws -> Recurrence { .park(until: .infinity) }
}

/// Parks for a random number of ticks, 1 to span.
private final class TimerDoer: Doer {
    var sum = 0.0
    private var random: UInt64
    private let span: UInt64

    init(number: Int, span: UInt64) {
        random = 88_172_645_463_325_252 &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        self.span = span
        super.init()
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        sum += tyme
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return .park(until: tyme + Double(1 + random % span) * 0.03125)
    }
}

/// A clock that stands still, and a poll that wakes one doer.
private final class WakingPace: Pace {
    private struct Mute: Kicker, Sendable { func kick() {} }

    private let doer: Doer
    let descriptor: Int32 = -1
    let isStopRequested = false
    let kicker: any Sendable & Kicker = Mute()

    init(_ doer: Doer) { self.doer = doer }

    func now() -> Double { 0.0 }
    func poll(until deadline: Double?, block: Bool) throws { doer.wake() }
    func watch(_ descriptor: Int32, _ doer: Doer) throws {}
    func watchWritable(_ descriptor: Int32, _ on: Bool) throws {}
    func unwatch(_ descriptor: Int32) {}
    func start() throws {}
    func stop() {}
    nonisolated(nonsending) func wait(until deadline: Double?) async throws {}
}

private struct SchedBench {
    private enum Load {
        case busy, parked, woken
        case share(Double)
    }

    private let doers: Int
    private let due: String
    private let load: Load
    private let repeats: Int

    init(_ arguments: [String]) throws {
        var words = Arguments(arguments)
        doers = try words.integer("--doers", in: 1...10_000_000) ?? 10_000
        due = try words.value("--due") ?? "busy"
        repeats = try words.integer("--repeat", in: 1...1000) ?? 7
        try words.finish()
        switch (due, Double(due)) {
        case ("busy", _): load = .busy
        case ("parked", _): load = .parked
        case ("woken", _): load = .woken
        case ("timers", _): load = .share(0.001)
        case (_, let share?) where share > 0 && share <= 1: load = .share(share)
        default: throw UsageError("--due \(due): expected busy, parked, timers, woken, or a share from above 0 to 1")
        }
    }

    func run() throws {
        let bytesBefore = bench_heap_bytes()
        let doist = try makeDoist()
        let enterStart = bench_now()
        try doist.enter()
        let enterSpent = bench_now() - enterStart
        if case .woken = load { _ = try doist.turn() }
        for _ in 0..<warmUp { try doist.recur() }
        let bytes = bench_heap_bytes() &- bytesBefore
        var (tick, recur) = (Samples(), Samples())
        var references: [(name: String, samples: Samples)] = []
        for _ in 0..<repeats {
            let (perTick, perRecur) = try sample(doist)
            tick.add(perTick)
            recur.add(perRecur)
            for (index, reference) in sampleReferences().enumerated() {
                if references.count <= index { references.append((reference.name, Samples())) }
                references[index].samples.add(reference.value)
            }
        }
        let exitStart = bench_now()
        try doist.exit()
        let exitSpent = bench_now() - exitStart
        var line = "{\"row\":\"sched\",\"due\":\"\(due)\",\"doers\":\(doers)"
        line += ",\"ns_per_recur\":\(recur.json),\"ns_per_tick\":\(tick.json)"
        for (name, samples) in references {
            let ours = name == "c_ring" ? recur.median : tick.median
            line += ",\"\(name)\":\(samples.json),\"ratio_\(name)\":\(rounded(ours / samples.median, 1000))"
        }
        line += ",\"bytes_per_doer\":\(rounded(Double(bytes) / Double(doers)))"
        line += ",\"own_bytes\":\(ownBytes)"
        line += ",\"ns_enter_per_doer\":\(rounded(enterSpent / Double(doers)))"
        line += ",\"ns_exit_per_doer\":\(rounded(exitSpent / Double(doers)))}"
        print(line)
    }

    /// Bytes of the doer's own fields here.
    private var ownBytes: Int {
        switch load {
        case .busy: 8
        case .parked, .woken: 0
        case .share: 24
        }
    }

    private func makeDoist() throws -> Doist {
        var all: [Doer] = []
        all.reserveCapacity(doers)
        for number in 0..<doers {
            switch load {
            case .busy: all.append(BusyDoer())
            case .parked, .woken: all.append(ParkedDoer())
            case .share: all.append(TimerDoer(number: number, span: span))
            }
        }
        let doist = try Doist(skipsIdle: false, doers: all)
        if case .woken = load {
            doist.pace = WakingPace(all[doers / 2])
            doist.extraPassLimit = .max
        }
        return doist
    }

    /// Ticks until a timer comes again at most: half of it on average.
    private var span: UInt64 {
        if case .share(let share) = load { UInt64(max(1.0, 2.0 / share - 1.0)) } else { 1 }
    }

    private var warmUp: Int {
        switch load {
        case .busy: 20
        case .parked, .woken: 2
        case .share: Int(2 * span)
        }
    }

    private var ticks: Int {
        switch load {
        case .busy: max(10, 20_000_000 / doers)
        case .parked, .woken: 1_000_000
        case .share: 4000
        }
    }

    private func sample(_ doist: Doist) throws -> (tick: Double, recur: Double) {
        let ticks = ticks
        let start = bench_now()
        if case .woken = load {
            for _ in 0..<ticks { _ = try doist.turn() }
        } else {
            for _ in 0..<ticks { try doist.recur() }
        }
        let perTick = (bench_now() - start) / Double(ticks)
        switch load {
        case .busy: return (perTick, perTick / Double(doers))
        case .parked: return (perTick, 0.0)
        case .woken: return (perTick, perTick)
        case .share(let share): return (perTick, perTick / (share * Double(doers)))
        }
    }

    private func sampleReferences() -> [(name: String, value: Double)] {
        var fired: UInt64 = 0
        switch load {
        case .busy: return [("c_ring", bench_ring(doers, ticks))]
        case .parked, .woken: return []
        case .share:
            return [
                ("c_heap", bench_heap(doers, span, ticks, &fired)),
                ("c_wheel", bench_wheel(doers, span, ticks, &fired)),
            ]
        }
    }
}

/// A few measurements of one thing.
private struct Samples {
    private var values: [Double] = []

    mutating func add(_ value: Double) { values.append(value) }

    var median: Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0.0 : sorted[sorted.count / 2]
    }

    var json: String {
        "{\"median\":\(rounded(median)),\"min\":\(rounded(values.min() ?? 0)),\"max\":\(rounded(values.max() ?? 0))}"
    }
}

private func rounded(_ value: Double, _ scale: Double = 100) -> Double { (value * scale).rounded() / scale }
