import Charting
import Doing
import Wiring

/// The bytes of connections on their way.
extension SimNet {
    // MARK: - For streams

    func read(_ pipe: Pipe, _ end: PipeEnd, into out: inout OutputRawSpan, at tyme: Tyme) -> StreamReading {
        end.retryAt = .max
        guard let other = other(pipe, end) else { return .nothing }
        let there = other.arrived - other.read
        guard there > 0 else {
            if case .lost(let loss) = end.state { return .lost(loss) }
            return other.isEndArrived ? .end : .nothing
        }
        let now = Micros.of(tyme)
        let isSlow = raw.pointee.hosts[end.host - 1].pointee.hasSlowness
        if isSlow, let until = mustWait(end.host, end.nextRead, at: now) {
            end.retryAt = until
            return .nothing
        }
        var count = min(there, out.freeCapacity, isSlow ? end.figures.segment : .max)
        if let reads = end.figures.reads { count = min(count, draw(reads, &end.random)) }
        other.ring.copy(from: other.read, count, into: &out)
        other.read += count
        other.ring.drop(to: other.read)
        if isSlow { end.nextRead = slowed(end.host, end.nextRead, count, at: now) }
        if end.state == .connected { tell(pipe, other, at: now) }
        return .bytes(count)
    }

    func write(_ bytes: RawSpan, _ pipe: Pipe, _ end: PipeEnd, at tyme: Tyme) -> StreamWriting {
        end.retryAt = .max
        switch end.state {
        case .lost(let loss): return .lost(loss)
        case .connected where end.isFinishing: return .lost(StreamLoss(.reset, code: 32))
        case .connected: break
        case .idle, .connecting, .failed, .closed, .gone: return .taken(0)
        }
        let now = Micros.of(tyme)
        if let until = fullUntil(end.way, at: now) {
            end.retryAt = until
            return .taken(0)
        }
        var count = min(bytes.byteCount, end.room)
        if count < bytes.byteCount { end.wantsRoom = true }
        if count > 0, let writes = end.figures.writes {
            let drawn = draw(writes, &end.random)
            if drawn < count {
                count = drawn
                launch(.room, pipe, end.side, due: now)
            }
        }
        guard count > 0 else { return .taken(0) }
        end.ring.append(bytes, count)
        pump(pipe, end, at: now, tyme)
        return .taken(count)
    }

    private func draw(_ range: ClosedRange<Int>, _ random: inout SplitMix64) -> Int {
        let span = range.upperBound - range.lowerBound
        return range.lowerBound + (span == .max ? random.below(span) : random.below(span + 1))
    }

    // MARK: - Sending

    /// Sends what can be sent: as far as the other end has room, the way is free, and nothing waits to be sent again.
    func pump(_ pipe: Pipe, _ end: PipeEnd, at now: Int64, _ tyme: Tyme) {
        guard end.state == .connected || end.state == .closed, let other = other(pipe, end) else { return }
        while end.hasUnsent, !end.isWaiting, !isDown(end.host), !raw.pointee.ways[Int(end.way)].pointee.isHeld {
            if end.leftBefore > now { return wait(pipe, end, until: end.leftBefore) }
            let window = other.figures.receiveBuffer - (end.handed - end.known)
            let untilCut = (end.figures.resetAfter ?? .max) - end.handed
            if untilCut <= 0 { return cutOff(pipe, end, at: now, tyme) }
            var count = min(end.ring.end - end.handed, window, limit(end, at: now), untilCut)
            var isLast = end.isFinishing && end.handed + count == end.ring.end && count < untilCut
            guard count > 0 || isLast else { return }
            let passage = passage(end, count, at: now)
            var isCutOff = count == untilCut
            if let part = passage.cutOff {
                (count, isLast, isCutOff) = (Int(part * Double(count + 1)), false, true)
            }
            guard let due = transmit(end, count, isLast ? .ends : [], passage, at: now, tyme) else {
                return repeatLater(pipe, end, at: now)
            }
            end.handed += count
            end.isEndHanded = isLast
            launch(.segment, pipe, end.side, due: due)
            if isCutOff { return cutOff(pipe, end, at: now, tyme) }
        }
    }

    /// How long a segment may be now.
    private func limit(_ end: PipeEnd, at now: Int64) -> Int {
        var limit = end.figures.segment
        for fault in wayFaults[Int(end.way)] where fault.isActive(at: now) {
            if case .mtu(let bytes) = fault.effect { limit = min(limit, bytes) }
        }
        return limit
    }

