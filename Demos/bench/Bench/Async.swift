import CBench
import CoDoing
import DemoKit
import Dispatch
import Doing

/// The row `bench async`: what it costs to suspend and resume linear code, beside a plain doer that does the same.
///
/// Ours and the yardsticks run in turn in one process, but for CPython's generators; the ratios are of their medians.
func benchAsync(_ arguments: [String]) throws {
    var words = Arguments(arguments)
    let doers = try words.integer("--doers", in: 1...1_000_000) ?? 1
    let repeats = try words.integer("--repeat", in: 1...1000) ?? 9
    let only = try words.value("--row")
    try words.finish()
    let loads: [(name: String, load: AsyncLoad)] = [
        ("tick", .tick), ("sleep", .sleep), ("ping_pong", .pingPong), ("child_tick", .childTick),
        ("plain_tick", .plainTick), ("plain_park", .plainPark), ("bare_executor", .bare),
        ("task_yield", .yield),
    ]
    if let only {
        guard let entry = loads.first(where: { $0.name == only }) else {
            throw UsageError("--row \(only): expected \(loads.map(\.name).joined(separator: ", "))")
        }
        let found = try (0..<repeats).map { _ in try entry.load.sample(doers) }
        var line = JSONLine()
        line.add("row", "async-\(only)")
        line.add("doers", doers)
        line.add("ns", spread(found))
        return print(line)
    }
    var samples = Array(repeating: [Double](), count: loads.count)
    var generators: [(nanoseconds: Double, version: String)] = []
    for _ in 0..<repeats {
        for (index, entry) in loads.enumerated() { samples[index].append(try entry.load.sample(doers)) }
        if let sample = Generators.sample() { generators.append(sample) }
    }
    let medians = samples.map { $0.sorted()[$0.count / 2] }
    var line = JSONLine()
    line.add("row", "async")
    line.add("doers", doers)
    for (index, entry) in loads.enumerated() { line.add("ns_\(entry.name)", spread(samples[index])) }
    line.add("ratio_tick_plain", medians[0] / medians[4], digits: 1)
    line.add("ratio_sleep_plain", medians[1] / medians[5], digits: 1)
    line.add("ratio_tick_bare_executor", medians[0] / medians[6], digits: 2)
    line.add("ratio_tick_task_yield", medians[0] / medians[7], digits: 4)
    if let version = generators.first?.version {
        let found = generators.map(\.nanoseconds)
        line.add("cpython", version)
        line.add("ns_cpython_generator", spread(found))
        line.add("ratio_tick_cpython_generator", medians[0] / found.sorted()[found.count / 2], digits: 1)
    }
    line.add("bytes_per_doer", try AsyncLoad.sleep.bytes(max(doers, 1000)), digits: 0)
    line.add("bytes_per_plain_doer", try AsyncLoad.plainPark.bytes(max(doers, 1000)), digits: 0)
    line.add("bytes_per_child", try AsyncLoad.bytesPerChild(1000), digits: 0)
    print(line)
}

private func spread(_ samples: [Double]) -> JSONLine {
    var values = JSONLine()
    values.add("median", samples.sorted()[samples.count / 2], digits: 1)
    values.add("min", samples.min() ?? 0, digits: 1)
    values.add("max", samples.max() ?? 0, digits: 1)
    return values
}

/// What the doers do.
private enum AsyncLoad {
    /// Linear code that waits for the next tick, sleeps one tick, or sends and waits in pairs.
    case tick, sleep, pingPong
    /// A child task that waits for the next tick.
    case childTick
    /// A plain doer that runs every tick, or parks for one tick.
    case plainTick, plainPark
    /// No doist: a task whose executor keeps its one job, and a continuation. What Swift's run time takes alone.
    case bare
    /// No doist: a task on Swift's own executor that yields again and again.
    case yield

    /// Nanoseconds a switch: one suspend and one resume.
    func sample(_ doers: Int) throws -> Double {
        if self == .bare { return BareExecutor().sample(400_000) }
        if self == .yield { return Self.yields(2000) }
        let doist = try Doist(skipsIdle: false, doers: make(doers))
        try doist.enter()
        for _ in 0..<10 { try doist.recur() }
        let ticks = max(10, 400_000 / doers)
        let start = bench_now()
        for _ in 0..<ticks { try doist.recur() }
        let spent = bench_now() - start
        try doist.exit()
        return spent / Double(ticks) / Double(self == .pingPong ? 2 * max(1, doers / 2) : doers)
    }

