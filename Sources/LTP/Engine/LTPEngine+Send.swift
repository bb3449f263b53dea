import Doing
import Wiring

/// What leaves.
extension LTPEngine {
    public mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        now = max(now, tyme)
        polled.removeAll(keepingCapacity: true)
        while let number = ready.first {
            if let segment = fill(&out, number, limits) {
                polledPeer = number
                return Train(peer: peers[Int(number)].peer.address, segment: segment)
            }
            ready.popFirst()
            peers[Int(number)].isReady = false
        }
        return nil
    }

    /// Fills a train for a peer; returns the bytes of its datagrams, or nil if nothing is to be sent to it now.
    private mutating func fill(_ out: inout OutputRawSpan, _ number: Int32, _ limits: TrainLimits) -> Int? {
        let place = Int(number)
        guard peers[place].sends, !peers[place].isBlocked else { return nil }
        dropStale(place)
        var most = limits.bytes
        if peers[place].rate != nil {
            peers[place].refill(at: now)
            // Control segments may take credit of the future, for sessions end by them; but not without end, since a
            // flood of reports would drown their own acknowledgements.
            let debt = isClosed ? .infinity : Double(peers[place].peer.burst)
            let isOpen = peers[place].control.isEmpty ? peers[place].credit > 0 : peers[place].credit > -debt
            guard isOpen else {
                peers[place].isStarved = peers[place].hasMore
                if peers[place].hasMore { deadlines.set(Key.credit(number), at: peers[place].creditReturns(at: now)) }
                return nil
            }
            most = min(most, Int(min(max(0, peers[place].credit), 1e15)) + peers[place].peer.mtu)
        }
        if !peers[place].control.isEmpty { return fillControl(&out, place, limits.segments, limits.bytes) }
        return fillData(&out, place, limits, most)
    }

    // MARK: - Control

    /// Queues a control segment, so many times. Without room it counts as one that was lost.
    mutating func add(_ control: Control, _ copies: Int = 1, to number: Int32) {
        let place = Int(number)
        if let ack = control.ack, !peers[place].acks.insert(ack).inserted { return }
        for _ in 0..<copies { queue(control, number) }
    }

    private mutating func queue(_ control: Control, _ number: Int32) {
        let place = Int(number)
        guard peers[place].control.count < limits.control else {
            peers[place].counters.noRoom.add(0)
            if let ack = control.ack { peers[place].acks.remove(ack) }
            return commit(control, place, 0)
        }
        peers[place].counters.queued.add(0)
        peers[place].control.append(control)
        makeReady(number)
    }

    /// Drops from the front what there is no reason left to send.
    private mutating func dropStale(_ place: Int) {
        while let first = peers[place].control.first, isStale(first) { peers[place].control.popFirst() }
    }

    private func isStale(_ control: Control) -> Bool {
        switch control {
        case .reportAck, .cancelAck: false
        case .report(let row, let id, let index):
            importOfSession[id] != row || index >= imports[row].reports.count || imports[row].reports[index].isAcked
        case .cancel(let row, let id, .sender): exportOfNumber[id.number] != row || exports[row].state != .canceling
        case .cancel(let row, let id, .receiver): importOfSession[id] != row || imports[row].state != .canceling
        }
    }

    private mutating func fillControl(_ out: inout OutputRawSpan, _ place: Int, _ segments: Int, _ most: Int) -> Int? {
        var segment = 0
        for index in 0..<min(peers[place].control.count, segments) {
            let control = peers[place].control[index]
            let before = out.byteCount
            let size = isStale(control) ? 0 : self.size(control, place)
            if segment == 0 {
                segment = size
            } else if size == 0 || size > segment || before + size > most {
                break
            }
            guard size <= out.freeCapacity else { break }
            write(control, place, to: &out)
            polled.append(Polled(size: size, row: -1, piece: SenderSession.nothing))
            if size < segment { break }
        }
        return segment > 0 ? segment : nil
    }

    /// What stands around the content of a control segment.
    private func frame(_ control: Control, _ place: Int) -> SegmentFrame {
        if peers[place].isPlain { return .plain }
        switch control {
        case .reportAck(let id, _, let echo):
            return frame(place, exportOfNumber[id.number].map { exports[$0].cookies }, echo)
        case .cancelAck(_, _, let echo): return frame(place, nil, echo)
        case .cancel(let row, _, .sender): return frame(place, exports[row].cookies)
        case .cancel(let row, _, .receiver), .report(let row, _, _): return frame(place, imports[row].cookies)
        }
    }

    private func size(_ control: Control, _ place: Int) -> Int {
        let extra = frame(control, place).bytes
        func head(_ id: LTPSession) -> Int { 2 + SDNV.count(id.engine) + SDNV.count(id.number) + extra }
        switch control {
        case .reportAck(let id, let serial, _): return head(id) + SDNV.count(serial)
        case .cancelAck(let id, _, _): return head(id)
        case .cancel(_, let id, _): return head(id) + 1
        case .report(let row, let id, let index):
            let report = imports[row].reports[index]
            var size = head(id) + SDNV.count(report.serial) + SDNV.count(report.checkpoint) + SDNV.count(report.upper)
            size += SDNV.count(report.lower) + SDNV.count(UInt64(report.claims.count))
            for run in report.claims {
                size += SDNV.count(run.lower - report.lower) + SDNV.count(run.upper - run.lower)
            }
            return size
        }
    }

    private func write(_ control: Control, _ place: Int, to out: inout OutputRawSpan) {
        let (frame, start) = (frame(control, place), out.byteCount)
        func head(_ type: UInt8, _ id: LTPSession) {
            out.append(type)
            SDNV.append(id.engine, to: &out)
            SDNV.append(id.number, to: &out)
            frame.write(to: &out)
        }
        switch control {
        case .reportAck(let id, let serial, _):
            head(9, id)
            SDNV.append(serial, to: &out)
        case .cancelAck(let id, let end, _): head(end == .sender ? 13 : 15, id)
        case .cancel(let row, let id, let end):
            head(end == .sender ? 12 : 14, id)
            out.append(end == .sender ? exports[row].reason.rawValue : imports[row].reason.rawValue)
        case .report(let row, let id, let index):
            let report = imports[row].reports[index]
            head(8, id)
            for number in [report.serial, report.checkpoint, report.upper, report.lower] {
                SDNV.append(number, to: &out)
            }
            SDNV.append(UInt64(report.claims.count), to: &out)
            for run in report.claims {
                SDNV.append(run.lower - report.lower, to: &out)
                SDNV.append(run.upper - run.lower, to: &out)
            }
        }
        if frame.isSealed { seal(&out, from: start, place) }
    }

    // MARK: - Data

    private mutating func fillData(
        _ out: inout OutputRawSpan, _ place: Int, _ limits: TrainLimits, _ most: Int
    ) -> Int? {
        let mtu = min(peers[place].peer.mtu, limits.datagram)
        var segment = 0
        var index = 0
        // What blocks of this train have taken of the window.
        var taken: UInt64 = 0
        while index < peers[place].sending.count {
            let entry = peers[place].sending[index]
            index += 1
            guard isExport(entry), exports[entry.row].hasMore else {
                if index == 1 {
                    peers[place].sending.popFirst()
                    if isExport(entry) { exports[entry.row].isQueued = false }
                    index = 0
                    continue
                }
                break
            }
            let isOpen = fillBlock(&out, entry.row, place, &segment, &taken, mtu, limits, most)
            if !isOpen { break }
        }
        return segment > 0 ? segment : nil
    }

    /// Adds the next segments of a block to a train; false once the train can take no more.
    private mutating func fillBlock(
        _ out: inout OutputRawSpan, _ row: Int32, _ place: Int, _ segment: inout Int, _ taken: inout UInt64,
        _ mtu: Int, _ limits: TrainLimits, _ most: Int
    ) -> Bool {
        let block = exports[row].block
        let frame = peers[place].isPlain ? .plain : frame(place, exports[row].cookies)
        let head = SegmentHead(exports[row].id, exports[row].client, frame)
        var bounds = SenderSession.Bounds(mtu: mtu &- frame.bytes, every: peers[place].peer.checkpointEvery)
        var cursor = exports[row].cursor
        if let window = peers[place].peer.window {
            let allowance = peers[place].allowance
            bounds.limit = cursor.fresh &+ min(allowance > taken ? allowance - taken : 0, exports[row].total)
            bounds.step = UInt64(max(1, window / 4))
        }
        defer { taken &+= cursor.fresh &- exports[row].cursor.fresh }
        while let piece = exports[row].next(after: cursor, bounds) {
            let size = head.size(piece)
            if segment == 0 {
                segment = size
            } else if size > segment || out.byteCount &+ size > most || polled.count >= limits.segments {
                return false
            }
            guard size <= out.freeCapacity else { return false }
            let start = out.byteCount
            head.write(piece, to: &out)
            let lower = Int(piece.offset)
            unsafe out.append(contentsOf: block.span.bytes.extracting(unchecked: lower..<lower &+ piece.count))
            if frame.isSealed { seal(&out, from: start, place) }
            polled.append(Polled(size: size, row: row, piece: piece))
            cursor = piece.after
            if size < segment { return false }
        }
        return true
    }

    // MARK: - What was taken

    public mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        now = max(now, tyme)
        let place = Int(polledPeer)
        var left = sending.taken
        var index = 0
        while index < polled.count, left >= polled[index].size {
            left -= polled[index].size
            commit(polled[index], place)
            index += 1
        }
        switch sending.outcome {
        case .sent, .full: break
        case .peerFull:
            peers[place].isBlocked = true
            blocked += 1
        case .refused:
            // It will not be taken later either: a loss, which timers mend if it can be.
            if index < polled.count {
                peers[place].counters.refused.add(polled[index].size)
                commit(polled[index], place)
            }
        }
        for index in polled.indices where polled[index].row >= 0 {
            let row = polled[index].row
            if index + 1 < polled.count, polled[index + 1].row == row { continue }
            guard exports.has(row) else { continue }
            exports[row].compact()
            if peers[place].peer.window != nil { countUnreported(row, place) }
        }
        let wasData = polled.first.map { $0.row >= 0 } ?? false
        polled.removeAll(keepingCapacity: true)
        turn(place, wasData)
    }

    @inline(__always) private mutating func commit(_ one: Polled, _ place: Int) {
        peers[place].counters.popped.add(one.size)
        if peers[place].rate != nil { peers[place].credit -= Double(one.size) }
        guard one.row >= 0 else {
            guard let control = peers[place].control.popFirst() else { return }
            if let ack = control.ack { peers[place].acks.remove(ack) }
            return commit(control, place, one.size)
        }
        if one.piece.type == 0, !one.piece.isRepair { return exports[one.row].emittedPlain(one.piece) }
        count(one, place)
        let timing = peers[place].timing(at: now)
        let isClosed = exports[one.row].emitted(one.piece, timing, copies: peers[place].peer.copies)
        if one.piece.isCheckpoint { arm(export: one.row) }
        if one.piece.after.fresh == exports[one.row].total { sentAll(one, isClosed) }
    }

    private mutating func count(_ one: Polled, _ place: Int) {
        if one.piece.isRepair { peers[place].counters.dataRepeated.add(one.size) }
        guard one.piece.isCheckpoint else { return }
        if one.piece.isRepeat {
            peers[place].counters.checkpointsRepeated.add(one.size)
        } else {
            peers[place].counters.checkpoints.add(one.size)
        }
    }

    /// The end of a block has left, perhaps not for the first time.
    private mutating func sentAll(_ one: Polled, _ isClosed: Bool) {
        if one.piece.offset + UInt64(one.piece.count) == exports[one.row].total, !one.piece.isRepeat,
            !one.piece.isRepair
        {
            events.append(.exportSent(exports[one.row].id))
        }
        if isClosed { complete(export: one.row) }
    }

    /// A control segment has left: timers start.
    private mutating func commit(_ control: Control, _ place: Int, _ size: Int) {
        guard !isStale(control) else { return }
        let timing = peers[place].timing(at: now)
        switch control {
        case .reportAck, .cancelAck: break
        case .report(let row, _, let index):
            if imports[row].reports[index].sentAt == -.infinity {
                peers[place].counters.reports.add(size)
            } else {
                peers[place].counters.reportsRepeated.add(size)
            }
            imports[row].emitted(index, timing)
            arm(import: row)
        case .cancel(let row, _, .sender):
            if exports[row].cancelTimer != nil { peers[place].counters.cancelsRepeated.add(size) }
            exports[row].cancelEmitted(timing)
            arm(export: row)
        case .cancel(let row, _, .receiver):
            if imports[row].cancelTimer != nil { peers[place].counters.cancelsRepeated.add(size) }
            imports[row].cancelEmitted(timing, patience: peers[place].peer.patience)
            arm(import: row)
        }
    }

    /// Brings the peer's window up to what has left, or was reported.
    mutating func countUnreported(_ row: Int32, _ place: Int) {
        let change = exports[row].unreported()
        if change >= 0 { return peers[place].unreported += UInt64(change) }
        peers[place].unreported -= change.magnitude
        makeReady(Int32(place))
    }

    /// The turn goes on: to the next block of the peer, and to the next peer.
    private mutating func turn(_ place: Int, _ wasData: Bool) {
        if wasData, let first = peers[place].sending.first {
            peers[place].sending.popFirst()
            if isExport(first) {
                if exports[first.row].hasMore {
                    peers[place].sending.append(first)
                } else {
                    exports[first.row].isQueued = false
                }
            }
        }
        guard ready.first == Int32(place) else { return }
        ready.popFirst()
        peers[place].isReady = false
        makeReady(Int32(place))
    }
}

