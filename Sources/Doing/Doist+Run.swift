import Containers

extension Doist {
    /// Enters, unless that was done, runs to the end, and exits.
    ///
    /// The end is when a pass leaves no deeds (``isDone``), else when tyme reaches start + limit, else a stop that was
    /// requested. With a ``pace`` it follows the clock, without one it goes as fast as it can.
    ///
    /// - Parameter limit: seconds of tyme for this run instead of ``limit``; nil for that one, 0 for none.
    /// - Throws: under ``ErrorPolicy/failAll`` the first error of a doer; ``TymeError/limit(_:)``;
    ///   ``ScheduleError/stalled(tyme:deeds:)`` in simulated time when nothing can ever become due, and
    ///   ``ScheduleError/needsPace(doer:scheduler:)`` when a doer has a real socket there; what the pace threw. Every
    ///   exit has run then.
    /// - Precondition: not called by one of its doers.
    public func run(limit: Double? = nil) throws {
        precondition(!engine.pointee.isBusy, "\(name): a doer called run of its own doist")
        try closing {
            if pace != nil {
                try begin(limit: limit)
                while let deadline = try rideOn() {
                    engine.pointee.isAsleep = true
                    defer { engine.pointee.isAsleep = false }
                    try pace?.poll(until: deadline.clock, block: true)
                }
            } else {
                let stop = try stopTyme(limit: limit)
                isRunningWithoutPace = true
                defer { isRunningWithoutPace = false }
                if !isEntered { try enter() }
                takeNews()
                if !isStopRequested { try simulate(until: tyme + stop) }
            }
        }
    }

    /// The same with a pace for this run, which stays set.
    ///
    /// - Throws: as ``run(limit:)``; ``ScheduleError/alreadyEntered(scheduler:)`` if it has entered without this pace,
    ///   so that its doers know another one, or none.
    public func run(limit: Double? = nil, pace: some Pace) throws {
        try take(pace)
        try run(limit: limit)
    }

    /// Takes a pace for a run.
    func take(_ pace: some Pace) throws(ScheduleError) {
        if self.pace === pace { return }
        if isEntered { throw .alreadyEntered(scheduler: name) }
        self.pace = pace
    }

    /// Seconds that a run may take, infinite without a limit.
    func stopTyme(limit: Double?) throws(TymeError) -> Double {
        let limit = limit ?? self.limit ?? 0.0
        guard limit.isSpan else { throw .limit(limit) }
        return limit > 0 ? limit : .infinity
    }

    /// Runs every exit after `body`, and lets the first error surface.
    private func closing(_ body: () throws -> Void) throws {
        do { try body() } catch {
            try? exit()
            throw error
        }
        try exit()
    }

    private func simulate(until stop: Tyme) throws {
        ownerThread.note()
        while true {
            try passAndTick()
            if isDone || tyme >= stop || isStopRequested { return }
            if root.hasReady { continue }
            let target = min(root.firstTimer, stop)
            if target <= tyme { continue }
            guard tyme + tock > tyme, target < .infinity else {
                throw ScheduleError.stalled(tyme: tyme, deeds: deedCount)
            }
            if skipsIdle {
                let count =
                    engine.pointee.advanceEvenly(until: target, atMost: .max)
                    ?? engine.pointee.advance(until: target, atMost: .max)
                engine.pointee.statistics.skippedTicks &+= UInt64(truncatingIfNeeded: count)
            } else {
                tickQuietly(until: target)
            }
            if tyme >= stop { return }
        }
    }

    /// One tick after the other up to `target`, as long as nobody else asks for something: their passes do nothing.
    ///
    /// It leaves behind what as many calls of ``tickQuietly()`` would; kept in registers meanwhile, since to write a
    /// tyme down and read it again takes longer than to add to it.
    private func tickQuietly(until target: Tyme) {
        guard canTickQuietly, root.pointee.woken.count == 0 else { return }
        let tock = engine.pointee.tock
        var (tyme, last, lastButOne) = (engine.pointee.tyme, root.pointee.lastPass, root.pointee.lastPassButOne)
        var count: UInt64 = 0
        while tyme < target, !board.mayHaveNews {
            lastButOne = last
            last = tyme
            tyme += tock
            count &+= 1
        }
        guard count > 0 else { return }
        (root.pointee.lastPass, root.pointee.lastPassButOne) = (last, lastButOne)
        engine.pointee.lastPassTyme = last
        engine.pointee.tyme = tyme
        engine.pointee.statistics.passes += count
        engine.pointee.isDone = false
    }
}

extension Deck {
    /// Whether a pass at `tyme` would find nothing due, but for woken deeds.
    func isQuiet(at tyme: Tyme) -> Bool {
        pointee.upcoming.live | pointee.pending.live == 0 && firstTimer > tyme
    }
}
