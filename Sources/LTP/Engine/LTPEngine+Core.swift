import Doing
import Wiring

/// The contract of a core, but for what arrives and what leaves.
extension LTPEngine {
    public mutating func opened(_ limits: TrainLimits, at tyme: Tyme) {
        now = max(now, tyme)
        isClosed = false
    }

    /// Cancels what has not ended, so that the peers need not find out by their timers.
    public mutating func closing(at tyme: Tyme) {
        now = max(now, tyme)
        isClosed = true
        for row in 0..<Int32(exports.bound) where exports.has(row) && exports[row].state != .canceling {
            cancelExport(row, .user, by: .us)
        }
        for row in 0..<Int32(imports.bound) where imports.has(row) && imports[row].state != .canceling {
            if imports[row].isDelivered { finish(import: row) } else { cancelImport(row, .user) }
        }
    }

    public mutating func tick(at tyme: Tyme) { now = max(now, tyme) }

    public mutating func expire(at tyme: Tyme) {
        now = max(now, tyme)
        closedImports.prune(at: tyme)
        while let key = deadlines.popDue(at: tyme) {
            let number = Int32(key >> 2)
            switch key & 3 {
            case 0: expire(export: number)
            case 1: expire(import: number)
            case 2: makeReady(number)
            default: followContacts(number)
            }
        }
    }

    public mutating func pollEvent() -> LTPEvent? {
        guard let event = events.popFirst() else { return nil }
        if case .red(let red) = event {
            clients[red.client]?.unread -= 1
            clients[red.client]?.unreadBytes -= red.bytes.count
        }
        return event
    }

    public var hasEvents: Bool { !events.isEmpty }

    public var wakeTyme: Tyme? { ready.isEmpty ? deadlines.first : -.infinity }

    public var isBlocked: Bool { blocked > 0 }

    public mutating func unblock() {
        guard blocked > 0 else { return }
        blocked = 0
        for place in peers.indices where peers[place].isBlocked {
            peers[place].isBlocked = false
            makeReady(Int32(place))
        }
    }

    /// Lets a peer with something to send take its turn.
    mutating func makeReady(_ number: Int32) {
        let place = Int(number)
        guard !peers[place].isReady, !peers[place].isBlocked, peers[place].sends, peers[place].hasMore else { return }
        peers[place].isReady = true
        ready.append(number)
    }

    // MARK: - Timers

    /// Sets the deadline of an export, unless an earlier one is set: that one looks again.
    mutating func arm(export row: Int32) {
        while exportArmed.count <= Int(row) { exportArmed.append(.infinity) }
        let next = exports[row].nextDeadline
        guard next < exportArmed[Int(row)] else { return }
        exportArmed[Int(row)] = next
        deadlines.set(Key.export(row), at: next)
    }

    mutating func arm(import row: Int32) {
        while importArmed.count <= Int(row) { importArmed.append(.infinity) }
        let next = imports[row].nextDeadline
        guard next < importArmed[Int(row)] else { return }
        importArmed[Int(row)] = next
        deadlines.set(Key.import(row), at: next)
    }

    private mutating func expire(export row: Int32) {
        exportArmed[Int(row)] = .infinity
        if exports[row].isJoining {
            if exports[row].nextDeadline <= now { endJoining(row) }
            return arm(export: row)
        }
        let peer = peers[Int(exports[row].peer)].peer
        switch exports[row].expire(at: now, retries: peer.retries, mtu: roomForData(row)) {
        case .nothing: break
        case .again: enqueue(row)
        case .giveUp: return cancelExport(row, .retransmissionLimit, by: .us)
        case .cancelAgain: add(.cancel(row, exports[row].id, by: .sender), to: exports[row].peer)
        case .closed: return remove(export: row)
        }
        arm(export: row)
    }

    private mutating func expire(import row: Int32) {
        importArmed[Int(row)] = .infinity
        let number = imports[row].peer
        let peer = peers[Int(number)].peer
        if !peers[Int(number)].hears { imports[row].lastArrival = now }
        let expiry = imports[row].expire(
            at: now, retries: peer.retries, patience: peer.patience, mtu: roomForReports(row))
        switch expiry {
        case .nothing: break
        case .made(let count): addReports(row, count)
        case .again(let places): for place in places { add(.report(row, imports[row].id, place: place), to: number) }
        case .giveUp: return cancelImport(row, .retransmissionLimit)
        case .idle where imports[row].isDelivered || imports[row].highestRed == 0: return finish(import: row)
        case .idle: return cancelImport(row, .system)
        case .cancelAgain: add(.cancel(row, imports[row].id, by: .receiver), to: number)
        case .closed: return finish(import: row)
        case .cancelOver: return remove(import: row, remembering: true)
        }
        arm(import: row)
    }

    // MARK: - Ends