    /// The connection is reset here, for both ends.
    private func cutOff(_ pipe: Pipe, _ end: PipeEnd, at now: Int64, _ tyme: Tyme) {
        sendReset(pipe, end, at: now, tyme)
        lose(pipe, end, StreamLoss(.reset, code: SimStream.Code.reset))
        settle(pipe)
    }

    private func wait(_ pipe: Pipe, _ end: PipeEnd, until: Int64) {
        end.isWaiting = true
        launch(.pump, pipe, end.side, due: until)
    }

    /// It did not get through: once more after a while, or the connection is given up.
    private func repeatLater(_ pipe: Pipe, _ end: PipeEnd, at now: Int64) {
        if end.retries == 0 { end.since = now }
        guard !isSpent(pipe, end, at: now) else { return }
        let span = Micros.span(end.figures.retry) << Int64(min(end.retries, 6))
        end.retries += 1
        if !end.isWaiting { wait(pipe, end, until: Micros.sum(now, max(1, span))) }
    }

    /// Gives the connection up if nothing got through for too long.
    private func isSpent(_ pipe: Pipe, _ end: PipeEnd, at now: Int64) -> Bool {
        guard now - end.since >= Micros.span(end.figures.patience) else { return false }
        let isUnreachable = isUnreachable(end.way, at: now)
        lose(
            pipe, end,
            isUnreachable
                ? StreamLoss(.unreachable, code: SimStream.Code.unreachable)
                : StreamLoss(.timedOut, code: SimStream.Code.timedOut))
        return true
    }

    /// Sends an opening or a reset on its way: when it arrives, ``Micros/never`` if it is held until it is released,
    /// nil if it does not.
    func transmit(_ end: PipeEnd, _ marks: TraceEvent.Marks, at now: Int64, _ tyme: Tyme) -> Int64? {
        guard !isDown(end.host) else { return nil }
        return transmit(end, 0, marks, passage(end, 0, at: now), at: now, tyme)
    }

    /// What happens on its way to the next thing that an end sends.
    private func passage(_ end: PipeEnd, _ count: Int, at now: Int64) -> Passage {
        let number = Int(end.way)
        var passage = Passage()
        for index in wayFaults[number].indices where wayFaults[number][index].isActive(at: now) {
            wayFaults[number][index].act(
                on: &passage, number: raw.pointee.ways[number].pointee.number, count: count)
        }
        return passage
    }

    /// Sends something of an end on its way, a segment of `count` bytes behind what was handed over before or a word of
    /// its own: when it arrives, or nil if it will not.
    func transmit(
        _ end: PipeEnd, _ count: Int, _ marks: TraceEvent.Marks, _ passage: Passage, at now: Int64, _ tyme: Tyme
    ) -> Int64? {
        let way = raw.pointee.ways[Int(end.way)]
        way.pointee.number &+= 1
        raw.pointee.number &+= 1
        way.pointee.statistics.sent &+= 1
        way.pointee.statistics.sentBytes &+= count
        let draws = way.pointee.model.draw()
        var fate = TraceEvent.Fate.arrives
        var due = Int64(0)
        if passage.isCut || way.pointee.isCut || passage.heldUntil == Micros.never {
            (fate, way.pointee.statistics.cut) = (.cut, way.pointee.statistics.cut &+ 1)
        } else if let left = way.pointee.model.depart(count, at: now, rate: passage.rate) {
            (end.leftBefore, end.left) = (end.left, left)
            // What is altered on its way is found out, and is as good as lost.
            let isAltered = !passage.marks.isDisjoint(with: [.corrupted, .truncated])
            if passage.isLost || isAltered || draws.loss < way.pointee.model.figures.loss {
                (fate, way.pointee.statistics.lost) = (.lost, way.pointee.statistics.lost &+ 1)
            } else {
                way.pointee.statistics.inFlight &+= 1
                if way.pointee.isHeld {
                    (fate, due) = (.held, Micros.never)
                } else {
                    due = max(passage.due(way.pointee.model.arrival(left, draws.jitter)), end.lastDue)
                    end.lastDue = due
                }
            }
        } else {
            (fate, way.pointee.statistics.queueFull) = (.queueFull, way.pointee.statistics.queueFull &+ 1)
        }
        let segment = PipeEnd.Segment(
            place: end.handed, count: count, marks: marks.union(passage.marks).union(.stream),
            number: raw.pointee.number)
        note(.sent, end, segment, fate, due: fate == .arrives ? due : 0, at: tyme)
        guard fate == .arrives || fate == .held else { return nil }
        end.segments.append(segment)
        return due
    }

