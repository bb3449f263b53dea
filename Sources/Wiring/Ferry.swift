import Doing

/// What a ``CoreDoer`` may do in one pass, each way.
public struct FerryBudget: Hashable, Sendable {
    /// Datagrams.
    public var datagrams: Int
    /// Trains.
    public var trains: Int

    /// Whichever is used up first ends the pass; what is left over runs in the next.
    public init(datagrams: Int = 4096, trains: Int = 64) {
        precondition(datagrams >= 1 && trains >= 1, "budget: \(datagrams) datagrams, \(trains) trains")
        self.datagrams = datagrams
        self.trains = trains
    }
}

/// How much a ``CoreDoer`` may send between one tick and the next; at least one datagram always may.
public struct FerryPacing: Hashable, Sendable {
    /// Datagrams.
    public var datagrams: Int
    /// Bytes.
    public var bytes: Int

    /// Whichever is used up first ends the sending of a tick.
    public init(datagrams: Int, bytes: Int) {
        precondition(datagrams >= 1 && bytes >= 1, "pacing: \(datagrams) datagrams, \(bytes) bytes")
        self.datagrams = datagrams
        self.bytes = bytes
    }
}

/// The two loops between a core and its transport.
///
/// They take both `inout`, so that a pass has one exclusive access to each instead of several a train: a twentieth of
/// the cost of a single datagram. Whoever is called in between, a tap for instance, must leave the doer alone.
@usableFromInline struct Ferry {
    /// How a sending ended.
    @usableFromInline enum Progress { case done, more, full, paced }

    /// What was sent at one tyme while there was a pacing.
    @usableFromInline var tyme = -Tyme.infinity
    @usableFromInline var datagrams = 0
    @usableFromInline var bytes = 0

    @usableFromInline init() {}

    /// Takes in what has arrived: whether that was all, and how many trains.
    @inlinable func receive<Core: DatagramCore, Wire: DatagramTransport>(
        _ core: inout Core, from wire: inout Wire, _ burst: Burst, _ budget: FerryBudget, trains most: Int,
        at tyme: Tyme
    ) throws(TransportError) -> (isAll: Bool, trains: Int) {
        var trains = 0
        var datagrams = 0
        let capacity = burst.capacity
        while trains < most, datagrams < budget.datagrams {
            if wire.isEmpty { return (true, trains) }
            let count = try Self.lend(wire.burst(of: capacity, for: .rx), or: burst, capacity) {
                (out: inout OutputRawSpan) throws(TransportError) -> Int in
                guard let train = try wire.receive(into: &out, at: tyme) else { return 0 }
                core.handle(out.bytes, train, at: tyme)
                return train.count(of: out.byteCount)
            }
            guard count > 0 else { return (true, trains) }
            trains += 1
            datagrams += count
        }
        return (false, trains)
    }

    /// Sends what the core has.
    @inlinable mutating func send<Core: DatagramCore, Wire: DatagramTransport>(
        _ core: inout Core, over wire: inout Wire, _ burst: Burst, _ budget: FerryBudget, _ pacing: FerryPacing?,
        at tyme: Tyme
    ) throws(TransportError) -> Progress {
        if pacing != nil, self.tyme != tyme { (self.tyme, datagrams, bytes) = (tyme, 0, 0) }
        let all = wire.limits
        var limits = all
        var (trains, sentDatagrams) = (0, 0)
        let capacity = burst.capacity
        while trains < budget.trains, sentDatagrams < budget.datagrams {
            if let pacing {
                guard let room = self.room(under: pacing, all) else { return .paced }
                limits = room
            }
            let (count, sending) = try Self.lend(wire.burst(of: capacity, for: .tx), or: burst, capacity) {
                (out: inout OutputRawSpan) throws(TransportError) -> (Int, Sending) in
                guard let train = core.poll(into: &out, limits, at: tyme) else { return (0, Sending(taken: 0)) }
                let sending = try wire.send(out.bytes, train, at: tyme)
                core.sent(sending, train, at: tyme)
                return (train.count(of: out.byteCount), sending)
            }
            guard count > 0 else { return .done }
            trains += 1
            sentDatagrams += count
            if pacing != nil {
                datagrams += count
                bytes += sending.taken
            }
            if case .full = sending.outcome { return .full }
        }
        return .more
    }

    /// Lends the transport's own room, if it has any: as two calls, so that nothing is left of the first where it has
    /// none, and nobody holds either.
    @inlinable @inline(__always) static func lend<R>(
        _ own: Burst?, or burst: Burst, _ capacity: Int, _ body: (inout OutputRawSpan) throws(TransportError) -> R
    ) throws(TransportError) -> R {
        if let own { return try own.lend(capacity, body) }
        return try burst.lend(capacity, body)
    }

    /// What a train may be that is sent at this tyme, nil if none may.
    @usableFromInline @inline(never) func room(under pacing: FerryPacing, _ all: TrainLimits) -> TrainLimits? {
        let (datagrams, bytes) = (pacing.datagrams - datagrams, pacing.bytes - bytes)
        guard datagrams > 0, bytes > 0 else { return nil }
        var limits = all
        limits.segments = min(all.segments, datagrams)
        limits.bytes = min(all.bytes, max(bytes, all.datagram))
        return limits
    }
}
