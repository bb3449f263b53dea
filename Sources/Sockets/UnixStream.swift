import CSockets
import Doing
import Wiring

/// A Unix stream connection as a transport of bytes: one that is made when it is opened, or one that a
/// ``UnixListener`` took.
///
/// It is a TCP connection without a network: the same face, the same rules, but addresses are paths, and the other end
/// is on this machine. A taken connection has the address of nobody, since whoever connects has no path.
///
/// A stream is an object with one socket behind it, which is closed with the last reference at the latest. It belongs
/// to the thread of its doist.
public final class UnixStream {
    // Unchecked: no method of ours calls back into the stream.
    @exclusivity(unchecked) var socket: StreamSocket
    private let pinned: Address

    /// A stream that connects to the listener at `path`, once it is opened.
    ///
    /// A listener whose queue is full is asked again every tick, for ``StreamOptions/connectTimeout`` seconds.
    ///
    /// - Throws: `TransportError` for a path that no socket can have, or an option out of range.
    public init(
        to path: String, name: String = "main", options: StreamOptions = StreamOptions()
    ) throws(TransportError) {
        try UXDPath.check(path)
        try options.check()
        guard let address = UXDNames.pin(path) else {
            throw .badValue(name: "path", value: path, allowed: "no more than 8192 named paths a process")
        }
        pinned = address
        unsafe socket = StreamSocket(to: [address], name: name, options: options)
    }

    /// A connection that a listener took.
    init(taken descriptor: Int32, name: String, options: StreamOptions) {
        pinned = .none
        unsafe socket = StreamSocket(taken: descriptor, from: .none, name: name, options: options)
    }

    deinit {
        unsafe socket.close()
        UXDNames.unpin(pinned)
    }

    /// What it is called, in errors and reports.
    public var name: String { unsafe socket.name }
    /// What the socket is asked for.
    public var options: StreamOptions { unsafe socket.options }
    /// The listener's path as an address once connected; `Address.none` for a connection that a listener took.
    public var remote: Address { unsafe socket.remote }
    /// The socket, for host loops to watch; nil while there is none. Do not close it.
    public var descriptor: Int32? { unsafe socket.descriptor }
}

extension UnixStream: StreamTransport {
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

    /// Closes with a reset, of which a Unix stream has none: what was written still goes.
    public func reset() { unsafe socket.close(resets: true) }

    /// Nobody: our end has no path.
    public var local: Address { .none }

    /// The path that an address stands for.
    public func describe(_ address: Address) -> String { UXDNames.path(of: address) ?? address.description }
}