    /// Cancels an export, by this engine or by the peer.
    mutating func cancelExport(_ row: Int32, _ reason: LTPReason, by party: LTPParty) {
        let place = Int(exports[row].peer)
        let (id, total) = (exports[row].id, Int(exports[row].total))
        events.append(.exportCanceled(id, reason, by: party))
        note(export: row, .canceled(reason, by: party))
        if party == .peer {
            peers[place].counters.exportsCanceledByPeer.add(total)
            return remove(export: row)
        }
        peers[place].counters.exportsCanceledByUs.add(total)
        if exports[row].cancel(reason) { return remove(export: row) }
        for _ in 0..<peers[place].peer.copies { add(.cancel(row, id, by: .sender), to: exports[row].peer) }
    }

    /// Takes an export out of all tables; one that waits may start in its place.
    mutating func remove(export row: Int32) {
        let place = Int(exports[row].peer)
        forgetJoint(row)
        exports[row].close()
        countUnreported(row, place)
        if exports[row].isStarted { peers[place].exports -= 1 }
        deadlines.cancel(Key.export(row))
        exportArmed[Int(row)] = .infinity
        exportOfNumber[exports[row].id.number] = nil
        exports.remove(row)
        while peers[place].exports < peers[place].peer.exports, let next = peers[place].waiting.popFirst() {
            if isExport(next), !exports[next.row].isStarted { start(next.row) }
        }
    }

    /// Whether the export is still the one in this row.
    func isExport(_ entry: ExportEntry) -> Bool {
        exports.has(entry.row) && exports[entry.row].id.number == entry.number
    }

    /// Ends an import that is complete, as far as it can be.
    mutating func finish(import row: Int32) {
        note(import: row, .complete)
        peers[Int(imports[row].peer)].counters.importsComplete.add(Int(imports[row].redEnd ?? 0))
        remove(import: row, remembering: true)
    }

    /// Cancels an import.
    mutating func cancelImport(_ row: Int32, _ reason: LTPReason) {
        let number = imports[row].peer
        let place = Int(number)
        let (id, client) = (imports[row].id, imports[row].client)
        if !imports[row].isDelivered { tell(.importCanceled(id, client: client, reason, by: .us)) }
        recent.row = -1
        peers[place].counters.importsCanceledByUs.add(Int(imports[row].held.count))
        note(import: row, .canceled(reason, by: .us))
        peers[place].importBytes -= imports[row].buffer.count
        imports[row].cancel(reason)
        for _ in 0..<max(1, peers[place].peer.copies) { add(.cancel(row, id, by: .receiver), to: number) }
    }

    /// Takes an import out of all tables.
    mutating func remove(import row: Int32, remembering: Bool) {
        let place = Int(imports[row].peer)
        let id = imports[row].id
        if remembering {
            let memory = limits.closedMemory ?? peers[place].peer.patience
            closedImports.remember(
                id, imports[row].checkpoints, until: now + memory, most: limits.closedSessions)
        }
        peers[place].imports -= 1
        peers[place].importBytes -= imports[row].buffer.count
        deadlines.cancel(Key.import(row))
        importArmed[Int(row)] = .infinity
        importOfSession[id] = nil
        imports.remove(row)
        recent.row = -1
    }

    /// Tells of what a peer has caused, unless too much is told already.
    mutating func tell(_ event: LTPEvent) { if events.count < limits.events { events.append(event) } }

    // MARK: - The table

    func row(export row: Int32) -> LTPSessionRow {
        let one = exports[row]
        return LTPSessionRow(
            session: one.id, peer: peers[Int(one.peer)].peer.engine, end: .sender, client: one.client,
            state: one.isStarted ? one.rowState : .waiting, length: one.total, red: one.red, held: one.claimed.count,
            repeats: one.repeats + one.cycles, opened: one.opened)
    }

    func row(import row: Int32) -> LTPSessionRow {
        let one = imports[row]
        return LTPSessionRow(
            session: one.id, peer: peers[Int(one.peer)].peer.engine, end: .receiver, client: one.client,
            state: one.rowState, length: one.blockEnd ?? max(one.highestRed, one.redEnd ?? 0),
            red: one.redEnd ?? one.highestRed, held: one.held.count, repeats: one.repeats, opened: one.opened)
    }

    mutating func note(export row: Int32, _ state: LTPSessionRow.State) { note(self.row(export: row), state) }
    mutating func note(import row: Int32, _ state: LTPSessionRow.State) { note(self.row(import: row), state) }

    private mutating func note(_ row: LTPSessionRow, _ state: LTPSessionRow.State) {
        guard limits.closedRows > 0 else { return }
        var row = row
        row.state = state
        row.closed = now
        lately.append(row)
        if lately.count > limits.closedRows { lately.popFirst() }
    }
}
