import Containers

/// The pass: what the doist does every tick.
extension Deck {
    /// Runs what is due at `tyme` in place order; in an extra pass what has been woken.
    ///
    /// Costs O(due), plus O(log n) for each timer. An error of a doer leaves the pass under `.failAll`; deeds that it
    /// has not come to then stay due.
    func pass(at tyme: Tyme) throws {
        precondition(pointee.running == nil, "\(name): a doer called the recur of its own scheduler")
        if unsafe pointee.engine.unsafelyUnwrapped.pointee.isExtra {
            try extraPass(at: tyme)
        } else if unsafe pointee.engine.unsafelyUnwrapped.pointee.isProfiling {
            try profiledPass(at: tyme)
        } else {
            try duePass(at: tyme, isProfiled: false)
        }
    }

    @inline(never)
    private func profiledPass(at tyme: Tyme) throws { try duePass(at: tyme, isProfiled: true) }

    @inline(__always)
    private func duePass(at tyme: Tyme, isProfiled: Bool) throws {
        if pointee.upcoming.count > 0 {
            swapReady()
            pointee.keepPlace = pointee.currentPlace
        }
        notePass(at: tyme)
        var lone = takeLone(at: tyme)
        if lone == nil { collect(at: tyme) }
        let engine = unsafe pointee.engine.unsafelyUnwrapped
        let tockField = unsafe pointee.tockField.unsafelyUnwrapped
        let (ready, count) = unsafe (pointee.current.base, pointee.current.count)
        var cursor = 0
        while true {
            var next: Deed?
            if _fastPath(cursor < count) {
                next = unsafe ready.unsafelyUnwrapped[cursor]
                if _slowPath(pointee.rival < .max), let candidate = next, candidate.pointee.label > pointee.rival {
                    pointee.cursor = cursor
                    next = takeRival()
                } else {
                    cursor &+= 1
                }
            } else if lone != nil {
                next = lone
                lone = nil
            } else {
                guard pointee.rival < .max else { break }
                pointee.cursor = cursor
                next = takeOnlyRival() ?? takeRival()
            }
            guard _fastPath(next != nil) else { continue }
            let deed = unsafe next.unsafelyUnwrapped
            guard _fastPath(deed.pointee.retyme <= tyme) else {
                pointee.running = nil
                requeue(deed, at: tyme)
                continue
            }
            if deed.pointee.isParked { restart(deed, at: tyme) }
            pointee.running = deed
            do {
                let verdict =
                    unsafe isProfiled
                    ? try profiledRecur(of: deed, at: tyme)
                    : try deed.pointee.doer.unsafelyUnwrapped._withUnsafeGuaranteedRef { try $0.recur(tyme) }
                if _fastPath(verdict == .again && deed.pointee.tock.bitPattern == 0 && !deed.pointee.isWakePending) {
                    deed.pointee.retyme = unsafe tyme + tockField.pointee
                    requeueUpcoming(deed)
                } else if case .park(let until) = verdict, unsafe until > tyme + tockField.pointee, deed.mayJustPark {
                    deed.pointee.retyme = until
                    deed.pointee.isParked = true
                    if until < .infinity { insertTimer(deed) }
                } else {
                    try conclude(deed, verdict, at: tyme)
                }
            } catch {
                if deed == pointee.running { fail(deed, error) }
                guard engine.pointee.isolates else {
                    stop(at: cursor)
                    throw error
                }
            }
        }
        pointee.running = nil
        pointee.batch.removeAll()
        if count > 0 { endReady() }
    }

    private func swapReady() {
        swap(&pointee.upcoming, &pointee.current)
        swap(&pointee.upcomingPlace, &pointee.currentPlace)
    }

    /// After a pass: where all ready deeds were left in place they are the upcoming ones, without the holes if there
    /// are many.
    private func endReady() {
        if pointee.keepPlace != .never {
            let (live, count) = (pointee.current.live, pointee.current.count)
            if live == count || live > 0 && count - live <= 8 + count / 8 {
                pointee.keepPlace = .never
                swapReady()
                return
            }
            pointee.cursor = count
            moveKept()
        }
        pointee.current.removeAll()
    }

    /// The one deed that a pass has to run, as far as is known at its beginning: a timer, while nothing is ready and
    /// nobody was woken. It needs no batch to stand in: a third of what such a pass costs by itself.
    @inline(__always)
    private func takeLone(at tyme: Tyme) -> Deed? {
        guard pointee.current.count | pointee.woken.count | pointee.pending.count == 0,
            let deed = pointee.timers.takeLone(at: tyme)
        else { return nil }
        deed.pointee.place = .nowhere
        return deed
    }

