import Foundation
import Rehearsing
import Sockets
import Synchronization

/// Runs scenarios over seeds on some threads, each world on one of them.
final class Swarm: Sendable {
    /// What has come of it so far.
    struct Tally {
        var done = 0
        var simulated = 0.0
        var events: UInt64 = 0
        var failures: [ScenarioOutcome] = []
        var error: (any Error)?
    }

    private struct State {
        var next = 0
        var isStopped = false
        var tally = Tally()
    }

    private let scenarios: [Scenario]
    private let options: RehearseOptions
    private let deadline: Double
    private let state = Mutex(State())
    /// How many runs there are.
    let count: Int

    init(_ options: RehearseOptions) {
        self.options = options
        scenarios = options.scenarios
        count = scenarios.count * options.seeds.count
        deadline = options.time.map { ProcessInfo.processInfo.systemUptime + $0 } ?? .infinity
    }

    /// What has come of it so far.
    var tally: Tally { state.withLock { $0.tally } }

    /// Runs all of it, or until SIGINT or SIGTERM, after which those under way still come to their end; a second
    /// signal ends the process as ever. `progress` is called about every second on the calling thread.
    func run(progress: (Tally) -> Void) throws -> Tally {
        let signals = RealPace(stopOn: [.interrupt, .terminate])
        try signals.start()
        let done = DispatchGroup()
        for _ in 0..<options.jobs {
            done.enter()
            let thread = Thread { [self] in
                while runNext() {}
                done.leave()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        var looks = 0
        while done.wait(timeout: .now() + 0.1) == .timedOut {
            looks += 1
            if signals.isStopRequested {
                state.withLock { $0.isStopped = true }
                signals.stop()
            }
            if looks % 10 == 0 { progress(tally) }
        }
        return tally
    }

    /// Runs the next one; false if there is none.
    private func runNext() -> Bool {
        let number = state.withLock { state -> Int? in
            guard state.next < count, state.tally.error == nil, !state.isStopped,
                ProcessInfo.processInfo.systemUptime < deadline
            else { return nil }
            defer { state.next += 1 }
            return state.next
        }
        guard let number else { return false }
        let scenario = scenarios[number % scenarios.count]
        let seed = options.seeds.lowerBound + UInt64(number / scenarios.count)
        let result = Result { try scenario.run(seed: seed, plan: options.plan, options: options.set).outcome }
        state.withLock { state in
            switch result {
            case .success(let outcome):
                state.tally.done += 1
                state.tally.simulated += outcome.tyme
                state.tally.events += outcome.hash.count
                if outcome.failure != nil { state.tally.failures.append(outcome) }
            case .failure(let error): state.tally.error = error
            }
        }
        return true
    }
}
