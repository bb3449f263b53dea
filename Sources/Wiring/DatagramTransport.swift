import Doing

/// What datagrams ride on: a real socket, a simulated link, a tapped or a replayed one.
///
/// Both directions move whole trains and lend their bytes: ``receive(into:at:)`` appends to room that the caller
/// owns, ``send(_:_:at:)`` reads from it. Neither keeps a view of the bytes after it returns, and neither blocks.
///
/// ``CoreDoer`` drives a transport; nothing else needs to.
public protocol DatagramTransport {
    /// What one call can carry. Fixed while open.
    var limits: TrainLimits { get }

    /// How an owner learns that something can be received or sent again.
    var readiness: Readiness { get }

    /// What has passed and what was dropped.
    var statistics: TransportStatistics { get }

    /// Takes what the system must give: a socket, a path, a place in a network. Open already: does nothing.
    ///
    /// - Parameter doer: who drives this transport; one that says ``Readiness/wakes`` wakes it. Its `isTemp` asks
    ///   for temporary files.
    /// - Throws: ``TransportError`` that names the call, the address and the system's reason; nothing is left open.
    mutating func open(for doer: Doer?) throws(TransportError)

    /// Gives everything back. Not open: does nothing.
    mutating func close()

    /// Whether ``receive(into:at:)`` would find nothing, where that can be told without a call of the system; false
    /// where it cannot, or where the call would do more than look.
    ///
    /// It spares owners a call for nothing: two of three that a lone datagram takes.
    var isEmpty: Bool { get }

    /// Appends the next train to `out` and says from whom it is, or returns nil if nothing is there.
    ///
    /// A datagram that cannot be handed on (cut short, of an unknown family) is counted in ``statistics`` and passed
    /// over, so nil always means "nothing there". An empty datagram is a train of no bytes.
    ///
    /// - Parameters:
    ///   - out: room for at least ``TrainLimits/bytes`` bytes.
    ///   - tyme: now.
    /// - Returns: from whom, and how long each datagram is.
    /// - Throws: only what makes the transport unusable.
    mutating func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train?

    /// Sends the train `bytes`, or as many whole datagrams of its front as there is room for.
    ///
    /// - Returns: how many bytes were taken, and why no more.
    /// - Throws: only what makes the transport unusable.
    mutating func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending

    /// The room that this transport's trains are best received into or sent from; nil, the default, for any.
    ///
    /// A recording has such: what stands there already need not be copied. Whoever drives the transport asks before
    /// each call of ``receive(into:at:)`` and ``send(_:_:at:)``, and lends it for that call alone. A transport on top
    /// of another hands the other's on, unless it changes bytes that the other has received.
    ///
    /// - Parameters:
    ///   - capacity: how many bytes it must have.
    ///   - direction: whether it is to be received into or sent from.
    func burst(of capacity: Int, for direction: Direction) -> Burst?

    /// When the transport itself next has something to do: a datagram that it holds back leaves then, at the next
    /// ``receive(into:at:)``. Nil for never, as with every plain socket.
    var wakeTyme: Tyme? { get }

    /// What to watch, beside the descriptor of ``readiness``, while peers are full: it becomes readable when one of
    /// them has room. Nil if there is no such thing: the owner then tries again every tick.
    ///
    /// - Parameter isBlocked: false once nobody waits for room, so that nothing is told any more.
    mutating func roomDescriptor(whileBlocked isBlocked: Bool) -> Int32?

    /// Takes back what ``roomDescriptor(whileBlocked:)`` has told, before the peers that were full are tried again.
    mutating func clearRoom()

    /// `address` for people; a transport that numbers its addresses says what the number stands for.
    func describe(_ address: Address) -> String
}

extension DatagramTransport {
    /// It cannot be told.
    @inlinable public var isEmpty: Bool { false }

    /// Never.
    @inlinable public var wakeTyme: Tyme? { nil }

    /// Any.
    @inlinable public func burst(of capacity: Int, for direction: Direction) -> Burst? { nil }

    /// None.
    public func roomDescriptor(whileBlocked isBlocked: Bool) -> Int32? { nil }

    /// Nothing to take back.
    public func clearRoom() {}

    /// The address's own words.
    public func describe(_ address: Address) -> String { address.description }
}

