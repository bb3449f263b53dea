import Foundation
import Rehearsing
import Sockets

extension SeedSweep {
    /// Makes all runs on some threads, until SIGINT or SIGTERM, after which those under way still come to their end; a
    /// second signal ends the process as ever.
    ///
    /// - Parameters:
    ///   - jobs: threads, each with a world of its own.
    ///   - time: seconds after which no more runs begin; nil for no end.
    ///   - progress: called about every second, on the calling thread.
    /// - Returns: whether a signal ended it.
    func run(jobs: Int, time: Double?, progress: (Tally) -> Void) throws -> Bool {
        let signals = RealPace(stopOn: [.interrupt, .terminate])
        try signals.start()
        let done = DispatchGroup()
        for _ in 0..<jobs {
            done.enter()
            let thread = Thread { [self] in
                while runNext() {}
                done.leave()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        let start = ProcessInfo.processInfo.systemUptime
        var (looks, wasInterrupted) = (0, false)
        while done.wait(timeout: .now() + 0.1) == .timedOut {
            looks += 1
            if signals.isStopRequested {
                wasInterrupted = true
                stop()
                signals.stop()
            }
            if let time, ProcessInfo.processInfo.systemUptime - start >= time { stop() }
            if looks % 10 == 0 { progress(tally) }
        }
        return wasInterrupted
    }
}
