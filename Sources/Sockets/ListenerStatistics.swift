/// What a listener has seen since it was made.
public struct ListenerStatistics: Hashable, Sendable {
    /// Connections taken.
    public var accepted = 0
    /// Connections that were gone before they were taken (ECONNABORTED and other errors of the network).
    public var passedOver = 0
    /// Times that a connection had to wait because no descriptor or memory was left (EMFILE, ENFILE, ENOBUFS, ENOMEM).
    public var exhausted = 0

    /// Nothing yet.
    public init() {}
}
