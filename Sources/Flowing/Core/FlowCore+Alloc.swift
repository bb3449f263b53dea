import Doing
import Wiring

/// How a flow begins and ends.
extension FlowCore {
    /// Seconds until a request is repeated for the first time; each repeat waits twice as long, four seconds at most.
    static let firstRepeat = 0.25
    static let longestRepeat = 4.0
    /// How often a peer is told that a flow is over.
    static let closeTries = 7
    /// Seconds in which what was written before a dealloc may still leave.
    static let lingering = 120.0
    /// How far in the future the stamp of a request may be, in nanoseconds.
    static let futureSlack: UInt64 = 100_000_000
    /// The first number of our own layers' codes.
    var requestCode: FlowManagement.Code { wire == .own ? .ownRequest : .request }

    // MARK: Asking

    /// Asks `peer` for a flow to `name`.
    func alloc(
        _ flow: Flow, _ name: String, _ hash: NameHash, at peer: Address, qos: QoSSpec, timeout: Double,
        data: [UInt8], joins: Bool
    ) {
        let now = now
        (flow.name, flow.qos, flow.state) = (name, qos, .pending)
        guard data.count <= limits.data else {
            return flow.finish(.refused(.dataTooLong(limit: limits.data)), .down)
        }
        var oap = OAPHeader(id: NameHash(high: random.next(), low: random.next()), stamp: utc(now), data: data)
        var agree: ((_ peer: [UInt8], _ isAsker: Bool) -> (any FlowSealing)?)?
        if qos.cipherStrength > 0 {
            guard wire == .own, let cipher, cipher.strength >= qos.cipherStrength else {
                return flow.finish(.refused(.noCipher), .down)
            }
            let share = cipher.share()
            (oap.cipher, oap.key, agree) = (cipher.number, share.bytes, share.agree)
        }
        guard place(flow) else { return flow.finish(.refused(.busy), .down) }
        (flow.peer, flow.nameHash, flow.isAsker, flow.isJoining) = (peer, hash, true, joins)
        (flow.introduction, flow.introductionID, flow.agree, flow.oap) = (oap.bytes, oap.id, agree, oap)
        (flow.phase, flow.repeats) = (.asking, 0)
        flow.debts = [.request]
        flow.giveUpAt = now + timeout
        queue(flow)
        rearm(flow)
    }

    /// A request that has been repeated for long gets a new stamp, else it would be refused as old.
    func introduceAnew(_ flow: Flow) {
        guard var oap = flow.oap, utc(tyme) &- oap.stamp > UInt64(limits.introductionAge * 0.5e9) else { return }
        (oap.id, oap.stamp) = (NameHash(high: random.next(), low: random.next()), utc(tyme))
        (flow.oap, flow.introduction, flow.introductionID) = (oap, oap.bytes, oap.id)
    }

    /// A place among the members of a broadcast that has its hub here.
    func joinHere(_ flow: Flow, _ group: FlowGroup, qos: QoSSpec) {
        flow.reset()
        (flow.core, flow.qos, flow.phase, flow.state) = (self, qos, .up, .up)
        (flow.endpoint, flow.longest, flow.mostQueued) = (0, longestPacket(qos, nil), limits.txBytes)
        guard group.members.count < limits.members else {
            flow.phase = .over
            flow.finish(.refused(.busy), .down)
            return flow.core = nil
        }
        here.append(flow)
        flow.group = group
        group.members.append(flow)
        statistics.opened += 1
        flow.post(.alloc)
    }

    // MARK: Management frames

    func manage(_ frame: RawSpan, from peer: Address) {
        guard let management = FlowManagement(frame) else {
            return statistics.drop(frame.byteCount < FlowManagement.size ? .short : .unknownCode)
        }
        let rest = frame.extracting(FlowManagement.size..<frame.byteCount)
        switch (management.code, wire) {
        case (.request, .ouroborosUDP023), (.ownRequest, .own), (.ownJoin, .own): takeRequest(management, rest, peer)
        case (.reply, .ouroborosUDP023), (.ownReply, .own): takeReply(management, rest, peer)
        case (.close, .own): takeClose(management, peer)
        case (.closed, .own): takeClosed(management, peer)
        default: statistics.drop(.unknownCode)
        }
    }

