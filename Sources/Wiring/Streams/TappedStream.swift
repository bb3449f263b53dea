import Doing

/// A stream with a tap: it does what its base does, and shows the tap the bytes that passed.
///
/// The tap sees what was read, and what was taken of a write, as trains of one datagram whose peer is the other end.
/// Without a tap (`nil`) nothing is shown and nothing is spent but a test a call.
public struct TappedStream<Base: StreamTransport, T: Tap>: WrappedStream {
    /// The stream that does the work.
    public var base: Base
    /// Who watches; nil switches the tap off.
    public var tap: T?

    /// `base` watched by `tap`.
    public init(_ base: Base, _ tap: T?) {
        self.base = base
        self.tap = tap
    }

    @inlinable public mutating func read(
        into out: inout OutputRawSpan, at tyme: Tyme
    ) throws(TransportError) -> StreamReading {
        let before = out.byteCount
        let reading = try base.read(into: &out, at: tyme)
        if let tap, case .bytes(let count) = reading {
            tap.see(out.bytes.extracting(before..<before + count), train(count), .rx, at: tyme)
        }
        return reading
    }

    @inlinable public mutating func write(_ bytes: RawSpan, at tyme: Tyme) throws(TransportError) -> StreamWriting {
        let writing = try base.write(bytes, at: tyme)
        if let tap, case .taken(let count) = writing, count > 0 {
            tap.see(bytes.extracting(first: count), train(count), .tx, at: tyme)
        }
        return writing
    }

    @usableFromInline func train(_ count: Int) -> Train { Train(peer: base.remote, segment: max(1, count)) }
}

extension TappedStream: HasRoomLender where Base: HasRoomLender {
    @usableFromInline package var roomLender: (any RoomLender)? { base.roomLender }
}
