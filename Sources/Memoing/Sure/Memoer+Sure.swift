import Doing
import Wiring

/// All that a memoer keeps for sure memos.
struct SureState {
    var outbox: SureOutbox
    var inbox: SureInbox
    /// Anything waits, is under way or is owed; nothing else is asked of a memoer without sure memos.
    var isActive = false
    /// Who yielded the last train that was polled.
    var polled = Polled.plain
    /// The other queue had its turn last.
    var isTurn = true
    /// Memos were sent last: if acks wait as well, it is their turn.
    var isAcksTurn = true
    /// Grams that waited for the first one of their memo are taken in: that one is what triggers the ack.
    var isAdopting = false
    var lastMicros = Micros.min
    /// The tyme of the pass in microseconds: asked for each memo, worked out once.
    var stamp: (tyme: Tyme, micros: Micros) = (0, 0)
    /// Bytes of memos in the last train that was polled, if an ack rides behind them.
    var ridden = 0
    /// An ack did not fit behind memos: acks go first the next time.
    var isAckFirst = false

    enum Polled { case plain, acks, memos, both }
}

/// Sending sure memos.
extension Memoer {
    /// The tyme in microseconds.
    @inline(__always) var micros: Micros { sure.stamp.tyme == tyme ? sure.stamp.micros : Micros(tyme: tyme) }

    /// How sure memos are sent to destinations that ``setSure(_:for:)`` was not called for, and are new. Values that
    /// make no sense are refused by the first memo to such a destination, with ``MemoError/badOption(_:value:)``.
    public var sureDefaults: SureOptions {
        get { sure.outbox.defaults }
        set { sure.outbox.defaults = newValue }
    }

    /// How sure memos are sent to `destination`.
    public func sureOptions(for destination: Address) -> SureOptions {
        let lane = sure.outbox.find(destination, addressHash)
        return lane < 0 ? sure.outbox.defaults : sure.outbox.lanes[Int(lane)].options
    }

    /// The mode of ``sureOptions(for:)``, without a copy of the rest.
    @inline(__always) func sureMode(for destination: Address) -> SureOptions.Mode {
        let lane = sure.outbox.find(destination, addressHash)
        return lane < 0 ? sure.outbox.defaults.mode : sure.outbox.lanes[Int(lane)].options.mode
    }

    /// Says how sure memos are sent to `destination` from now on.
    ///
    /// A new ``SureOptions/control`` starts anew; what is under way stays under way.
    ///
    /// They are not forgotten for other destinations: as many as ``MemoerLimits/destinations`` may have their own.
    ///
    /// - Throws: ``MemoError/noDestination``, ``MemoError/tooManyDestinations(limit:)``,
    ///   ``MemoError/badOption(_:value:)``.
    public mutating func setSure(_ options: SureOptions, for destination: Address) throws(MemoError) {
        try options.check()
        let lane = Int(try sure.outbox.lane(for: destination, addressHash))
        sure.outbox.keep(Int32(lane))
        if sure.outbox.lanes[lane].options.control != options.control {
            sure.outbox.lanes[lane].control(by: options.control)
        }
        if let vid = options.vid { sure.outbox.lanes[lane].pinned = vid }
        sure.outbox.lanes[lane].options = options
    }

    /// What sure memos have come to.
    public var sureStatistics: SureStatistics {
        var counts = sure.outbox.counts
        counts.unfinished = sure.outbox.unfinished
        counts.inFlight = sure.outbox.lanes.reduce(0) { $0 + $1.inFlight }
        counts.remembered = sure.inbox.done.count
        return counts
    }

    /// The smoothed round trip to `destination` in seconds; nil if nothing is known of it.
    public func roundTrip(to destination: Address) -> Tyme? {
        let lane = sure.outbox.find(destination, addressHash)
        guard lane >= 0, let smoothed = sure.outbox.lanes[Int(lane)].roundTrip.smoothed else { return nil }
        return Double(smoothed) / 1e6
    }

