import CSockets
import Doing
import Foundation
import Synchronization
import Testing
import Wiring

@testable import Sockets

typealias TestDoer = CoreDoer<TestCore, UDPPeer>

/// Tests with a clock run one after the other, so that they do not disturb each other's times.
@Suite("the real pace", .serialized, .timeLimit(.minutes(5))) struct RealPaceTests {
    private func doer(echoes: Bool = false) throws -> TestDoer {
        try TestDoer(TestCore(echoes: echoes), over: UDPPeer(anyPort))
    }

    /// CPU seconds of this thread while `body` ran.
    private func cpu(_ body: () throws -> Void) rethrows -> Double {
        let start = csk_thread_cpu_time()
        try body()
        return Double(csk_thread_cpu_time() - start) * 1e-9
    }

    @Test("the clock is monotonic and its seconds are seconds")
    func clock() {
        let pace = RealPace()
        let (start, wall) = (pace.now(), Date())
        usleep(20_000)
        let took = pace.now() - start
        #expect(took >= 0.02 && abs(took - Date().timeIntervalSince(wall)) < 0.01)
    }

    @Test("two peers under one doist exchange a datagram at once, without waiting for a tick")
    func exchange() throws {
        let red = try doer()
        let blu = try doer(echoes: true)
        let doist = try Doist(tock: 0.5, limit: 3, pace: RealPace(), doers: [red, blu])
        let start = RealPace().now()
        _ = try doist.turn()
        red.core.queue.append((blu.wire.address, [1, 2, 3]))
        while red.core.received.isEmpty, RealPace().now() - start < 1 { _ = try doist.turn() }
        let took = RealPace().now() - start
        #expect(red.core.received.first?.bytes == [1, 2, 3])
        #expect(took < 0.1, "\(took) s")
        #expect(doist.tyme == 0.5)  // one tick: the rest were extra passes
        try doist.exit()
    }

    @Test("a doist driven by its descriptor and its turns takes a datagram within a millisecond")
    func turnLatency() throws {
        let red = try doer()
        let doist = try Doist(pace: RealPace(), doers: [red])
        var wait = try doist.turn().wait
        #expect(wait == nil)  // nobody is due ever
        var outside = try UDPPeer(anyPort)
        try outside.open()
        var took: [Double] = []
        let clock = RealPace()
        for number in 0..<21 {
            #expect(waitReadable(doist.descriptor!, 2_000_000) == 0)  // silent before
            let start = clock.now()
            _ = try outside.send([UInt8(number)], to: red.wire.address)
            #expect(waitReadable(doist.descriptor!, 1_000_000_000) == 1)
            wait = try doist.turn().wait
            took.append(clock.now() - start)
            #expect(red.core.received.count == number + 1)
        }
        #expect(took.sorted()[10] < 0.001, "\(took)")
        try doist.exit()
    }

    @Test("a tock of a millisecond is kept: the ticks fall where they should, and none is lost")
    func shortTock() throws {
        let clock = RealPace()
        var times: [Double] = []
        let doist = try Doist(
            tock: 0.001, limit: 0.2, pace: RealPace(),
            doers: [
                doify { _ in
                    times.append(clock.now())
                    return .again
                }
            ])
        let start = clock.now()
        let used = try cpu { try doist.run() }
        let took = clock.now() - start
        #expect(abs(took - 0.2) < 0.02, "\(took)")
        #expect((195...202).contains(times.count), "\(times.count)")
        let late = times.indices.map { times[$0] - start - Double($0) * 0.001 }.sorted()
        #expect(late[late.count / 2] < 0.0005, "median lateness \(late[late.count / 2])")
        #expect(used < 0.1, "\(used) CPU seconds")
    }

    @Test("a thousand open idle peers use no processor")
    func idle() throws {
        let doers = try (0..<1000).map { _ in try doer() }
        let doist = try Doist(limit: 0.5, pace: RealPace(), doers: doers)
        _ = try doist.turn()
        let used = try cpu {
            while try !doist.turn().isDone {
                try doist.pace?.poll(until: RealPace().now() + 0.5, block: true)
                break
            }
        }
        #expect(used < 0.005, "\(used) CPU seconds in half a second")
        try doist.exit()
    }

    @Test("another thread's waker ends the sleep")
    func kicks() throws {
        final class Sleeper: Doer {
            var wokenAt: Double?
            override func recur(_ tyme: Tyme) -> Recurrence {
                guard started else {
                    started = true
                    return .park(until: .infinity)
                }
                wokenAt = RealPace().now()
                return .done
            }
            private var started = false
        }
        let doer = Sleeper()
        let doist = try Doist(limit: 5, pace: RealPace(), doers: [doer])
        _ = try doist.turn()
        let waker = doist.waker(for: doer)
        let kickedAt = Mutex(0.0)
        Thread.detachNewThread {
            usleep(30_000)
            kickedAt.withLock { $0 = RealPace().now() }
            waker.wake()
        }
        while try !doist.turn().isDone { try doist.pace?.poll(until: nil, block: true) }
        let took = try #require(doer.wokenAt) - kickedAt.withLock { $0 }
        #expect(took < 0.01, "\(took)")
    }

    @Test("a kick makes the descriptor readable, and a poll takes it back")
    func kickDescriptor() throws {
        let pace = RealPace()
        #expect(waitReadable(pace.descriptor, 0) == 0)
        pace.kicker.kick()
        pace.kicker.kick()
        #expect(waitReadable(pace.descriptor, 0) == 1)
        try pace.poll(until: nil, block: false)
        #expect(waitReadable(pace.descriptor, 0) == 0)
    }

    @Test("a deadline in the past and a sleep of a fraction of a millisecond come back in time")
    func deadlines() throws {
        let pace = RealPace()
        let start = pace.now()
        try pace.poll(until: start - 1, block: true)
        #expect(pace.now() - start < 0.005)
        var late: [Double] = []
        for _ in 0..<21 {
            let deadline = pace.now() + 0.0003
            try pace.poll(until: deadline, block: true)
            #expect(pace.now() >= deadline)
            late.append(pace.now() - deadline)
        }
        #expect(late.sorted()[10] < 0.0005, "\(late)")
    }

    /// A pace that has just had so many short waits.
    private func hasty(_ count: Int, spin: Double) throws -> RealPace {
        let pace = RealPace(spin: spin)
        for _ in 0..<count {
            pace.kicker.kick()
            try pace.poll(until: nil, block: true)
        }
        return pace
    }

    @Test("after short waits a wait begins with a look, which is bounded: then it sleeps", arguments: [0, 3, 4, 100])
    func looksFirst(count: Int) throws {
        let pace = try hasty(count, spin: 0.01)
        let start = pace.now()
        let used = try cpu { try pace.poll(until: start + 0.1, block: true) }
        #expect(pace.now() - start >= 0.1)
        // 10 ms of looking where it is due, whatever part of them this thread got, and none where it is not.
        if count < 4 { #expect(used < 0.003, "\(used)") } else { #expect(used < 0.02, "\(used)") }
        let again = pace.now()
        let usedAgain = try cpu { try pace.poll(until: again + 0.05, block: true) }
        #expect(usedAgain < 0.003, "\(usedAgain)")  // it came to nothing: eight short waits are needed now
    }

    @Test("a look ends at the deadline, and finds what comes meanwhile")
    func lookEnds() throws {
        let pace = try hasty(8, spin: 0.01)
        let start = pace.now()
        try pace.poll(until: start + 0.001, block: true)
        #expect((0.001...0.009).contains(pace.now() - start), "\(pace.now() - start)")
        let other = try hasty(8, spin: 0.01)
        let kicker = other.kicker
        Thread.detachNewThread {
            usleep(2000)
            kicker.kick()
        }
        let begun = other.now()
        try other.poll(until: begun + 5, block: true)
        #expect(other.now() - begun < 1)
    }

    @Test("a pace that shall not look sleeps at once, however short the waits were")
    func neverLooks() throws {
        let pace = try hasty(100, spin: 0)
        let used = try cpu { try pace.poll(until: pace.now() + 0.05, block: true) }
        #expect(used < 0.003, "\(used)")
    }

    @Test("SIGTERM ends a run, every exit included, and the handler before comes back", arguments: [SIGINT, SIGTERM])
    func signals(number: Int32) throws {
        // Signals belong to the process: no other test here may ask for any, or the handlers get mixed up.
        let before = signal(number, SIG_IGN)
        defer { signal(number, before) }
        let peer = try doer()
        let other = try doer()
        let doist = try Doist(limit: 5, pace: RealPace(stopOn: [.interrupt, .terminate]), doers: [peer, other])
        let bystander = RealPace(stopOn: [.terminate, .interrupt])
        try bystander.start()
        let sender = Thread {
            usleep(30_000)
            kill(getpid(), number)
        }
        sender.start()
        let start = RealPace().now()
        try doist.run()
        #expect(RealPace().now() - start < 1)
        #expect(!doist.isDone && !peer.wire.isOpen && !other.wire.isOpen)
        #expect(bystander.isStopRequested)
        bystander.stop()
        // The handler that was there before, SIG_IGN, is back: this would end the process otherwise.
        kill(getpid(), number)
        #expect(!bystander.isStopRequested)
    }

    @Test("inside a task: others run beside it, and cancelling runs every exit")
    func asynchronous() async throws {
        let ran = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await runUntilCancelled() }
            group.addTask {
                var turns = 0
                for _ in 0..<20 {
                    try await Task.sleep(for: .milliseconds(5))
                    turns += 1
                }
                return turns
            }
            let first = try await group.next()
            group.cancelAll()
            while let more = try await group.next() { #expect(more == -1) }
            return first
        }
        #expect(ran == 20)
    }

    @Test("an asynchronous run ends at its limit and exchanges datagrams meanwhile")
    func asynchronousLimit() async throws {
        let red = try doer()
        let blu = try doer(echoes: true)
        let doist = try Doist(doers: [red, blu, Asker(red, blu)])
        try await doist.run(limit: 2, pace: RealPace())
        #expect(red.core.received.map(\.bytes) == [[1], [2], [3]])
    }

    @Test("descriptors are all given back")
    func noLeaks() async throws {
        // Other suites open and close beside us: of ten rounds one at least must end as it began.
        var least = Int.max
        for _ in 0..<10 {
            let before = openDescriptors()
            for _ in 0..<3 {
                let doist = try Doist(limit: 0.01, pace: RealPace(), doers: [doer(), doer()])
                try doist.run()
                let task = try Doist(doers: [doer()])
                try await task.run(limit: 0.01, pace: RealPace())
            }
            least = min(least, openDescriptors() - before)
        }
        #expect(least <= 0, "\(least) descriptors more after three times")
    }
}

/// Runs a peer until its task is cancelled; answers -1 if that closed the peer.
private func runUntilCancelled() async throws -> Int {
    let red = try TestDoer(TestCore(), over: UDPPeer(anyPort))
    let doist = try Doist(doers: [red])
    do {
        try await doist.run(pace: RealPace())
    } catch is CancellationError {
        return red.wire.isOpen ? -2 : -1
    }
    return -3
}

/// Sends three datagrams, each after the answer to the one before.
private final class Asker: Doer {
    private let red, blu: TestDoer
    private var asked: UInt8 = 0

    init(_ red: TestDoer, _ blu: TestDoer) {
        (self.red, self.blu) = (red, blu)
        super.init()
        red.listener = self
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        guard red.core.received.count == asked else { return .park(until: .infinity) }
        guard asked < 3 else {
            try doist?.remove([red, blu])
            return .done
        }
        asked += 1
        red.core.queue.append((blu.wire.address, [asked]))
        return .park(until: .infinity)
    }
}
