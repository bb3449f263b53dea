import Doing
import Wiring

extension SureOutbox {
    /// What a train is filled with and how far it is.
    private struct Load {
        let segments, bytes, datagram: Int
        /// Bytes that may leave now; the first gram may exceed them.
        var paced = Int.max
        var grams = 0
        var used = 0
        var segment = 0
        var isEnded = false

        @inline(__always) func hasRoom(for length: Int) -> Bool {
            used &+ length <= bytes && grams < segments
                && (grams == 0 || !isEnded && length <= segment && used &+ length <= paced)
        }

        @inline(__always) mutating func add(_ length: Int) {
            if grams == 0 { segment = length } else if length < segment { isEnded = true }
            grams &+= 1
            used &+= length
        }
    }

    /// Who signs, and as whom.
    struct Signing {
        let signer: (any Signer)?
        let identities: [Outbox.Identity]
    }

    /// Appends the next train, of the lane whose turn it is.
    mutating func poll(
        into out: inout OutputRawSpan, _ limits: TrainLimits, _ signing: Signing, at now: Micros
    ) -> Train? {
        while case let row = turns.first(of: Turn.ready), row >= 0 {
            pending.removeAll(keepingCapacity: true)
            pendingLane = row
            var opens = Micros.max
            let segment = fill(Int(row), limits, &out, signing, now, &opens)
            if segment == 0, let (ref, reason) = cannot {
                // Ends the memo, and looks again: what else waits here may be sent.
                cannot = nil
                if isAlive(ref) { finish(ref.row, .localError(reason)) }
                continue
            }
            cannot = nil
            if segment > 0 { return Train(peer: lanes[Int(row)].address, segment: segment) }
            if lanes[Int(row)].unfinished == 0 {
                settle(row)
            } else {
                turns.move(row, to: Turn.waiting)
                reschedule(row, opens: opens)
            }
        }
        pendingLane = -1
        return nil
    }

    /// - Returns: the length of the train's grams, or 0 if there is nothing to send now.
    private mutating func fill(
        _ lane: Int, _ limits: TrainLimits, _ out: inout OutputRawSpan, _ signing: Signing, _ now: Micros,
        _ opens: inout Micros
    ) -> Int {
        let (controller, smoothed) = (lanes[lane].controller, lanes[lane].roundTrip.smoothed)
        let ceiling = lanes[lane].options.ceiling
        let window = max(controller.window &- lanes[lane].inFlight, lanes[lane].probes)
        var segments = min(limits.segments, window)
        lanes[lane].isHeldBack = true
        // A window that opens gram by gram would be filled gram by gram, with a system call for each: a quarter of it
        // must be open. Acks of what is under way open that much, or a timer does.
        guard window >= controller.leastOpen || lanes[lane].probes > 0 else { return 0 }
        guard segments > 0 else { return 0 }
        let bytes = min(limits.bytes, out.freeCapacity)
        var paced = Int.max
        let rate = Self.least(controller.rate(smoothed: smoothed, gram: min(maximum, limits.datagram)), ceiling)
        if let rate {
            lanes[lane].pacer.fill(rate, at: now)
            guard lanes[lane].pacer.isOpen else {
                opens = lanes[lane].pacer.close(rate, at: now)
                return 0
            }
            paced = lanes[lane].pacer.room
            segments = min(segments, max(1, paced / (Pacer.overhead + 1)))
        }
        var load = Load(segments: segments, bytes: bytes, datagram: limits.datagram, paced: paced)
        if !lanes[lane].lost.isEmpty { fillLost(lane, &load, &out, signing) }
        if !load.isEnded { fillFresh(lane, &load, &out, signing) }
        if load.grams == 0 { lanes[lane].isHeldBack = false }
        return load.segment
    }

    @inline(__always) private static func least(_ rate: Int64?, _ ceiling: Int?) -> Int64? {
        guard let ceiling else { return rate }
        return min(rate ?? .max, Int64(max(1, ceiling)))
    }

    /// Grams that were lost, oldest first.
    private mutating func fillLost(
        _ lane: Int, _ load: inout Load, _ out: inout OutputRawSpan, _ signing: Signing
    ) {
        // With nothing under way nothing else can be waited for.
        var allowance = lanes[lane].inFlight == 0 ? Int.max : lanes[lane].allowance
        var places: Int32 = 0
        var index = 0
        while index < lanes[lane].lost.count, allowance > 0 {
            let ref = lanes[lane].lost[index]
            places += 1
            index += 1
            guard isAlive(ref), !memos[Int(ref.row)].isAcked(ref.gram) else { continue }
            guard append(ref, &load, &out, signing) else { return }
            pending.append(Pending(ref: ref, lostPlaces: places))
            places = 0
            allowance -= 1
        }
        // Nothing but dead places: they go, so that the queue is empty when it looks empty.
        if pending.isEmpty, places > 0 { lanes[lane].lost.removeFirst(Int(places)) }
    }

