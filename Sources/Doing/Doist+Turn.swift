import Containers

/// A run in real time: where its ticks lie on the clock, and how far it got.
struct Ride {
    var pace: any Pace
    var metronome: Metronome
    /// The tyme at which it ends.
    let stop: Tyme
    /// Extra passes since the last tick.
    var extraPasses = 0
    var isHeld = false

    /// Gives back what the pace took for the run, and lets its descriptors through for the next one.
    func end() {
        if isHeld { try? pace.hold(false) }
        pace.stop()
    }
}

/// When a ride goes on at the latest.
struct RideDeadline {
    /// On the clock of the pace; nil when only a descriptor or a kick can bring work.
    let clock: Double?
}

extension Doist {
    /// In real time: polls, runs the passes that the clock says are due and extra passes for woken doers, and says when
    /// to call again.
    ///
    /// The first turn enters. A host calls again when ``Doist/Turn/wait`` seconds have gone or ``descriptor`` is
    /// readable, whichever is first; early calls are harmless. At the end of the run, also by an error, every exit has
    /// run and further turns do nothing.
    ///
    /// A tick in which nothing is due costs no pass: tyme jumps over it. If the clock is more than ``longestLag`` ahead
    /// of what was due, as after a stop of the process, tyme did not pass meanwhile.
    ///
    /// - Throws: ``ScheduleError/noPace(scheduler:)``; under ``ErrorPolicy/failAll`` the first error of a doer; what
    ///   the pace threw.
    /// - Precondition: not called by one of its doers.
    public func turn() throws -> Turn {
        precondition(!engine.pointee.isBusy, "\(name): a doer called turn of its own doist")
        guard let pace else { throw ScheduleError.noPace(scheduler: name) }
        if ride == nil, root.pointee.phase == .ended { return Turn(isDone: true, wait: nil) }
        do {
            if ride == nil { try begin(limit: nil) }
            engine.pointee.isAsleep = false
            try pace.poll(until: nil, block: false)
            if let deadline = try rideOn() {
                engine.pointee.isAsleep = true
                return Turn(isDone: false, wait: deadline.clock.map { max(0.0, $0 - pace.now()) })
            }
        } catch {
            try? exit()
            throw error
        }
        try exit()
        return Turn(isDone: true, wait: nil)
    }

    /// The same as `run(limit:pace:)` without `await`, inside a task and without blocking its executor.
    ///
    /// The doers run wherever the caller runs. When the task is cancelled every exit runs, and `CancellationError` is
    /// thrown.
    nonisolated(nonsending) public func run(limit: Double? = nil, pace: some Pace) async throws {
        precondition(!engine.pointee.isBusy, "\(name): a doer called run of its own doist")
        try take(pace)
        do {
            try begin(limit: limit)
            while let deadline = try rideOn() {
                try Task.checkCancellation()
                engine.pointee.isAsleep = true
                defer { engine.pointee.isAsleep = false }
                try await pace.wait(until: deadline.clock)
            }
        } catch {
            try? exit()
            throw error
        }
        try exit()
    }

    /// Starts the pace and enters, unless that was done.
    func begin(limit: Double?) throws {
        guard let pace else { throw ScheduleError.noPace(scheduler: name) }
        precondition(ride == nil, "\(name): a run in real time is under way")
        let span = try stopTyme(limit: limit)
        try pace.start()
        ride = Ride(pace: pace, metronome: Metronome(now: pace.now(), tock: tock), stop: tyme + span)
        do {
            if !isEntered { try enter() }
        } catch {
            ride?.end()
            ride = nil
            throw error
        }
    }

    /// The tyme for what comes from outside between passes.
    ///
    /// In real time ticks in which nothing was due go by unseen while the run sleeps, so ``tyme`` is that of the last
    /// turn. This lets them go by first, as the next turn would. In a pass, and in simulated time, it is ``tyme``.
    @usableFromInline package func freshTyme() -> Tyme {
        if !engine.pointee.isBusy { freshen() }
        return engine.pointee.tyme
    }

    /// Lets the idle ticks up to the clock go by, between passes in real time. Their number is told by the next input.
    func freshen() {
        guard ride != nil, let now = pace?.now() else { return }
        ride!.metronome.adopt(tock)
        if ride!.metronome.boundary <= now, root.isQuiet(at: tyme) { _ = skipTicks(&ride!, until: now) }
    }

    /// All that is to do now; answers when to go on, or nil at the end.
    ///
    /// It goes by rounds: what other threads have asked, one pass that the clock says is due, one extra pass. Between
    /// rounds the pace is polled, so that whoever always has more to do gets a share, and not the turn. After
    /// ``extraPassesPerTurn`` rounds the host has its turn.
    func rideOn() throws -> RideDeadline? {
        var left = Doist.extraPassesPerTurn
        while var ride {
            let round = try busily { () throws -> Round in
                defer { if self.ride != nil { self.ride = ride } }
                takeNews()
                return try makeRound(&ride)
            }
            switch round {
            case .over: return nil
            case .waits:
                let isWaiting = root.pointee.woken.live > 0 || ride.isHeld
                return RideDeadline(clock: nextClock(ride, isWaiting: isWaiting))
            case .more: break
            }
            left -= 1
            guard left > 0 else { return RideDeadline(clock: ride.pace.now()) }
            try ride.pace.poll(until: nil, block: false)
        }
        return nil
    }

    /// What a round has come to.
    private enum Round {
        /// The run is over.
        case over
        /// There is more to do at once.
        case more
        /// Nothing is to do before a tick, or a descriptor.
        case waits
    }

