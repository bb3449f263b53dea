import CSockets
import Doing
import Wiring

/// A Unix-datagram socket as a transport: nothing is lost on the way, and a full receiver holds the sender back.
///
/// Make one, give it to a `CoreDoer`, and the doer opens it on enter and closes it on exit, which removes the file.
/// An address stands for a path; ``address(of:)`` makes one, and ``describe(_:)`` tells the path again. One full
/// receiver never keeps datagrams from another: `send` says `.peerFull`, for that one only.
///
/// ```swift
/// let peer = try UXDPeer(at: UXDPath(name: "red"))  // where a hio peer would look for it
/// try peer.open()
/// let blue = try UXDPeer.address(of: UXDPath(name: "blu").path)
/// ```
///
/// A peer is an object with one socket behind it, which is closed with the last reference at the latest. It belongs to
/// the thread of its doist.
///
/// - Source: hio `core/uxd/uxding.py`, `Peer`.
public final class UXDPeer: DatagramTransport {
    /// What a socket is asked for when it is opened.
    public struct Options: Hashable, Sendable {
        /// Longest datagram to send, 1...65,535 bytes: what ``UXDPeer/limits`` tells the protocol. A longer
        /// one is refused as too large.
        public var maximumDatagramSize: Int
        /// Longest datagram to hand on, 1...65,535 bytes; longer ones are dropped and counted.
        public var acceptsUpTo: Int
        /// Hands on datagrams from senders without a path, with the source `Address.none`: there is no way to answer.
        /// Off, they are dropped and counted as of an unknown sender.
        public var acceptsUnnamed: Bool
        /// Who may send here: permission bits of the file, 0...0o777. The owner alone by default.
        public var mode: UInt32
        /// Bytes that the kernel may hold until they are received; this bounds a single datagram, too.
        public var sendBufferSize: Int?
        /// Bytes for receiving; on Linux without effect, there the sender's count.
        public var receiveBufferSize: Int?

        /// The defaults: hio's datagram size, a megabyte of room, and a file for the owner alone.
        public init(
            maximumDatagramSize: Int = UXDPeer.maximumDatagramSize, acceptsUpTo: Int = UXDPeer.maximumDatagramSize,
            acceptsUnnamed: Bool = true, mode: UInt32 = 0o600, sendBufferSize: Int? = 1 << 20,
            receiveBufferSize: Int? = nil
        ) {
            self.maximumDatagramSize = maximumDatagramSize
            self.acceptsUpTo = acceptsUpTo
            self.acceptsUnnamed = acceptsUnnamed
            self.mode = mode
            self.sendBufferSize = sendBufferSize
            self.receiveBufferSize = receiveBufferSize
        }
    }

    /// Bytes of the largest datagram: hio's value, and the default.
    public static let maximumDatagramSize = 65_535

    /// What the peer is called, in errors and reports.
    public let name: String
    /// Where it is to stand.
    public let place: UXDPath
    /// What was asked for.
    public let options: Options
    /// Where it stands while open.
    public var path: String? { file?.path }
    /// The address of ``path`` while open, and of the last one afterwards; `Address.none` before.
    public private(set) var address = Address.none

    // Unchecked: no method of ours calls back into the peer.
    @exclusivity(unchecked) private var engine: UXDEngine<SystemUXDCalls>
    private var file: UXDFile?

    /// A peer at `place`, not yet open.
    ///
    /// - Throws: `TransportError` for a size or mode out of range.
    public init(at place: UXDPath, name: String = "main", options: Options = Options()) throws(TransportError) {
        let sizes = 1...Self.maximumDatagramSize
        try Self.check("maximumDatagramSize", options.maximumDatagramSize, in: sizes)
        try Self.check("acceptsUpTo", options.acceptsUpTo, in: sizes)
        try Self.check("mode", Int(options.mode), in: 0...0o777)
        try Self.check("sendBufferSize", options.sendBufferSize, in: 1...1 << 30)
        try Self.check("receiveBufferSize", options.receiveBufferSize, in: 1...1 << 30)
        self.place = place
        self.name = name
        self.options = options
        unsafe engine = UXDEngine(
            SystemUXDCalls(), sendsUpTo: options.maximumDatagramSize, acceptsUpTo: options.acceptsUpTo,
            acceptsUnnamed: options.acceptsUnnamed)
    }

    /// A peer at hio's path for `name` and `base`.
    ///
    /// - Throws: as ``UXDPath/init(name:base:head:)`` and ``init(at:name:options:)``.
    public convenience init(
        name: String = "main", base: String = "", options: Options = Options()
    ) throws(TransportError) {
        try self.init(at: UXDPath(name: name, base: base), name: name, options: options)
    }

    deinit { close() }

    private static func check(_ name: String, _ value: Int?, in range: ClosedRange<Int>) throws(TransportError) {
        guard let value, !range.contains(value) else { return }
        throw .badValue(name: name, value: "\(value)", allowed: "\(range.lowerBound)...\(range.upperBound)")
    }

