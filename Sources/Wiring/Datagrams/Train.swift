/// Equal datagrams to or from one peer, standing one behind the other in one run of bytes.
///
/// A train is how many datagrams cross a seam in one call: on Linux it leaves in one system call (UDP GSO) and
/// arrives as one (UDP GRO); elsewhere it is a loop. Its bytes travel beside it as a `RawSpan` and are valid for
/// the call only.
public struct Train: Hashable, Sendable {
    /// Where the datagrams go, or come from.
    public var peer: Address
    /// Bytes of every datagram but the last, which may be shorter; at least 1 unless the train is one empty datagram.
    public var segment: Int

    /// A train to or from `peer` of datagrams of `segment` bytes.
    @inlinable public init(peer: Address, segment: Int) {
        self.peer = peer
        self.segment = segment
    }

    /// How many datagrams `bytes` bytes of this train are. No bytes are one empty datagram.
    @inlinable public func count(of bytes: Int) -> Int {
        bytes <= segment || segment <= 0 ? 1 : (bytes + segment - 1) / segment
    }

    /// Calls `body` with each datagram of `bytes`, in order, without copying any.
    @inlinable public func forEachDatagram(of bytes: borrowing RawSpan, _ body: (RawSpan) -> Void) {
        if bytes.byteCount <= segment || segment <= 0 { return body(bytes) }
        var start = 0
        while start < bytes.byteCount {
            let end = min(start + segment, bytes.byteCount)
            body(bytes.extracting(start..<end))
            start = end
        }
    }
}

/// What one call of a transport can carry at most.
public struct TrainLimits: Hashable, Sendable {
    /// Datagrams in one train, at least 1.
    public var segments: Int
    /// Bytes in one train; also how much room ``DatagramTransport/receive(into:at:)`` must be lent.
    public var bytes: Int
    /// Bytes in one datagram.
    public var datagram: Int

    /// Limits of a transport.
    @inlinable public init(segments: Int, bytes: Int, datagram: Int) {
        precondition(segments >= 1 && bytes >= 1 && datagram >= 1, "train limits: \(segments), \(bytes), \(datagram)")
        self.segments = segments
        self.bytes = bytes
        self.datagram = datagram
    }

    /// How many datagrams of `segment` bytes one train can hold: at least 1.
    @inlinable public func capacity(segment: Int) -> Int {
        segment < 1 ? 1 : max(1, min(segments, bytes / segment))
    }
}
