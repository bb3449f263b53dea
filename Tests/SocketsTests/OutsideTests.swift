import CSockets
import Doing
import Foundation
import Synchronization
import Testing
import Wiring

@testable import Sockets

/// What a program that embeds a doist does from outside of its passes, with real sockets.
@Suite("a doist hears its host", .serialized, .timeLimit(.minutes(5))) struct OutsideTests {
    /// Seconds within which what is queued is on the wire: a millisecond where nothing else runs, as CI says of a pass
    /// of its own; beside a thousand other tests on two cores only far less than a pass that nobody wakes would take.
    static let prompt = ProcessInfo.processInfo.environment["TYMIST_QUIET"] == nil ? 0.2 : 0.001

    /// Somebody else's socket: when each datagram arrived, by a thread of its own.
    private final class Arrivals: Sendable {
        let address: Address
        private let times = Mutex<[Double]>([])
        private let count: Int

        init(_ count: Int) throws {
            let peer = try UDPPeer(anyPort)
            try peer.open()
            address = peer.address
            self.count = count
            guard case .descriptor(let descriptor) = peer.readiness else {
                throw TransportError.notOpen(subject: "test")
            }
            let own = dup(descriptor)
            peer.close()
            Thread.detachNewThread { [self] in
                var byte: UInt8 = 0
                for _ in 0..<count {
                    guard waitReadable(own, 5_000_000_000) == 1, recv(own, &byte, 1, 0) >= 0 else { break }
                    times.withLock { $0.append(RealPace().now()) }
                }
                close(own)
            }
        }

        /// The median of how late they were, or nil if some did not come.
        func median(after starts: [Double]) -> Double? {
            let times = times.withLock { $0 }
            guard times.count == starts.count else { return nil }
            return zip(times, starts).map { $0 - $1 }.sorted()[starts.count / 2]
        }

        var isComplete: Bool { times.withLock { $0.count } == count }
    }

    @Test(
        "by turns: what is queued while the host sleeps makes the descriptor readable, and is on the wire within 1 ms")
    func turns() throws {
        let arrivals = try Arrivals(21)
        let red = try TestDoer(TestCore(), over: UDPPeer(anyPort))
        let doist = try Doist(pace: .real, doers: [red])
        var starts: [Double] = []
        #expect(try doist.turn().wait == nil)
        for _ in 0..<21 {
            #expect(waitReadable(doist.descriptor!, 2_000_000) == 0)
            starts.append(RealPace().now())
            red.core.queue.append((arrivals.address, [7]))
            #expect(waitReadable(doist.descriptor!, 0) == 1)
            _ = try doist.turn()
            #expect(red.core.queue.isEmpty)
            _ = try doist.turn()  // the look at the core has told it of the host, too
        }
        for _ in 0..<1000 where !arrivals.isComplete { usleep(1000) }
        let median = arrivals.median(after: starts)
        #expect(median.map { $0 < Self.prompt } ?? false, "\(median as Double?)")
        #expect(waitReadable(doist.descriptor!, 2_000_000) == 0)
        doist.requestStop()
        #expect(waitReadable(doist.descriptor!, 0) == 1)
        #expect(try doist.turn().isDone)
    }

    @Test("in a task: what another job of the actor queues is on the wire within 1 ms, and its stop ends the run")
    @MainActor func task() async throws {
        let arrivals = try Arrivals(21)
        let red = try TestDoer(TestCore(), over: UDPPeer(anyPort))
        let doist = Doist([red])
        let run = Task { @MainActor in try await doist.run(pace: .real) }
        var starts: [Double] = []
        for _ in 0..<21 {
            try await Task.sleep(for: .milliseconds(5))
            starts.append(RealPace().now())
            red.core.queue.append((arrivals.address, [7]))
        }
        for _ in 0..<1000 where !arrivals.isComplete { try await Task.sleep(for: .milliseconds(1)) }
        let median = arrivals.median(after: starts)
        #expect(median.map { $0 < Self.prompt } ?? false, "\(median as Double?)")
        let stopped = RealPace().now()
        doist.requestStop()
        try await run.value
        #expect(RealPace().now() - stopped < 100 * Self.prompt)
        #expect(!doist.isEntered)
    }

    @Test("what is queued after a long sleep has the tyme of now")
    func freshTyme() throws {
        let red = try TestDoer(TestCore(), over: UDPPeer(anyPort))
        let doist = try Doist(pace: .real, doers: [red])
        let clock = RealPace()
        _ = try doist.turn()
        let start = clock.now()
        usleep(50_000)
        let tyme = doist.freshTyme()
        let passed = clock.now() - start
        #expect(tyme >= 0.05 - 2 * doist.tock && tyme <= passed + 2 * doist.tock, "\(tyme) after \(passed) s")
        try doist.exit()
    }

    @Test("a real socket in a run without a pace is an error with words; stepped by hand it is looked at every tick")
    func noPace() throws {
        let red = try TestDoer(TestCore(), over: UDPPeer(anyPort))
        let doist = try Doist(name: "host", limit: 1.0, doers: [red])
        let error = ScheduleError.needsPace(doer: red.name, scheduler: "host")
        #expect(throws: error) { try doist.run() }
        #expect("\(error)".contains("run(pace: .real)"))
        try doist.enter()
        try doist.recur()
        var outside = try UDPPeer(anyPort)
        try outside.open()
        _ = try outside.send([1], to: red.wire.address)
        for _ in 0..<1000 where red.core.received.isEmpty {
            try doist.recur()
            usleep(100)
        }
        #expect(red.core.received.count == 1)
        #expect(throws: error) { try doist.run() }  // entered by hand, and then left to run
        #expect(!doist.isEntered)
    }

    @Test("a pace takes over no signal unless it is asked")
    func signals() throws {
        let before = signal(SIGTERM, SIG_DFL)
        let pace = RealPace.real
        try pace.start()
        let during = signal(SIGTERM, SIG_DFL)
        pace.stop()
        _ = signal(SIGTERM, before)
        let isUntouched = unsafeBitCast(during, to: Int.self) == unsafeBitCast(SIG_DFL, to: Int.self)
        #expect(isUntouched)
    }
}
