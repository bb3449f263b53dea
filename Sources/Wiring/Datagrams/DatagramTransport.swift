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

    /// Our own place, as others reach it; `Address.none` while not open, and where there is no such thing.
    var address: Address { get }

    /// How an owner learns that something can be received or sent again.
    var readiness: Readiness { get }

    /// What has passed and what was dropped.
    var statistics: TransportStatistics { get }

    /// Takes what the system must give: a socket, a path, a place in a network. Open already: does nothing.
    ///
    /// - Parameter doer: who drives this transport; one that says ``Readiness/wakes`` wakes it, and holds it weakly.
    ///   Its `isTemp` asks for temporary files.
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
    /// over, so nil means "nothing there"; where that took too long, ``wakeTyme`` says when to look again. An empty
    /// datagram is a train of no bytes.
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
    /// None.
    @inlinable public var address: Address { .none }

    /// It cannot be told.
    @inlinable public var isEmpty: Bool { false }

    /// Never.
    @inlinable public var wakeTyme: Tyme? { nil }

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
