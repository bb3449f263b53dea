/// How much a replay has gone through.
public struct ReplayTally: Hashable, Sendable {
    /// Passes, due and extra ones.
    public var passes = 0
    /// Datagrams that the doers were given.
    public var received = 0
    /// Datagrams that they offered, each time they did.
    public var offered = 0
    /// Streams that they opened or took.
    public var streams = 0
    /// Bytes that they read from streams.
    public var read = 0
    /// Bytes that streams took from them.
    public var wrote = 0
    /// Bytes that were compared with those of the recording: all that they offered as datagrams, and all that streams
    /// took.
    public var compared = 0

    /// Nothing yet.
    public init() {}
}