    private func takeRequest(_ management: FlowManagement, _ rest: RawSpan, _ peer: Address) {
        guard let hash = NameHash(rest, at: 0),
            let oap = OAPHeader(rest.extracting(MD5.size..<rest.byteCount), isAnswer: false),
            oap.data.count <= limits.data, management.source != 0
        else { return statistics.drop(.badIntroduction) }
        let key = FlowAsker(peer: peer, endpoint: management.source)
        if let flow = asked[key] {
            if flow.introductionID == oap.id { return repeatAnswer(flow) }
            // The asker has begun anew with the same endpoint: the flow that it had is over.
            if flow.phase != .offered || flow.nameHash != hash {
                flow.finish(.peerLost, .peer)
                release(flow)
            }
        }
        guard let name = names[hash], name.isBound || name.group != nil,
            (name.group != nil) == (management.code == .ownJoin)
        else {
            statistics.drop(.unknownName)
            return refuse(management, oap.id, .unknownName, peer)
        }
        let (stamp, age) = (utc(tyme), UInt64(limits.introductionAge * 1e9))
        guard oap.stamp <= stamp &+ Self.futureSlack, oap.stamp >= stamp &- min(age, stamp) else {
            return statistics.drop(.stale)
        }
        guard introductions.note(oap.id, at: tyme, age: limits.introductionAge, most: limits.introductions) else {
            return statistics.drop(.replayed)
        }
        let digest = SHA384.digest(rest.extracting(MD5.size..<rest.byteCount))
        if let flow = asked[key] {
            // It still waits to be accepted, and asks with a new stamp.
            (flow.introductionID, flow.introduction) = (oap.id, digest)
            return
        }
        var qos = management.qos
        var answerKey: [UInt8] = []
        var seal: (any FlowSealing)?
        if oap.cipher != 0 || !oap.key.isEmpty {
            guard wire == .own, let cipher, cipher.number == oap.cipher else {
                return refuse(management, oap.id, .noCipher, peer)
            }
            let share = cipher.share()
            guard let agreed = share.agree(oap.key, false) else { return refuse(management, oap.id, .noCipher, peer) }
            (seal, answerKey, qos.cipherStrength) = (agreed, share.bytes, cipher.strength)
        }
        let flow = Flow()
        guard offerCount < limits.offers || name.group != nil, (name.group?.members.count ?? 0) < limits.members,
            place(flow)
        else {
            statistics.drop(.noRoom)
            return refuse(management, oap.id, .busy, peer)
        }
        (flow.name, flow.qos, flow.peer, flow.peerEndpoint) = (name.text, qos, peer, management.source)
        flow.nameHash = hash
        (flow.data, flow.introductionID, flow.seal) = (oap.data, oap.id, seal)
        (flow.phase, flow.state, flow.heardAt, flow.sentAt) = (.offered, .pending, tyme, tyme)
        asked[key] = flow
        // The answer but for its stamp and data, which the accept adds.
        flow.introduction = digest
        flow.answerKey = answerKey
        offerCount += 1
        if let group = name.group {
            accept(flow, data: [])
            flow.group = group
            group.members.append(flow)
        } else {
            flow.giveUpAt = tyme + limits.offerPatience
            offers.append(flow)
            notices.append(FlowNotice(flow: nil, type: .alloc))
            rearm(flow)
        }
    }

    private func repeatAnswer(_ flow: Flow) {
        guard flow.phase == .up || flow.phase == .draining else { return }
        flow.debts.insert(.reply)
        queue(flow)
    }

    /// Says no, where the wire has words for it.
    private func refuse(_ management: FlowManagement, _ id: NameHash, _ reason: FlowRefusal, _ peer: Address) {
        guard wire == .own else { return }
        stray(.ownReply, management.source, 0, reason.response, id, to: peer)
    }