    private static func yields(_ count: Int) -> Double {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var spent = 0.0
        Task.detached {
            await Task.yield()
            let start = bench_now()
            for _ in 0..<count { await Task.yield() }
            spent = bench_now() - start
            done.signal()
        }
        done.wait()
        return spent / Double(count)
    }

    /// Heap bytes of each doer while it waits.
    func bytes(_ doers: Int) throws -> Double {
        let before = bench_heap_bytes()
        let doist = try Doist(skipsIdle: false, doers: make(doers))
        try doist.enter()
        try doist.recur()
        let bytes = Double(bench_heap_bytes() &- before) / Double(doers)
        try doist.exit()
        return bytes
    }

    /// Heap bytes of each child task while it sleeps.
    static func bytesPerChild(_ children: Int) throws -> Double {
        let before = bench_heap_bytes()
        let doist = Doist([ManyChildren(children)])
        try doist.enter()
        try doist.recur()
        let bytes = Double(bench_heap_bytes() &- before) / Double(children)
        try doist.exit()
        return bytes
    }

    private func make(_ count: Int) -> [Doer] {
        if self == .pingPong {
            return (0..<max(1, count / 2)).flatMap { _ -> [Doer] in
                let (left, right) = (Inbox<Int>(), Inbox<Int>())
                return [Server(from: left, to: right), Client(from: right, to: left)]
            }
        }
        return (0..<count).map { _ in
            switch self {
            case .tick: Ticker()
            case .sleep, .pingPong: Sleeper()
            case .childTick: Parent()
            case .plainTick: PlainTicker()
            case .plainPark, .bare, .yield: PlainParker()
            }
        }
    }
}

private final class Ticker: CoDoer {
    override nonisolated(nonsending) func perform() async throws { while true { try await nextTick() } }
}

private final class Sleeper: CoDoer {
    override nonisolated(nonsending) func perform() async throws {
        while true { try await CoDoing.sleep(for: 0.03125) }
    }
}

private final class Parent: CoDoer {
    override nonisolated(nonsending) func perform() async throws {
        async let child: Void = tickOn()
        try await child
    }
}

private func tickOn() async throws { while true { try await nextTick() } }

private final class ManyChildren: CoDoer {
    private let count: Int
    init(_ count: Int) {
        self.count = count
        super.init()
    }
    override nonisolated(nonsending) func perform() async throws {
        let count = count
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count { group.addTask { try await CoDoing.sleep(for: 1000) } }
            try await group.waitForAll()
        }
    }
}

/// Answers each number in the pass in which it came.
private final class Server: CoDoer {
    private let (source, target): (Inbox<Int>, Inbox<Int>)
    init(from source: Inbox<Int>, to target: Inbox<Int>) {
        (self.source, self.target) = (source, target)
        super.init()
    }
    override nonisolated(nonsending) func perform() async throws { while true { target.send(try await source.next()) } }
}

/// Stands behind its server, so one round trip is two switches and one tick.
private final class Client: CoDoer {
    private let (source, target): (Inbox<Int>, Inbox<Int>)
    init(from source: Inbox<Int>, to target: Inbox<Int>) {
        (self.source, self.target) = (source, target)
        super.init()
    }
    override nonisolated(nonsending) func perform() async throws {
        while true {
            target.send(1)
            _ = try await source.next()
        }
    }
}

private final class PlainTicker: Doer {
    override func recur(_ tyme: Tyme) throws -> Recurrence { .again }
}

private final class PlainParker: Doer {
    override func recur(_ tyme: Tyme) throws -> Recurrence { .park(until: tyme + 0.03125) }
}

/// The least that an executor can do.
private final class BareExecutor: TaskExecutor, @unchecked Sendable {
    private var job: UnownedJob?
    private var continuation: UnsafeContinuation<Void, Never>?
    private var isStopped = false

    func enqueue(_ job: consuming ExecutorJob) { self.job = UnownedJob(job) }

    func sample(_ switches: Int) -> Double {
        Task(executorPreference: self) { [self] in
            while !isStopped { await withUnsafeContinuation { continuation = $0 } }
        }
        runJob()
        let start = bench_now()
        for _ in 0..<switches {
            continuation?.resume()
            runJob()
        }
        let spent = bench_now() - start
        isStopped = true
        continuation?.resume()
        runJob()
        return spent / Double(switches)
    }

    private func runJob() { job?.runSynchronously(on: asUnownedTaskExecutor()) }
}
