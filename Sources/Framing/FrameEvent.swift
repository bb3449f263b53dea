import Wiring

/// What a connection of frames tells its user.
public enum FrameEvent<Message> {
    /// It stands: with handshaken frames, both have said hello.
    case up
    /// A message has come, whole.
    case message(Message)
    /// A length-type frame of a type that the protocol does not know was skipped: so many bytes of body.
    case unknown(FrameType, length: Int)
    /// It is over. Last, and never told by a core itself: its ``FrameConnection`` tells.
    case down(FrameEnding)
}

extension FrameEvent: Sendable where Message: Sendable {}
extension FrameEvent: Equatable where Message: Equatable {}

/// How a connection of frames came to its end.
public struct FrameEnding: Hashable, Sendable {
    /// What was wrong; nil if neither end did anything wrong.
    public let error: FrameError?
    /// How the stream beneath ended; it says so if no connection came about at all.
    public let stream: StreamEnding
    /// Bytes of messages that had not left when it ended.
    public let unsent: Int
    /// Whether it ever stood.
    public let wasUp: Bool

    /// True if it stood and ended in order, with all that was to be sent.
    public var isClean: Bool { wasUp && error == nil && stream == .closed && unsent == 0 }
}