    private func stray(
        _ code: FlowManagement.Code, _ source: UInt32, _ destination: UInt32, _ response: Int32 = 0,
        _ id: NameHash? = nil, to peer: Address
    ) {
        let frame = FlowManagement(code, source: source, destination: destination, response: response)
        var bytes = [UInt8](capacity: 63) { out in
            frame.write(into: &out)
            id?.write(into: &out)
        }
        strays.append(bytes.span.bytes, to: peer)
        bytes = []
    }

    /// The oldest request that still waits, nil if none does.
    func nextOffer() -> Flow? {
        while let flow = offers.popFirst() { if flow.phase == .offered { return flow } }
        return nil
    }

    /// Says yes to a request.
    func accept(_ flow: Flow, data: [UInt8]) {
        let answer = OAPHeader(
            id: flow.introductionID, stamp: utc(now), cipher: flow.answerKey.isEmpty ? 0 : cipher?.number ?? 0,
            key: flow.answerKey, data: data, requestHash: flow.introduction)
        flow.introduction = answer.bytes
        offerCount -= 1
        rise(flow)
        flow.debts = [.reply]
        // A real asker that is slower than our answer misses it, and does not ask again.
        if wire == .ouroborosUDP023 { flow.repeatAt = now + 0.02 }
        queue(flow)
        rearm(flow)
    }

    /// Says no to a request, where the wire has words for it.
    func deny(_ flow: Flow, _ refusal: FlowRefusal) {
        if wire == .own {
            stray(.ownReply, flow.peerEndpoint, 0, refusal.response, flow.introductionID, to: flow.peer)
            owner?.wake()
        }
        flow.finish(.closed, .dealloc)
        release(flow)
    }

    private func takeReply(_ management: FlowManagement, _ rest: RawSpan, _ peer: Address) {
        guard let flow = flow(management.source), flow.isAsker else {
            statistics.drop(.unknownEndpoint)
            // It has given up waiting: the peer has a flow to nobody.
            if wire == .own, management.response == 0 {
                stray(.close, management.source, management.destination, to: peer)
            }
            return
        }
        guard flow.peer == peer else { return statistics.drop(.stranger) }
        guard flow.phase == .asking else { return statistics.drop(.lateReply) }
        if management.response != 0 {
            let id = wire == .own ? NameHash(rest, at: 0) : flow.introductionID
            guard id == flow.introductionID else { return statistics.drop(.badReply) }
            flow.finish(.refused(FlowRefusal(response: management.response)), .down)
            return release(flow)
        }
        guard let oap = OAPHeader(rest, isAnswer: true), oap.id == flow.introductionID,
            oap.requestHash == SHA384.digest(flow.introduction.span.bytes), oap.data.count <= limits.data
        else { return statistics.drop(.badReply) }
        if let agree = flow.agree {
            flow.agree = nil
            guard oap.cipher == cipher?.number, let seal = agree(oap.key, true) else {
                flow.finish(.refused(.noCipher), .down)
                return release(flow)
            }
            flow.seal = seal
        }
        flow.peerEndpoint = management.destination
        flow.data = oap.data
        (flow.introduction, flow.oap) = ([], nil)
        rise(flow)
        rearm(flow)
    }

    /// It is up.
    private func rise(_ flow: Flow) {
        let now = now
        (flow.phase, flow.state, flow.debts) = (.up, .up, [])
        (flow.repeatAt, flow.giveUpAt, flow.repeats) = (.infinity, .infinity, 0)
        (flow.heardAt, flow.sentAt) = (now, now)
        flow.longest = longestPacket(flow.qos, flow.seal)
        flow.mostQueued = limits.txBytes
        if flow.qos.bandwidth > 0 { flow.bucket = TokenBucket(bits: flow.qos.bandwidth, at: now) }
        if flow.qos.isOrdered { number(flow) }
        statistics.opened += 1
        flow.post(.alloc)
    }

