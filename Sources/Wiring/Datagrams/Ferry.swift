import Doing

/// The two loops between a core and its transport.
///
/// They take both `inout`, so that a pass has one exclusive access to each instead of several a train: a twentieth of
/// the cost of a single datagram. Whoever is called in between, a tap for instance, must leave the doer alone.
@usableFromInline struct Ferry {
    /// How a sending ended.
    @usableFromInline enum Progress {
        /// The core has no more.
        case done
        /// The budget is spent.
        case more
        /// The transport has no room.
        case full
        /// The pacing allows no more at this tyme.
        case paced
        /// The core yields a train again that its peer does not take.
        case stuck
    }

    /// What is left of a pass's budget, for one way.
    @usableFromInline struct Allowance {
        @usableFromInline var datagrams: Int
        @usableFromInline var trains: Int

        @inlinable init(_ budget: DatagramBudget) { (datagrams, trains) = (budget.datagrams, budget.trains) }
        @inlinable var isSpent: Bool { datagrams <= 0 || trains <= 0 }
        @inlinable mutating func spend(_ count: Int) {
            datagrams &-= count
            trains &-= 1
        }
    }

    /// Trains refused one after the other, to one peer for one reason, after which a core counts as stuck.
    @usableFromInline static let refusalsInTurn = 16

    @usableFromInline var pacing = PacingState()
    /// Who lends better room than the burst, if anybody does.
    @usableFromInline var lender: (any RoomLender)?

    @usableFromInline init() {}

    @usableFromInline init(for wire: some DatagramTransport) { lender = (wire as? any HasRoomLender)?.roomLender }

    /// Takes in what has arrived, `most` trains of it at most: whether that was all, and how many trains.
    @inlinable func receive<Core: DatagramCore, Wire: DatagramTransport>(
        _ core: inout Core, from wire: inout Wire, _ burst: Burst, _ allowance: inout Allowance, atMost most: Int,
        at tyme: Tyme
    ) throws(TransportError) -> (isAll: Bool, trains: Int) {
        var trains = 0
        let capacity = burst.capacity
        while trains < most, !allowance.isSpent {
            if wire.isEmpty { return (true, trains) }
            let count = try Self.lend(lender?.burst(of: capacity, for: .rx), or: burst, capacity) {
                (out: inout OutputRawSpan) throws(TransportError) -> Int in
                guard let train = try wire.receive(into: &out, at: tyme) else { return 0 }
                core.handle(out.bytes, train, at: tyme)
                return train.count(of: out.byteCount)
            }
            guard count > 0 else { return (true, trains) }
            trains &+= 1
            allowance.spend(count)
        }
        return (false, trains)
    }

    /// Sends what the core has.
    ///
    /// - Parameter tock: seconds until the next chance to send, for a pacing.
    @inlinable mutating func send<Core: DatagramCore, Wire: DatagramTransport>(
        _ core: inout Core, over wire: inout Wire, _ burst: Burst, _ allowance: inout Allowance,
        _ pacing: DatagramPacing?, tock: Double, at tyme: Tyme
    ) throws(TransportError) -> Progress {
        let all = wire.limits
        var limits = all
        var stuck: Stuck?
        let capacity = burst.capacity
        while !allowance.isSpent {
            if let pacing {
                guard let room = self.pacing.room(under: pacing, all, tock: tock, at: tyme) else { return .paced }
                limits = room
            }
            let (train, count, sending) = try Self.lend(lender?.burst(of: capacity, for: .tx), or: burst, capacity) {
                (out: inout OutputRawSpan) throws(TransportError) -> (Train?, Int, Sending) in
                guard let train = core.poll(into: &out, limits, at: tyme) else { return (nil, 0, Sending(taken: 0)) }
                let sending = try wire.send(out.bytes, train, at: tyme)
                core.sent(sending, train, at: tyme)
                return (train, train.count(of: out.byteCount), sending)
            }
            guard let train else { return .done }
            allowance.spend(count)
            if let pacing { self.pacing.spend(sending.taken, count, under: pacing) }
            switch sending.outcome {
            case .sent: stuck = nil
            case .full: return .full
            case .peerFull, .refused:
                if Self.isStuck(&stuck, sending, train) { return .stuck }
            }
        }
        return .more
    }

    /// What a train that was not taken at all came to, and how often in turn.
    @usableFromInline struct Stuck {
        @usableFromInline var peer: Address
        @usableFromInline var outcome: Sending.Outcome
        @usableFromInline var count: Int
    }

    /// Whether the core yields again and again what its peer does not take.
    @usableFromInline @inline(never) static func isStuck(
        _ last: inout Stuck?, _ sending: Sending, _ train: Train
    ) -> Bool {
        guard sending.taken == 0 else {
            last = nil
            return false
        }
        if let before = last, before.peer == train.peer, before.outcome == sending.outcome {
            last?.count += 1
        } else {
            last = Stuck(peer: train.peer, outcome: sending.outcome, count: 1)
        }
        return last!.count > (sending.outcome == .peerFull ? 1 : refusalsInTurn)
    }

    /// Lends the better room, if there is any: as two calls, so that nothing is left of the first where it has
    /// none, and nobody holds either.
    @inlinable @inline(__always) static func lend<R>(
        _ own: Burst?, or burst: Burst, _ capacity: Int, _ body: (inout OutputRawSpan) throws(TransportError) -> R
    ) throws(TransportError) -> R {
        if let own { return try own.lend(capacity, body) }
        return try burst.lend(capacity, body)
    }
}

extension DatagramCore {
    /// One pass of the whole pipe, for loops without a doist: what has arrived goes in, timers run, what is to be sent
    /// goes out.
    ///
    /// ```swift
    /// var peer = try UDPPeer(port: 5501)
    /// try peer.open()
    /// memoer.opened(peer.limits, at: now())
    /// while !isOver {
    ///     try memoer.service(now(), over: &peer, by: burst)
    ///     while let event = memoer.pollEvent() { … }
    /// }
    /// ```
    /// A ``CoreDoer`` does the same and knows when to sleep.
    ///
    /// - Parameters:
    ///   - tyme: now; never less than at the last call.
    ///   - wire: an open transport.
    ///   - burst: room for one train.
    ///   - budget: what may be done each way; a budget of one train is hio's `serviceAllOnce`.
    /// - Returns: true if the budget ended it, so that there is more to do at once.
    /// - Throws: what made the transport unusable.
    /// - Source: hio `core/memo/memoing.py`, `serviceAll`.
    @discardableResult
    public mutating func service<Wire: DatagramTransport>(
        _ tyme: Tyme, over wire: inout Wire, by burst: Burst, budget: DatagramBudget = DatagramBudget()
    ) throws(TransportError) -> Bool {
        var ferry = Ferry(for: wire)
        var (incoming, outgoing) = (Ferry.Allowance(budget), Ferry.Allowance(budget))
        tick(at: tyme)
        unblock()
        let received = try ferry.receive(
            &self, from: &wire, burst, &incoming, atMost: budget.trains, at: tyme)
        expire(at: tyme)
        let sent = try ferry.send(&self, over: &wire, burst, &outgoing, nil, tock: 0, at: tyme)
        return !received.isAll || sent == .more
    }
}
