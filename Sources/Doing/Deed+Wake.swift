import Containers

/// Waking, and which container a deed stands in.
extension Deed {
    /// The doer, which lives at least as long as the record.
    var doer: Doer { unsafe pointee.doer.unsafelyUnwrapped.takeUnretainedValue() }

    /// Whether a park needs no more than to be noted: no dodoer, no wake meanwhile, and in no container.
    ///
    /// The pass does that itself: 30 instructions of 76 less a park.
    @inline(__always)
    var mayJustPark: Bool { pointee.place == .nowhere && !pointee.isScheduler && !pointee.isWakePending }

    /// Whether its recur, or its end, is on the stack.
    var isRunning: Bool { pointee.owner?.pointee.running == self }

    /// Ends a park: the deed runs in the pass under way if its place is still ahead, else in the next one.
    ///
    /// Owners that are parked are woken too. In real time a deed that is not parked is noted for an extra pass.
    func wake() {
        guard pointee.phase == .active, let deck = pointee.owner, let engine = deck.pointee.engine else { return }
        if _slowPath(engine.pointee.isRecorded), !engine.pointee.isBusy { tellWake(engine) }
        engine.kickIfAsleep()
        guard deck.pointee.running != self else {
            pointee.isWakePending = true  // it counts after its verdict, should that be a park
            return
        }
        // At the root nobody else has to hear of it: the short way.
        guard pointee.isParked, !pointee.isAutoParked, deck.pointee.owner == nil else {
            return wakeSlowly(deck, engine)
        }
        endOwnPark(engine)
    }

    @inline(never)
    private func wakeSlowly(_ deck: Deck, _ engine: Engine) {
        if pointee.isAutoParked {
            guard engine.pointee.isRealTime else { return rouse() }  // to its users it was never parked
            unparkAsPolled()
        } else if pointee.isParked {
            endOwnPark(engine)
        } else if engine.pointee.isRealTime {
            noteWoken(ahead: engine.pointee.isExtra)
        } else {
            return
        }
        if deck.pointee.owner != nil { deck.wakeOwners() }
    }

    /// Lets a park end at `tyme` at the latest.
    func wake(by tyme: Tyme) {
        precondition(!tyme.isNaN, "wake by NaN")
        guard pointee.phase == .active, let deck = pointee.owner, let engine = deck.pointee.engine else { return }
        guard pointee.isParked, !isRunning, pointee.retyme > tyme else {
            if isRunning { wake() }  // its verdict is not known yet
            return
        }
        guard deck.pointee.owner == nil, !pointee.isAutoParked, tyme > engine.pointee.tyme,
            engine.pointee.isBusy || !engine.pointee.isRealTime
        else { return wake() }
        guard pointee.wake == .none else { return }
        leaveContainer()
        pointee.retyme = tyme
        deck.setTimer(self)
    }

    /// Ends a park of this deed alone.
    func endPark() {
        if pointee.isAutoParked { unparkAsPolled() } else { endOwnPark(pointee.owner!.pointee.engine!) }
    }

    /// Ends a park by a verdict of its own; it stays parked, since its retyme starts anew in the pass that runs it.
    @inline(__always)
    private func endOwnPark(_ engine: Engine) {
        if pointee.place != .nowhere { leaveContainer() }
        pointee.retyme = engine.pointee.tyme
        noteWoken(ahead: true)
    }

    /// Ends a park on behalf of children as if there had been none, and those of owners that park because of it.
    func rouse() {
        var next: Deed? = self
        while let deed = next, deed.pointee.isAutoParked {
            deed.unparkAsPolled()
            next = deed.pointee.owner?.pointee.owner
        }
    }

    @inline(never)
    private func unparkAsPolled() {
        let engine = pointee.owner!.pointee.engine!
        let (run, isRoot) = (lastPolledRun, pointee.owner!.pointee.owner == nil)
        let hasPassed = pointee.owner!.hasPassed(self)
        unpark()
        pointee.deck?.pointee.lastPass = run
        if isRoot {
            pointee.retyme = hasPassed ? engine.pointee.tyme + engine.pointee.tock : engine.pointee.tyme
        } else {
            pointee.retyme = run  // its scheduler's tock is 0
        }
        noteWoken(ahead: true)
    }

    /// When a dodoer that is parked for its children would have run last, if it ran in every pass of its deck instead.
    private var lastPolledRun: Tyme {
        let deck = pointee.owner!
        let engine = deck.pointee.engine!
        if deck.pointee.running != nil { return deck.hasPassed(self) ? engine.pointee.tyme : deck.previousPass }
        guard let owner = deck.pointee.owner else { return engine.pointee.lastPassTyme }
        return owner.pointee.isAutoParked ? owner.lastPolledRun : deck.pointee.lastPass
    }

    /// Ends a park on behalf of children.
    func unpark() {
        leaveContainer()
        pointee.owner!.pointee.autoParked -= 1
        pointee.isAutoParked = false
        pointee.isParked = false
    }

    /// Puts a deed among those that run in the pass under way, if its place is `ahead` there, else among the woken.
    @inline(__always)
    func noteWoken(ahead: Bool) {
        guard pointee.wake == .none, let deck = pointee.owner else { return }
        let label = pointee.label
        if ahead, let running = deck.pointee.running, label > running.pointee.label {
            pointee.wake = .ahead
            deck.pointee.rival = Swift.min(deck.pointee.rival, label)
            guard _fastPath(deck.pointee.ahead.hasRoom) else { return deck.putAhead(self) }
            deck.pointee.ahead.insertInRoom(self, key: label)
        } else {
            deck.putAmongWoken(self)
        }
    }

