import Doing
import Wiring

/// What the cores of both protocols have in common, for servers, clients and feeds.
public protocol FrameCore: StreamCore where Event == FrameEvent<Message> {
    /// What it delivers.
    associatedtype Message

    /// What was wrong with what came; nil while nothing was.
    var failure: FrameError? { get }
    /// Whether it stands, or stood until it ended.
    var wasUp: Bool { get }
    /// Bytes of messages that have not left.
    var unsent: Int { get }

    /// Takes no more messages; once all are sent, ends the connection.
    mutating func close()
    /// Throws the connection away, with all that waits.
    mutating func reset()
}