/// The head of the data segments of one block.
struct SegmentHead {
    private let id: LTPSession
    private let client: UInt64
    private let base: Int
    private let frame: SegmentFrame

    init(_ id: LTPSession, _ client: UInt64, _ frame: SegmentFrame) {
        self.id = id
        self.client = client
        self.frame = frame
        base = frame.bytes + 2 + SDNV.count(id.engine) + SDNV.count(id.number) + SDNV.count(client)
    }

    /// Bytes of a segment.
    @inline(__always) func size(_ piece: SenderSession.Piece) -> Int {
        let size = base &+ SDNV.count(piece.offset) &+ SDNV.count(UInt64(piece.count)) &+ piece.count
        return piece.isCheckpoint ? size &+ SDNV.count(piece.checkpoint) &+ SDNV.count(piece.report) : size
    }

    /// Appends all but the data.
    @inline(__always) func write(_ piece: SenderSession.Piece, to out: inout OutputRawSpan) {
        out.append(piece.type)
        SDNV.append(id.engine, to: &out)
        SDNV.append(id.number, to: &out)
        frame.write(to: &out)
        SDNV.append(client, to: &out)
        SDNV.append(piece.offset, to: &out)
        SDNV.append(UInt64(piece.count), to: &out)
        guard piece.isCheckpoint else { return }
        SDNV.append(piece.checkpoint, to: &out)
        SDNV.append(piece.report, to: &out)
    }
}
