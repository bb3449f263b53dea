import Containers

/// Enter, extend, remove and every kind of end.
///
/// Errors of doers are noted with the doist where they come up. Under `.failAll` they go on to the caller, who gets the
/// first of several; under `.isolate` they stop there.
///
/// What a doer does in such a call may end this very deck, so the engine is looked up once and handed on.
extension Deck {
    /// Makes the deck ready to take deeds.
    func open(_ engine: Engine) {
        precondition(pointee.count == 0, "\(name) is entered already")
        pointee.engine = engine
        unsafe pointee.tockField = unsafe findTock()
        pointee.phase = .open
        pointee.lastPass = .nan
    }

    /// Enters all doers of the list in order.
    func enterDoers() throws {
        let isolates = pointee.engine!.pointee.isolates
        for doer in doers where lists(doer) {  // one that entered before it may have removed it
            guard doer.deed.pointee.phase == .idle else { throw alreadyScheduled(doer) }
            do { try enter(doer) } catch  where !isolates {
                throw error
            } catch {}  // noted, and the others go on
            guard pointee.phase == .open else { throw ScheduleError.ended(scheduler: name) }
        }
    }

    /// Enters new doers at once and gives them places; see ``Doist/extend(_:keeps:)``.
    func extend(_ doers: [Doer], keeps: Bool) throws {
        switch pointee.phase {
        case .notEntered: throw ScheduleError.notEntered(scheduler: name)
        case .closing, .ended: throw ScheduleError.ended(scheduler: name)
        case .open: pointee.engine!.heedOwner()
        }
        for doer in doers where doer.deed.pointee.phase != .idle && doer.deed.pointee.owner != self {
            throw alreadyScheduled(doer)
        }
        let isolates = pointee.engine!.pointee.isolates
        var added: [Doer] = []
        for doer in doers where doer.deed.pointee.phase == .idle && !lists(doer) {
            do {
                try enter(doer)
            } catch  where !isolates {
                takeBack(added)
                throw error
            } catch {}
            guard pointee.phase == .open else { throw ScheduleError.ended(scheduler: name) }
            doer.deed.pointee.isUnlistedAtEnd = !keeps
            guard keeps || doer.deed.pointee.phase != .idle else { continue }  // it was done within enter
            list(doer)
            added.append(doer)
        }
        wakeOwners()
    }

    /// Closes the given doers at once, last place first, and strikes them off the list.
    func remove(_ doers: [Doer]) throws {
        if pointee.phase == .open { pointee.engine!.heedOwner() }
        var open: [Doer] = []
        for doer in doers where unlist(doer) {
            let deed = doer.deed
            if deed.pointee.owner == self, deed.pointee.phase == .active, !deed.isRunning { open.append(doer) }
        }
        guard let engine = pointee.engine else { return }
        let first = close(open, engine)
        if pointee.phase == .open, pointee.count == 0 { wakeOwners() }
        if let first, !engine.pointee.isolates { throw first }
    }

    /// Closes all deeds, last place first.
    ///
    /// Nothing to do if that was done.
    func closeAll() throws {
        guard pointee.phase == .open, let engine = pointee.engine else { return }
        precondition(pointee.running == nil, "\(name): one of its doers called its exit; remove the doers instead")
        pointee.phase = .closing
        var first: (any Error)?
        while let deed = pointee.tail {
            let error = close(deed, engine)
            first = first ?? error
        }
        pointee.phase = .ended
        freeContainers()
        if let first, !engine.pointee.isolates { throw first }
    }

    /// Lets go of all deeds without calling them: the doist is gone.
    func abandon() {
        while let deed = pointee.tail {
            deed.pointee.deck?.abandon()
            deed.leaveAll()
            unlink(deed)
            deed.pointee.outcome = .abandoned
            settle(deed)
            unsafe deed.pointee.doer!.release()
        }
        pointee.phase = .ended
        pointee.engine = nil
        freeContainers()
    }

    // MARK: - One deed

    /// Enters a doer and links it; throws what it threw after abort and exit, or what its end threw if it was done.
    private func enter(_ doer: Doer) throws {
        let deed = doer.deed
        let engine = pointee.engine!
        let tyme = engine.pointee.tyme
        deed.pointee.phase = .entering
        deed.pointee.owner = self
        deed.pointee.outcome = .active
        deed.pointee.isDone = false
        deed.pointee.isFinished = false
        deed.pointee.retyme = tyme
        deed.pointee.isTemp = deed.pointee.tempWish ?? pointee.owner?.pointee.isTemp ?? engine.pointee.isTemp
        deed.pointee.deck?.open(engine)
        tell(.enter, of: deed, engine)
        do {
            try doer.enter(tyme)
        } catch {
            abort(deed, error, in: .enter, engine)
            settle(deed)
            throw error
        }
        if deed.pointee.isFinished {
            let first = endNormally(deed, engine)
            settle(deed)
            if let first { throw first }
        } else if pointee.phase != .open {
            _ = endByForce(deed, engine)
            settle(deed)
            throw ScheduleError.ended(scheduler: name)
        } else {
            place(deed)
        }
    }