    /// Grams that were never sent, by priority.
    private mutating func fillFresh(
        _ lane: Int, _ load: inout Load, _ out: inout OutputRawSpan, _ signing: Signing
    ) {
        let isOnlyFresh = load.grams == 0
        for level in 0..<3 {
            let priority: MemoPriority = level == 0 ? .high : level == 1 ? .normal : .low
            guard !lanes[lane].fresh[priority].isEmpty else { continue }
            guard fillFresh(lane, priority, &load, &out, signing, isOnlyFresh) else { return }
        }
    }

    /// Those of one priority, memo by memo.
    ///
    /// - Returns: whether the train may go on with those of the next lower one.
    @inline(__always) private mutating func fillFresh(
        _ lane: Int, _ priority: MemoPriority, _ load: inout Load, _ out: inout OutputRawSpan, _ signing: Signing,
        _ isOnlyFresh: Bool
    ) -> Bool {
        var index = 0
        while index < lanes[lane].fresh[priority].count {
            var ref = lanes[lane].fresh[priority][index]
            let row = Int(ref.row)
            if !isAlive(ref) || memos[row].next >= memos[row].count || memos[row].isParked {
                guard index == 0 else { return false }
                lanes[lane].fresh[priority].removeFirst()
                continue
            }
            guard lanes[lane].mayStart(memos[row].order) else { return true }
            guard memos[row].next < memos[row].credit else {
                guard index == 0, isOnlyFresh || pending.isEmpty else { return false }
                memos[row].isParked = true
                lanes[lane].parked.append(ref)
                lanes[lane].fresh[priority].removeFirst()
                continue
            }
            for gram in memos[row].next..<min(memos[row].count, memos[row].credit) {
                ref.gram = gram
                guard append(ref, &load, &out, signing) else { return false }
                pending.append(Pending(ref: ref, lostPlaces: 0))
            }
            index += 1
        }
        return true
    }

    /// Appends one gram; false if it does not fit, or cannot be made.
    @inline(__always) private mutating func append(
        _ ref: GramRef, _ load: inout Load, _ out: inout OutputRawSpan, _ signing: Signing
    ) -> Bool {
        let row = Int(ref.row)
        guard memos[row].count == 1, !memos[row].kind.isSigned else { return appendSlow(ref, &load, &out, signing) }
        let overhead = memos[row].domain == .text ? 32 : 24
        let count = memos[row].bytes.count
        let length = overhead &+ count
        guard load.hasRoom(for: length) else { return isTooLarge(length, ref, load) }
        let head = GramHead(
            code: memos[row].kind.zeroth, domain: memos[row].domain, number: 1, mid: memos[row].mid)
        unsafe out.withUnsafeMutableBytes { room, filled in
            let target = unsafe room.baseAddress! + filled
            unsafe head.store(to: target)
            unsafe memos[row].bytes.withUnsafeBytes { bytes in
                guard let from = bytes.baseAddress else { return }
                unsafe (target + overhead).copyMemory(from: from, byteCount: count)
            }
            filled &+= length
        }
        load.add(length)
        return true
    }

    /// Takes note of a gram that no datagram of the transport can hold; always false.
    private mutating func isTooLarge(_ length: Int, _ ref: GramRef, _ load: borrowing Load) -> Bool {
        if load.grams == 0, length > load.datagram {
            cannot = (ref, .tooLarge(size: length, maximum: load.datagram))
        }
        return false
    }

    @inline(never) private mutating func appendSlow(
        _ ref: GramRef, _ load: inout Load, _ out: inout OutputRawSpan, _ signing: Signing
    ) -> Bool {
        let row = Int(ref.row)
        guard let plan = memos[row].plan() else { return false }
        let number = Int(ref.gram)
        let length = plan.length(of: number)
        guard load.hasRoom(for: length) else { return isTooLarge(length, ref, load) }
        let bytes = memos[row].bytes
        guard memos[row].kind.isSigned else {
            unsafe plan.append(number, of: bytes.span.bytes, mid: memos[row].mid, to: &out)
            load.add(length)
            return true
        }
        guard let signer = signing.signer else { return false }
        let identity = signing.identities[Int(memos[row].identity)]
        do {
            let signature = try unsafe plan.append(
                number, of: bytes.span.bytes, mid: memos[row].mid, as: identity.vid, seed: identity.seed,
                verifyKey: identity.verifyKey, by: signer, signature: memos[row].signature(of: ref.gram), to: &out)
            memos[row].setSignature(signature, of: ref.gram)
        } catch {
            if load.grams == 0 { cannot = (ref, .signing(error)) }
            return false
        }
        load.add(length)
        return true
    }
}