    /// Ends all sure memos that are on their way with ``SureOutcome/Result/closed``: before the transport goes.
    public mutating func closeSure() { sure.outbox.finishAll(.closed) }

    /// Says whether sure memos of one peer are answered; nil for what ``ackPolicy`` says.
    public mutating func setAckPolicy(_ policy: AckPolicy?, for peer: Address) { ackPolicies[peer] = policy }

    /// Queues a sure memo.
    @inline(__always) mutating func memoitSure(
        _ bytes: [UInt8], to destination: Address, _ kind: MemoKind, identity: Int32, _ options: MemoOptions?
    ) throws(MemoError) -> Mid {
        let earlier = options?.key.map { sure.outbox.find(key: $0, destination, addressHash) } ?? -1
        let lane: Int32
        do {
            lane = try sure.outbox.admit(
                bytes.count, kind, domain, to: destination, hash: addressHash,
                beside: (outbox.queuedMemos, outbox.queuedBytes), insteadOf: earlier)
        } catch {
            throw want(error, destination)
        }
        let mid = mids.next(milliseconds: millisecond())
        sure.isActive = true
        if earlier < 0 || !sure.outbox.replace(earlier, bytes, mid, kind, domain, identity, options, at: micros) {
            sure.outbox.append(bytes, mid, kind, domain, identity: identity, options, to: lane, at: micros)
        }
        return mid
    }

    /// Takes back a sure memo that is not over: it ends as ``SureOutcome/Result/cancelled``, and nothing of it is sent
    /// any more. What has left may arrive: ``SureOutcome/mayHaveArrived`` says whether that can be all of it.
    ///
    /// Plain memos cannot be taken back: they leave with the next pass.
    ///
    /// - Returns: whether there was such a memo.
    @discardableResult public mutating func cancel(_ mid: Mid) -> Bool {
        let row = sure.outbox.find(mid)
        guard row >= 0 else { return false }
        sure.outbox.takeBack(row, .cancelled, at: micros)
        return true
    }

    /// A promise of how a sure memo ends, for whoever waits for that one memo; nil if it is over already, or none of
    /// this memoer's.
    ///
    /// ```swift
    /// let mid = try peer.core.memoit("hello", to: blu, kind: .sure)
    /// let outcome = try await peer.core.ticket(for: mid)?.get()  // linear code of CoDoing
    /// ```
    /// Asked again it is the same promise. The outcome is told by it, and by no event then. A memoer that is let go of
    /// resolves nothing: ``closeSure()`` does.
    public mutating func ticket(for mid: Mid) -> Promise<SureOutcome>? {
        let row = sure.outbox.find(mid)
        return row < 0 ? nil : sure.outbox.ticket(of: row)
    }
}

// MARK: - The pass

extension Memoer {
    /// Takes note of the tyme, and measures its step.
    @inline(never) mutating func noteSure() {
        let now = micros
        sure.stamp = (tyme, now)
        guard now > sure.lastMicros else { return }
        // Steps below 10 µs are none of a scheduler's: they would make every timer hasty.
        let step = now &- max(sure.lastMicros, 0)
        if sure.lastMicros >= 0, step >= 10 { sure.outbox.granularity = min(sure.outbox.granularity, step) }
        sure.lastMicros = now
    }

    /// Runs the timers that are due.
    @inline(never) mutating func expireSure() {
        let now = micros
        if sure.outbox.deadline <= now { sure.outbox.tick(at: now) }
    }