    private func place(_ deed: Deed) {
        link(deed, before: pointee.running)
        deed.pointee.phase = .active
        if pointee.running != nil, pointee.engine!.pointee.isExtra {
            setPending(deed)
        } else {
            requeueUpcoming(deed)
        }
    }

    /// Undoes an extend that failed.
    private func takeBack(_ added: [Doer]) {
        var open: [Doer] = []
        for doer in added where unlist(doer) {
            if doer.deed.pointee.owner == self, doer.deed.pointee.phase == .active { open.append(doer) }
        }
        if let engine = pointee.engine { _ = close(open, engine) }
    }

    /// Closes deeds of this deck, last place first; returns the first error.
    private func close(_ doers: [Doer], _ engine: Engine) -> (any Error)? {
        var first: (any Error)?
        for doer in doers.sorted(by: { $0.deed.pointee.label > $1.deed.pointee.label }) {
            let deed = doer.deed
            // Closing one may have closed or removed another.
            guard deed.pointee.owner == self, deed.pointee.phase == .active, !deed.isRunning else { continue }
            let error = close(deed, engine)
            first = first ?? error
        }
        return first
    }

    private func close(_ deed: Deed, _ engine: Engine) -> (any Error)? {
        deed.leaveAll()
        unlink(deed)
        let first = endByForce(deed, engine)
        settle(deed)
        unsafe deed.pointee.doer!.release()
        return first
    }

    /// Clean and exit of a deed whose recur or enter said done.
    func endNormally(_ deed: Deed, _ engine: Engine) -> (any Error)? {
        deed.pointee.isDone = true
        deed.pointee.outcome = .done
        var first: (any Error)?
        tell(.clean, of: deed, engine)
        do { try deed.doer.clean(engine.pointee.tyme) } catch {
            note(error, of: deed, in: .clean, engine)
            first = error
        }
        let second = exit(deed, engine)
        return first ?? second
    }

    /// Abort and exit of a deed that threw.
    func abort(_ deed: Deed, _ error: any Error, in context: DoerFailure.Context, _ engine: Engine) {
        deed.pointee.outcome = .failed
        deed.pointee.isDone = false
        note(error, of: deed, in: context, engine)
        tell(.abort, of: deed, engine)
        deed.doer.abort(error, at: engine.pointee.tyme)
        _ = exit(deed, engine)
    }

    private func endByForce(_ deed: Deed, _ engine: Engine) -> (any Error)? {
        deed.pointee.phase = .closing
        deed.pointee.outcome = .closed
        var first: (any Error)?
        tell(.cease, of: deed, engine)
        do { try deed.doer.cease(engine.pointee.tyme) } catch {
            note(error, of: deed, in: .cease, engine)
            first = error
        }
        let second = exit(deed, engine)
        return first ?? second
    }

    /// Exit, and the close of its children even if an override did not get to it.
    private func exit(_ deed: Deed, _ engine: Engine) -> (any Error)? {
        deed.pointee.phase = .closing
        var first: (any Error)?
        tell(.exit, of: deed, engine)
        do { try deed.doer.exit(engine.pointee.tyme) } catch {
            note(error, of: deed, in: .exit, engine)
            first = error
        }
        guard let children = deed.pointee.deck else { return first }
        do { try children.closeAll() } catch {
            first = first ?? error
        }
        children.pointee.engine = nil
        return first
    }

    /// The last step of every end: the doer is free again.
    func settle(_ deed: Deed) {
        if deed.pointee.isUnlistedAtEnd {
            deed.pointee.isUnlistedAtEnd = false
            _ = unlist(deed.doer)
        }
        deed.pointee.owner = nil
        deed.pointee.phase = .idle
        deed.pointee.place = .nowhere
    }

    private func note(_ error: any Error, of deed: Deed, in context: DoerFailure.Context, _ engine: Engine) {
        let doist = unsafe engine.pointee.doist!.takeUnretainedValue()
        let tyme = engine.pointee.tyme
        doist.note(DoerFailure(path: deed.path(under: doist), context: context, tyme: tyme, error: error))
    }

    private func alreadyScheduled(_ doer: Doer) -> ScheduleError {
        .alreadyScheduled(doer: doer.name, scheduler: doer.deed.pointee.owner?.name ?? name)
    }

    private func freeContainers() {
        pointee.upcoming.free()
        pointee.current.free()
        pointee.timers.free()
        pointee.batch.free()
        pointee.ahead.free()
        pointee.rival = .max
        pointee.keepPlace = .never
        pointee.woken.free()
        pointee.pending.free()
    }
}

extension Deed {
    /// Names from the doist down to this doer.
    func path(under doist: Doist) -> [String] {
        var names: [String] = []
        var next: Deed? = self
        while let deed = next {
            names.append(deed.doer.name)
            next = deed.pointee.owner?.pointee.owner
        }
        return [doist.name] + names.reversed()
    }
}
