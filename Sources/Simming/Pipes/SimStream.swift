import Doing
import Wiring

/// A byte stream of a simulated network: the same face as a TCP connection.
///
/// ``SimHost/stream(to:pipe:)`` makes one that connects when it is opened; a ``SimListener`` takes the others. Bytes
/// come whole and in order, or the connection is over; <doc:Pipes> says what happens on the way. Whoever drives it is
/// woken when something can be read, when there is room again, and when the connection stands or is over.
///
/// Its error numbers are those of Linux, wherever it runs.
public final class SimStream: StreamTransport {
    /// Error numbers of connections that do not come about, or are over.
    public enum Code {
        /// ECONNRESET: the other end threw the connection away, or something between did.
        public static let reset: Int32 = 104
        /// ETIMEDOUT: the other end does not answer.
        public static let timedOut: Int32 = 110
        /// ECONNREFUSED: nobody listens there.
        public static let refused: Int32 = 111
        /// EHOSTUNREACH: there is no such host, or no way to it.
        public static let unreachable: Int32 = 113
    }

    /// The host that it belongs to.
    public let host: SimHost
    /// What this end does.
    public let pipe: SimPipe
    private let target: Address
    private let net: SimNet
    /// A listener took it: once closed it is never opened again.
    private let isTaken: Bool
    private var isOpen = false
    private var connection: Pipe?
    private var end: PipeEnd?
    private weak var owner: Doer?

    init(host: SimHost, to target: Address, pipe: SimPipe) {
        pipe.require()
        self.host = host
        self.target = target
        self.pipe = pipe
        net = host.net
        isTaken = false
    }

    /// A connection that a listener took.
    init(host: SimHost, taken connection: Pipe, end: PipeEnd) {
        self.host = host
        self.connection = connection
        self.end = end
        target = end.remote
        pipe = end.figures
        net = host.net
        isTaken = true
        isOpen = true
    }

    deinit { close() }

    /// It wakes its doer.
    public var readiness: Readiness { .wakes }
    /// From opening until it is connected or that has failed.
    public var isConnecting: Bool { isOpen && (end == nil || end?.state == .connecting) }
    /// The other end, as it was asked for.
    public var remote: Address { target }
    /// Our end; `Address.none` before it connects.
    public var local: Address { end?.local ?? .none }
    /// Bytes that have arrived and were not read.
    public var bufferedBytes: Int { other.map { $0.arrived - $0.read } ?? 0 }
    /// Bytes that were written and of which it does not know yet that they arrived.
    public var unackedBytes: Int { end.map { $0.ring.end - $0.acked } ?? 0 }

    /// When what was refused by a plan, or held back from a slow reader, is worth another try.
    public var wakeTyme: Tyme? {
        guard let end, end.retryAt < Micros.never else { return nil }
        return Micros.tyme(of: end.retryAt)
    }

    private var other: PipeEnd? {
        guard let connection, let end else { return nil }
        return end.side == 0 ? connection.server : connection.client
    }

    /// Gets ready to connect, which begins with the first pass.
    ///
    /// - Parameter doer: who is woken; held weakly.
    /// - Throws: `TransportError.notOpen` for a connection that a listener took and that has been closed;
    ///   `TransportError.badValue` if the doer would wait for ever, since the net is in no doist that has entered.
    public func open(for doer: Doer?) throws(TransportError) {
        if doer != nil { try net.requireScheduled(for: description) }
        guard isOpen || !isTaken else { throw .notOpen(subject: description) }
        isOpen = true
        owner = doer
        end?.owner = doer
    }

    public func connect(at tyme: Tyme) throws(TransportError) -> Bool {
        if isOpen, end == nil { (connection, end) = try net.dial(from: host, to: target, pipe, owner, at: tyme) }
        guard let end else { throw .notOpen(subject: description) }
        switch end.state {
        case .connecting: return false
        case .failed(let error): throw error
        case .connected, .lost: return true
        case .idle, .closed, .gone: throw .notOpen(subject: description)
        }
    }

    public func read(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> StreamReading {
        guard let connection, let end else { throw .notOpen(subject: description) }
        return net.read(connection, end, into: &out, at: tyme)
    }

    public func write(_ bytes: RawSpan, at tyme: Tyme) throws(TransportError) -> StreamWriting {
        guard let connection, let end else { throw .notOpen(subject: description) }
        return net.write(bytes, connection, end, at: tyme)
    }

    public func finish() {
        guard let connection, let end else { return }
        net.finish(connection, end)
    }

    /// Closes. What was written still goes, unless something that came was not read: then the connection is reset.
    public func close() { letGo { net, connection, end in net.close(connection, end) } }

    /// Closes with a reset.
    public func reset() { letGo { net, connection, end in net.reset(connection, end) } }

    private func letGo(_ body: (SimNet, Pipe, PipeEnd) -> Void) {
        if let connection, let end { body(net, connection, end) }
        (isOpen, connection, end, owner) = (false, nil, nil, nil)
    }

    public func describe(_ address: Address) -> String { net.describe(address) }
}

extension SimStream: CustomStringConvertible {
    /// `red:49152 to blu:7000`
    public var description: String {
        let here = local.isNone ? host.name : net.describe(local)
        return "\(here) to \(net.describe(target))"
    }
}