    /// Takes the deed out of the container that `place` names.
    func leaveContainer() {
        let deck = pointee.owner!
        switch pointee.place {
        case .nowhere, .never: break
        case .heap, .wheel: deck.pointee.timers.remove(self)
        case .batch: deck.pointee.batch.clear(at: pointee.slot)
        case .pending: deck.pointee.pending.clear(at: pointee.slot)
        case .ready0, .ready1:
            if pointee.place == deck.pointee.upcomingPlace {
                deck.pointee.upcoming.clear(at: pointee.slot)
            } else {
                deck.pointee.current.clear(at: pointee.slot)
            }
        }
        pointee.place = .nowhere
    }

    /// Takes the deed out of everything that a pass could find it in.
    func leaveAll() {
        let deck = pointee.owner!
        leaveContainer()
        switch pointee.wake {
        case .none: break
        case .listed: deck.pointee.woken.clear(at: pointee.wakeSlot)
        case .ahead:
            deck.pointee.ahead.remove(at: Int(pointee.wakeSlot))
            deck.findRival()
        }
        pointee.wake = .none
        if pointee.isAutoParked { deck.pointee.autoParked -= 1 }
        pointee.isAutoParked = false
        pointee.isParked = false
        pointee.isWakePending = false
    }
}

extension Deck {
    @inline(never)
    fileprivate func putAhead(_ deed: Deed) { pointee.ahead.insert(deed, key: deed.pointee.label) }

    @inline(never)
    fileprivate func putAmongWoken(_ deed: Deed) {
        deed.pointee.wake = .listed
        deed.pointee.wakeSlot = pointee.woken.append(deed)
    }

    /// Whether a pass of this deck is under way that has been at the place of a deed already.
    func hasPassed(_ deed: Deed) -> Bool {
        guard let running = pointee.running else { return false }
        return deed.pointee.label <= running.pointee.label
    }

    /// The tyme of the pass before the one that is under way, counting those that were left out since nothing was due.
    var previousPass: Tyme {
        pointee.owner == nil ? pointee.engine!.pointee.lastPassTyme : pointee.lastPassButOne
    }

    /// Ends the parks of the deed whose deck this is and of its owners, that they come to look into this deck.
    func wakeOwners() {
        var deck = self
        while let owner = deck.pointee.owner {
            if owner.pointee.phase == .active {
                if owner.isRunning {
                    owner.pointee.isWakePending = true
                } else if owner.pointee.isParked {
                    owner.endPark()
                } else if owner.pointee.tock == 0, let engine = deck.pointee.engine, engine.pointee.isRealTime {
                    owner.noteWoken(ahead: engine.pointee.isExtra)
                }
            }
            guard let above = owner.pointee.owner else { return }
            deck = above
        }
    }

    /// Puts a deed that is due by tyme where the next pass finds it, if that can be then, else among the timers.
    ///
    /// Only for deeds that come in place order, as a pass meets them.
    @inline(__always)
    func requeue(_ deed: Deed, at tyme: Tyme) {
        if deed.pointee.retyme <= tyme + tock {
            requeueUpcoming(deed)
        } else {
            setTimer(deed)
        }
    }

    /// For the next pass, at the end of what was put there so far, or simply where it stands.
    @inline(__always)
    func requeueUpcoming(_ deed: Deed) {
        if _slowPath(deed.pointee.place != pointee.keepPlace) { appendUpcoming(deed) }
    }

    @inline(never)
    private func appendUpcoming(_ deed: Deed) {
        if pointee.keepPlace != .never { moveKept() }
        deed.pointee.slot = pointee.upcoming.append(deed)
        deed.pointee.place = pointee.upcomingPlace
    }

    /// Copies what the pass has left where it stood, since a deed has to come after it and before the rest.
    func moveKept() {
        var count = pointee.cursor
        if let running = pointee.running, running.pointee.place == pointee.currentPlace {
            count = Int(running.pointee.slot)  // and that one is put after its run
        }
        pointee.keepPlace = .never
        for index in 0..<count {
            if let deed = unsafe pointee.current.base![index] { appendUpcoming(deed) }
        }
    }

    @inline(__always)
    func setTimer(_ deed: Deed) {
        if deed.pointee.place != .nowhere { deed.leaveContainer() }
        if deed.pointee.retyme < .infinity { insertTimer(deed) }
    }

    /// Puts a deed that stands nowhere among the timers, by its retyme, which must be finite.
    @inline(never)
    func insertTimer(_ deed: Deed) {
        unsafe pointee.timers.insert(deed, engine: pointee.engine.unsafelyUnwrapped)
    }

    /// For the next pass, though its place may be before others that stand there already.
    func setPending(_ deed: Deed) {
        deed.pointee.place = .pending
        deed.pointee.slot = pointee.pending.append(deed)
    }

    /// Undoes the parking of dodoers down from here, because an owner no longer gets a pass every tick.
    func unparkOwners() {
        var next = pointee.head
        while let deed = next {
            next = deed.pointee.next
            guard let child = deed.pointee.deck else { continue }
            deed.rouse()
            child.unparkOwners()
        }
    }

    /// A root tock that changes in mid-pass counts for those that have not yet been requeued, and a dodoer parked for
    /// its children counts as requeued with the old tock if its place has passed.
    func settleAutoParked(oldTock: Double) {
        guard pointee.autoParked > 0, let running = pointee.running, let engine = pointee.engine else { return }
        var next = pointee.head
        while let deed = next, deed != running {
            next = deed.pointee.next
            guard deed.pointee.isAutoParked, deed.pointee.wake == .none else { continue }
            deed.unpark()
            deed.pointee.deck?.pointee.lastPass = engine.pointee.tyme
            deed.pointee.retyme = engine.pointee.tyme + oldTock
            setPending(deed)
        }
    }
}