    /// Begins its runs. On our own layers both ends take the first numbers from the introduction, so that no packet
    /// must be the first to arrive.
    private func number(_ flow: Flow) {
        let (gap, isReliable) = (flow.qos.maxGap, flow.qos.isReliable)
        var receiver = RunReceiver(
            window: limits.window, isReliable: isReliable, maxGap: gap == .max ? nil : Double(gap) / 1000)
        var first = UInt32(truncatingIfNeeded: random.next())
        if wire == .own {
            let asker = UInt32(truncatingIfNeeded: flow.introductionID.low >> 32)
            let other = UInt32(truncatingIfNeeded: flow.introductionID.low)
            first = flow.isAsker ? asker : other
            receiver.start(at: flow.isAsker ? other : asker, tyme: now)
        }
        flow.receiver = receiver
        flow.nextNumber = first
        guard isReliable else { return }
        flow.sender = RunSender(
            first: first, window: wire == .own ? UInt32(limits.window) : RunSender.firstWindow, most: limits.window,
            control: wire != .own ? .blind : flow.qos.bandwidth > 0 ? .promised : .shared)
        if flow.isAsker { flow.sender!.saw(trip: now - flow.openedAt) }
        flow.toldEdge = windowEdge(flow)
    }

    /// What one packet may be, so that it fits a datagram.
    private func longestPacket(_ qos: QoSSpec, _ seal: (any FlowSealing)?) -> Int {
        let heads = 4 + (qos.isOrdered ? FRCTHeader.size : 0) + (qos.isChecked ? CRC32.size : 0)
        return max(1, min(limits.packet, datagram - heads - (seal == nil ? 0 : cipher?.overhead ?? 0)))
    }

    // MARK: Ending

    /// Its user has had enough of it.
    func dealloc(_ flow: Flow, _ end: FlowEnd) {
        switch flow.phase {
        case .idle, .over, .draining, .telling: return
        case .offered: return deny(flow, .denied(1))
        case .asking:
            flow.finish(end, .dealloc)
            release(flow)
        case .up:
            flow.finish(end, .dealloc)
            guard flow.endpoint != 0 else { return release(flow) }
            flow.phase = .draining
            flow.giveUpAt = now + Self.lingering
            if flow.tx.isEmpty { conclude(flow) }
            rearm(flow)
        }
    }

    /// All that was written has left: on our own layers the peer is told, else it is over.
    func conclude(_ flow: Flow) {
        guard flow.phase == .draining else { return }
        let owesAck = flow.ackAt < .infinity || flow.debts.contains(.ack)
        guard wire == .own || owesAck else { return release(flow) }
        flow.phase = .telling
        (flow.repeats, flow.giveUpAt) = (0, .infinity)
        flow.ackAt = .infinity
        // An answer that has not left yet goes first.
        flow.debts = wire == .own ? flow.debts.intersection(.reply).union(.close) : [.ack]
        queue(flow)
    }

    private func takeClose(_ management: FlowManagement, _ peer: Address) {
        // Told, whether we know the flow or not: it is over.
        stray(.closed, management.source, management.destination, to: peer)
        // Who asks still does not know the other endpoint: the answer was lost, and it is over already.
        guard let flow = flow(management.destination), flow.peer == peer,
            flow.phase == .asking || flow.peerEndpoint == management.source
        else { return statistics.drop(.unknownEndpoint) }
        if flow.phase == .offered || flow.phase == .asking {
            flow.finish(.peerClosed, .dealloc)
            return release(flow)
        }
        settleCurrent()
        while flow.qos.isOrdered, !flow.qos.isReliable, (flow.receiver?.heldCount ?? 0) > 0 { skipGap(flow) }
        settleCurrent()
        flow.finish(.peerClosed, .dealloc)
        release(flow)
    }

    private func takeClosed(_ management: FlowManagement, _ peer: Address) {
        guard let flow = flow(management.source), flow.peer == peer, flow.peerEndpoint == management.destination,
            flow.phase == .telling
        else { return statistics.drop(.unknownEndpoint) }
        release(flow)
    }
}

extension Array where Element == UInt8 {
    /// Bytes that `body` appends to room for `capacity`.
    init(capacity: Int, _ body: (inout OutputRawSpan) -> Void) {
        self.init(unsafeUninitializedCapacity: capacity) { buffer, count in
            var out = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
            body(&out)
            count = unsafe out.finalize(for: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
