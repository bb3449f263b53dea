import Doing
import Wiring

/// A port of a simulated host that takes byte streams: the same face as a TCP listener.
///
/// ``SimHost/listener(port:backlog:pipe:)`` makes it, a `StreamAcceptor` drives it:
///
/// ```swift
/// let server = StreamAcceptor(blu.listener(port: 7000)) { stream in StreamDoer(EchoCore(), over: stream) }
/// ```
/// Connections stand before they are taken, as with a system's listener, also while the host is paused. While as many
/// as ``backlog`` wait, further ones get no answer, and ask again.
public final class SimListener: StreamListener {
    /// Connections that wait at most, by default.
    public static let defaultBacklog = 128

    /// The host that it belongs to.
    public let host: SimHost
    /// Where it stands.
    public let address: Address
    /// Connections that wait at most.
    public let backlog: Int
    /// What its end of each connection does.
    public let pipe: SimPipe
    private let net: SimNet
    private var state: ListenerState?

    init(host: SimHost, port: UInt16, backlog: Int, pipe: SimPipe) {
        precondition(backlog >= 1, "backlog of \(backlog) connections: expected at least 1")
        pipe.require()
        self.host = host
        self.backlog = backlog
        self.pipe = pipe
        net = host.net
        address = host.address(port: port)
    }

    deinit { close() }

    /// It wakes its doer.
    public var readiness: Readiness { .wakes }
    /// Never.
    public var wakeTyme: Tyme? { nil }
    /// Whether it listens.
    public var isOpen: Bool { state != nil }
    /// Connections that wait to be taken.
    public var waitingCount: Int { state?.waiting.count ?? 0 }

    /// Begins to listen.
    ///
    /// - Parameter doer: who is woken; held weakly.
    /// - Throws: `TransportError.badValue` if another listener of the host has the port, or if the doer would wait for
    ///   ever, since the net is in no doist that has entered.
    public func open(for doer: Doer?) throws(TransportError) {
        if doer != nil { try net.requireScheduled(for: description) }
        if let state {
            state.owner = doer
            return
        }
        let made = ListenerState(figures: pipe, backlog: backlog, owner: doer)
        guard net.listen(made, host: host, port: address.port) else {
            throw .badValue(
                name: "port", value: "\(address.port)", allowed: "one at which no listener of \(host.name) is")
        }
        state = made
    }

    public func accept(at tyme: Tyme) throws(TransportError) -> SimStream? {
        guard let state else { throw .notOpen(subject: net.describe(address)) }
        while let connection = state.waiting.popFirst() {
            connection.listener = nil
            guard let end = connection.server else { continue }
            return SimStream(host: host, taken: connection, end: end)
        }
        return nil
    }

    /// Leaves its port. Connections that wait are reset.
    public func close() {
        guard let state else { return }
        self.state = nil
        net.unlisten(state, host: host, port: address.port)
    }
}

extension SimListener: CustomStringConvertible {
    /// `blu:7000`
    public var description: String { net.describe(address) }
}
