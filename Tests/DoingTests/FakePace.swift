import Doing
import Synchronization

/// A pace whose clock the test sets: a blocking poll moves it to the deadline, or to the next thing that the test has
/// planned, whichever is first.
///
/// It writes down every poll.
final class FakePace: Pace {
    final class Kick: Kicker, Sendable {
        let count = Atomic(0)
        func kick() { count.add(1, ordering: .relaxed) }
    }
    /// Something that happens at a clock time: a descriptor gets ready, the process is stopped for a while.
    enum Event {
        case ready([Doer])
        case stopped(Double)
        case signal
        /// The host does something while the doist sleeps: only a kick ends the sleep.
        case host(() throws -> Void)
    }

    var clock: Double
    /// Clock seconds that each look at the clock costs.
    var tick = 0.0
    var plan: [(at: Double, event: Event)] = []
    /// Doers whose descriptors stay ready, whatever is read.
    var alwaysReady: [Doer] = []
    private(set) var polls: [(deadline: Double?, block: Bool, at: Double)] = []
    private(set) var holds: [Bool] = []
    private(set) var starts = 0
    private(set) var stops = 0
    private(set) var isStopRequested = false
    private var isHeld = false
    let descriptor: Int32 = 7
    private let kick = Kick()
    var kicker: any Sendable & Kicker { kick }
    /// How often it was kicked.
    var kicks: Int { kick.count.load(ordering: .relaxed) }
    private var seenKicks = 0

    init(clock: Double = 1000.0) { self.clock = clock }

    func now() -> Double {
        clock += tick
        return clock
    }

    func poll(until deadline: Double?, block: Bool) throws {
        polls.append((deadline, block, clock))
        precondition(polls.count < 100_000, "the doist spins")
        var isOver = !block || !isHeld && !alwaysReady.isEmpty
        while true {
            if seenKicks < kicks { isOver = true }
            seenKicks = kicks
            if isOver { break }
            let next = isHeld ? nil : plan.first?.at
            guard let until = [deadline, next].compactMap({ $0 }).min() else { throw Stuck() }
            clock = max(clock, until)
            isOver = try play() || deadline.map { $0 <= clock } ?? false
        }
        _ = try play()
        if !isHeld { alwaysReady.forEach { $0.wakeFromPace() } }
    }

    /// What is planned until now; answers whether it ends a sleep.
    private func play() throws -> Bool {
        var isNews = false
        while !isHeld, let first = plan.first, first.at <= clock {
            plan.removeFirst()
            switch first.event {
            case .ready(let doers): doers.forEach { $0.wakeFromPace() }
            case .stopped(let seconds): clock += seconds
            case .signal: isStopRequested = true
            case .host(let body):
                try body()
                continue
            }
            isNews = true
        }
        return isNews
    }

    /// Nothing can ever end the sleep.
    struct Stuck: Error {}

    func hold(_ on: Bool) throws {
        isHeld = on
        holds.append(on)
    }
    func watch(_ descriptor: Int32, _ doer: Doer) throws {}
    func watchWritable(_ descriptor: Int32, _ on: Bool) throws {}
    func unwatch(_ descriptor: Int32) {}
    /// What its start throws, if anything.
    var refusal: (any Error)?
    func start() throws {
        if let refusal { throw refusal }
        starts += 1
    }
    func stop() { stops += 1 }
    nonisolated(nonsending) func wait(until deadline: Double?) async throws {
        try Task.checkCancellation()
        try poll(until: deadline, block: true)
    }
}

/// Writes down each recur and each other context, and answers from a closure.
final class Probe: Doer {
    var tymes: [Tyme] = []
    var contexts: [String] = []
    var answer: (Tyme) throws -> Recurrence
    var onEnter: (Tyme) -> Void = { _ in }

    init(_ name: String, tock: Double = 0.0, _ answer: @escaping (Tyme) throws -> Recurrence = { _ in .again }) {
        self.answer = answer
        try! super.init(name: name, tock: tock)
    }

    override func enter(_ tyme: Tyme) throws {
        contexts.append("enter")
        onEnter(tyme)
    }
    override func recur(_ tyme: Tyme) throws -> Recurrence {
        tymes.append(tyme)
        return try answer(tyme)
    }
    override func clean(_ tyme: Tyme) throws { contexts.append("clean") }
    override func cease(_ tyme: Tyme) throws { contexts.append("cease") }
    override func abort(_ error: any Error, at tyme: Tyme) { contexts.append("abort") }
    override func exit(_ tyme: Tyme) throws { contexts.append("exit") }
}

/// An error without a meaning.
struct Oops: Error, Equatable {}