    /// The next train of acks or of sure memos.
    @inline(never) mutating func pollSure(into out: inout OutputRawSpan, _ limits: TrainLimits) -> Train? {
        let now = micros
        if sure.inbox.hasWork(at: now) || !sure.inbox.starved.isEmpty || !sure.inbox.repeats.isEmpty {
            makeAcks(at: now)
        }
        if mayRide(limits), let train = pollRide(into: &out, limits, at: now) { return train }
        // Acks and memos have turns, so that no flood of what asks for acks holds up memos.
        let isShared = outbox.isReady || sure.outbox.isReady
        if sure.isAcksTurn || !isShared {
            var share = limits
            if isShared { share.segments = max(1, limits.segments / 2) }
            if let train = pollAcks(into: &out, share) { return train }
        }
        // Plain and sure memos have turns.
        if outbox.isReady, !sure.isTurn {
            sure.isTurn = true
            return nil
        }
        if sure.outbox.isReady {
            let signing = SureOutbox.Signing(signer: signer, identities: outbox.identities)
            if let train = sure.outbox.poll(into: &out, limits, signing, at: now) {
                sure.polled = .memos
                sure.isTurn = false
                sure.isAcksTurn = true
                return train
            }
        }
        if outbox.isReady { return nil }
        if let train = pollAcks(into: &out, limits) { return train }
        settleSure()
        return nil
    }

    /// The next train of acks.
    mutating func pollAcks(into out: inout OutputRawSpan, _ limits: TrainLimits) -> Train? {
        guard sure.inbox.isReady, let train = sure.inbox.ready.poll(into: &out, limits) else { return nil }
        sure.polled = .acks
        sure.isAckFirst = false
        sure.isAcksTurn = false
        return train
    }

    /// Whether the one ack that waits may leave in the train of memos that goes to the same peer.
    private func mayRide(_ limits: TrainLimits) -> Bool {
        guard let ack = sure.inbox.ready.only, sure.outbox.isReady, !sure.isAckFirst, !outbox.isReady,
            limits.segments > 1, case let lane = sure.outbox.turns.first(of: SureOutbox.Turn.ready), lane >= 0
        else { return false }
        return sure.outbox.lanes[Int(lane)].address == ack.address
    }

    /// A train of memos with an ack behind: a question is acknowledged and answered by one system call, and both are
    /// received by one.
    private mutating func pollRide(into out: inout OutputRawSpan, _ limits: TrainLimits, at now: Micros) -> Train? {
        guard let ack = sure.inbox.ready.only else { return nil }
        let start = out.byteCount
        let signing = SureOutbox.Signing(signer: signer, identities: outbox.identities)
        var room = limits
        room.segments -= 1
        room.bytes = min(limits.bytes, out.freeCapacity) - ack.count
        guard room.bytes > 0, let train = sure.outbox.poll(into: &out, room, signing, at: now) else { return nil }
        sure.polled = .memos
        sure.isTurn = false
        sure.ridden = out.byteCount - start
        guard train.peer == ack.address, ack.count <= train.segment, sure.ridden % train.segment == 0 else {
            sure.isAckFirst = true
            return train
        }
        ack.append(to: &out)
        sure.inbox.ready.pollOnly()
        sure.polled = .both
        return train
    }

    /// Takes note of what the transport took of memos and of the ack behind them.
    mutating func sentRide(_ sending: Sending, _ train: Train) {
        let now = micros
        guard sending.taken >= sure.ridden else { return sure.outbox.commit(sending, train, at: now) }
        let rest = Sending(taken: sending.taken - sure.ridden, sending.outcome)
        var memos = Sending(taken: sure.ridden)
        // A refusal was of the ack; a lack of room is everybody's.
        if case .refused = sending.outcome {} else { memos.outcome = sending.outcome }
        sure.outbox.commit(memos, train, at: now)
        sure.inbox.isFull = !sure.inbox.ready.commit(rest, train)
    }

    /// Nothing is owed, under way or due: the memoer is as cheap as one without sure memos.
    private mutating func settleSure() {
        sure.isActive =
            sure.outbox.unfinished > 0 || sure.inbox.deadline != .max || !sure.inbox.starved.isEmpty
            || !sure.inbox.ready.isEmpty
    }

    /// When something of the sure memos is due.
    var sureWakeTyme: Tyme? {
        if sure.outbox.isReady { return tyme }
        let inbox = sure.inbox.deadline
        if inbox == .min { return tyme }
        let due = min(sure.outbox.deadline, inbox)
        return due == .max ? nil : max(due.tyme, tyme)
    }

