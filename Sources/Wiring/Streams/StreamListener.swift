import Doing

/// Where streams come from: a TCP port, a Unix path, a port of a simulated host.
///
/// ``StreamAcceptor`` drives a listener; nothing else needs to.
public protocol StreamListener {
    /// What it takes.
    associatedtype Stream: StreamTransport

    /// How an owner learns that a connection waits. ``Readiness/wakes`` while it waits for ``wakeTyme`` instead.
    var readiness: Readiness { get }

    /// When to look again although nobody says so, for instance after the descriptors ran out; nil for never.
    var wakeTyme: Tyme? { get }

    /// Where it stands: while open the real address.
    var address: Address { get }

    /// Begins to listen. Open already: does nothing.
    ///
    /// - Throws: ``TransportError`` that names the call, the address and the system's reason; nothing is left open.
    mutating func open(for doer: Doer?) throws(TransportError)

    /// The next connection, or nil if none waits or none can be taken now.
    ///
    /// - Throws: only what makes the listener unusable.
    mutating func accept(at tyme: Tyme) throws(TransportError) -> Stream?

    /// Gives everything back; connections that were taken live on. Not open: does nothing.
    mutating func close()
}
