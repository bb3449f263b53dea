import CSockets
import Doing
import Wiring

/// A TCP port that takes connections: IPv4 or IPv6, non-blocking.
///
/// ```swift
/// let listener = try TCPListener(host: "127.0.0.1", port: 0)
/// try listener.open()
/// print(listener.address)  // 127.0.0.1:39211
/// ```
///
/// A port in use is an error. One whose earlier listener has ended can be opened again at once, though connections of
/// that time are still fading out; two listeners never share a port. When the process runs out of descriptors the
/// connections wait in the system's queue: it is counted and tried again after a while, first 1/32 s, then ever longer
/// up to a second, and meanwhile costs nothing.
///
/// A listener is an object with one socket behind it, which is closed with the last reference at the latest. It belongs
/// to the thread of its doist.
public final class TCPListener {
    /// Connections that the system keeps until they are taken, by default; it may keep fewer.
    public static let backlog = 1024

    /// What the listener is called, in errors and reports.
    public let name: String
    /// What every connection is asked for.
    public let options: StreamOptions
    /// Connections that the system keeps until they are taken.
    public let backlog: Int
    /// What was asked for as address: the port may be 0.
    public let wanted: Address
    /// Where the listener stands: while open the real address, otherwise the last one, or ``wanted``.
    public private(set) var address: Address

    private(set) var engine = AcceptEngine(SystemStreamCalls())

    /// A listener at `address`, not yet open.
    ///
    /// - Throws: `TransportError` for an address of another family or a value out of range.
    public init(
        _ address: Address, name: String = "main", backlog: Int = TCPListener.backlog,
        options: StreamOptions = StreamOptions()
    ) throws(TransportError) {
        guard address.family == .ip4 || address.family == .ip6 else {
            throw .badValue(name: "address", value: "\(address)", allowed: "an IPv4 or IPv6 address")
        }
        guard (1...65_535).contains(backlog) else {
            throw .badValue(name: "backlog", value: "\(backlog)", allowed: "1...65535")
        }
        try options.check()
        self.name = name
        self.options = options
        self.backlog = backlog
        wanted = address
        self.address = address
    }

    /// A listener at a numeric host and a port; an empty host means every IPv4 interface, `::` every interface of both.
    ///
    /// Names are not looked up here, since that blocks: see ``TCPStream/resolve(_:port:)``.
    ///
    /// - Throws: `TransportError` for a host that is no numeric address, or a value out of range.
    public convenience init(
        host: String = "127.0.0.1", port: UInt16, name: String = "main", backlog: Int = TCPListener.backlog,
        options: StreamOptions = StreamOptions()
    ) throws(TransportError) {
        try self.init(
            TCPStream.address(host: host, port: port), name: name, backlog: backlog, options: options)
    }

    deinit { close() }

    /// True while it listens.
    public var isOpen: Bool { engine.descriptor >= 0 }

    /// The socket, for host loops to watch; nil while closed. Do not close it.
    public var descriptor: Int32? { isOpen ? engine.descriptor : nil }

    /// What it has seen since it was made.
    public var statistics: ListenerStatistics { engine.statistics }

    /// Opens, binds and listens. Open already: does nothing.
    ///
    /// - Throws: `TransportError`, for instance with EADDRINUSE and the address when the port is taken; nothing is left
    ///   open.
    public func open() throws(TransportError) {
        if isOpen { return }
        let subject = "TCP listener \(name) at \(wanted)"
        let family = Int32(wanted.family == .ip6 ? CSK_IP6 : CSK_IP4)
        let made = csk_stream_socket(family)
        guard made >= 0 else { throw .failed("socket", made, subject) }
        do throws(TransportError) {
            try Self.check("setsockopt(SO_REUSEADDR)", csk_stream_set(made, Int32(CSK_REUSE_ADDRESS), 1), subject)
            if wanted.family == .ip6 {
                // The address of every interface takes IPv4 too, in its mapped form; a single one takes what it is.
                let isAny = wanted.hi == 0 && wanted.lo == 0
                try Self.check("setsockopt(IPV6_V6ONLY)", csk_set(made, Int32(CSK_V6ONLY), isAny ? 0 : 1), subject)
            }
            // Connections inherit the buffers; they must be set before the first, as the window depends on them.
            try Self.check("setsockopt", options.apply(to: made, isTCP: false), subject)
            var words = csk_address(wanted)
            try unsafe Self.check("bind", csk_bind(made, family, &words), subject)
            try Self.check("listen", csk_listen(made, Int32(backlog)), subject)
            try unsafe Self.check("getsockname", csk_name(made, &words), subject)
            address = Address(words)
        } catch {
            _ = csk_close(made)
            throw error
        }
        engine.descriptor = made
    }

    /// Closes: connections that wait are reset, those that were taken live on. Not open: does nothing.
    public func close() {
        guard isOpen else { return }
        _ = csk_close(engine.descriptor)
        engine.descriptor = -1
    }

    private static func check(_ call: String, _ result: Int32, _ subject: String) throws(TransportError) {
        guard result >= 0 else { throw .failed(call, result, subject) }
    }

    /// When it looks again after the descriptors ran out; nil while all is well.
    public var wakeTyme: Tyme? { engine.retryTyme }

    /// The next connection, or nil if none waits or none can be taken now.
    ///
    /// - Throws: `TransportError` only if this is no listener any more.
    public func accept(at tyme: Tyme) throws(TransportError) -> TCPStream? {
        let subject = "TCP listener \(name) at \(address)"
        guard isOpen else { throw .notOpen(subject: subject) }
        while true {
            let taken: (descriptor: Int32, from: Address)?
            do throws(Broken) { taken = try engine.accept(at: tyme) } catch {
                throw .failed(error.call, -error.code, subject)
            }
            guard let taken else { return nil }
            if options.apply(to: taken.descriptor, isTCP: true) >= 0 {
                return TCPStream(taken: taken.descriptor, from: taken.from, name: name, options: options)
            }
            engine.pass(taken.descriptor)
        }
    }
}

extension TCPListener: StreamListener {
    /// The socket while open, but not while it waits for descriptors: then a poller would tell of it without end.
    public var readiness: Readiness {
        guard isOpen else { return .polled }
        return wakeTyme == nil ? .descriptor(engine.descriptor) : .wakes
    }

    /// Opens; the doer does not matter to a TCP port.
    public func open(for doer: Doer?) throws(TransportError) { try open() }
}