    /// At most one pass that is due, and one extra pass.
    private func makeRound(_ ride: inout Ride) throws -> Round {
        let now = ride.pace.now()
        ride.metronome.adopt(tock)
        if isEnding(ride) { return .over }
        if let due = nextClock(ride, isWaiting: false), now - due > Doist.longestLag {
            // What the sockets hold is older than what the timers missed.
            if try makeExtraPass(&ride, atMost: 1) { return .over }
            ride.metronome.shift(by: now - due)
            statistics.clockShifts += 1
            statistics.shiftedSeconds += now - due
        }
        if ride.metronome.boundary <= now, try makeDuePass(&ride, now) { return .over }
        if tyme >= ride.stop, ride.metronome.boundary <= now { return .over }
        if try makeExtraPass(&ride, atMost: extraPassLimit) { return .over }
        try hold(&ride)
        let isLate = tock > 0 && ride.metronome.boundary <= now
        return isLate || root.pointee.woken.live > 0 && ride.extraPasses < extraPassLimit ? .more : .waits
    }

    /// Ticks up to the clock, with the first pass that is due on the way; answers whether the run is over.
    private func makeDuePass(_ ride: inout Ride, _ now: Double) throws -> Bool {
        if tyme < ride.stop, root.isQuiet(at: tyme), root.pointee.count > 0 { _ = skipTicks(&ride, until: now) }
        guard ride.metronome.boundary <= now else { return false }
        if tyme >= ride.stop { return true }
        if root.isQuiet(at: tyme), root.pointee.count > 0 { return false }
        let oldest = now - Double(Doist.ticksMadeUp) * tock
        if ride.metronome.boundary <= oldest { _ = skipTicks(&ride, until: oldest, target: ride.stop) }
        if now - ride.metronome.boundary > tock { statistics.lateTicks += 1 }
        try makeTimedPass(.due, ride)
        ride.metronome.tick(by: tock)
        ride.extraPasses = 0
        isDone = root.pointee.count == 0
        return isDone || isEnding(ride)
    }

    private func isEnding(_ ride: Ride) -> Bool { isStopRequested || ride.pace.isStopRequested }

    /// Ticks without passes up to the clock, and to the next due tyme or the stop; answers how many.
    private func skipTicks(_ ride: inout Ride, until now: Double) -> Int {
        skipTicks(&ride, until: now, target: min(root.firstTimer, ride.stop))
    }

    private func skipTicks(_ ride: inout Ride, until now: Double, target: Tyme) -> Int {
        guard tock > 0 else { return 0 }
        let elapsed = ((now - ride.metronome.boundary) / tock).rounded(.down) + 1
        let count = engine.pointee.advance(until: target, atMost: Int(min(elapsed, 0x1p53)))
        if count > 0 { ride.extraPasses = 0 }
        ride.metronome.skip(count)
        statistics.skippedTicks += UInt64(count)
        return count
    }

    /// An extra pass, if somebody is woken and the tick has not had `most`; answers whether the run is over.
    private func makeExtraPass(_ ride: inout Ride, atMost most: Int) throws -> Bool {
        guard root.pointee.woken.live > 0, ride.extraPasses < most else { return false }
        ride.extraPasses += 1
        if ride.extraPasses == extraPassLimit { statistics.spentTicks += 1 }
        try makeTimedPass(.extra, ride)
        isDone = root.pointee.count == 0
        return isDone || isEnding(ride)
    }

    /// Descriptors are held back while the extra passes of this tick are spent.
    private func hold(_ ride: inout Ride) throws {
        let isSpent = ride.extraPasses >= extraPassLimit
        guard isSpent != ride.isHeld else { return }
        try ride.pace.hold(isSpent)
        ride.isHeld = isSpent
    }

    /// When the next tick comes at which there is something to do, on the clock; nil if there is none.
    ///
    /// Any tick will do if someone is waiting for one.
    private func nextClock(_ ride: Ride, isWaiting: Bool) -> Double? {
        let isDue = !root.isQuiet(at: tyme) || root.pointee.count == 0
        let target = isWaiting || isDue ? tyme : min(root.firstTimer, ride.stop)
        guard target > tyme else { return ride.metronome.boundary }
        guard target < .infinity, tock > 0 else { return nil }
        // A hair early rather than a tick late: the quotient is rounded.
        let ticks = max(0.0, ((target - tyme) / tock - 1e-6).rounded(.up))
        return ride.metronome.boundary(after: ticks)
    }

    // MARK: - Slow passes

    private func makeTimedPass(_ kind: Pass.Kind, _ ride: Ride) throws {
        let start = ride.pace.now()
        let (tyme, tock) = (tyme, tock)
        passLongest = 0.0
        defer {
            let seconds = ride.pace.now() - start
            statistics.longestPass = max(statistics.longestPass, seconds)
            if tock > 0, seconds > Doist.slowPassTocks * tock {
                statistics.slowPasses += 1
                onSlowPass?(SlowPass(tyme: tyme, seconds: seconds, doer: passLongest > 0 ? passSlowest : nil))
            }
        }
        try makePass(kind)
    }

    /// Times one recur of a deed that is not itself a scheduler, and tells of it.
    func profile(_ deed: Deed, _ body: () throws -> Recurrence) rethrows -> Recurrence {
        let verdict = try time(deed, body)
        if engine.pointee.isTold { tell(.recur(verdict), of: deed) }
        return verdict
    }

    private func time(_ deed: Deed, _ body: () throws -> Recurrence) rethrows -> Recurrence {
        guard isProfiling, deed.pointee.deck == nil, let pace else { return try body() }
        let start = pace.now()
        defer {
            let seconds = pace.now() - start
            if seconds > passLongest {
                passLongest = seconds
                passSlowest = deed.path(under: self)
            }
            if seconds > statistics.longestRecur {
                statistics.longestRecur = seconds
                statistics.slowestDoer = deed.path(under: self)
            }
        }
        return try body()
    }
}
