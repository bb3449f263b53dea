import Doing
import Wiring

/// The connections of a server or client, by number, and what is called for them.
final class FrameRoster<Core: FrameCore, Wire: StreamTransport> {
    typealias Connection = FrameConnection<Core, Wire>

    let hooks = FrameHooks<Core, Wire>()
    /// In the order of their numbers.
    private(set) var connections: [Connection] = []
    var serve: ((Connection) -> [Doer])?
    private var nextID = 1
    private let make: (Core, Wire) -> StreamDoer<Core, Wire>

    init(_ make: @escaping (Core, Wire) -> StreamDoer<Core, Wire>) { self.make = make }

    /// A connection, and the doer that is to be scheduled for it.
    func add(_ core: Core, over wire: Wire) -> (Connection, Doer) {
        let stream = make(core, wire)
        let connection = Connection(id: nextID, stream)
        nextID += 1
        connections.append(connection)
        stream.onEvent = { [hooks, unowned connection] in try hooks.tell($1, of: connection, at: $2) }
        connection.onEnd = { [weak self, unowned connection] in self?.end(connection, $0, $1) }
        let beside = serve?(connection) ?? []
        return (connection, beside.isEmpty ? stream : DoDoer(doers: [stream] + beside))
    }

    /// A doer that only refuses; nobody hears of it.
    func stranger(_ core: Core, over wire: Wire) -> StreamDoer<Core, Wire> { make(core, wire) }

    private func end(_ connection: Connection, _ ending: FrameEnding, _ tyme: Tyme) {
        let connection = connection  // held until the hook has returned
        if let place = place(of: connection.id) { connections.remove(at: place) }
        hooks.tellDown(ending, of: connection, at: tyme)
    }

    func connection(_ id: Int) -> Connection? { place(of: id).map { connections[$0] } }

    /// By halving.
    private func place(of id: Int) -> Int? {
        var (low, high) = (0, connections.count)
        while low < high {
            let middle = (low + high) / 2
            if connections[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < connections.count && connections[low].id == id ? low : nil
    }
}
