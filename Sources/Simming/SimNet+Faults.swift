import Charting
import Containers
import Doing
import Wiring

/// What goes wrong: by plan, by rule, and by hand.
extension SimNet {
    // MARK: - By rule

    /// Adds a rule that is asked about each datagram when it is sent: for tests that name the one to lose.
    ///
    /// Rules are asked in the order in which they were added, until one decides something. The rest of the network
    /// goes on as if there were none: a datagram that is dropped by a rule has made its draws.
    ///
    /// ```swift
    /// net.rule { $0.kind == "ack" && $0.numberOfKind == 0 ? .drop : .deliver }
    /// ```
    /// - Parameter body: decides. It must not touch the net.
    public func rule(_ body: @escaping (SimDatagram) -> SimDatagram.Verdict) {
        rules.append(body)
        settleAll()
    }

    // MARK: - By hand

    /// Cuts one direction: what is sent, or would arrive, is dropped until ``heal(from:to:)``.
    public func cut(from: SimHost, to: SimHost) { setCut(true, from, to) }

    /// Cuts both directions between two hosts.
    public func cut(_ one: SimHost, _ other: SimHost) {
        setCut(true, one, other)
        setCut(true, other, one)
    }

    /// Ends a cut made by hand, of one direction.
    public func heal(from: SimHost, to: SimHost) { setCut(false, from, to) }

    /// Ends cuts made by hand, of both directions.
    public func heal(_ one: SimHost, _ other: SimHost) {
        setCut(false, one, other)
        setCut(false, other, one)
    }

    private func setCut(_ isCut: Bool, _ from: SimHost, _ to: SimHost) {
        let number = way(from: from, to: to)
        raw.pointee.ways[number].pointee.isCut = isCut
        settle(number)
    }

    /// Holds what is sent in one direction until ``release(from:to:)``.
    public func hold(from: SimHost, to: SimHost) {
        let number = way(from: from, to: to)
        raw.pointee.ways[number].pointee.isHeld = true
        settle(number)
    }

    /// Lets go what was held in one direction: it arrives in the next pass, in the order in which it was sent.
    public func release(from: SimHost, to: SimHost) {
        let number = way(from: from, to: to)
        let way = raw.pointee.ways[number]
        way.pointee.isHeld = false
        settle(number)
        var slot = way.pointee.heldHead
        (way.pointee.heldHead, way.pointee.heldTail) = (-1, -1)
        let now = Micros.of(doist?.tyme ?? 0)
        while slot >= 0 {
            let next = raw.pointee.flights[slot].pointee.next
            raw.pointee.flights[slot].pointee.next = -1
            launch(slot, due: now)
            slot = next
        }
        pumpAll(number)
    }

    // MARK: - By plan

    /// Decides whether a direction can take the short way.
    func settle(_ number: Int) {
        let way = raw.pointee.ways[number]
        way.pointee.hasCuts =
            way.pointee.isCut || wayFaults[number].contains { if case .cut = $0.effect { true } else { false } }
        way.pointee.isPlain =
            trace == nil && rules.isEmpty && wayFaults[number].isEmpty && !way.pointee.isCut && !way.pointee.isHeld
    }

    private func settleAll() {
        for number in links.indices { settle(number) }
    }

    /// Gathers all that is wrong in a direction: what its link does, then what the plan does.
    func gatherFaults(_ number: Int) {
        let way = raw.pointee.ways[number].pointee
        let (from, to) = (hostNames[Int(way.from) - 1], hostNames[Int(way.to) - 1])
        let seed = StreamSeed.mix(StreamSeed.mix(seed, StreamSeed.hash(from)), StreamSeed.hash(to))
        var faults = ActiveFault.of(links[number], seed: seed)
        if doist != nil {
            for (index, fault) in plan.faults.enumerated()
            where !fault.effect.isOfHosts && fault.covers(from: from, to: to) {
                let own = StreamSeed.mix(seed, UInt64(fault.number) ^ 0x6661_756C_7400_0000)
                faults.append(ActiveFault(fault, seed: own, index: index))
            }
        }
        // A burst that is under way goes on, whatever else changes.
        for old in wayFaults[number] where old.index >= 0 {
            if let place = faults.firstIndex(where: { $0.index == old.index }) { faults[place] = old }
        }
        wayFaults[number] = faults
        settle(number)
    }