    /// Brings together what is due beside the ready deeds: timers, woken deeds and those that came out of order.
    @inline(never)
    private func collect(at tyme: Tyme) {
        if pointee.woken.count > 0 { collectWoken(at: tyme) }
        if pointee.pending.count > 0 {
            for index in 0..<pointee.pending.count {
                if let deed = unsafe pointee.pending.base![index] { putInBatch(deed) }
            }
            pointee.pending.removeAll()
        }
        if !pointee.timers.isEmpty { pointee.timers.takeDue(at: tyme) { putInBatch($0) } }
        if !pointee.batch.isSorted { pointee.batch.sort() }
        pointee.rival = pointee.batch.nextLabel
    }

    @inline(never)
    private func collectWoken(at tyme: Tyme) {
        var woken = DeedBuffer()
        swap(&woken, &pointee.woken)
        for index in 0..<woken.count {
            guard let deed = unsafe woken.base![index] else { continue }
            deed.pointee.wake = .none
            if deed.pointee.place == .nowhere {
                putInBatch(deed)
            } else if deed.pointee.place == .heap || deed.pointee.place == .wheel, deed.pointee.retyme > tyme {
                deed.pointee.wake = .listed  // not due, so kept for an extra pass
                deed.pointee.wakeSlot = pointee.woken.append(deed)
            }
        }
        if pointee.woken.count > 0 {
            woken.free()
        } else {
            woken.removeAll()
            swap(&woken, &pointee.woken)
        }
    }

    @inline(__always)
    private func putInBatch(_ deed: Deed) {
        deed.pointee.place = .batch
        pointee.batch.append(deed)
    }

    /// The next deed of the batch or of those woken ahead; nil where one has left meanwhile.
    @inline(never)
    private func takeRival() -> Deed? {
        let deed: Deed?
        if !pointee.ahead.isEmpty, pointee.ahead.first.key < pointee.batch.nextLabel {
            deed = pointee.ahead.popFirst()
            deed?.pointee.wake = .none
        } else {
            deed = pointee.batch.take()
            deed?.pointee.place = .nowhere
        }
        findRival()
        return deed
    }

    /// The same where one was woken ahead and nothing else is left, as with a peer whose datagram has just arrived; nil
    /// where there is more.
    @inline(__always)
    private func takeOnlyRival() -> Deed? {
        guard pointee.ahead.count == 1, pointee.batch.nextLabel == .max else { return nil }
        let deed = pointee.ahead.takeOnly()
        deed.pointee.wake = .none
        pointee.rival = .max
        return deed
    }

    /// A parked deed runs: its retyme starts anew here.
    @inline(__always)
    private func restart(_ deed: Deed, at tyme: Tyme) {
        deed.pointee.isParked = false
        deed.pointee.retyme = tyme
        if _slowPath(deed.pointee.isAutoParked) { restartOwner(deed) }
    }

    /// The same of a dodoer that was parked for its children: it has run in every pass, for all they know.
    @inline(never)
    private func restartOwner(_ deed: Deed) {
        deed.pointee.deck?.pointee.lastPass = previousPass
        if pointee.owner != nil { deed.pointee.retyme = previousPass }
        deed.pointee.isAutoParked = false
        pointee.autoParked -= 1
    }

    /// Leaves out what was missed, if that is the doer's policy: the first retyme of its grid after `tyme`.
    @inline(never)
    private func catchUp(_ deed: Deed, to tyme: Tyme) {
        guard deed.pointee.catchUp == .skip else { return }
        let tock = deed.pointee.tock
        var retyme = deed.pointee.retyme
        retyme += ((tyme - retyme) / tock).rounded(.down) * tock
        while retyme <= tyme {
            let following = retyme + tock
            retyme = following > retyme ? following : tyme.nextUp
        }
        deed.pointee.retyme = retyme
    }

    /// Every verdict but a plain `.again` of a doer without tock.
    @inline(never)
    private func conclude(_ deed: Deed, _ answer: Recurrence, at tyme: Tyme) throws {
        let verdict = heeded(answer, of: deed)
        switch verdict {
        case .done:
            try finish(deed)
            return
        case .again:
            let tock = deed.pointee.tock
            deed.pointee.retyme = tock == 0 ? tyme + self.tock : deed.pointee.retyme + tock
            if tock != 0, deed.pointee.retyme <= tyme { catchUp(deed, to: tyme) }
        case .park(let until):
            notePark(deed, until: until)
        }
        requeue(deed, at: tyme)
        if deed.pointee.isWakePending { wakeAfterwards(deed) }
        pointee.running = nil
    }

    @inline(never)
    private func wakeAfterwards(_ deed: Deed) {
        deed.pointee.isWakePending = false
        if deed.pointee.isAutoParked {
            deed.endPark()
            return wakeOwners()
        }
        pointee.running = nil
        deed.wake()
    }