// MARK: - Committing

extension SureOutbox {
    /// Takes note of what the transport took of the train that was polled last, and of why it took no more.
    mutating func commit(_ sending: Sending, _ train: Train, at now: Micros) {
        let row = pendingLane
        guard row >= 0, lanes[Int(row)].address == train.peer else { return }
        let lane = Int(row)
        var grams = sending.taken > 0 ? train.count(of: sending.taken) : 0
        if case .refused(let refusal) = sending.outcome, grams < pending.count {
            switch refusal.reason {
            case .tooLarge, .denied, .badAddress:
                let ref = pending[grams].ref
                note(grams, lane, sending.taken, now)
                if isAlive(ref) { finish(ref.row, .localError(.refused(refusal))) }
                return conclude(row, now)
            case .unreachable, .other:
                // Nobody there now: the way has lost it, and the timers decide.
                grams += 1
            }
        }
        note(grams, lane, sending.taken, now)
        switch sending.outcome {
        case .full: isFull = true
        case .peerFull:
            if turns.list(of: row) != Turn.blocked { blocked += 1 }
            turns.move(row, to: Turn.blocked)
        case .sent, .refused: break
        }
        conclude(row, now)
        if sending.outcome == .sent { rotate(row) }
    }

    private mutating func conclude(_ row: Int32, _ now: Micros) {
        pending.removeAll(keepingCapacity: true)
        pendingLane = -1
        if lanes[Int(row)].unfinished == 0 { settle(row) } else { reschedule(row) }
    }

    /// The next lane has its turn, and in this one the next memo.
    private mutating func rotate(_ row: Int32) {
        if turns.list(of: row) == Turn.ready { turns.move(row, to: Turn.ready) }
        let lane = Int(row)
        guard let first = lanes[lane].fresh.first, isAlive(first), memos[Int(first.row)].next > 0,
            !lanes[lane].options.isOrdered
        else { return }
        let priority = memos[Int(first.row)].priority
        guard lanes[lane].fresh[priority].count > 1 else { return }
        lanes[lane].fresh[priority].removeFirst()
        lanes[lane].fresh[priority].append(first)
    }

    /// The first grams of the pending train are under way.
    private mutating func note(_ grams: Int, _ lane: Int, _ bytes: Int, _ now: Micros) {
        guard grams > 0 else { return }
        sent.grams &+= grams
        sent.bytes &+= bytes
        lanes[lane].lastSent = now
        let (controller, smoothed) = (lanes[lane].controller, lanes[lane].roundTrip.smoothed)
        if lanes[lane].inFlight + grams > controller.window, grams > lanes[lane].probes { overruns += 1 }
        lanes[lane].probes = max(0, lanes[lane].probes - grams)
        for item in pending[..<min(grams, pending.count)] {
            let ref = item.ref
            let row = Int(ref.row)
            let order = lanes[lane].log.append(
                TransmissionLog.Entry(
                    row: ref.row, gram: ref.gram, serial: ref.serial, sentAt: now, previous: ref.sentAt,
                    tries: ref.tries &+ 1))
            memos[row].setTransmission(order, of: ref.gram)
            memos[row].sendings &+= 1
            lanes[lane].inFlight &+= 1
            if item.lostPlaces > 0 {
                lanes[lane].lost.removeFirst(Int(item.lostPlaces))
                lanes[lane].allowance = max(0, lanes[lane].allowance - 1)
                counts.retransmissions += 1
                if ref.gram == memos[row].base { memos[row].rounds += 1 }
            } else {
                if ref.gram == 0 { memos[row].timers = lanes[lane].timers }
                memos[row].next = ref.gram &+ 1
                if memos[row].next == memos[row].count {
                    sent.memos &+= 1
                    lanes[lane].fresh[memos[row].priority].removeFirst()
                }
            }
        }
        if lanes[lane].options.ceiling != nil || controller.rate(smoothed: smoothed, gram: maximum) != nil {
            lanes[lane].pacer.take(bytes + (grams - 1) * Pacer.overhead)
        }
    }

    mutating func unblock() {
        isFull = false
        while blocked > 0, case let row = turns.first(of: Turn.blocked), row >= 0 {
            blocked -= 1
            turns.move(row, to: Turn.ready)
        }
    }
}
