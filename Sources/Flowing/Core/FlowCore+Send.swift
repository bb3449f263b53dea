import Doing
import Wiring

/// What leaves.
extension FlowCore {
    public func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        self.tyme = tyme
        polled = .nothing
        if strays.isReady, let train = strays.poll(into: &out, limits) {
            polled = .stray
            return train
        }
        while !ready.isEmpty {
            let flow = ready[0]
            looks += 1
            if flow.isQueued, flow.core === self, let train = compose(flow, into: &out, limits) { return train }
            ready.popFirst()
            flow.isQueued = false
            if flow.core === self { rearm(flow) }
        }
        return nil
    }

    /// The next train of `flow`, nil if nothing of it may leave now.
    private func compose(_ flow: Flow, into out: inout OutputRawSpan, _ limits: TrainLimits) -> Train? {
        if !flow.debts.isDisjoint(with: .management) { return composeManagement(flow, into: &out) }
        if flow.phase == .up || flow.phase == .draining {
            let mayRide = flow.receiver?.heldCount == 0
            if flow.debts.contains(.rendezvous) { return composeBare(flow, .rendezvous, into: &out) }
            if flow.debts.contains(.ack), !mayRide { return composeBare(flow, .ack, into: &out) }
            if let train = composePackets(flow, into: &out, limits) { return train }
            if flow.debts.contains(.ack) { return composeBare(flow, .ack, into: &out) }
            if flow.debts.contains(.alive) { return composeBare(flow, .alive, into: &out) }
        } else if flow.debts.contains(.ack) {
            return composeBare(flow, .ack, into: &out)
        }
        flow.debts = []
        return nil
    }

    // MARK: Management frames

    private func composeManagement(_ flow: Flow, into out: inout OutputRawSpan) -> Train? {
        if flow.debts.contains(.request) {
            let code = flow.isJoining ? .ownJoin : requestCode
            var qos = flow.qos
            // For us what may not be lost is in order.
            if qos.isReliable { qos.inOrder = max(1, qos.inOrder) }
            FlowManagement(code, source: flow.endpoint, qos: qos).write(into: &out)
            flow.nameHash.write(into: &out)
            out.append(contentsOf: flow.introduction.span.bytes)
            polled = .debt(flow, .request)
        } else if flow.debts.contains(.reply) {
            FlowManagement(
                wire == .own ? .ownReply : .reply, source: flow.peerEndpoint, destination: flow.endpoint
            ).write(into: &out)
            out.append(contentsOf: flow.introduction.span.bytes)
            polled = .debt(flow, .reply)
        } else {
            FlowManagement(.close, source: flow.endpoint, destination: flow.peerEndpoint).write(into: &out)
            polled = .debt(flow, .close)
        }
        return Train(peer: flow.peer, segment: out.byteCount)
    }

    // MARK: Without a payload

    private func composeBare(_ flow: Flow, _ debt: Flow.Debts, into out: inout OutputRawSpan) -> Train? {
        out.append(bigEndian: flow.peerEndpoint)
        polled = .debt(flow, debt)
        guard debt != .alive else { return Train(peer: flow.peer, segment: out.byteCount) }
        let start = out.byteCount
        if debt == .rendezvous {
            FRCTHeader([.rendezvous]).write(into: &out)
        } else if let receiver = flow.receiver, receiver.isActive {
            var flags: FRCTHeader.Flags = receiver.isReliable ? [.ack, .window] : .window
            let hasBitmap = wire == .own && receiver.isReliable && receiver.heldCount > 0
            if hasBitmap { flags.insert(.bitmap) }
            let lag = wire == .own && receiver.isReliable ? tyme - flow.lastDataAt : 0
            FRCTHeader(
                flags, window: windowEdge(flow), sequence: UInt32(min(lag, 1) * 1e6),
                acknowledged: receiver.isReliable ? receiver.next : 0
            ).write(into: &out)
            if hasBitmap { receiver.writeBitmap(into: &out, most: limits.window / 8) }
        } else {
            out.removeLast(out.byteCount)
            flow.debts.remove(debt)
            polled = .nothing
            return compose(flow, into: &out, TrainLimits(segments: 1, bytes: 65_535, datagram: datagram))
        }
        finish(flow, into: &out, from: start)
        return Train(peer: flow.peer, segment: out.byteCount)
    }

    /// Adds the checksum, and seals what stands from `start` on.
    private func finish(_ flow: Flow, into out: inout OutputRawSpan, from start: Int) {
        if flow.qos.isChecked { out.append(bigEndian: CRC32.checksum(out.bytes.extracting(start..<out.byteCount))) }
        guard flow.seal != nil else { return }
        scratch.removeAll(keepingCapacity: true)
        flow.seal!.seal(out.bytes.extracting(start..<out.byteCount), into: &scratch)
        out.removeLast(out.byteCount - start)
        let sealed = scratch
        out.append(contentsOf: sealed.span.bytes)
    }

    // MARK: Packets

    private func composePackets(_ flow: Flow, into out: inout OutputRawSpan, _ limits: TrainLimits) -> Train? {
        var most = limits.segments
        if flow.bucket != nil, flow.bucket!.available(at: tyme) <= 0 { return nil }
        if flow.sender != nil {
            if flow.sender!.repeatAllowance > 0, let lost = flow.sender!.nextLost(from: 0) {
                return composeRepeats(flow, lost, into: &out, limits)
            }
            guard flow.sender!.canSend else { return nil }
            most = min(most, flow.sender!.allowance)
        }
        let first = flow.sender?.count ?? 0
        guard flow.tx.count > first else { return nil }
        let bytes = flow.tx.bytes
        let overhead = self.overhead(flow)
        let segment = flow.tx.length(first) + overhead
        most = min(most, flow.tx.count - first)
        var tokens = flow.bucket.map { _ in flow.bucket!.available(at: tyme) } ?? .infinity
        var (count, payload) = (0, 0)
        while count < most {
            let range = flow.tx.range(first + count)
            let size = range.count + overhead
            guard size <= segment, size <= out.freeCapacity, out.byteCount + size <= limits.bytes || count == 0,
                tokens > 0
            else { break }
            append(flow, bytes.span.bytes.extracting(range), number: first + count, into: &out)
            count += 1
            payload += range.count
            tokens -= Double(range.count)
            if size < segment { break }
        }
        guard count > 0 else { return nil }
        polled = .packets(flow, count: count, bytes: payload)
        return Train(peer: flow.peer, segment: segment)
    }

    private func composeRepeats(
        _ flow: Flow, _ lost: Int, into out: inout OutputRawSpan, _ limits: TrainLimits
    ) -> Train? {
        let bytes = flow.tx.bytes
        let overhead = self.overhead(flow)
        let segment = flow.tx.length(lost) + overhead
        let most = min(limits.segments, flow.sender!.repeatAllowance)
        repeatList.removeAll(keepingCapacity: true)
        var next: Int? = lost
        while let index = next, repeatList.count < most {
            let range = flow.tx.range(index)
            let size = range.count + overhead
            guard size <= segment, size <= out.freeCapacity,
                out.byteCount + size <= limits.bytes || repeatList.isEmpty
            else { break }
            append(flow, bytes.span.bytes.extracting(range), number: index, into: &out)
            repeatList.append(index)
            if size < segment { break }
            next = flow.sender!.nextLost(from: index + 1)
        }
        guard !repeatList.isEmpty else { return nil }
        polled = .repeats(flow)
        return Train(peer: flow.peer, segment: segment)
    }

    /// Bytes that a packet has beside its payload.
    private func overhead(_ flow: Flow) -> Int {
        4 + (flow.qos.isOrdered ? FRCTHeader.size : 0) + (flow.qos.isChecked ? CRC32.size : 0)
            + (flow.seal == nil ? 0 : cipher?.overhead ?? 0)
    }

    /// Appends one datagram: packet `number` of the flow's queue.
    @inline(__always) private func append(
        _ flow: Flow, _ payload: RawSpan, number: Int, into out: inout OutputRawSpan
    ) {
        out.append(bigEndian: flow.peerEndpoint)
        let start = out.byteCount
        if flow.qos.isOrdered { header(flow, number).write(into: &out) }
        out.append(contentsOf: payload)
        if flow.qos.isChecked || flow.seal != nil { finish(flow, into: &out, from: start) }
    }

    private func header(_ flow: Flow, _ number: Int) -> FRCTHeader {
        let first = flow.sender?.first ?? flow.nextNumber
        var flags: FRCTHeader.Flags = .data
        // A run starts with the oldest packet that is not acknowledged, and with every packet that needs no answer.
        if number == 0 || flow.sender == nil { flags.insert(.startsRun) }
        var header = FRCTHeader(flags, sequence: first &+ UInt32(number))
        guard let receiver = flow.receiver, receiver.isActive else { return header }
        header.flags.insert(.window)
        header.window = windowEdge(flow) & 0xFF_FFFF
        if receiver.isReliable {
            header.flags.insert(.ack)
            header.acknowledged = receiver.next
        }
        return header
    }

    // MARK: What became of it

    public func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        self.tyme = tyme
        let last = polled
        polled = .nothing
        switch last {
        case .nothing: return
        case .stray:
            strays.sent(sending, train)
            return
        case .debt(let flow, let debt):
            let isRefused = if case .refused = sending.outcome { true } else { false }
            if sending.taken > 0 || isRefused { paid(flow, debt, isRefused: isRefused) }
            settle(flow, sending)
        case .packets(let flow, let count, let bytes):
            let gone = sending.taken == 0 ? 0 : min(count, train.count(of: sending.taken))
            left(flow, gone, bytes: gone == count ? bytes : max(0, sending.taken - gone * overhead(flow)))
            if case .refused(let refusal) = sending.outcome, gone < count { refused(flow, refusal) }
            settle(flow, sending)
        case .repeats(let flow):
            let gone = sending.taken == 0 ? 0 : min(repeatList.count, train.count(of: sending.taken))
            for index in repeatList.prefix(gone) { flow.sender?.repeated(index, at: tyme) }
            statistics.repeats += gone
            flow.bucket?.take(max(0, min(sending.taken, train.segment * gone) - gone * overhead(flow)))
            if case .refused = sending.outcome, gone < repeatList.count {
                statistics.drop(.refused)
                flow.sender?.repeated(repeatList[gone], at: tyme)
            }
            flow.sentAt = tyme
            settle(flow, sending)
        }
    }

    /// `count` packets of the front left.
    private func left(_ flow: Flow, _ count: Int, bytes: Int) {
        guard count > 0 else { return }
        statistics.sent += count
        flow.sentAt = tyme
        flow.hasSentData = true
        flow.debts.remove(.alive)
        flow.bucket?.take(bytes)
        if flow.sender != nil {
            for _ in 0..<count { flow.sender!.left(at: tyme) }
        } else {
            flow.nextNumber &+= UInt32(count)
            flow.tx.removeFirst(count)
            flow.departures?.send(true)
        }
        if flow.receiver?.isActive == true, flow.receiver!.heldCount == 0 { acknowledged(flow) }
    }

    /// The peer was told what has come.
    private func acknowledged(_ flow: Flow) {
        flow.debts.remove(.ack)
        (flow.ackAt, flow.unacknowledged) = (.infinity, 0)
        flow.toldEdge = windowEdge(flow)
    }

    /// A packet that the transport does not take: lost, as on the way.
    private func refused(_ flow: Flow, _ refusal: Refusal) {
        statistics.drop(.refused)
        if flow.sender != nil {
            flow.sender!.left(at: tyme)
        } else {
            flow.nextNumber &+= 1
            flow.tx.removeFirst(1)
        }
    }

    /// A frame beside the data left.
    private func paid(_ flow: Flow, _ debt: Flow.Debts, isRefused: Bool) {
        flow.debts.remove(debt)
        flow.sentAt = tyme
        if debt == .request || debt == .reply { flow.openedAt = min(flow.openedAt, tyme) }
        switch debt {
        case .request:
            flow.repeatAt = tyme + min(Self.longestRepeat, Self.firstRepeat * Double(1 << min(flow.repeats, 8)))
            flow.repeats += 1
        case .reply where wire == .ouroborosUDP023 && !flow.isHeard && flow.repeats < 3:
            flow.repeats += 1
            flow.repeatAt = tyme + 0.02 * Double(1 << (2 * flow.repeats))
        case .close:
            flow.repeatAt = tyme + min(Self.longestRepeat, Self.firstRepeat * Double(1 << min(flow.repeats, 8)))
            flow.repeats += 1
        case .ack:
            statistics.acks += 1
            acknowledged(flow)
            if flow.owesCopy, flow.receiver?.seesLoss == true {
                flow.owesCopy = false
                flow.ackAt = tyme + Self.copyDelay
            }
            if flow.phase == .telling, wire != .own { release(flow) }
        case .rendezvous: flow.rendezvousAt = tyme + Self.rendezvousDelay
        case .alive: statistics.keepAlives += 1
        default: break
        }
        if isRefused { statistics.drop(.refused) }
    }

    /// Its turn is over: it goes behind the others, aside while its peer is full, or away.
    private func settle(_ flow: Flow, _ sending: Sending) {
        if case .full = sending.outcome { return }
        ready.popFirst()
        flow.isQueued = false
        guard flow.core === self else { return }
        if flow.phase == .draining, flow.tx.isEmpty { conclude(flow) }
        guard flow.core === self else { return }
        if case .peerFull = sending.outcome {
            flow.isBlocked = true
            blocked.append(flow)
        } else if !flow.isQueued, hasWork(flow) {
            enqueue(flow)
        }
        rearm(flow)
    }
}