/// How the owner of a transport learns that there is something to do.
public enum Readiness: Hashable, Sendable {
    /// A system's descriptor says so: a poller watches it, or the owner looks every tick where there is no poller.
    case descriptor(Int32)
    /// The transport wakes the doer that it was opened for.
    case wakes
    /// Nobody says so: the owner looks every tick.
    case polled
}

/// What became of a train that was handed to ``DatagramTransport/send(_:_:at:)``.
public struct Sending: Hashable, Sendable {
    /// Bytes taken from the front of the train: whole datagrams. They are gone; do not send them again.
    public var taken: Int
    /// Why no more were taken.
    public var outcome: Outcome

    /// What stopped, if anything did.
    public enum Outcome: Hashable, Sendable {
        /// Everything was taken.
        case sent
        /// The transport has no room now, for any peer. Keep the rest.
        case full
        /// This peer has no room now; others may. Keep the rest.
        case peerFull
        /// The first datagram that was not taken will not be taken later either.
        case refused(Refusal)
    }

    /// - Parameters:
    ///   - taken: bytes taken from the front.
    ///   - outcome: why no more were.
    @inlinable public init(taken: Int, _ outcome: Outcome = .sent) {
        self.taken = taken
        self.outcome = outcome
    }
}

/// Why a datagram cannot be sent to its peer.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of refusal that a protocol treats apart.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// Longer than the way to this peer carries (EMSGSIZE).
        case tooLarge
        /// Nobody there, or no way there (ECONNREFUSED, ENOENT, EHOSTUNREACH, ENETUNREACH …).
        case unreachable
        /// Not permitted (EPERM, EACCES).
        case denied
        /// The address is of a family that this transport does not speak, or one it has forgotten.
        case badAddress
        /// The system refused for another reason: see ``Refusal/code``.
        case other
    }

    /// What kind of refusal.
    public var reason: Reason
    /// The system's error number; 0 if the transport itself refused.
    public var code: Int32

    /// A refusal with the system's error number behind it.
    @inlinable public init(_ reason: Reason, code: Int32 = 0) {
        self.reason = reason
        self.code = code
    }

    /// `unreachable (errno 111)`
    public var description: String { code == 0 ? reason.rawValue : "\(reason.rawValue) (errno \(code))" }
}

/// A transport that cannot be opened or has become unusable.
public enum TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call failed: its name, the error number and its text, and what it was about (an address, a path).
    case system(call: String, code: Int32, reason: String, subject: String)
    /// The transport was used while it was not open.
    case notOpen(subject: String)
    /// A value that the user gave cannot be used: what it is, what it was, and what is allowed.
    case badValue(name: String, value: String, allowed: String)

    public var description: String {
        switch self {
        case .system(let call, let code, let reason, let subject): "\(subject): \(call): \(reason) (errno \(code))"
        case .notOpen(let subject): "\(subject) is not open"
        case .badValue(let name, let value, let allowed): "\(name) \(value): expected \(allowed)"
        }
    }
}

/// What has passed through a transport since it was made. Counts never wrap in practice: 64 bits.
public struct TransportStatistics: Hashable, Sendable {
    /// Datagrams handed on, the bytes in them, and the trains that they came in.
    public var received = Traffic()
    /// Datagrams taken, the bytes in them, and the trains that they left in.
    public var sent = Traffic()
    /// Datagrams dropped because they were longer than any that this transport hands on.
    public var truncated = 0
    /// Datagrams dropped because their sender's address is of no known family.
    public var unknownSender = 0
    /// Receive errors of single datagrams that the system reported and that ended nothing.
    public var receiveErrors = 0
    /// Times that the transport had no room.
    public var full = 0
    /// Times that one peer had no room.
    public var peerFull = 0
    /// Datagrams refused for good.
    public var refused = 0

    /// Datagrams, bytes and trains of one direction.
    public struct Traffic: Hashable, Sendable {
        /// Datagrams.
        public var datagrams = 0
        /// Bytes in them.
        public var bytes = 0
        /// Trains: calls that carried at least one of them.
        public var trains = 0

        /// Nothing yet.
        @inlinable public init() {}

        /// Counts a train of `datagrams` datagrams with `bytes` bytes in all.
        @inlinable public mutating func count(_ datagrams: Int, bytes: Int) {
            self.datagrams &+= datagrams
            self.bytes &+= bytes
            trains &+= 1
        }
    }

    /// Nothing yet.
    @inlinable public init() {}
}
