import Doing
import Wiring

/// Making the acks that are owed.
extension Memoer {
    /// Whether sure grams of this peer are answered.
    @inline(__always) func acks(_ peer: Address) -> Bool {
        if ackPolicies.isEmpty { return ackPolicy == .solicited }
        return (ackPolicies[peer] ?? ackPolicy) == .solicited
    }

    /// Makes all acks that are due into datagrams.
    mutating func makeAcks(at now: Micros) {
        if !sure.inbox.endings.isEmpty { makeEndings(at: now) }
        while let last = sure.inbox.repeats.first, last.at <= now {
            sure.inbox.repeats.removeFirst()
            let place = Int(last.first.sourceHash & 255)
            if last.copies == 0 {
                // Something followed: the sender has heard of it.
                guard sure.inbox.lastAck[place] <= last.sentAt else { continue }
            }
            make(last.first, last.further, at: now)
            if last.copies > 1 { repeatLater(last.first, last.further, copies: last.copies - 1, at: now) }
            sure.inbox.lastAck[place] = last.sentAt
        }
        if !sure.inbox.starved.isEmpty, !inbox.isFull { feedStarved(at: now) }
        if sure.inbox.nextDue <= now { makeDue(at: now) }
    }

    /// There is room in the inbox again: those who were told to wait are told to go on.
    private mutating func feedStarved(at now: Micros) {
        let starved = sure.inbox.starved
        for row in starved { sure.inbox.states[Int(row)].isStarved = false }
        for row in starved where isOwed(row) {
            sure.inbox.states[Int(row)].isUrgent = true
            sure.inbox.owe(row, by: now)
        }
        sure.inbox.starved = []
    }

    /// Whether a row still is the memo for which acks are owed.
    private func isOwed(_ row: Int32) -> Bool {
        let index = Int(row)
        return table.rows[index].isOpen && table.rows[index].kind.isSure
            && table.rows[index].mid == sure.inbox.states[index].mid && sure.inbox.states[index].heard > 0
    }

    private mutating func makeDue(at now: Micros) {
        let due = sure.inbox.due
        sure.inbox.due = []
        sure.inbox.nextDue = .max
        for row in due {
            sure.inbox.states[Int(row)].isListed = false
            guard isOwed(row) else { continue }
            if sure.inbox.states[Int(row)].dueAt <= now {
                sure.inbox.states[Int(row)].dueAt = .max
                make(row, at: now)
            } else {
                sure.inbox.owe(row, by: sure.inbox.states[Int(row)].dueAt)
            }
        }
    }

    /// The ack of an unfinished memo.
    private mutating func make(_ row: Int32, at now: Micros) {
        let index = Int(row)
        var state = AckState()
        swap(&state, &sure.inbox.states[index])
        defer { swap(&state, &sure.inbox.states[index]) }
        guard !state.source.isNone, acks(state.source) else { return }
        let base = table.rows[index].next
        if !inbox.isFull { state.credit = max(state.credit, base + Int(SureMemo.firstCredit)) }
        state.credit = min(max(state.credit, base), Base64URL.maximumNumber)
        state.early.trim(below: base)
        let body = Ack.Body(
            isDuplicate: state.isDuplicate, base: base, credit: state.credit, heard: state.heard,
            lag: Int(min(max(0, now - state.triggeredAt), Micros(Base64URL.maximumNumber))),
            held: state.early.words24(from: base + 1, most: Ack.mostHeldWords))
        let ack = Ack(mid: state.mid, trigger: state.trigger, body: body)
        guard emit(ack, to: state.source, state.sourceHash, isSigned: state.isSigned, at: now) else { return }
        state.acks += 1
        table.protect(row)
        tellFar(&state, body, at: now)
        let isBurst = state.unacked >= SureInbox.burst
        state.latest.removeAll(keepingCapacity: state.latest.capacity <= 1024)
        state.unacked = 0
        state.isUrgent = false
        if isBurst, !state.isRepeat, state.acks < state.heard {
            state.isRepeat = true
            state.dueAt = now + sure.outbox.granularity
            sure.inbox.nextDue = min(sure.inbox.nextDue, state.dueAt)
            if !state.isListed {
                state.isListed = true
                sure.inbox.due.append(row)
            }
        } else {
            state.isRepeat = false
        }
    }

    /// What one ack cannot reach is told by further ones, which begin farther up: what is new, and what was new for the
    /// ack before, so that the loss of one takes nothing away. Never more acks than grams were heard.
    private mutating func tellFar(_ state: inout AckState, _ body: Ack.Body, at now: Micros) {
        guard !state.latest.isEmpty || !state.toldOnce.isEmpty else { return }
        let reached = body.base + Ack.reach
        let far = state.latest.filter { $0 > reached }
        var wanted = (state.toldOnce.filter { $0 > reached } + far).sorted()[...]
        while let start = wanted.first, state.acks < state.heard {
            var part = body
            part.start = start
            part.held = state.early.words24(from: start, most: Ack.mostHeldWords - 1)
            let ack = Ack(mid: state.mid, trigger: state.trigger, body: part)
            guard emit(ack, to: state.source, state.sourceHash, isSigned: state.isSigned, at: now) else { break }
            state.acks += 1
            wanted = wanted.drop { $0 < start + Ack.farReach }
        }
        state.toldOnce = far
    }

