import CSockets
import Doing
import Wiring

/// A TCP connection as a transport of bytes: one that is made when it is opened, or one that a ``TCPListener`` took.
///
/// ```swift
/// let stream = try TCPStream(to: TCPStream.resolve("localhost", port: 7000))
/// ```
///
/// Connecting never blocks: addresses are tried in their order, one at a time, each for
/// ``StreamOptions/connectTimeout`` seconds of tyme. Bytes come and go in part; no signal is raised when the other end
/// has gone.
///
/// A stream is an object with one socket behind it, which is closed with the last reference at the latest. It belongs
/// to the thread of its doist.
public final class TCPStream {
    // Unchecked: no method of ours calls back into the stream.
    @exclusivity(unchecked) var socket: StreamSocket

    /// A stream that connects to the first of `addresses` that takes it, once it is opened.
    ///
    /// - Parameters:
    ///   - addresses: IPv4 and IPv6, in the order in which they are tried; at least one.
    ///   - name: what it is called, in errors and reports.
    ///   - options: what the socket is asked for.
    /// - Throws: `TransportError` for no address, one of another family, or an option out of range.
    public init(
        to addresses: [Address], name: String = "main", options: StreamOptions = StreamOptions()
    ) throws(TransportError) {
        guard !addresses.isEmpty else {
            throw .badValue(name: "addresses", value: "none", allowed: "at least one")
        }
        for address in addresses where address.family != .ip4 && address.family != .ip6 {
            throw .badValue(name: "address", value: "\(address)", allowed: "an IPv4 or IPv6 address")
        }
        try options.check()
        unsafe socket = StreamSocket(to: addresses, name: name, options: options)
    }

    /// A stream to a numeric host and a port. Names are not looked up here, since that blocks: see
    /// ``resolve(_:port:)``.
    ///
    /// - Throws: `TransportError` for a host that is no numeric address, or an option out of range.
    public convenience init(
        host: String, port: UInt16, name: String = "main", options: StreamOptions = StreamOptions()
    ) throws(TransportError) {
        try self.init(to: [Self.address(host: host, port: port)], name: name, options: options)
    }

    /// A connection that a listener took.
    init(taken descriptor: Int32, from: Address, name: String, options: StreamOptions) {
        unsafe socket = StreamSocket(taken: descriptor, from: from, name: name, options: options)
    }

    deinit { unsafe socket.close() }

    /// The address of a numeric host and a port.
    static func address(host: String, port: UInt16) throws(TransportError) -> Address {
        do { return try Address(host: host, port: port) } catch {
            throw .badValue(name: "host", value: "\"\(host)\"", allowed: "a numeric address such as 127.0.0.1 or ::1")
        }
    }

    /// The addresses of a host, in the system's order of preference. It blocks, for seconds if the network is slow.
    ///
    /// - Throws: `TransportError` with the resolver's reason.
    public static func resolve(_ host: String, port: UInt16) throws(TransportError) -> [Address] {
        try UDPPeer.resolve(host, port: port)
    }

    /// What it is called, in errors and reports.
    public var name: String { unsafe socket.name }
    /// What the socket is asked for.
    public var options: StreamOptions { unsafe socket.options }
    /// The other end; `Address.none` until it is connected.
    public var remote: Address { unsafe socket.remote }
    /// Our end; `Address.none` until it is connected.
    public var local: Address { unsafe socket.local }
    /// The socket, for host loops to watch; nil while there is none. Do not close it.
    public var descriptor: Int32? { unsafe socket.descriptor }

    /// Why the addresses that were tried so far did not work, in their order.
    public var failures: [TransportError] { unsafe socket.failures }
}

extension TCPStream: StreamTransport {
    /// The socket while there is one.
    public var readiness: Readiness { unsafe socket.readiness }
    /// True from opening until it is connected or that has failed.
    public var isConnecting: Bool { unsafe socket.isConnecting }
    /// While connecting, when the address under way has had its time.
    public var wakeTyme: Tyme? { unsafe socket.wakeTyme }

    /// Begins to connect; what a listener took is open already.
    ///
    /// - Throws: `TransportError` for a connection that a listener took and that has been closed.
    public func open(for doer: Doer?) throws(TransportError) { try unsafe socket.open() }

    /// Goes on connecting; see `StreamTransport`.
    public func connect(at tyme: Tyme) throws(TransportError) -> Bool { try unsafe socket.connect(at: tyme) }

    /// Reads once; see `StreamTransport`.
    public func read(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> StreamReading {
        try unsafe socket.read(into: &out)
    }

    /// Writes once; see `StreamTransport`.
    public func write(_ bytes: RawSpan, at tyme: Tyme) throws(TransportError) -> StreamWriting {
        try unsafe socket.write(bytes)
    }

    /// Ends our half.
    public func finish() { unsafe socket.shut() }

    /// Closes. What was written still goes, unless the other end sent something that was not read: then the system
    /// resets the connection.
    public func close() { unsafe socket.close() }

    /// Closes with a reset.
    public func reset() { unsafe socket.close(resets: true) }
}
