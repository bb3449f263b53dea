import CSockets
import Doing
import Wiring

/// A UDP socket as a transport: IPv4 or IPv6, non-blocking, in bursts where the kernel has them.
///
/// Make one, give it to a `CoreDoer`, and the doer opens it on enter and closes it on exit. By hand:
/// ``open()``, ``close()``, or ``withPeer(_:_:)``. A port of 0 lets the system choose; ``address`` then tells.
///
/// ```swift
/// let peer = try UDPPeer(host: "127.0.0.1", port: 0)
/// try peer.open()
/// print(peer.address)  // 127.0.0.1:43817
/// ```
///
/// A peer is an object with one socket behind it, which is closed with the last reference at the latest. It belongs
/// to the thread of its doist.
///
/// - Source: hio `core/udp/udping.py`, `Peer`.
public final class UDPPeer: DatagramTransport {
    /// What a socket is asked for when it is opened.
    public struct Options: Hashable, Sendable {
        /// Longest datagram to send, 1...65,507 bytes: what ``UDPPeer/limits`` tells the protocol. A longer
        /// one is refused as too large.
        public var maximumDatagramSize: Int
        /// Longest datagram to hand on, 1...65,535 bytes; longer ones are dropped and counted.
        public var acceptsUpTo: Int
        /// May send to broadcast addresses.
        public var broadcast: Bool
        /// Lets other sockets that ask for the same open this port too. Off, a port in use is an error.
        public var sharesPort: Bool
        /// Bytes that the kernel may hold for sending; nil leaves the system's default. The kernel may give less.
        public var sendBufferSize: Int?
        /// Bytes that the kernel may hold before they are received; what comes above that is lost.
        public var receiveBufferSize: Int?
        /// Sends trains in one call and receives them joined, where the kernel can (Linux). Off, one by one.
        public var usesBursts: Bool

        /// The defaults are those of ``UDPPeer``: safe sizes, a roomy receive buffer, nothing shared, bursts on.
        public init(
            maximumDatagramSize: Int = UDPPeer.maximumDatagramSize, acceptsUpTo: Int = 65_535, broadcast: Bool = false,
            sharesPort: Bool = false, sendBufferSize: Int? = 4 << 20, receiveBufferSize: Int? = 4 << 20,
            usesBursts: Bool = true
        ) {
            self.maximumDatagramSize = maximumDatagramSize
            self.acceptsUpTo = acceptsUpTo
            self.broadcast = broadcast
            self.sharesPort = sharesPort
            self.sendBufferSize = sendBufferSize
            self.receiveBufferSize = receiveBufferSize
            self.usesBursts = usesBursts
        }
    }

    /// Bytes of a datagram that passes any IPv6 way, and nearly any IPv4 way, in one piece: the default. hio's value.
    public static let maximumDatagramSize = 1240
    /// Bytes of a datagram that every IPv4 host must be able to take (RFC 1122 §3.3.2, less the largest headers).
    public static let safeIPv4 = 548
    /// Bytes of the largest datagram that IPv4 can carry.
    public static let largest = 65_507

    /// What the peer is called, in errors and reports.
    public let name: String
    /// What was asked for.
    public let options: Options
    /// What was asked for as address: the port may be 0.
    public let wanted: Address
    /// Where the peer stands: while open the real address, otherwise the last one, or ``wanted``.
    public private(set) var address: Address

    // Unchecked: no method of ours calls back into the peer, and the check shows in the time of a small train.
    @exclusivity(unchecked) private var engine: UDPEngine<SystemUDPCalls>

    /// A peer for `address`, not yet open.
    ///
    /// - Throws: `TransportError` for an address of another family or a size out of
    ///   range.
    public init(_ address: Address, name: String = "main", options: Options = Options()) throws(TransportError) {
        guard address.family == .ip4 || address.family == .ip6 else {
            throw .badValue(name: "address", value: "\(address)", allowed: "an IPv4 or IPv6 address")
        }
        try Self.check("maximumDatagramSize", options.maximumDatagramSize, in: 1...Self.largest)
        try Self.check("acceptsUpTo", options.acceptsUpTo, in: 1...65_535)
        try Self.check("sendBufferSize", options.sendBufferSize, in: 1...1 << 30)
        try Self.check("receiveBufferSize", options.receiveBufferSize, in: 1...1 << 30)
        self.name = name
        self.options = options
        wanted = address
        self.address = address
        unsafe engine = UDPEngine(
            SystemUDPCalls(), family: Int32(address.family == .ip6 ? CSK_IP6 : CSK_IP4),
            sendsUpTo: options.maximumDatagramSize, acceptsUpTo: options.acceptsUpTo)
    }

