import Doing
import Wiring

/// Several connections of one client, each with a number: tinyproto's client, whose `connect_to` gives an index.
///
/// ```swift
/// let clients = FrameClientGroup<HandshakeCore, TCPStream> { HandshakeClient(over: $0) }
/// clients.on.message = { connection, message, _ in … }
/// let first = try clients.connect { try TCPStream(host: "127.0.0.1", port: 7001) }
/// let second = try clients.connect { try TCPStream(host: "127.0.0.1", port: 7002) }
/// try clients[first]?.connection?.send(message)
/// ```
/// Connections may be added and removed while it runs. It goes on when all of them are over.
public final class FrameClientGroup<Core: FrameCore, Wire: StreamTransport>: DoDoer {
    /// What keeps one connection.
    public typealias Client = FrameClient<Core, Wire>

    /// What is called when something happens at one of them.
    public let on = FrameHooks<Core, Wire>()
    private let make: (@escaping () throws -> Wire) -> Client
    private var clients: [(index: Int, client: Client)] = []
    private var next = 0

    /// A group without connections.
    ///
    /// - Parameter make: makes the client of a connection from what makes its stream.
    public init(_ make: @escaping (_ wire: @escaping () throws -> Wire) -> Client) {
        self.make = make
        super.init(doers: [], always: true)
    }

    /// Begins to connect.
    ///
    /// - Parameter wire: makes what the connection rides on; not open yet.
    /// - Returns: the index of the connection: 0, 1, 2 …, never used twice.
    @discardableResult
    public func connect(_ wire: @escaping () throws -> Wire) throws -> Int {
        let client = make(wire)
        client.on.up = { [on] in try on.up?($0, $1) }
        client.on.message = { [on] in try on.message?($0, $1, $2) }
        client.on.unknown = { [on] in try on.unknown?($0, $1, $2, $3) }
        client.on.down = { [on] in on.down?($0, $1, $2) }
        try extend([client])
        defer { next += 1 }
        clients.append((next, client))
        return next
    }

    /// Closes a connection at once, and forgets it. An index that is none is ignored.
    public func disconnect(_ index: Int) throws {
        guard let place = clients.firstIndex(where: { $0.index == index }) else { return }
        let client = clients.remove(at: place).client
        try remove([client])
    }

    /// The client of that index; nil once it was removed.
    public subscript(index: Int) -> Client? { clients.first { $0.index == index }?.client }

    /// Connections that stand or are being made, in the order of their indices.
    public var activeConnections: [FrameConnection<Core, Wire>] { clients.compactMap(\.client.connection) }
}
