import Doing
import Wiring

/// What arrives.
extension LTPEngine {
    public mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        now = max(now, tyme)
        if bytes.byteCount <= train.segment || train.segment <= 0 { return take(bytes, train.peer) }
        var start = 0
        while start < bytes.byteCount {
            let end = min(start &+ train.segment, bytes.byteCount)
            take(bytes.extracting(start..<end), train.peer)
            start = end
        }
    }

    /// Takes in one datagram: one segment.
    @inline(__always) private mutating func take(_ bytes: RawSpan, _ source: Address) {
        let view: SegmentView
        do { view = try SegmentView(bytes) } catch { return takeOdd(bytes, source, error) }
        if view.type == 0, recent.row >= 0, view.session == recent.session.number,
            view.engine == recent.session.engine, source == recent.source, view.dataCount > 0,
            view.client == recent.client
        {
            return takeRed(view, bytes, recent.row, Int(recent.peer))
        }
        takeOther(view, bytes, source)
    }

    private mutating func takeOther(_ view: SegmentView, _ bytes: RawSpan, _ source: Address) {
        switch view.type {
        case 0...4, 7: takeData(view, bytes, source)
        case 8 where view.stray > 0: takeSeveral(bytes, source)
        case 8: takeReport(view, bytes, source)
        case 9: takeReportAck(view, bytes, source)
        case 12: takeSenderCancel(view, bytes, source)
        case 13: takeCancelAck(view, bytes, source, of: .sender)
        case 14: takeReceiverCancel(view, bytes, source)
        case 15: takeCancelAck(view, bytes, source, of: .receiver)
        default: count(\.undefined, bytes, source)
        }
    }

    private mutating func takeOdd(_ bytes: RawSpan, _ source: Address, _ error: LTPSegmentError) {
        if case .trailing = error { return takeSeveral(bytes, source) }
        count(\.malformed, bytes, source)
    }

    /// Takes in a datagram of several segments, if it is nothing but segments: what is behind the first could also be
    /// data whose length was damaged. Behind a report anything may stand, since ION 4.1.3 sends such.
    ///
    /// - Source: RFC 5326, 5.
    private mutating func takeSeveral(_ bytes: RawSpan, _ source: Address) {
        var (segments, start, isReport) = ([Range<Int>](), 0, false)
        while start < bytes.byteCount {
            let view = try? SegmentView(first: bytes.extracting(start..<bytes.byteCount))
            guard let view, !view.isData || view.dataCount > 0 else {
                guard isReport else { return count(\.malformed, bytes, source) }
                break
            }
            segments.append(start..<start + view.end)
            start += view.end
            isReport = view.type == 8
        }
        for range in segments { take(bytes.extracting(range), source) }
    }

    /// Counts what is known of by its source alone.
    private mutating func count(_ key: WritableKeyPath<LTPCounters, LTPCount>, _ bytes: RawSpan, _ source: Address) {
        if let number = peerOfHost[source] ?? peerOfHost[source.with(port: 0)] {
            peers[Int(number)].counters[keyPath: key].add(bytes.byteCount)
        } else {
            strangerCounters[keyPath: key].add(bytes.byteCount)
        }
    }

    /// The peer `engine`, if `source` is its host; else nil, and it is counted.
    private mutating func peer(_ view: SegmentView, _ bytes: RawSpan, _ source: Address) -> Int? {
        guard let number = peerOfEngine[view.engine] ?? accept(view.engine, source) else {
            count(\.wrongHost, bytes, source)
            return nil
        }
        let place = Int(number)
        guard source.with(port: 0) == peers[place].host else {
            peers[place].counters.wrongHost.add(bytes.byteCount)
            return nil
        }
        return isAuthentic(view, bytes, place) ? place : nil
    }

    /// A new peer, if strangers are taken.
    private mutating func accept(_ engine: UInt64, _ source: Address) -> Int32? {
        guard case .accept(var peer, let most) = strangers, accepted < most, engine != self.engine, !source.isNone
        else {
            return nil
        }
        accepted += 1
        (peer.engine, peer.address) = (engine, source)
        return insert(peer)
    }

    // MARK: - Data

    private mutating func takeData(_ view: SegmentView, _ bytes: RawSpan, _ source: Address) {
        // An engine is no peer of its own, and data come from the engine that the session is named after.
        guard let place = peer(view, bytes, source) else { return }
        guard view.dataCount > 0 else { return peers[place].counters.malformed.add(bytes.byteCount) }
        guard let row = importOfSession[view.id] ?? openImport(view, bytes, place) else { return }
        guard imports[row].state != .canceling else { return peers[place].counters.closedSession.add(bytes.byteCount) }
        guard imports[row].client == view.client else { return peers[place].counters.malformed.add(bytes.byteCount) }
        if peers[place].isPlain {
            recent = Recent(session: view.id, client: view.client, source: source, row: row, peer: Int32(place))
        } else {
            guard hasCookies(view, bytes, import: row) else { return }
        }
        if view.isRed { takeRed(view, bytes, row, place) } else { takeGreen(view, bytes, row, place) }
    }

    /// Opens a session for the first segment that comes of it.
    private mutating func openImport(_ view: SegmentView, _ bytes: RawSpan, _ place: Int) -> Int32? {
        if closedImports.isLate(view) {
            peers[place].counters.closedSession.add(bytes.byteCount)
            return nil
        }
        let isKnown = clients[view.client].map { $0.unread < limits.unread && $0.unreadBytes < limits.unreadBytes }
        guard isKnown != false, hasRow(place) else {
            peers[place].counters.noRoom.add(bytes.byteCount)
            if isKnown == false { tell(.importRefused(view.id, client: view.client)) }
            return nil
        }
        let session = ReceiverSession(
            id: view.id, peer: Int32(place), client: view.client, firstSerial: serial(), at: now)
        let row = imports.insert(session)
        importOfSession[view.id] = row
        peers[place].imports += 1
        peers[place].embryos.append((row, view.id))
        imports[row].findDeadline(peers[place].peer.patience)
        arm(import: row)
        tell(.importStarted(view.id, client: view.client))
        if isKnown == nil {
            peers[place].counters.unknownClient.add(bytes.byteCount)
            cancelImport(row, .unreachable)
            return nil
        }
        return row
    }

    /// Whether there is room for one more session of a peer; the oldest one that has only begun goes for it.
    private mutating func hasRow(_ place: Int) -> Bool {
        let most = peers[place].peer.imports
        if peers[place].embryos.count > 2 * most + 64 {
            let (imports, importOfSession) = (imports, importOfSession)
            peers[place].embryos.keep { importOfSession[$0.session] == $0.row && imports[$0.row].isEmbryo }
        }
        while peers[place].imports >= most {
            guard let oldest = peers[place].embryos.popFirst() else { return false }
            guard importOfSession[oldest.session] == oldest.row, imports[oldest.row].isEmbryo else { continue }
            evict(oldest.row, place)
        }
        return true
    }

    private mutating func evict(_ row: Int32, _ place: Int) {
        peers[place].counters.evicted.add(Int(imports[row].held.count))
        if !imports[row].isEmbryo {
            tell(.importCanceled(imports[row].id, client: imports[row].client, .system, by: .us))
        }
        note(import: row, .canceled(.system, by: .us))
        remove(import: row, remembering: false)
    }

    @inline(__always) private mutating func takeRed(
        _ view: SegmentView, _ bytes: RawSpan, _ row: Int32, _ place: Int
    ) {
        guard imports[row].hasRoom(to: view.dataEnd) || makeRoom(view, row, place) else {
            return peers[place].counters.noRoom.add(bytes.byteCount)
        }
        let arrival = imports[row].takeRed(view, bytes, runs: limits.runs)
        imports[row].lastArrival = now
        if case .new = arrival {
            peers[place].counters.red.add(bytes.byteCount)
            if view.type == 0, !imports[row].isWhole { return }
        }
        tookRed(view, bytes, row, place, arrival)
    }

    /// Makes room for red data, within the bounds of the peer.
    private mutating func makeRoom(_ view: SegmentView, _ row: Int32, _ place: Int) -> Bool {
        let peer = peers[place].peer
        let end = view.dataEnd
        guard end <= UInt64(peer.redLimit) else {
            cancelImport(row, .system)
            return false
        }
        guard end <= imports[row].redEnd ?? .max, end <= imports[row].lowestGreen else {
            miscolored(bytes: view.dataCount, row, place)
            return false
        }
        let endsRed = view.type >= 2
        var wanted = imports[row].roomWanted(to: end, endsRed, expected: peer.expectedRed, limit: peer.redLimit)
        let (had, held) = (imports[row].buffer.count, imports[row].held.count)
        if peers[place].importBytes + wanted - had > peer.importBytes { wanted = Int(end) }
        while peers[place].importBytes + wanted - had > peer.importBytes {
            guard let other = sparsest(place, than: Double(held) / Double(wanted), row) else { return false }
            evict(other, place)
        }
        var storage = takeStorage(wanted, atMost: peer.importBytes - peers[place].importBytes + had)
        imports[row].makeRoom(&storage)
        give(storage)
        peers[place].importBytes += imports[row].buffer.count - had
        return true
    }

    /// Storage for at least `count` bytes: that of an earlier block, or fresh one that is not touched.
    private mutating func takeStorage(_ count: Int, atMost most: Int) -> [UInt8] {
        let fits = spares.indices.filter {
            spares[$0].count >= count && spares[$0].count / 16 <= count && spares[$0].count <= most
        }
        guard let index = fits.min(by: { spares[$0].count < spares[$1].count }) else {
            return unsafe [UInt8](unsafeUninitializedCapacity: count) { $1 = count }
        }
        spareBytes -= spares[index].count
        return spares.remove(at: index)
    }

    /// The session of a peer that has the least of what room was made for, if that is less than `density`. Linear, and
    /// only asked where memory is at its bound.
    private func sparsest(_ place: Int, than density: Double, _ except: Int32) -> Int32? {
        var (found, least) = (Int32?.none, density)
        for row in 0..<Int32(imports.bound) where imports.has(row) && row != except {
            guard imports[row].peer == Int32(place), !imports[row].buffer.isEmpty else { continue }
            let its = Double(imports[row].held.count) / Double(imports[row].buffer.count)
            if its < least { (found, least) = (row, its) }
        }
        return found
    }

    /// All that follows from red data but their place.
    private mutating func tookRed(
        _ view: SegmentView, _ bytes: RawSpan, _ row: Int32, _ place: Int, _ arrival: ReceiverSession.Arrival
    ) {
        switch arrival {
        case .new: break
        case .redundant: peers[place].counters.redundant.add(bytes.byteCount)
        case .noRoom: return peers[place].counters.noRoom.add(bytes.byteCount)
        case .contradicts: return peers[place].counters.malformed.add(bytes.byteCount)
        case .miscolored: return miscolored(bytes: bytes.byteCount, row, place)
        }
        if view.isCheckpoint { peers[place].counters.checkpointsIn.add(bytes.byteCount) }
        if imports[row].isWhole { deliver(row, place) }
        let (peer, mtu) = (peers[place].peer, roomForReports(row))
        if view.isCheckpoint {
            let answer = imports[row].answer(
                view, deferral: peer.deferral, mtu: mtu, most: limits.reports, at: now)
            switch answer {
            case .made(let count): addReports(row, count)
            case .again(let places):
                for index in places { add(.report(row, imports[row].id, place: index), to: Int32(place)) }
            case .waits, .nothing: break
            case .tooMany: return cancelImport(row, .retransmissionLimit)
            }
        }
        addReports(row, imports[row].makePending(mtu: mtu, at: now))
        addReports(row, imports[row].makeUnasked(mtu: mtu))
        settle(row)
    }

    private mutating func miscolored(bytes: Int, _ row: Int32, _ place: Int) {
        peers[place].counters.miscolored.add(bytes)
        cancelImport(row, .miscolored)
    }

    private mutating func deliver(_ row: Int32, _ place: Int) {
        let (id, client) = (imports[row].id, imports[row].client)
        peers[place].importBytes -= imports[row].buffer.count
        let endsBlock = imports[row].blockEnd == imports[row].redEnd
        let bytes = imports[row].deliver()
        clients[client]?.unread += 1
        clients[client]?.unreadBytes += bytes.count
        events.append(.red(LTPRed(session: id, client: client, bytes: bytes, endsBlock: endsBlock)))
    }

    /// Queues the last `count` reports of a session.
    mutating func addReports(_ row: Int32, _ count: Int) {
        guard count > 0 else { return }
        let (id, number, most) = (imports[row].id, imports[row].peer, imports[row].reports.count)
        for _ in 0..<peers[Int(number)].peer.copies {
            for place in most - count..<most { add(.report(row, id, place: place), to: number) }
        }
    }

    /// Closes a session that is through, or sets its deadline.
    mutating func settle(_ row: Int32) {
        if imports[row].advance() { finish(import: row) } else { arm(import: row) }
    }

    private mutating func takeGreen(_ view: SegmentView, _ bytes: RawSpan, _ row: Int32, _ place: Int) {
        let lingering = max(peers[place].peer.deferral, 0.001)
        imports[row].lastArrival = now
        switch imports[row].takeGreen(view, lingering: lingering, at: now) {
        case .miscolored: return miscolored(bytes: bytes.byteCount, row, place)
        case .contradicts, .noRoom: return peers[place].counters.malformed.add(bytes.byteCount)
        case .new, .redundant: break
        }
        peers[place].counters.green.add(bytes.byteCount)
        let data = unsafe bytes.extracting(view.dataStart..<view.dataStart + view.dataCount).withUnsafeBytes {
            unsafe Array($0)
        }
        let isFull = events.count >= limits.events
        if isFull {
            peers[place].counters.noRoom.add(bytes.byteCount)
        } else {
            events.append(
                .green(
                    LTPGreen(
                        session: view.id, client: view.client, offset: view.offset, bytes: data,
                        endsBlock: view.type == 7)))
        }
        settle(row)
    }

    // MARK: - Control segments to the sender of a block

    /// The peer that a control segment of a session of this engine came from.
    private mutating func peerOfExport(_ view: SegmentView, _ bytes: RawSpan, _ source: Address) -> Int? {
        guard view.engine == engine else {
            count(\.unknownSession, bytes, source)
            return nil
        }
        if let row = exportOfNumber[view.session] {
            let place = Int(exports[row].peer)
            guard source.with(port: 0) == peers[place].host else {
                peers[place].counters.wrongHost.add(bytes.byteCount)
                return nil
            }
            return isAuthentic(view, bytes, place) && hasCookies(view, bytes, export: row) ? place : nil
        }
        guard let number = peerOfHost[source] ?? peerOfHost[source.with(port: 0)] else {
            strangerCounters.wrongHost.add(bytes.byteCount)
            return nil
        }
        return isAuthentic(view, bytes, Int(number)) ? Int(number) : nil
    }

    private mutating func takeReport(_ view: SegmentView, _ bytes: RawSpan, _ source: Address) {
        guard let place = peerOfExport(view, bytes, source) else { return }
        // It is acknowledged whatever it says: its sender repeats it until then (RFC 5326, 6.13).
        let row = exportOfNumber[view.session]
        let isNew = row.map { !exports[$0].hasTaken(report: view.report) } ?? false
        let copies = isNew ? peers[place].peer.copies : 1
        add(.reportAck(view.id, serial: view.report, echo: echo(view, bytes, place)), copies, to: Int32(place))
        guard let row else { return peers[place].counters.unknownSession.add(bytes.byteCount) }
        guard exports[row].hasSent, let claims = claims(view, bytes) else {
            return peers[place].counters.badReports.add(bytes.byteCount)
        }
        let verdict = exports[row].take(
            report: view.report, on: view.checkpoint, lower: view.lower, upper: view.upper, claims: claims,
            cycles: peers[place].peer.cycles)
        if peers[place].peer.window != nil { countUnreported(row, place) }
        switch verdict {
        case .repeated: peers[place].counters.redundant.add(bytes.byteCount)
        case .bad: peers[place].counters.badReports.add(bytes.byteCount)
        case .positive: peers[place].counters.positiveReports.add(bytes.byteCount)
        case .negative:
            peers[place].counters.negativeReports.add(bytes.byteCount)
            enqueue(row)
        case .complete:
            peers[place].counters.positiveReports.add(bytes.byteCount)
            complete(export: row)
        case .cycleLimit:
            peers[place].counters.negativeReports.add(bytes.byteCount)
            cancelExport(row, .cycleLimit, by: .us)
        }
    }

    /// The claims of a report as absolute runs; nil if one is empty, goes back, or leads beyond the upper bound.
    private func claims(_ view: SegmentView, _ bytes: RawSpan) -> [ByteSpans.Run]? {
        var claims: [ByteSpans.Run] = []
        claims.reserveCapacity(view.claimCount)
        var (at, from) = (view.claimStart, UInt64(0))
        for _ in 0..<view.claimCount {
            guard let claim = try? SegmentView.readClaim(bytes, at: &at) else { return nil }
            let upper = claim.offset + claim.length
            guard claim.length > 0, claim.offset >= from, view.lower < view.upper, upper <= view.upper - view.lower
            else { return nil }
            claims.append(ByteSpans.Run(lower: view.lower + claim.offset, upper: view.lower + upper))
            from = upper
        }
        return claims
    }

    /// All of a block was sent, and its red part is claimed: RFC 5326, 6.12.
    mutating func complete(export row: Int32) {
        let place = Int(exports[row].peer)
        peers[place].counters.exportsComplete.add(Int(exports[row].total))
        events.append(.exportComplete(exports[row].id))
        note(export: row, .complete)
        remove(export: row)
    }

    private mutating func takeReceiverCancel(_ view: SegmentView, _ bytes: RawSpan, _ source: Address) {
        guard let place = peerOfExport(view, bytes, source) else { return }
        peers[place].counters.cancels.add(bytes.byteCount)
        add(.cancelAck(view.id, of: .receiver, echo: echo(view, bytes, place)), to: Int32(place))
        guard let row = exportOfNumber[view.session] else {
            return peers[place].counters.unknownSession.add(bytes.byteCount)
        }
        if exports[row].state == .canceling { return remove(export: row) }
        guard exports[row].hasSent else { return peers[place].counters.unknownSession.add(bytes.byteCount) }
        cancelExport(row, LTPReason(rawValue: view.reason), by: .peer)
    }

    private mutating func takeCancelAck(_ view: SegmentView, _ bytes: RawSpan, _ source: Address, of end: LTPEnd) {
        let found = end == .sender ? peerOfExport(view, bytes, source) : peer(view, bytes, source)
        guard let place = found, end == .sender || hasCookies(view, bytes, ofImport: place) else { return }
        peers[place].counters.cancelAcks.add(bytes.byteCount)
        if end == .sender, let row = exportOfNumber[view.session], exports[row].state == .canceling {
            remove(export: row)
        } else if end == .receiver, let row = importOfSession[view.id], imports[row].state == .canceling {
            remove(import: row, remembering: true)
        } else {
            peers[place].counters.unknownSession.add(bytes.byteCount)
        }
    }

    // MARK: - Control segments to the receiver of a block

    private mutating func takeReportAck(_ view: SegmentView, _ bytes: RawSpan, _ source: Address) {
        guard let place = peer(view, bytes, source), hasCookies(view, bytes, ofImport: place) else { return }
        peers[place].counters.reportAcks.add(bytes.byteCount)
        guard let row = importOfSession[view.id], imports[row].acknowledge(view.report) else {
            return peers[place].counters.unknownSession.add(bytes.byteCount)
        }
        imports[row].lastArrival = now
        settle(row)
    }

    private mutating func takeSenderCancel(_ view: SegmentView, _ bytes: RawSpan, _ source: Address) {
        guard let place = peer(view, bytes, source), hasCookies(view, bytes, ofImport: place) else { return }
        peers[place].counters.cancels.add(bytes.byteCount)
        add(.cancelAck(view.id, of: .sender, echo: echo(view, bytes, place)), to: Int32(place))
        guard let row = importOfSession[view.id] else {
            return peers[place].counters.unknownSession.add(bytes.byteCount)
        }
        let reason = LTPReason(rawValue: view.reason)
        if imports[row].state != .canceling {
            peers[place].counters.importsCanceledByPeer.add(Int(imports[row].held.count))
            note(import: row, .canceled(reason, by: .peer))
            if !imports[row].isDelivered {
                tell(.importCanceled(view.id, client: imports[row].client, reason, by: .peer))
            }
        }
        remove(import: row, remembering: true)
    }
}