    /// A peer for a numeric host and a port: hio's defaults. An empty host means every IPv4 interface.
    ///
    /// Names are not looked up here, since that blocks: see ``resolve(_:port:)``.
    ///
    /// - Throws: `TransportError` for a host that is no numeric address, or a size
    ///   out of range.
    public convenience init(
        name: String = "main", host: String = "127.0.0.1", port: UInt16 = 55_000, options: Options = Options()
    ) throws(TransportError) {
        let address: Address
        do {
            address = try Address(host: host, port: port)
        } catch {
            throw .badValue(name: "host", value: "\"\(host)\"", allowed: "a numeric address such as 127.0.0.1 or ::1")
        }
        try self.init(address, name: name, options: options)
    }

    deinit { closeDescriptor() }

    private static func check(_ name: String, _ value: Int?, in range: ClosedRange<Int>) throws(TransportError) {
        guard let value, !range.contains(value) else { return }
        throw .badValue(name: name, value: "\(value)", allowed: "\(range.lowerBound)...\(range.upperBound)")
    }

    // MARK: Opening and closing

    /// True while bound.
    public var isOpen: Bool { unsafe engine.descriptor >= 0 }

    /// The socket, for host loops to watch; nil while closed. Do not close it.
    public var descriptor: Int32? { unsafe isOpen ? engine.descriptor : nil }

    /// Bytes that the kernel gave for sending and receiving, its own bookkeeping included; nil while closed.
    public var actualBufferSizes: (send: Int, receive: Int)? {
        guard isOpen else { return nil }
        return unsafe (
            Int(max(0, csk_get(engine.descriptor, Int32(CSK_SEND_BUFFER)))),
            Int(max(0, csk_get(engine.descriptor, Int32(CSK_RECEIVE_BUFFER))))
        )
    }

    /// Opens and binds. Open already: does nothing.
    ///
    /// - Throws: `TransportError`, for instance with EADDRINUSE and the address
    ///   when the port is taken; nothing is left open.
    public func open() throws(TransportError) {
        if !isOpen { try open(at: wanted, avoiding: -1) }
    }

    /// Opens and binds; the doer does not matter to a UDP socket.
    public func open(for doer: Doer?) throws(TransportError) { try open() }

    /// Closes, and opens again at ``wanted``.
    ///
    /// - Throws: as ``open()``.
    public func reopen() throws(TransportError) {
        close()
        try open()
    }

    /// Nil, but for a flood of rubbish: what is behind it is looked for in the next tick.
    public var wakeTyme: Tyme? { unsafe engine.isFlooded ? -.infinity : nil }

    /// Closes. Not open: does nothing. ``address`` keeps telling where it was.
    public func close() { closeDescriptor() }

    private func closeDescriptor() {
        guard unsafe engine.descriptor >= 0 else { return }
        _ = unsafe csk_close(engine.descriptor)
        unsafe engine.descriptor = -1
    }

    private func open(at place: Address, avoiding old: Int32) throws(TransportError) {
        let subject = "UDP peer \(name) at \(place)"
        let made = unsafe csk_udp_socket(engine.family)
        guard made >= 0 else { throw .failed("socket", made, subject) }
        let socket = csk_renumber(made, old)
        guard socket >= 0 else { throw .failed("fcntl", socket, subject) }
        do throws(TransportError) {
            try set(socket, subject)
            var words = csk_address(place)
            let bound = unsafe csk_bind(socket, engine.family, &words)
            guard bound >= 0 else { throw .failed("bind", bound, subject) }
            let named = unsafe csk_name(socket, &words)
            guard named >= 0 else { throw .failed("getsockname", named, subject) }
            address = Address(words)
        } catch {
            _ = csk_close(socket)
            throw error
        }
        unsafe engine.descriptor = socket
        unsafe engine.splitsTrains = options.usesBursts && csk_splits_trains(socket) == 1
    }

    private func set(_ socket: Int32, _ subject: String) throws(TransportError) {
        func set(_ call: String, _ option: Int, _ value: Int32) throws(TransportError) {
            let result = csk_set(socket, Int32(option), value)
            guard result >= 0 else { throw .failed("setsockopt(\(call))", result, subject) }
        }
        if unsafe engine.family == CSK_IP6 {
            // The address of every interface takes IPv4 too, in its mapped form; a single one takes what it is.
            let isAny = wanted.hi == 0 && wanted.lo == 0
            try set("IPV6_V6ONLY", Int(CSK_V6ONLY), isAny ? 0 : 1)
        }
        if options.broadcast { try set("SO_BROADCAST", Int(CSK_BROADCAST), 1) }
        if options.sharesPort { try set("SO_REUSEPORT", Int(CSK_SHARE_PORT), 1) }
        if let size = options.sendBufferSize { try set("SO_SNDBUF", Int(CSK_SEND_BUFFER), Int32(size)) }
        if let size = options.receiveBufferSize {
            try set("SO_RCVBUF", Int(CSK_RECEIVE_BUFFER), Int32(size))
        }
        // Where the kernel cannot join trains, they come one by one: nothing is lost but speed.
        unsafe engine.joinsTrains = options.usesBursts && csk_set(socket, Int32(CSK_JOINS_TRAINS), 1) >= 0
    }

