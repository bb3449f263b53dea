import Doing
import Wiring

/// An engine of LTP with its doer and its client services, over any transport: what users of pyion call a proxy.
///
/// ```swift
/// let proxy = try LTPProxy(engine: 1, over: UDPPeer(port: 1113), random: Xoshiro256(seed: seed))
/// try proxy.add(LTPPeer(engine: 2, address: there))
/// let point = try proxy.open(5)
/// try Doist([proxy.doer, user]).run()
/// ```
/// The transport is the link service: a socket, a simulated network, or one of your own. Make one proxy for a node and
/// its socket, keep it as long as its ``doer`` runs, and never two for one node: each would know half of its sessions.
public final class LTPProxy<Wire: DatagramTransport> {
    /// The doer of the engine: enter it into a doist.
    public let doer: CoreDoer<LTPEngine, Wire>
    /// Called with everything that the engine tells, before it goes where it belongs.
    public var onNotice: ((LTPEvent, Tyme) -> Void)?
    private var points: [UInt64: LTPAccessPoint] = [:]
    private var tickets: [UInt64: LTPTicket] = [:]

    /// An engine over `wire`, which the doer opens.
    ///
    /// - Parameters:
    ///   - engine: its number.
    ///   - wire: the link service.
    ///   - peers: whom it can talk to; more can be added.
    ///   - limits: bounds that are not those of one peer.
    ///   - random: where session and serial numbers come from; another seed at each start.
    ///   - burst: room for one train; share one among the doers of a doist.
    /// - Throws: ``LTPError/badValue(name:value:allowed:)``.
    public init(
        engine: UInt64, over wire: Wire, peers: [LTPPeer] = [], limits: LTPLimits = LTPLimits(), random: Xoshiro256,
        burst: Burst = Burst()
    ) throws(LTPError) {
        var core = LTPEngine(engine: engine, limits: limits, random: random)
        for peer in peers { try core.add(peer) }
        doer = CoreDoer(core, over: wire, burst: burst)
        doer.onEvent = { [weak self] _, event, tyme in self?.take(event, at: tyme) }
    }

    /// The number of the engine.
    public var engine: UInt64 { doer.core.engine }

    /// Adds a peer.
    ///
    /// - Throws: what ``LTPEngine/add(_:)`` throws.
    public func add(_ peer: LTPPeer) throws(LTPError) { try doer.core.add(peer) }

    /// Changes a peer at run time.
    ///
    /// - Throws: what ``LTPEngine/update(_:)`` throws.
    public func update(_ peer: LTPPeer) throws(LTPError) { try doer.core.update(peer) }

    /// Opens a client service.
    ///
    /// - Throws: ``LTPError/alreadyOpen(client:)``, ``LTPError/closed`` once the doer has ended.
    public func open(_ client: UInt64) throws(LTPError) -> LTPAccessPoint {
        guard !doer.core.isClosed else { throw .closed }
        try doer.core.open(client: client)
        let point = LTPAccessPoint(client, of: self)
        points[client] = point
        return point
    }

    /// Opens a client service for the length of `body`, and closes it in any case.
    ///
    /// - Throws: what ``open(_:)`` or `body` throws.
    public func withOpen<R>(_ client: UInt64, _ body: (LTPAccessPoint) throws -> R) throws -> R {
        let point = try open(client)
        defer { point.close() }
        return try body(point)
    }

    /// Closes a client service; not open: does nothing.
    public func close(_ client: UInt64) { points[client]?.close() }

    private func take(_ event: LTPEvent, at tyme: Tyme) {
        onNotice?(event, tyme)
        switch event {
        case .exportStarted, .exportSent, .importStarted: break
        case .exportComplete(let id): tickets.removeValue(forKey: id.number)?.end.resolve(.complete)
        case .exportCanceled(let id, let reason, let party):
            tickets.removeValue(forKey: id.number)?.end.resolve(.canceled(reason, by: party))
        case .red(let red): arrive(.red(red), red.client)
        case .green(let green): arrive(.green(green), green.client)
        case .importRefused(_, let client): count(client)
        case .importCanceled(let id, let client, let reason, let party):
            arrive(.canceled(id, reason, by: party), client)
        }
        if doer.core.isClosed { for client in points.keys.sorted() { points[client]?.close() } }
    }

    private func arrive(_ arrival: LTPArrival, _ client: UInt64) {
        if case .green = arrival, let point = points[client], point.count >= doer.core.limits.events { return }
        points[client]?.arrive(arrival)
        count(client)
    }

    /// Tells the engine how much waits.
    private func count(_ client: UInt64) {
        guard let point = points[client] else { return }
        doer.core.unread(client: client, count: point.count, bytes: point.waitingBytes)
    }
}

extension LTPProxy: LTPHost {
    func send(
        _ block: [UInt8], to peer: UInt64, client: UInt64, red: Int?, _ joining: LTPJoining?
    ) throws(LTPError) -> LTPTicket {
        let session = try doer.core.send(block, to: peer, client: client, red: red, joining: joining)
        if let ticket = tickets[session.number] { return ticket }
        let ticket = LTPTicket(session, of: self)
        tickets[session.number] = ticket
        return ticket
    }

    func cancel(_ session: LTPSession) { doer.core.cancel(session) }

    func closed(_ point: LTPAccessPoint) {
        points[point.client] = nil
        doer.core.close(client: point.client)
    }

    func give(_ bytes: consuming [UInt8]) { doer.core.give(bytes) }
}
