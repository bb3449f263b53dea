import Doing

/// What is due.
extension FlowCore {
    public func expire(at tyme: Tyme) {
        self.tyme = tyme
        while let endpoint = deadlines.popDue(at: tyme) {
            looks += 1
            guard let flow = flow(endpoint) else { continue }
            flow.armed = .infinity
            expire(flow)
            guard flow.core === self else { continue }
            if !flow.isQueued, !flow.isBlocked, hasWork(flow) { enqueue(flow) }
            rearm(flow)
        }
    }

    /// Sets the deadline of a flow, unless an earlier one is set: that one finds out when it is due.
    func rearm(_ flow: Flow) {
        guard flow.endpoint != 0 else { return }
        let next = deadline(flow)
        guard next < flow.armed else { return }
        flow.armed = next
        deadlines.set(flow.endpoint, at: next)
    }

    private func deadline(_ flow: Flow) -> Tyme {
        var next = min(flow.repeatAt, flow.giveUpAt)
        guard flow.phase == .up || flow.phase == .draining else { return next }
        next = min(next, flow.ackAt, flow.rendezvousAt)
        if flow.qos.timeout > 0 {
            next = min(next, lostAt(flow), flow.debts.contains(.alive) ? .infinity : aliveAt(flow))
        }
        if flow.sender != nil {
            if let due = flow.sender!.deadline(delay: Self.longestAckDelay) { next = min(next, due) }
            if flow.rendezvousAt == .infinity, flow.sender!.isShut, !flow.tx.isEmpty {
                flow.rendezvousAt = tyme + Self.rendezvousDelay
                next = min(next, flow.rendezvousAt)
            }
        } else if let due = flow.receiver?.gapDeadline {
            next = min(next, due)
        }
        if !flow.tx.isEmpty, let due = flow.bucket?.deadline { next = min(next, due) }
        return next
    }

    /// Seconds between questions whether a shut window has opened.
    static let rendezvousDelay = 0.1

    private func lostAt(_ flow: Flow) -> Tyme { flow.heardAt + Double(flow.qos.timeout) / 1000 }
    private func aliveAt(_ flow: Flow) -> Tyme { flow.sentAt + Double(flow.qos.timeout) / 4000 }

    private func expire(_ flow: Flow) {
        switch flow.phase {
        case .idle, .over: break
        case .asking: expireAsking(flow)
        case .offered: if flow.giveUpAt <= tyme { deny(flow, .busy) }
        case .telling: expireTelling(flow)
        case .up, .draining: expireUp(flow)
        }
    }

    private func expireAsking(_ flow: Flow) {
        if flow.giveUpAt <= tyme {
            flow.finish(.noAnswer, .down)
            return release(flow)
        }
        if flow.repeatAt <= tyme {
            flow.repeatAt = .infinity
            introduceAnew(flow)
            flow.debts.insert(.request)
        }
    }

    private func expireTelling(_ flow: Flow) {
        guard flow.repeatAt <= tyme else { return }
        guard flow.repeats < Self.closeTries else { return release(flow) }
        flow.repeatAt = .infinity
        flow.debts.insert(.close)
    }

    private func expireUp(_ flow: Flow) {
        if flow.giveUpAt <= tyme {  // it has drained for long enough
            flow.tx.removeAll()
            flow.sender = nil
            return conclude(flow)
        }
        if flow.qos.timeout > 0 {
            if lostAt(flow) <= tyme {
                flow.finish(.peerLost, .peer)
                return release(flow)
            }
            if aliveAt(flow) <= tyme {
                flow.debts.insert(.alive)
                flow.tx.trim()
                flow.rx.trim()
            }
        }
        if flow.repeatAt <= tyme {
            flow.repeatAt = .infinity
            if !flow.isHeard { flow.debts.insert(.reply) }
        }
        _ = flow.bucket?.available(at: tyme)
        if flow.ackAt <= tyme {
            flow.ackAt = .infinity
            flow.debts.insert(.ack)
        }
        if flow.rendezvousAt <= tyme {
            flow.rendezvousAt = .infinity
            if flow.sender?.isShut == true { flow.debts.insert(.rendezvous) }
        }
        if flow.sender != nil {
            guard flow.sender!.expire(at: tyme, delay: Self.longestAckDelay) else {
                flow.finish(.notAcknowledged, .peer)
                return endLoudly(flow)
            }
        } else {
            while let due = flow.receiver?.gapDeadline, due <= tyme { skipGap(flow) }
            settleCurrent()
        }
    }

    /// It is over here, and the peer is told where the wire has words for it.
    private func endLoudly(_ flow: Flow) {
        flow.tx.removeAll()
        flow.sender = nil
        flow.phase = .draining
        conclude(flow)
    }
}
