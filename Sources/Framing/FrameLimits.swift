/// What one connection of frames may hold, and how long it waits.
public struct FrameLimits: Hashable, Sendable {
    /// Bytes of the longest body, each way; at least 0. 16 MiB.
    public var message = 16 << 20
    /// Bytes of messages that have come and were not taken, each with 64 for itself, beyond which no more is read; at
    /// least 1. One read more may be under way. 1 MiB.
    public var input = 1 << 20
    /// Bytes waiting to be sent beyond which no more messages are taken, at least 1: so at most this and one message
    /// wait. 4 MiB.
    public var output = 4 << 20
    /// Bytes waiting to be sent beyond which a length-type connection reads no more, at least 1; nil for never. 1 MiB:
    /// who does not take the answers comes to a stop. At one end of a connection only, or two ends that both send
    /// without pause would wait for each other for ever: ``client`` has none.
    public var backlog: Int? = 1 << 20
    /// Seconds until the other end must have said hello. 5.
    public var hello = 5.0
    /// Seconds until the other end must have answered a size, or sent the rest of one it has begun. 5.
    public var answer = 5.0
    /// Seconds that the other end may be silent amid a length-type frame or within a payload. 30.
    public var stall = 30.0
    /// Seconds that a frame may take in all, however steadily its bytes trickle. 600.
    public var frame = 600.0
    /// Seconds in which the other end must take some of what waits to be sent, or it is given up: who does not read
    /// holds no memory for ever. 60.
    public var take = 60.0
    /// Seconds without a byte either way after which the connection is closed; nil, the default, for never.
    public var idle: Double?
    /// Seconds that the other end has, once we have closed, to take what is left and to close too. 1.
    public var linger = 1.0

    /// The defaults.
    public init() {}

    /// The defaults of a connecting end.
    public static var client: FrameLimits {
        var limits = FrameLimits()
        limits.backlog = nil
        return limits
    }

    /// The same with one time for every wait, as tinyproto's `set_timeout`: for a hello, an answer, a silence amid a
    /// message, a peer that does not read, and a connection on which nothing happens.
    ///
    /// - Parameter seconds: above 0, to 1e9.
    public func timeout(_ seconds: Double) -> FrameLimits {
        var limits = self
        (limits.hello, limits.answer, limits.stall, limits.take) = (seconds, seconds, seconds, seconds)
        limits.idle = seconds
        return limits
    }

    /// Checks what no connection can do with: values in the source of a program.
    func require() {
        precondition(message >= 0 && input >= 1 && output >= 1 && (backlog ?? 1) >= 1, "frame limits: \(self)")
        for span in [hello, answer, stall, take, frame, idle ?? 1, linger] {
            precondition(span > 0 && span <= 1e9, "frame limits: \(span) s: expected above 0 to 1e9")
        }
    }
}