    /// A dodoer that was woken while it ran does not park for its children; in real time it does, and is woken.
    private func heeded(_ answer: Recurrence, of deed: Deed) -> Recurrence {
        if deed.pointee.isWakePending, unsafe !pointee.engine.unsafelyUnwrapped.pointee.isRealTime,
            case .park(let until) = answer, isOffer(until, of: deed)
        {
            return .again
        }
        return answer
    }

    @inline(__always)
    private func notePark(_ deed: Deed, until: Tyme) {
        if until.isNaN { refusePark(deed) }
        deed.pointee.retyme = until
        deed.pointee.isParked = true
        if _slowPath(deed.pointee.isScheduler), isOffer(until, of: deed) {
            deed.pointee.isAutoParked = true
            pointee.autoParked += 1
        }
    }

    @inline(never)
    private func refusePark(_ deed: Deed) -> Never { preconditionFailure("\(deed.doer.name) parked until NaN") }

    /// Whether a dodoer parks until when its deck said, on behalf of its children.
    private func isOffer(_ until: Tyme, of deed: Deed) -> Bool {
        guard let children = deed.pointee.deck else { return false }
        return children.pointee.offer == until && deed.pointee.tock == 0
    }

    /// The normal end of the running deed.
    @inline(never)
    private func finish(_ deed: Deed) throws {
        let first = endNormally(deed, pointee.engine!)
        dismiss(deed)
        if let first { throw first }
    }

    /// The end of the running deed by an error.
    @inline(never)
    private func fail(_ deed: Deed, _ error: any Error) {
        abort(deed, error, in: .recur, pointee.engine!)
        dismiss(deed)
    }

    @inline(never)
    private func dismiss(_ deed: Deed) {
        pointee.running = nil
        deed.leaveAll()
        unlink(deed)
        settle(deed)
        unsafe deed.pointee.doer!.release()
    }

    /// Puts what the pass did not come to where the next one finds it.
    @inline(never)
    private func stop(at cursor: Int) {
        if pointee.keepPlace == .never {
            for index in cursor..<max(cursor, pointee.current.count) {
                if let deed = unsafe pointee.current.base![index] { setPending(deed) }
            }
        }
        while pointee.rival < .max {
            if let deed = takeRival() { setPending(deed) }
        }
        pointee.batch.removeAll()
        endReady()
    }

    // MARK: - Extra passes

    /// Runs the woken deeds, in real time, between ticks.
    ///
    /// Those that were not parked keep their retyme and their container; those that were are due at the next tick,
    /// unless they park again.
    private func extraPass(at tyme: Tyme) throws {
        let engine = unsafe pointee.engine.unsafelyUnwrapped
        for index in 0..<pointee.woken.count {
            guard let deed = unsafe pointee.woken.base![index] else { continue }
            deed.pointee.wake = .ahead
            pointee.ahead.insert(deed, key: deed.pointee.label)
        }
        pointee.woken.removeAll()
        while !pointee.ahead.isEmpty {
            let deed = takeWoken()
            if deed.pointee.isParked {
                deed.leaveContainer()  // it was woken while it ran, and then parked until a tyme
                restart(deed, at: tyme)
            }
            pointee.running = deed
            do {
                let verdict =
                    unsafe engine.pointee.isProfiling
                    ? try profiledRecur(of: deed, at: tyme)
                    : try deed.pointee.doer.unsafelyUnwrapped._withUnsafeGuaranteedRef { try $0.recur(tyme) }
                try concludeExtra(deed, verdict, at: tyme)
            } catch {
                if deed == pointee.running { fail(deed, error) }
                guard engine.pointee.isolates else {
                    while !pointee.ahead.isEmpty {
                        let rest = takeWoken()
                        if rest.pointee.place == .nowhere { setPending(rest) }
                    }
                    throw error
                }
            }
        }
    }

    @inline(never)
    private func takeWoken() -> Deed {
        let deed = pointee.ahead.popFirst()
        deed.pointee.wake = .none
        findRival()
        return deed
    }

    private func concludeExtra(_ deed: Deed, _ answer: Recurrence, at tyme: Tyme) throws {
        let verdict = heeded(answer, of: deed)
        switch verdict {
        case .done:
            try finish(deed)
            return
        case .again:
            if deed.pointee.place == .nowhere { setPending(deed) }
        case .park(let until):
            deed.leaveContainer()
            notePark(deed, until: until)
            if until <= tyme { setPending(deed) } else { setTimer(deed) }
        }
        if deed.pointee.isWakePending { wakeAfterwards(deed) }
        pointee.running = nil
    }

    @inline(never)
    private func profiledRecur(of deed: Deed, at tyme: Tyme) throws -> Recurrence {
        let doist = unsafe pointee.engine!.pointee.doist!.takeUnretainedValue()
        return try doist.profile(deed) { try deed.doer.recur(tyme) }
    }
}
