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
