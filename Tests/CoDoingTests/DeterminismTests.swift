import CoDoing
import Doing
import Testing

@Suite("One trace")
struct DeterminismTests {
    /// The hash of ``busyTrace()``: the same in every process, debug or release.
    static let known: UInt64 = 1_231_086_316_261_060_336

    @Test("1,000 runs of groups, inboxes, sleeps, deadlines and cancellations give one trace, in any process")
    func oneTrace() throws {
        let first = try busyTrace()
        #expect(first.count > 200)
        #expect(hash(first) == Self.known, "\(hash(first))\n\(first.joined(separator: "\n"))")
        for number in 2...1000 {
            let trace = try busyTrace()
            guard trace != first else { continue }
            let place = firstDifference(trace, first)
            Issue.record("run \(number) differs from line \(place) on")
            return
        }
    }

    @Test("random programs do what plain doers do that are written by hand as state machines", arguments: 0..<20)
    func randomPrograms(_ block: Int) throws {
        var lines = 0
        for seed in block * 100..<(block + 1) * 100 {
            let program = RandomProgram(seed: UInt64(seed))
            let (linear, plain) = (Log(), Log())
            try run(program.linear(linear), program)
            try run(program.plain(plain), program)
            guard linear.lines == plain.lines else {
                let place = firstDifference(linear.lines, plain.lines)
                Issue.record("seed \(seed) differs at \(place): \(linear.lines) \(plain.lines)")
                return
            }
            lines += linear.lines.count
        }
        #expect(lines > 1000)
    }

    @Test("skipping idle ticks changes nothing that a body can see")
    func skipping() throws {
        #expect(try busyTrace(skipsIdle: false) == busyTrace())
    }

    private func run(_ doers: [Doer], _ program: RandomProgram) throws {
        try Doist(tock: program.tock, doers: doers).run(limit: 4)
    }

    private func firstDifference(_ left: [String], _ right: [String]) -> Int {
        zip(left, right).enumerated().first { $1.0 != $1.1 }?.offset ?? min(left.count, right.count)
    }

    private func hash(_ lines: [String]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in lines.joined(separator: "\n").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    /// A few doers that do everything at once, closed by a limit.
    private func busyTrace(skipsIdle: Bool = true) throws -> [String] {
        let log = Log()
        let inboxes = (0..<4).map { _ in Inbox<Int>(limit: 8) }
        let doers = (0..<4).map { number in
            Body("doer\(number)") { _ in
                var random = SplitMix64(seed: UInt64(number))
                defer { log.add("\(number) ends at \(currentTyme)") }
                for round in 0..<12 {
                    let (seed, name) = (random.next(), "\(number).\(round)")
                    do {
                        try await withChildren(returning: Int.self) { children in
                            for child in 0..<3 {
                                children.fork {
                                    try await work("\(name).\(child)", seed &+ UInt64(child), inboxes, log)
                                }
                            }
                            var sum = 0
                            while let value = try await children.next() {
                                sum += value
                                if sum > 40 { children.cancelAll() }
                            }
                            log.add("\(name) sum \(sum) at \(currentTyme)")
                        }
                    } catch is Oops { log.add("\(name) oops at \(currentTyme)") }
                    let seconds = random.unit() / 4
                    async let pause: Void = sleep(for: seconds)
                    inboxes[random.below(4)].send(round)
                    try await pause
                }
            }
        }
        try Doist(skipsIdle: skipsIdle, doers: doers).run(limit: 6)
        return log.lines
    }
}

/// What a child of the busy doers does.
private nonisolated(nonsending) func work(
    _ name: String, _ seed: UInt64, _ inboxes: [Inbox<Int>], _ log: Log
) async throws -> Int {
    var random = SplitMix64(seed: seed)
    var sum = 0
    for _ in 0..<4 {
        do {
            switch random.below(6) {
            case 0: try await sleep(for: random.unit() / 2)
            case 1: try await nextTick()
            case 2: inboxes[random.below(4)].send(random.below(20))
            case 3: sum += try await inboxes[random.below(4)].next(timeout: random.unit()) ?? 0
            case 4:
                let seconds = random.unit() / 4
                sum += try await within(seconds) { try await inboxes[Int(seed % 4)].next() }
            default:
                if random.below(20) == 0 { throw Oops() }
                try await sleep(for: 0)
            }
        } catch let error as DeadlinePassed { log.add("\(name) \(error)") } catch is CancellationError {
            log.add("\(name) cancelled at \(currentTyme)")
            throw CancellationError()
        }
        log.add("\(name) has \(sum) at \(currentTyme)")
    }
    return sum
}
