import Doing

/// Which way a train went.
public enum TapDirection: String, Hashable, Sendable, CaseIterable {
    /// It was received.
    case rx
    /// It was sent.
    case tx
}

/// Sees every train that passes a ``Tapped`` transport.
public protocol Tap: AnyObject {
    /// Sees a train that was received, or the part of one that was taken. The bytes are valid for the call.
    ///
    /// It is called from inside the doer's pass: note what you see, and leave the doer, its core and its wire alone.
    func see(_ bytes: RawSpan, _ train: Train, _ direction: TapDirection, at tyme: Tyme)
}

/// A transport with a tap: it does what its base does, and shows the tap what passed.
///
/// The tap sees whole trains, and of a sent one only what was taken. Without a tap (`nil`) nothing is shown and
/// nothing is spent but a test a train.
public struct Tapped<Base: DatagramTransport, T: Tap>: WrappedTransport {
    /// The transport that does the work.
    public var base: Base
    /// Who watches; nil switches the tap off.
    public var tap: T?

    /// `base` watched by `tap`.
    public init(_ base: Base, _ tap: T?) {
        self.base = base
        self.tap = tap
    }

    @inlinable public mutating func receive(
        into out: inout OutputRawSpan, at tyme: Tyme
    ) throws(TransportError) -> Train? {
        guard let train = try base.receive(into: &out, at: tyme) else { return nil }
        if let tap { tap.see(out.bytes, train, .rx, at: tyme) }
        return train
    }

    @inlinable public mutating func send(
        _ bytes: RawSpan, _ train: Train, at tyme: Tyme
    ) throws(TransportError) -> Sending {
        let sending = try base.send(bytes, train, at: tyme)
        let isEmptyDatagram = bytes.byteCount == 0 && sending.outcome == .sent
        if let tap, sending.taken > 0 || isEmptyDatagram {
            tap.see(bytes.extracting(first: sending.taken), train, .tx, at: tyme)
        }
        return sending
    }
}

extension Tapped: HasRoomLender where Base: HasRoomLender {
    @usableFromInline package var roomLender: (any RoomLender)? { base.roomLender }
}

/// Calls a closure with every datagram that passes: for logs, counters and checks.
public final class ClosureTap: Tap {
    private let body: (RawSpan, Address, TapDirection, Tyme) -> Void

    /// - Parameter body: called with each datagram, in order. Its bytes are valid for the call.
    public init(_ body: @escaping (RawSpan, Address, TapDirection, Tyme) -> Void) { self.body = body }

    public func see(_ bytes: RawSpan, _ train: Train, _ direction: TapDirection, at tyme: Tyme) {
        train.forEachDatagram(of: bytes) { body($0, train.peer, direction, tyme) }
    }
}