    /// The next thing that an end sent has come to the end of its way: what it is, and whether the other end gets to
    /// know of it.
    func land(_ end: PipeEnd, at now: Int64, _ tyme: Tyme) -> (segment: PipeEnd.Segment, isThere: Bool) {
        let segment = end.segments.popFirst()!
        let way = raw.pointee.ways[Int(end.way)]
        way.pointee.statistics.inFlight &-= 1
        let fate: TraceEvent.Fate
        if isBlocked(end.way, at: now) {
            fate = .cut
            way.pointee.statistics.cut &+= 1
        } else if isDown(Int(end.remote.lo)) {
            fate = .down
            way.pointee.statistics.down &+= 1
        } else if segment.isVoid {
            fate = .lost
            way.pointee.statistics.lost &+= 1
        } else {
            fate = .none
            way.pointee.statistics.delivered &+= 1
            way.pointee.statistics.deliveredBytes &+= segment.count
        }
        note(fate == .none ? .received : .dropped, end, segment, fate, at: tyme)
        return (segment, fate == .none)
    }

    // MARK: - Arriving

    /// Does what is due.
    func happen(_ code: Int32, at now: Int64, _ tyme: Tyme) {
        let (event, slot, side) = PipeEvent.decode(code)
        guard let pipe = table.pipes[slot] else { return }
        pipe.events -= 1
        guard let end = side == 0 ? pipe.client : pipe.server ?? (event == .dial ? pipe.client : nil) else { return }
        switch event {
        case .dial: answer(pipe, at: now, tyme)
        case .answer: stand(pipe, at: now, tyme)
        case .stand: establish(pipe, at: now, tyme)
        case .redial: redial(pipe, at: now, tyme)
        case .segment: arrive(pipe, end, at: now, tyme)
        case .word: hear(pipe, end, at: now, tyme)
        case .pump:
            end.isWaiting = false
            pump(pipe, end, at: now, tyme)
        case .reset: takeReset(pipe, end, at: now, tyme)
        case .room: end.owner?.wake()
        }
        settle(pipe)
    }

    /// What an end has sent has come to the other one.
    private func arrive(_ pipe: Pipe, _ end: PipeEnd, at now: Int64, _ tyme: Tyme) {
        let (segment, isThere) = land(end, at: now, tyme)
        guard isThere else {
            if segment.isVoid { return }
            (end.handed, end.isEndHanded) = (end.arrived, false)
            end.segments.forEach { $0.isVoid = $0.marks.isDisjoint(with: [.opens, .resets]) }
            return repeatLater(pipe, end, at: now)
        }
        guard let other = other(pipe, end) else { return }
        if other.state == .connecting { establish(pipe, at: now, tyme) }
        switch other.state {
        case .connected: break
        case .closed where segment.count == 0: break
        case .closed:
            other.state = .gone
            return sendReset(pipe, other, at: now, tyme)
        case .idle, .connecting, .failed, .lost, .gone: return sendReset(pipe, other, at: now, tyme)
        }
        end.arrived += segment.count
        if segment.marks.contains(.ends) { end.isEndArrived = true }
        end.retries = 0
        tell(pipe, end, at: now)
        other.owner?.wake()
    }

    /// Sends an end word of what has arrived and what was read of its bytes.
    private func tell(_ pipe: Pipe, _ end: PipeEnd, at now: Int64) {
        guard let other = other(pipe, end) else { return }
        let due = arrival(other.way, at: now)
        let word = PipeEnd.Word(
            due: due, since: now, arrived: end.arrived, read: end.read, isLast: end.isEndArrived)
        if end.words.last?.due == due {
            end.words.last = word
        } else {
            end.words.append(word)
            launch(.word, pipe, end.side, from: other, due: due)
        }
    }

    /// Word has come back.
    private func hear(_ pipe: Pipe, _ end: PipeEnd, at now: Int64, _ tyme: Tyme) {
        var word = end.words.popFirst()!
        guard !isDown(end.host), let other = other(pipe, end) else { return }
        if isBlocked(other.way, at: now) {
            // The other end says it again, or the next word does; without any, this end gives up.
            end.since = word.since
            guard end.state == .connected || end.state == .closed, !isSpent(pipe, end, at: now) else { return }
            word.due = Micros.sum(now, max(1, Micros.span(end.figures.retry)))
            end.words.append(word)
            return launch(.word, pipe, end.side, due: word.due)
        }
        end.acked = max(end.acked, word.arrived)
        end.known = max(end.known, word.read)
        if word.isLast { end.isEndAcked = true }
        if end.wantsRoom, end.room > 0 {
            end.wantsRoom = false
            end.owner?.wake()
        }
        pump(pipe, end, at: now, tyme)
    }