    /// Takes over the plan when the net enters.
    func adoptPlan() throws(FaultError) {
        for fault in plan.faults {
            for name in fault.hosts where hostNumber(name) == nil {
                throw .unknownHost(name, fault: fault.description)
            }
            if case .drop(_, let kind) = fault.effect, kind != DatagramKind.any,
                !kinds.contains(where: { $0.name == kind })
            {
                throw .unknownKind(kind, fault: fault.description)
            }
        }
        faultCounts = Array(repeating: 0, count: plan.faults.count)
        for number in links.indices {
            wayFaults[number] = []
            gatherFaults(number)
        }
        actions = hostActions()
        actionsDone = 0
        for number in hostNames.indices {
            raw.pointee.hosts[number].pointee.hasSlowness = plan.faults.contains {
                if case .slow = $0.effect { $0.covers(host: hostNames[number]) } else { false }
            }
            liveHost(number + 1)?.expect(actions.filter { $0.host == number + 1 }.count)
        }
    }

    private func hostActions() -> [HostAction] {
        var actions: [HostAction] = []
        for fault in plan.faults {
            let acts: (HostAction.Act, HostAction.Act)
            switch fault.effect {
            case .pause: acts = (.pause, .resume)
            case .crash: acts = (.crash, .restart)
            default: continue
            }
            for (index, name) in hostNames.enumerated() where fault.covers(host: name) {
                actions.append(HostAction(at: Micros.of(fault.from), host: index + 1, act: acts.0))
                guard fault.until < .infinity else { continue }
                actions.append(HostAction(at: Micros.of(fault.until), host: index + 1, act: acts.1))
            }
        }
        // In the order of the plan where they fall together.
        return actions.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    /// Does to the hosts what is due.
    func act(by now: Int64) throws {
        while actionsDone < actions.count, actions[actionsDone].at <= now {
            let action = actions[actionsDone]
            actionsDone += 1
            guard let host = liveHost(action.host), host.doist != nil else {
                throw SimError.hostNotScheduled(host: hostNames[action.host - 1])
            }
            switch action.act {
            case .pause: host.pause()
            case .resume: host.resume()
            case .crash: try host.crash()
            case .restart: try host.restart()
            }
            host.fulfil()
        }
    }

    // MARK: - Refusals

    /// Why the way takes nothing at this tyme, if so.
    func refusal(_ number: Int, _ socket: Socket, at now: Int64) -> (Sending.Outcome, TraceEvent.Fate)? {
        for fault in wayFaults[number] where fault.isActive(at: now) {
            switch fault.effect {
            case .full, .enobufs:
                socket.pointee.retryAt = min(socket.pointee.retryAt, fault.until)
                return (.full, .full)
            case .peerFull:
                socket.pointee.retryAt = min(socket.pointee.retryAt, fault.until)
                return (.peerFull, .peerFull)
            case .unreachable: return (.refused(Refusal(.unreachable)), .nobody)
            default: break
            }
        }
        return nil
    }

    // MARK: - Slow readers

    /// How long a slow reader takes for a datagram, and how long it stays slow; nil if it is not slow now.
    private func slowness(_ host: Int32, _ count: Int, at now: Int64) -> (span: Int64, until: Int64)? {
        var slowest: (span: Int64, until: Int64)?
        for fault in plan.faults {
            guard case .slow(let rate, let measure) = fault.effect, fault.covers(host: hostNames[Int(host) - 1])
            else { continue }
            let until = fault.until == .infinity ? Micros.never : Micros.of(fault.until)
            guard Micros.of(fault.from) <= now, now < until else { continue }
            let span = Int64(min((measure == .bytes ? Double(count) : 1) * 1e6 / rate, 1e15))
            if span >= slowest?.span ?? 0 { slowest = (span, until) }
        }
        return slowest
    }

    /// Until when a reader has to wait that may read again at `next`, if it is slow.
    func mustWait(_ host: Int, _ next: Int64, at now: Int64) -> Int64? {
        guard next > now, let slowness = slowness(Int32(host), 1, at: now) else { return nil }
        return min(next, slowness.until)
    }

    /// When a reader that could read from `next` on, and has read `count` bytes, may read again. What it did not use of
    /// the last tick counts.
    func slowed(_ host: Int, _ next: Int64, _ count: Int, at now: Int64) -> Int64 {
        guard let slowness = slowness(Int32(host), count, at: now) else { return next }
        return Micros.sum(max(next, now - Micros.of(doist?.tock ?? 0)), slowness.span)
    }

    /// Whether a slow reader has to wait; then it knows until when.
    func mustWait(_ socket: Socket, at now: Int64) -> Bool {
        guard let until = mustWait(Int(socket.pointee.host), socket.pointee.nextRead, at: now) else { return false }
        socket.pointee.retryAt = until
        return true
    }

    /// A slow reader has read: it may read again when it is through.
    func chargeSlowness(_ socket: Socket, _ count: Int, at now: Int64) {
        socket.pointee.nextRead = slowed(Int(socket.pointee.host), socket.pointee.nextRead, count, at: now)
    }
}
