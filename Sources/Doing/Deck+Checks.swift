import Containers

/// What holds of every deck between any two steps: for tests, which ask after each.
extension Doist {
    /// The first thing that does not hold, or nil.
    ///
    /// Costs O(n) and changes nothing.
    package func findFault() -> String? { root.findFault(isPassing: engine.pointee.isBusy) }
}

extension Deck {
    fileprivate func findFault(isPassing: Bool) -> String? {
        guard pointee.engine != nil, pointee.phase == .open || pointee.phase == .closing else { return nil }
        var tally = Tally()
        var (previous, next): (Deed?, Deed?) = (nil, pointee.head)
        while let deed = next {
            let name = deed.doer.name
            if let fault = fault(of: deed, after: previous, isPassing) { return "\(name) of \(self.name): \(fault)" }
            tally.count(deed, in: self)
            if let fault = deed.pointee.deck?.findFault(isPassing: isPassing) { return fault }
            (previous, next) = (deed, deed.pointee.next)
        }
        if previous != pointee.tail { return "\(name): the last deed is not the tail" }
        return (tally.fault(of: self) ?? listFault ?? (isPassing ? nil : restFault)).map { "\(name): \($0)" }
    }

    /// What is wrong with one deed that is linked here.
    private func fault(of deed: Deed, after previous: Deed?, _ isPassing: Bool) -> String? {
        let state = deed.pointee
        if state.owner != self { return "another owner" }
        if state.previous != previous { return "its neighbour is another" }
        if let previous, previous.pointee.label >= state.label { return "labels do not rise" }
        // One that has come to its end cleans and exits at its place.
        if state.phase != .active, pointee.running != deed || state.phase != .closing {
            return "linked in phase \(state.phase)"
        }
        if state.isAutoParked, !state.isParked || state.deck == nil || state.tock != 0 {
            return "parked for no children"
        }
        if !stands(deed) { return "not in \(state.place) at \(state.slot)" }
        switch state.wake {
        case .none: break
        case .listed: if !pointee.woken.holds(deed, at: state.wakeSlot) { return "not among the woken" }
        case .ahead: if !pointee.ahead.holds(deed, at: state.wakeSlot) { return "not ahead" }
        }
        guard !isPassing else { return nil }
        if state.wake == .ahead || state.place == .batch { return "left in a pass that is over" }
        if state.isWakePending { return "a wake is pending, and it does not run" }
        if state.place == .nowhere, state.wake == .none, state.retyme < .infinity { return "lost: nothing leads to it" }
        return nil
    }

    /// Whether a deed stands where it says.
    private func stands(_ deed: Deed) -> Bool {
        let slot = deed.pointee.slot
        switch deed.pointee.place {
        case .nowhere: return true
        case .never: return false
        case .heap, .wheel: return pointee.timers.holds(deed)
        case .batch: return pointee.batch.holds(deed, at: slot)
        case .pending: return pointee.pending.holds(deed, at: slot)
        case .ready0, .ready1:
            let isUpcoming = deed.pointee.place == pointee.upcomingPlace
            return (isUpcoming ? pointee.upcoming : pointee.current).holds(deed, at: slot)
        }
    }

    /// What is wrong with the list of doers.
    private var listFault: String? {
        if pointee.doers.count(where: { $0 != nil }) != pointee.listed { return "the list has another length" }
        for (index, doer) in pointee.doers.enumerated() {
            guard let deed = doer?.deed else { continue }
            if deed.pointee.listings == 0 { return "\(deed.doer.name) knows of no list" }
            if deed.pointee.listing == self, deed.pointee.listSlot != index { return "\(deed.doer.name) is misplaced" }
        }
        return nil
    }

    /// What a pass must not have left behind.
    private var restFault: String? {
        if pointee.running != nil { return "one runs" }
        if !pointee.ahead.isEmpty || pointee.batch.nextLabel < .max || pointee.rival < .max { return "rivals are left" }
        if pointee.keepPlace != .never || pointee.current.count > 0 { return "ready deeds are left" }
        var last: UInt64 = 0
        for index in 0..<pointee.upcoming.count {
            guard let deed = unsafe pointee.upcoming.base?[index] else { continue }
            if deed.pointee.label <= last { return "the upcoming are out of order at \(deed.doer.name)" }
            last = deed.pointee.label
        }
        return nil
    }
}

/// How many deeds stand where.
private struct Tally {
    private var (all, autoParked, upcoming, current, pending, timed, woken, ahead) = (0, 0, 0, 0, 0, 0, 0, 0)

    mutating func count(_ deed: Deed, in deck: Deck) {
        all += 1
        if deed.pointee.isAutoParked { autoParked += 1 }
        if deed.pointee.wake == .listed { woken += 1 }
        if deed.pointee.wake == .ahead { ahead += 1 }
        switch deed.pointee.place {
        case .nowhere, .never, .batch: break
        case .heap, .wheel: timed += 1
        case .pending: pending += 1
        case .ready0, .ready1:
            if deed.pointee.place == deck.pointee.upcomingPlace { upcoming += 1 } else { current += 1 }
        }
    }

    func fault(of deck: Deck) -> String? {
        let state = deck.pointee
        if all != state.count { return "\(all) deeds of \(state.count)" }
        if autoParked != state.autoParked { return "\(autoParked) parked for children of \(state.autoParked)" }
        if woken != state.woken.live { return "\(woken) woken of \(state.woken.live)" }
        if ahead != state.ahead.count { return "\(ahead) ahead of \(state.ahead.count)" }
        if upcoming != state.upcoming.live { return "\(upcoming) upcoming of \(state.upcoming.live)" }
        if pending != state.pending.live { return "\(pending) pending of \(state.pending.live)" }
        if timed != state.timers.count { return "\(timed) timers of \(state.timers.count)" }
        return nil
    }
}

extension DeedBuffer {
    fileprivate func holds(_ deed: Deed, at index: UInt32) -> Bool { unsafe index < count && base?[Int(index)] == deed }
}

extension DeedHeap {
    fileprivate func holds(_ deed: Deed, at index: UInt32) -> Bool {
        unsafe index < count && base?[Int(index)].deed == deed
    }
}