    // MARK: Datagrams

    /// 64 datagrams and 65,472 bytes a train: what Linux splits and joins in one call.
    public var limits: TrainLimits {
        TrainLimits(
            segments: UDPEngine<SystemUDPCalls>.trainSegments,
            bytes: max(UDPEngine<SystemUDPCalls>.trainBytes, options.maximumDatagramSize),
            datagram: options.maximumDatagramSize)
    }

    /// The socket while open.
    public var readiness: Readiness { unsafe isOpen ? .descriptor(engine.descriptor) : .polled }

    /// What has passed and what was dropped, since the peer was made.
    public var statistics: TransportStatistics { unsafe engine.statistics }

    /// Receives the next train; see `DatagramTransport`.
    ///
    /// Lend 64 KiB (`Burst`'s default): a train that does not fit is lost and counted as truncated.
    ///
    /// - Throws: `TransportError`; `TransportError` if the
    ///   descriptor was closed behind the peer's back and could not be opened again.
    public func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        guard isOpen else { throw .notOpen(subject: "UDP peer \(name)") }
        var hasRetried = false
        while true {
            do throws(Broken) {
                return try unsafe out.withUnsafeMutableBytes { (room, filled) throws(Broken) -> Train? in
                    let free = unsafe UnsafeMutableRawBufferPointer(rebasing: room[filled...])
                    guard let (train, count) = try unsafe engine.receive(free) else { return nil }
                    filled += count
                    return train
                }
            } catch {
                try recover(from: error, &hasRetried)
            }
        }
    }

    /// Sends a train, or as much of its front as there is room for; see `DatagramTransport`.
    ///
    /// - Throws: as ``receive(into:at:)``.
    public func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        guard isOpen else { throw .notOpen(subject: "UDP peer \(name)") }
        var hasRetried = false
        var taken = 0
        while true {
            do throws(Broken) {
                let outcome = try unsafe bytes.withUnsafeBytes { (all) throws(Broken) in
                    try unsafe engine.send(all, train, taken: &taken, at: tyme)
                }
                return Sending(taken: taken, outcome)
            } catch {
                try recover(from: error, &hasRetried)
            }
        }
    }

    /// Somebody closed our descriptor: opens a new socket at the same address, once a call.
    ///
    /// The new descriptor has another number, so that whoever watches the old one sees that it has gone. The old
    /// number is left alone: it may be somebody else's by now.
    private func recover(from broken: Broken, _ hasRetried: inout Bool) throws(TransportError) {
        let error = TransportError.failed(broken.call, -broken.code, "UDP peer \(name) at \(address)")
        guard !hasRetried, broken.code == EBADF || broken.code == ENOTSOCK else { throw error }
        hasRetried = true
        let old = unsafe engine.descriptor
        unsafe engine.descriptor = -1
        try open(at: address, avoiding: old)
    }
}

extension UDPPeer {
    /// Looks a host name up, in the system's order of preference. **Blocks**, for seconds if the network is bad:
    /// call it before the doist runs, or on another thread.
    ///
    /// - Throws: `TransportError` with getaddrinfo's own error number.
    public static func resolve(_ host: String, port: UInt16) throws(TransportError) -> [Address] {
        var words = [csk_address](repeating: csk_address(), count: 16)
        let count = unsafe csk_resolve(host, port, &words, 16)
        guard count >= 0 else {
            throw unsafe .system(
                call: "getaddrinfo", code: -count, reason: String(cString: csk_resolve_text(count)),
                subject: host)
        }
        var addresses: [Address] = []
        for found in words[..<Int(count)].map({ Address($0) }) where !addresses.contains(found) {
            addresses.append(found)
        }
        return addresses
    }
}

/// Opens `peer`, lends it to `body`, and closes it on every way out.
///
/// - Source: hio `core/udp/udping.py`, `openPeer`.
public func withPeer<Peer: DatagramTransport, R>(_ peer: Peer, _ body: (inout Peer) throws -> R) throws -> R {
    var peer = peer
    try peer.open(for: nil)
    defer { peer.close() }
    return try body(&peer)
}
