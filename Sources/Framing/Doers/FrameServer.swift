import Doing
import Wiring

/// A server of length-type frames.
public typealias LengthTypeServer<Listener: StreamListener> = FrameServer<LengthTypeCore, Listener>
/// A server of handshaken frames.
public typealias HandshakeServer<Listener: StreamListener> = FrameServer<HandshakeCore, Listener>

/// Serves connections of frames at one address or several.
///
/// ```swift
/// let server = HandshakeServer([try TCPListener(host: "::1", port: 7000)])
/// server.on.message = { connection, message, _ in try? connection.send(message) }
/// try Doist(doers: [server]).run(pace: .real)
/// ```
/// Instead of the hooks, ``serve`` gives each connection doers of its own, plain or async.
public final class FrameServer<Core: FrameCore, Listener: StreamListener>: DoDoer {
    /// One of its connections.
    public typealias Connection = FrameConnection<Core, Listener.Stream>

    private let roster: FrameRoster<Core, Listener.Stream>
    private let door: FrameDoor<Core, Listener.Stream>
    private var acceptors: [StreamAcceptor<Listener>]
    /// What all its connections hold together.
    public let memory: FrameMemory

    /// - Parameters:
    ///   - listeners: where it stands, at least one.
    ///   - connections: how many may live at once, at least 1; nil for any number.
    ///   - memory: what all of them may hold together.
    ///   - burst: room for one read, shared by all.
    ///   - core: makes the protocol of a connection.
    ///   - refusal: makes what is said to a connection beyond the limit; without it such a one is closed.
    @inlinable public convenience init(
        _ listeners: [Listener], connections: Int? = nil, memory: FrameMemory = FrameMemory(), burst: Burst = Burst(),
        core: @escaping (FrameMemory) -> Core, refusal: (() -> Core)? = nil
    ) {
        self.init(
            listeners, connections, memory, core, refusal, make: { StreamDoer($0, over: $1, burst: burst) })
    }

    @usableFromInline init(
        _ listeners: [Listener], _ limit: Int?, _ memory: FrameMemory, _ core: @escaping (FrameMemory) -> Core,
        _ refusal: (() -> Core)?, make: @escaping (Core, Listener.Stream) -> StreamDoer<Core, Listener.Stream>
    ) {
        precondition(!listeners.isEmpty, "a server without a listener")
        precondition(limit.map { $0 >= 1 } ?? true, "limit of \(limit ?? 0) connections")
        let roster = FrameRoster(make)
        let door = FrameDoor(roster, limit: limit, refusal: refusal) { core(memory) }
        acceptors = listeners.map { StreamAcceptor($0) { door.enter($0) } }
        (self.roster, self.door, self.memory) = (roster, door, memory)
        super.init(doers: acceptors, always: true)
    }

    /// Listens at one more place, also while it runs: then it listens there at once.
    ///
    /// - Parameter listener: where; it may stand already.
    /// - Throws: what opening it threw, while it runs; then the server is as it was.
    public func add(_ listener: Listener) throws {
        let acceptor = StreamAcceptor(listener) { [door] in door.enter($0) }
        try extend([acceptor])
        acceptors.append(acceptor)
    }

    /// Listens no more at a place, also while it runs. Connections that came in there are closed.
    ///
    /// - Parameter address: of one of its ``listeners``.
    /// - Returns: false if it has no listener there.
    @discardableResult
    public func remove(_ address: Address) throws -> Bool {
        guard let place = acceptors.firstIndex(where: { $0.source.address == address }) else { return false }
        try remove([acceptors[place]])
        acceptors.remove(at: place)
        return true
    }

    /// What is called when something happens.
    public var on: FrameHooks<Core, Listener.Stream> { roster.hooks }

    /// Doers that live beside a connection, in its place: what they do in enter, recur and exit happens before, during
    /// and after it. They are entered when it was taken, and end by themselves, for instance behind the
    /// ``FrameEvent/down(_:)`` at its listener; exit closes them.
    public var serve: ((Connection) -> [Doer])? {
        get { roster.serve }
        set { roster.serve = newValue }
    }

    /// Its connections in the order in which they came.
    public var activeConnections: [Connection] { roster.connections }
    /// The connection of that number, if it lives.
    public func connection(_ id: Int) -> Connection? { roster.connection(id) }
    /// Connections that were turned away because of the limit.
    public var refused: Int { door.refused }
    /// How many may live at once; those beyond are refused.
    public var limit: Int? {
        get { door.limit }
        set { door.limit = newValue }
    }
    /// What it takes connections from.
    public var listeners: [Listener] { acceptors.map(\.source) }
}

extension FrameServer where Core == LengthTypeCore {
    /// A server of length-type frames; connections beyond the limit are closed.
    ///
    /// - Parameters:
    ///   - listeners: where it stands, at least one.
    ///   - messages: what it understands.
    ///   - limits: what a connection may hold, and how long it waits.
    ///   - connections: how many may live at once; nil for any number.
    ///   - memory: what all of them may hold together.
    @inlinable public convenience init(
        _ listeners: [Listener], _ messages: LengthTypeProtocol, limits: FrameLimits = FrameLimits(),
        connections: Int? = nil, memory: FrameMemory = FrameMemory()
    ) {
        self.init(
            listeners, connections: connections, memory: memory,
            core: { LengthTypeCore(messages, limits: limits, memory: $0) })
    }

    /// Queues a message for every connection; packed once.
    ///
    /// - Returns: the connections that took it not, because too much waits for them already or they are closing: the
    ///   caller decides whether to close them.
    /// - Throws: ``FrameError`` if the message cannot be sent to anyone.
    @discardableResult
    public func sendToAll(_ message: some LengthTypeMessage) throws(FrameError) -> [Connection] {
        guard let first = activeConnections.first else { return [] }
        let frame = try first.stream.core.messages.pack(message)
        return activeConnections.filter { connection in
            do throws(FrameError) { try connection.send(frame: frame) } catch { return true }
            return false
        }
    }
}

extension FrameServer where Core == HandshakeCore {
    /// A server of handshaken frames; connections beyond the limit are told so.
    ///
    /// - Parameters:
    ///   - listeners: where it stands, at least one.
    ///   - transforms: what changes whole messages on their way.
    ///   - limits: what a connection may hold, and how long it waits.
    ///   - connections: how many may live at once; nil for any number.
    ///   - memory: what all of them may hold together.
    @inlinable public convenience init(
        _ listeners: [Listener], transforms: [any FrameTransform] = [], limits: FrameLimits = FrameLimits(),
        connections: Int? = nil, memory: FrameMemory = FrameMemory()
    ) {
        self.init(
            listeners, connections: connections, memory: memory,
            core: { HandshakeCore(transforms: transforms, limits: limits, memory: $0) },
            refusal: { HandshakeCore(refuses: true, limits: limits) })
    }
}