    /// The address of a path, good at every Unix-datagram peer of this process and for as long as it runs.
    ///
    /// - Throws: `TransportError` for a path that no socket can have, and when 8,192
    ///   paths have been named so.
    public static func address(of path: String) throws(TransportError) -> Address {
        try UXDPath.check(path)
        guard let address = UXDNames.pin(path) else {
            throw .badValue(name: "path", value: path, allowed: "no more than 8192 named paths a process")
        }
        return address
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

    /// Opens and binds at ``place``. Open already: does nothing.
    ///
    /// - Throws: `TransportError`, for instance with EADDRINUSE when another peer
    ///   lives there; `TransportError` for a path that is too long or a directory that
    ///   others can write to. Nothing is left open and no file behind.
    public func open() throws(TransportError) { try open(at: place) }

    /// The same, at a temporary path if the doer's `isTemp` says so and the place is a derived one.
    public func open(for doer: Doer?) throws(TransportError) {
        try open(at: doer?.isTemp == true ? place.asTemporary : place)
    }

    /// Closes, and opens again at ``place``.
    ///
    /// - Throws: as ``open()``.
    public func reopen() throws(TransportError) {
        close()
        try open()
    }

    /// Nil, but for a flood of rubbish: what is behind it is looked for in the next tick.
    public var wakeTyme: Tyme? { unsafe engine.isFlooded ? -.infinity : nil }

    /// Closes and removes the file if it is still ours. Not open: does nothing.
    public func close() { close(unlink: true) }

    /// Closes; with `unlink` false the file stays, as a dead one that the next peer takes over.
    public func close(unlink: Bool) {
        guard isOpen else { return }
        if unlink { file?.remove() }
        unsafe engine.rooms.close()
        _ = unsafe csk_close(engine.descriptor)
        unsafe engine.descriptor = -1
        file = nil
        UXDNames.unpin(address)
    }

    private func open(at place: UXDPath, avoiding old: Int32 = -1) throws(TransportError) {
        if isOpen { return }
        let subject = "Unix peer \(name) at \(place)"
        let made = csk_unix_socket()
        guard made >= 0 else { throw .failed("socket", made, subject) }
        let socket = csk_renumber(made, old)
        guard socket >= 0 else { throw .failed("fcntl", socket, subject) }
        do throws(TransportError) {
            try set(socket, subject)
            let file = try UXDFile(binding: socket, at: place, mode: options.mode)
            guard let address = UXDNames.pin(file.path) else {
                file.remove()
                throw .badValue(name: "path", value: file.path, allowed: "no more than 8192 named paths a process")
            }
            self.file = file
            self.address = address
        } catch {
            _ = csk_close(socket)
            throw error
        }
        unsafe engine.descriptor = socket
    }

    private func set(_ socket: Int32, _ subject: String) throws(TransportError) {
        let sizes = [
            ("SO_SNDBUF", CSK_SEND_BUFFER, options.sendBufferSize),
            ("SO_RCVBUF", CSK_RECEIVE_BUFFER, options.receiveBufferSize),
        ]
        for (call, option, size) in sizes {
            guard let size else { continue }
            let result = csk_set(socket, Int32(option), Int32(size))
            guard result >= 0 else { throw .failed("setsockopt(\(call))", result, subject) }
        }
    }

    // MARK: Datagrams

    /// 16 datagrams and 65,535 bytes a train: about what a receiver's queue holds (10 by Linux's default).
    public var limits: TrainLimits {
        TrainLimits(segments: 16, bytes: Self.maximumDatagramSize, datagram: options.maximumDatagramSize)
    }

    /// The socket while open.
    public var readiness: Readiness { unsafe isOpen ? .descriptor(engine.descriptor) : .polled }

    /// Linux: readable when a peer that was full has room.
    public func roomDescriptor(whileBlocked isBlocked: Bool) -> Int32? {
        unsafe engine.rooms.descriptor(whileBlocked: isBlocked)
    }

    /// Asks the peers that were full anew.
    public func clearRoom() { unsafe engine.rooms.clear() }

    /// What has passed and what was dropped, since the peer was made.
    public var statistics: TransportStatistics { unsafe engine.statistics }

    /// The path that an address stands for, or `path#N` if it has been forgotten.
    public func describe(_ address: Address) -> String { UXDNames.path(of: address) ?? address.description }

    /// Receives the next datagram; see `DatagramTransport`.
    ///
    /// Lend 64 KiB (`Burst`'s default): a datagram that does not fit is lost and counted as truncated.
    ///
    /// - Throws: `TransportError`; `TransportError` if the
    ///   descriptor was closed behind the peer's back and could not be opened again.
    public func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        guard isOpen else { throw .notOpen(subject: "Unix peer \(name)") }
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
        guard isOpen else { throw .notOpen(subject: "Unix peer \(name)") }
        var hasRetried = false
        var taken = 0
        while true {
            do throws(Broken) {
                let outcome = try unsafe bytes.withUnsafeBytes { (all) throws(Broken) in
                    try unsafe engine.send(all, train, taken: &taken)
                }
                return Sending(taken: taken, outcome)
            } catch {
                try recover(from: error, &hasRetried)
            }
        }
    }

    /// Somebody closed our descriptor: opens a new socket at the same path, once a call.
    ///
    /// The file of the old one is dead if nobody else holds its socket, and is taken over. The new descriptor has
    /// another number, so that whoever watches the old one sees that it has gone.
    private func recover(from broken: Broken, _ hasRetried: inout Bool) throws(TransportError) {
        let error = TransportError.failed(broken.call, -broken.code, "Unix peer \(name) at \(path ?? "?")")
        guard !hasRetried, broken.code == EBADF || broken.code == ENOTSOCK, let file else { throw error }
        hasRetried = true
        let old = unsafe engine.descriptor
        unsafe engine.descriptor = -1
        self.file = nil
        UXDNames.unpin(address)
        let isTemporary = place.isTemporary || file.isTemporary
        if isTemporary { file.remove() }
        try open(at: isTemporary ? place.asTemporary : UXDPath(file.path), avoiding: old)
    }
}
