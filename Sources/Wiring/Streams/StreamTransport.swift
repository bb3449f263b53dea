import Doing

/// What byte streams ride on: a TCP or Unix connection, a simulated pipe.
///
/// Bytes come and go in part and in order; where they are cut says nothing. Neither direction blocks, and neither keeps
/// a view of the bytes after it returns. Each half ends by itself: ``finish()`` ends ours, ``StreamReading/end`` tells
/// that the other end has ended its own.
///
/// ``StreamDoer`` drives a transport; nothing else needs to.
public protocol StreamTransport {
    /// How an owner learns that something can be done again. While ``isConnecting`` a descriptor is to be watched for
    /// writing, too.
    var readiness: Readiness { get }

    /// True from ``open(for:)`` until it is connected or that has failed.
    var isConnecting: Bool { get }

    /// When the transport itself next has something to do, for instance to give up an address that does not answer. Nil
    /// for never.
    var wakeTyme: Tyme? { get }

    /// The other end, and our own; `Address.none` while unknown, or where there is none.
    var remote: Address { get }
    /// Our end.
    var local: Address { get }

    /// Begins to connect. Connected or connecting already: does nothing.
    ///
    /// - Parameter doer: who drives this transport; one that says ``Readiness/wakes`` wakes it.
    /// - Throws: ``TransportError`` if it cannot even begin.
    mutating func open(for doer: Doer?) throws(TransportError)

    /// Goes on connecting: true once it is connected.
    ///
    /// - Throws: ``TransportError`` with the last address's reason when none has taken the connection.
    mutating func connect(at tyme: Tyme) throws(TransportError) -> Bool

    /// Appends what has come to `out`, as far as there is room, which must be some.
    ///
    /// - Throws: only what makes the transport unusable by our own doing; never what the other end does.
    mutating func read(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> StreamReading

    /// Takes bytes from the front of `bytes`, as many as there is room for.
    ///
    /// - Throws: as ``read(into:at:)``.
    mutating func write(_ bytes: RawSpan, at tyme: Tyme) throws(TransportError) -> StreamWriting

    /// Ends our half: the other end gets all that was written, then sees the end. Ended already: does nothing.
    mutating func finish()

    /// Gives everything back. What was written still goes, if the other end reads it. Not open: does nothing.
    mutating func close()

    /// Gives everything back, throws away what was not sent, and lets the other end know by a reset where there is one.
    mutating func reset()

    /// `address` for people.
    func describe(_ address: Address) -> String
}

extension StreamTransport {
    /// The address's own words.
    public func describe(_ address: Address) -> String { address.description }
}

/// What a read of a stream found.
public enum StreamReading: Hashable, Sendable {
    /// So many bytes, at least one.
    case bytes(Int)
    /// Nothing yet.
    case nothing
    /// The other end has sent its last.
    case end
    /// The connection is over in both directions.
    case lost(StreamLoss)
}

/// What a write to a stream did.
public enum StreamWriting: Hashable, Sendable {
    /// So many bytes were taken; fewer than there were mean that there is no room now.
    case taken(Int)
    /// The connection is over in both directions.
    case lost(StreamLoss)
}

/// Why a connection is over, other than by its end.
public struct StreamLoss: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of loss that a protocol treats apart.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The other end threw it away, or has gone (ECONNRESET, EPIPE, ECONNABORTED).
        case reset
        /// The other end does not answer any more (ETIMEDOUT).
        case timedOut
        /// There is no way to the other end any more (EHOSTUNREACH, ENETUNREACH, ENETDOWN …).
        case unreachable
        /// The system gave up for another reason: see ``StreamLoss/code``.
        case other
    }

    /// What kind of loss.
    public var reason: Reason
    /// The system's error number; 0 if there was none.
    public var code: Int32

    /// A loss with the system's error number behind it.
    @inlinable public init(_ reason: Reason, code: Int32 = 0) {
        self.reason = reason
        self.code = code
    }

    /// `reset (errno 104)`
    public var description: String { code == 0 ? reason.rawValue : "\(reason.rawValue) (errno \(code))" }
}