    // MARK: - Within

    func other(_ pipe: Pipe, _ end: PipeEnd) -> PipeEnd? { end.side == 0 ? pipe.server : pipe.client }

    /// - Parameter sender: whose way it goes, for what is held there if it is due never.
    func launch(_ event: PipeEvent, _ pipe: Pipe, _ side: Int, from sender: PipeEnd? = nil, due: Int64) {
        pipe.events += 1
        if due == Micros.never, let sender {
            table.held[sender.way, default: []].append(PipeTable.Held(event: event, pipe: pipe, sender: sender))
        } else {
            launch(event.code(pipe, side), due: due)
        }
    }

    /// Lets go on what was held on a way.
    private func releaseHeld(_ way: Int) {
        for held in table.held.removeValue(forKey: Int32(way)) ?? [] {
            held.sender.lastDue = max(held.sender.lastDue, here)
            let other = 1 - held.sender.side
            if held.event == .word, let end = other == 0 ? held.pipe.client : held.pipe.server {
                end.words.last?.due = here
            }
            launch(held.event.code(held.pipe, other), due: held.sender.lastDue)
        }
    }

    /// Lets go of a connection that is over, once nothing of it is under way.
    func settle(_ pipe: Pipe) {
        guard pipe.events == 0, pipe.isOver, table.pipes[pipe.slot] === pipe else { return }
        table.remove(pipe)
    }

    /// Lets those go on whose way was held.
    func pumpAll(_ way: Int) {
        releaseHeld(way)
        for case let pipe? in table.pipes {
            for case let end? in [pipe.client, pipe.server] where Int(end.way) == way {
                pump(pipe, end, at: here, hereTyme)
            }
        }
    }

    /// The tyme of calls that are told none.
    var hereTyme: Tyme { doist?.tyme ?? 0 }
    var here: Int64 { Micros.of(hereTyme) }

    func isDown(_ host: Int) -> Bool { raw.pointee.hosts[host - 1].pointee.isDown }

    /// When a word arrives that leaves now: it takes no part in losses and jitter, but waits where all is held, and for
    /// ``Micros/never`` until it is released.
    func arrival(_ way: Int32, at now: Int64) -> Int64 {
        let state = raw.pointee.ways[Int(way)]
        guard !state.pointee.isHeld else { return Micros.never }
        var due = Micros.sum(now, state.pointee.model.figures.delay)
        for fault in wayFaults[Int(way)] where fault.isActive(at: now) {
            if case .hold = fault.effect { due = max(due, min(fault.until, Micros.limit)) }
        }
        return due
    }

    func isBlocked(_ way: Int32, at now: Int64) -> Bool {
        raw.pointee.ways[Int(way)].pointee.hasCuts && isCut(Int(way), at: now)
    }

    func isUnreachable(_ way: Int32, at now: Int64) -> Bool {
        wayFaults[Int(way)].contains { $0.effect == .unreachable && $0.isActive(at: now) }
    }

    /// Until when the way takes nothing, if so.
    private func fullUntil(_ way: Int32, at now: Int64) -> Int64? {
        wayFaults[Int(way)].filter { fault in
            switch fault.effect {
            case .full, .enobufs, .peerFull: fault.isActive(at: now)
            default: false
            }
        }.map(\.until).max()
    }

    /// Notes what happens to something that an end sent.
    private func note(
        _ kind: TraceEvent.Kind, _ end: PipeEnd, _ segment: PipeEnd.Segment, _ fate: TraceEvent.Fate, due: Int64 = 0,
        at tyme: Tyme
    ) {
        guard let trace else { return }
        let (here, there) = kind == .sent ? (end.local, end.remote) : (end.remote, end.local)
        let event = TraceEvent(
            kind, at: tyme, lane: lanes[Int(here.lo) - 1], local: here, peer: there, fate: fate, marks: segment.marks,
            due: Double(due) / 1e6, flight: segment.number)
        let bytes = end.ring.bytes(from: segment.place, segment.count)
        unsafe trace.record(event, bytes.span.bytes)
    }
}
