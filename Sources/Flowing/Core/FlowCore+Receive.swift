import Doing
import Wiring

/// What has arrived.
extension FlowCore {
    /// Takes in a train: each datagram belongs to a flow by its first four bytes, or is a management frame.
    public func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        self.tyme = tyme
        train.forEachDatagram(of: bytes) { take($0, from: train.peer) }
        settleCurrent()
    }

    @inline(__always) private func take(_ datagram: RawSpan, from peer: Address) {
        guard let endpoint = datagram.bigEndian(UInt32.self, at: 0) else { return statistics.drop(.short) }
        if let current, current.endpoint == endpoint, current.peer == peer {
            return takePacket(current, datagram.extracting(4..<datagram.byteCount))
        }
        guard endpoint != 0 else { return manage(datagram, from: peer) }
        guard let flow = flow(endpoint) else { return statistics.drop(.unknownEndpoint) }
        guard flow.peer == peer else { return statistics.drop(.stranger) }
        guard flow.phase == .up || flow.phase == .draining else { return statistics.drop(.unwanted) }
        settleCurrent()
        current = flow
        takePacket(flow, datagram.extracting(4..<datagram.byteCount))
    }

    /// All that a train brought for one flow is there: its user hears of it once.
    func settleCurrent() {
        guard let flow = current else { return }
        current = nil
        if currentPackets > 0 {
            let count = currentPackets
            currentPackets = 0
            flow.post(.packet, count: count)
        }
        guard flow.core === self, flow.endpoint != 0 else { return }
        recharge(flow)
        if flow.phase == .draining, flow.tx.isEmpty { conclude(flow) }
        if !flow.isQueued, !flow.isBlocked, hasWork(flow) { enqueue(flow) }
        rearm(flow)
    }

    private func takePacket(_ flow: Flow, _ body: RawSpan) {
        flow.heardAt = tyme
        if !flow.isHeard {
            flow.isHeard = true
            if !flow.isAsker { flow.sender?.saw(trip: tyme - flow.openedAt) }
        }
        guard body.byteCount > 0 else { return }  // a keep-alive
        if flow.seal == nil { return takeOpen(flow, body) }
        scratch.removeAll(keepingCapacity: true)
        switch flow.seal!.open(body, into: &scratch) {
        case .opened:
            let opened = scratch
            takeOpen(flow, opened.span.bytes)
        case .broken: statistics.drop(.flippedBits)
        case .replayed: statistics.drop(.replayed)
        }
    }

    @inline(__always) private func takeOpen(_ flow: Flow, _ body: RawSpan) {
        guard flow.qos.isChecked else { return takeChecked(flow, body) }
        // Empty acknowledgements of a real 0.23 carry no checksum.
        if wire == .ouroborosUDP023, flow.qos.isOrdered, body.byteCount == FRCTHeader.size,
            let flags = body.byte(at: 0), flags & FRCTHeader.Flags.data.rawValue == 0
        {
            return takeChecked(flow, body)
        }
        let count = body.byteCount - CRC32.size
        guard count >= 0, let sum = body.bigEndian(UInt32.self, at: count),
            CRC32.checksum(body.extracting(0..<count)) == sum
        else { return statistics.drop(.flippedBits) }
        takeChecked(flow, body.extracting(0..<count))
    }

    @inline(__always) private func takeChecked(_ flow: Flow, _ packet: RawSpan) {
        if flow.qos.isOrdered { takeNumbered(flow, packet) } else { deliver(flow, packet) }
    }

    private func takeNumbered(_ flow: Flow, _ packet: RawSpan) {
        let known: FRCTHeader.Flags = wire == .own ? [.known, .bitmap] : .known
        guard let header = FRCTHeader(packet, known: known) else { return statistics.drop(.badHeader) }
        let payload = packet.extracting(FRCTHeader.size..<packet.byteCount)
        let hasData = header.flags.contains(.data)
        if header.flags.contains(.rendezvous) { flow.debts.insert(.ack) }
        if flow.sender != nil {
            if header.flags.contains(.window) { flow.sender!.open(to: header.window) }
            if header.flags.contains(.ack) { takeAck(flow, header, payload, hasData: hasData) }
            if flow.sender!.isShut == false { flow.rendezvousAt = .infinity }
        }
        guard hasData else { return }
        flow.lastDataAt = tyme
        let verdict = flow.receiver!.handle(
            header.sequence, payload, startsRun: header.flags.contains(.startsRun),
            mayForget: wire == .ouroborosUDP023, room: limits.window - flow.rx.count, at: tyme)
        switch verdict {
        case .deliver:
            deliver(flow, payload)
            owe(flow)
            popHeld(flow)
        case .kept: owe(flow, atOnce: true)
        case .duplicate:
            statistics.drop(.duplicate)
            owe(flow, atOnce: true)
        case .beyond: statistics.drop(.beyondWindow)
        case .ahead: break
        case .stranger: statistics.drop(.noRun)
        }
    }

    private func popHeld(_ flow: Flow) {
        while let early = flow.receiver!.popHeld() {
            deliver(flow, early.span.bytes)
            owe(flow)
        }
    }

    /// Goes on behind a gap.
    func skipGap(_ flow: Flow) {
        current = flow
        flow.receiver!.skipGap()
        popHeld(flow)
    }

    private func takeAck(_ flow: Flow, _ header: FRCTHeader, _ payload: RawSpan, hasData: Bool) {
        // What comes without a payload says on our own layers how long it has waited.
        let isBare = !hasData
        let lag = isBare && wire == .own ? min(Double(header.sequence) * 1e-6, Self.longestAckDelay) : 0
        let bitmap = isBare && header.flags.contains(.bitmap)
        let verdict =
            if bitmap {
                flow.sender!.acknowledge(header.acknowledged, bitmap: payload, lag: lag, at: tyme)
            } else {
                flow.sender!.acknowledge(header.acknowledged, bitmap: nil, lag: lag, at: tyme)
            }
        guard case .done(let count) = verdict else { return statistics.drop(.absurdAck) }
        guard count > 0 else { return }
        flow.tx.removeFirst(count)
        flow.departures?.send(true)
    }

    /// Hands a packet to its user, or to the other members of its broadcast.
    @inline(__always) private func deliver(_ flow: Flow, _ payload: RawSpan) {
        if flow.group != nil {
            _ = flow.group!.relay(payload, from: flow)
            statistics.received += 1
            return
        }
        guard flow.phase == .up else { return }  // it drains: what comes is acknowledged and let go
        guard !flow.flags.contains(.writeOnly) else { return statistics.drop(.unwanted) }
        // A reliable flow is bounded by its window.
        guard
            flow.qos.isReliable
                || flow.rx.charge + payload.byteCount < limits.rxBytes && rxTotal < limits.rxTotal
        else { return statistics.drop(.queueFull) }
        flow.rx.append(payload)
        statistics.received += 1
        currentPackets += 1
    }

    /// An acknowledgement is due: at once for what is out of order and for every second packet, else with the next
    /// packet, or after the delay.
    private func owe(_ flow: Flow, atOnce: Bool = false) {
        guard flow.qos.isReliable else { return }
        flow.unacknowledged += 1
        flow.owesCopy = wire == .own
        // In 0.23 an empty acknowledgement before our first packet ends that direction.
        let may = wire == .own || flow.hasSentData
        if may, atOnce || flow.unacknowledged >= 2 {
            flow.debts.insert(.ack)
        } else {
            flow.ackAt = min(flow.ackAt, tyme + ackDelay(flow))
        }
    }

    /// Seconds that an acknowledgement may wait.
    func ackDelay(_ flow: Flow) -> Double {
        guard wire == .own else { return Self.longestAckDelay }
        return min(Self.longestAckDelay, Double(flow.qos.delay) / 2000)
    }

    /// Seconds after which an acknowledgement without a packet goes once more, where packets are seen to be lost.
    static let copyDelay = 0.004
    /// 15 ms: see ``FlowWire/ouroborosUDP023``.
    static let longestAckDelay = 0.015
}