    /// The acks of memos that are over: those of one sender share one.
    private mutating func makeEndings(at now: Micros) {
        var endings: [SureInbox.Ending] = []
        swap(&endings, &sure.inbox.endings)
        if let first = endings.first, endings.contains(where: { $0.source != first.source }) {
            let order = endings.indices.sorted { (endings[$0].source, $0) < (endings[$1].source, $1) }
            endings = order.map { endings[$0] }
        }
        var index = 0
        while index < endings.count {
            var end = index + 1
            let first = endings[index]
            if first.end.status == .done {
                let most = mostFurther(isSigned: first.isSigned)
                while end < endings.count, end - index <= most, endings[end].source == first.source,
                    endings[end].end.status == .done, endings[end].isSigned == first.isSigned
                { end += 1 }
            }
            // The last one to arrive is the trigger: it measures the round trip best.
            let last = endings[end - 1]
            let further = endings[index..<end - 1].map(\.mid)
            let isBurst = end - index >= SureInbox.burst
            var copies = 0
            for ending in endings[index..<end] {
                copies = max(copies, table.peers.told(ending.sourceHash, isAgain: ending.isDuplicate, at: tyme))
            }
            if isBurst || copies > 0 { repeatLater(last, further, copies: copies, at: now) }
            if end - index == 1, last.end.status == .done, last.end.count == 1 {
                // One gram, and its number says it all.
                _ = emit(
                    Ack(mid: last.mid, trigger: 0), to: last.source, last.sourceHash, isSigned: last.isSigned, at: now)
                index = end
                continue
            }
            make(last, further, at: now)
            index = end
        }
        endings.removeAll(keepingCapacity: endings.capacity <= 1 << 13)
        if sure.inbox.endings.isEmpty { swap(&endings, &sure.inbox.endings) }
    }

    private mutating func repeatLater(_ first: SureInbox.Ending, _ further: [Mid], copies: Int, at now: Micros) {
        guard sure.inbox.repeats.count < SureInbox.mostRepeats else { return }
        sure.inbox.repeats.append(
            SureInbox.Repeat(
                at: now + sure.outbox.granularity, sentAt: now, first: first, further: further, copies: copies))
    }

    /// How many further memos fit into an ack.
    private func mostFurther(isSigned: Bool) -> Int {
        let overhead = (isSigned ? GramCode.signedAck : .ack).layout.overhead(in: domain) + domain.bytes(20)
        return max(0, min(Ack.mostFurther, (min(maximum, GramSize.udp) - overhead) / domain.bytes(24)))
    }

    private mutating func make(_ ending: SureInbox.Ending, _ further: [Mid], at now: Micros) {
        let count = ending.end.count
        let body = Ack.Body(
            status: ending.end.status, reason: ending.end.status == .refused ? ending.end.reason : 0,
            isDuplicate: ending.isDuplicate, base: ending.end.status == .done ? count : 0,
            credit: ending.end.status == .done ? count : 0, heard: min(ending.heard, Base64URL.maximumNumber),
            lag: Int(min(max(0, now - ending.at), Micros(Base64URL.maximumNumber))),
            further: ending.end.status == .done ? further : [])
        let ack = Ack(mid: ending.mid, trigger: ending.trigger, body: body)
        _ = emit(ack, to: ending.source, ending.sourceHash, isSigned: ending.isSigned, at: now)
    }

    /// Makes an ack into a datagram, within what its receiver may draw.
    ///
    /// - Returns: false if there is none.
    private mutating func emit(
        _ ack: Ack, to address: Address, _ hash: UInt64, isSigned: Bool, at now: Micros
    ) -> Bool {
        let code: GramCode = isSigned ? .signedAck : .ack
        let overhead = code.layout.overhead(in: domain)
        let size = overhead + (ack.body.map { domain == .text ? $0.size / 3 * 4 : $0.size } ?? 0)
        var ack = ack
        if !table.peers.allows(size, to: hash) {
            // A head can always go out: it is no longer than what asked for it. A signed ack has to wait.
            guard !isSigned, ack.body?.status == .more || ack.body?.status == .done && ack.body?.base == 1,
                table.peers.allows(overhead, to: hash)
            else { return withhold() }
            ack.body = nil
        }
        guard let bytes = bytes(of: ack, isSigned: isSigned) else { return withhold() }
        let datagram = AckQueue.Datagram(address: address, head: ack.head(code, in: domain), bytes: bytes)
        let isFriend = table.peers.standing(of: hash) > .stranger
        guard sure.inbox.ready.append(datagram, hash: hash, isFriend: isFriend) else { return withhold() }
        table.peers.spend(datagram.count, on: hash)
        sure.inbox.lastAck[Int(hash & 255)] = now
        sure.outbox.counts.acksSent += 1
        if ack.body == nil { sure.outbox.counts.headersSent += 1 }
        sure.outbox.counts.ackBytesSent += datagram.count
        return true
    }

    private mutating func withhold() -> Bool {
        sure.outbox.counts.acksWithheld += 1
        return false
    }

    /// All of an ack that is more than an unsigned head, which has no bytes here; nil if it cannot be signed.
    private func bytes(of ack: Ack, isSigned: Bool) -> [UInt8]? {
        guard isSigned else { return ack.body == nil ? [] : ack.bytes(in: domain) }
        guard let signer, let vid, let keys = keep.keys(of: vid) else { return nil }
        return try? ack.bytes(in: domain, as: vid, keys: keys, signer: signer)
    }
}