    /// An ack.
    @inline(never) mutating func takeAck(_ head: GramHead, _ datagram: RawSpan) {
        guard sure.outbox.unfinished > 0 else { return drop(.ack) }
        guard case .success(let read) = Ack.read(head, datagram) else { return drop(.badAck) }
        var row = sure.outbox.find(read.ack.mid)
        if row < 0, let other = read.ack.body?.further.first(where: { sure.outbox.find($0) >= 0 }) {
            // The memo that it names first is over already, which says nothing of those behind it.
            row = sure.outbox.find(other)
            return takeSheaf(read, row, datagram)
        }
        guard row >= 0 else { return drop(.ack) }
        guard isFromItsLane(row, read) else { return drop(.ackSource) }
        guard sure.outbox.isPossible(read.ack, of: row) else { return drop(.badAck) }
        let signer = sure.outbox.memos[Int(row)].kind.isSigned ? goodSigner(of: read, datagram, row) : nil
        if sure.outbox.memos[Int(row)].kind.isSigned, signer == nil { return }
        accept(read.ack, row, isSigned: signer != nil)
    }

    /// A sheaf whose first memo is over.
    private mutating func takeSheaf(_ read: Ack.Read, _ row: Int32, _ datagram: RawSpan) {
        guard isFromItsLane(row, read) else { return drop(.ackSource) }
        let (mid, count) = (sure.outbox.memos[Int(row)].mid, Int(sure.outbox.memos[Int(row)].count))
        guard Int(sure.outbox.memos[Int(row)].next) == count else { return drop(.badAck) }
        let signer = sure.outbox.memos[Int(row)].kind.isSigned ? goodSigner(of: read, datagram, row) : nil
        if sure.outbox.memos[Int(row)].kind.isSigned, signer == nil { return }
        var body = read.ack.body
        body?.base = count
        body?.credit = count
        body?.isDuplicate = true
        body?.further.removeAll { $0 == mid }
        accept(Ack(mid: mid, trigger: 0, body: body), row, isSigned: signer != nil)
    }

    private mutating func accept(_ ack: Ack, _ row: Int32, isSigned: Bool) {
        if source == sure.outbox.lanes[Int(sure.outbox.memos[Int(row)].lane)].address {
            table.peers.raise(peer, to: .proven)
        }
        sure.outbox.acknowledge(ack, of: row, at: micros, isSigned: isSigned)
    }

    /// An unsigned ack must come from where the memo went; a signed one may come from a new address of its signer.
    private func isFromItsLane(_ row: Int32, _ read: Ack.Read) -> Bool {
        source == sure.outbox.lanes[Int(sure.outbox.memos[Int(row)].lane)].address
            || sure.outbox.memos[Int(row)].kind.isSigned && read.signature != nil
    }

    /// Checks the signature of an ack of a signed memo; counts it if it is not good. A signer is pinned by it.
    private mutating func goodSigner(of read: Ack.Read, _ datagram: RawSpan, _ row: Int32) -> Vid? {
        guard let vid = read.vid, let signature = read.signature, let signer else {
            drop(.unsigned)
            return nil
        }
        let lane = Int(sure.outbox.memos[Int(row)].lane)
        if let pinned = sure.outbox.lanes[lane].pinned {
            guard pinned == vid else {
                drop(.notAllowed)
                return nil
            }
        } else {
            // A signer that nobody named is taken from where the memo went only.
            guard sure.outbox.lanes[lane].options.pins, source == sure.outbox.lanes[lane].address else {
                drop(.notAllowed)
                return nil
            }
        }
        if let allowed, !allowed.contains(vid) {
            drop(.notAllowed)
            return nil
        }
        guard let key = vid.key ?? keep.keys(of: vid)?.verifyKey else {
            drop(.unknownVid)
            return nil
        }
        guard table.peers.takeCheck(peer, at: tyme) else {
            drop(.verifyBudget)
            return nil
        }
        guard signer.verify(signature, of: datagram.extracting(0..<read.signedCount), key: key) else {
            drop(.badSignature)
            return nil
        }
        sure.outbox.lanes[lane].pinned = vid
        return vid
    }
}
