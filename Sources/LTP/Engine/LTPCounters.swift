/// How many, and how many bytes.
public struct LTPCount: Hashable, Sendable {
    /// How many.
    public var count = 0
    /// Bytes in them.
    public var bytes = 0

    /// Nothing yet.
    public init() {}

    @inline(__always) mutating func add(_ bytes: Int) {
        count &+= 1
        self.bytes &+= bytes
    }
}

/// What has passed between an engine and a peer. The meaning is that of ION's `ltpstats`; bytes are those of segments,
/// of blocks where it says so.
public struct LTPCounters: Hashable, Sendable {
    // MARK: Out

    /// Blocks and control segments that were given to be sent; bytes of blocks.
    public var queued = LTPCount()
    /// Segments that have left.
    public var popped = LTPCount()
    /// Checkpoints that have left for the first time.
    public var checkpoints = LTPCount()
    /// Reports that have left for the first time.
    public var reports = LTPCount()
    /// Checkpoints that have left again.
    public var checkpointsRepeated = LTPCount()
    /// Reports that have left again.
    public var reportsRepeated = LTPCount()
    /// Cancellations that have left again.
    public var cancelsRepeated = LTPCount()
    /// Segments with data that a report did not claim.
    public var dataRepeated = LTPCount()
    /// Blocks that got a session; bytes of blocks.
    public var exportsStarted = LTPCount()
    /// Blocks that are complete.
    public var exportsComplete = LTPCount()
    /// Blocks that this engine or its user has cancelled.
    public var exportsCanceledByUs = LTPCount()
    /// Blocks that the peer has cancelled.
    public var exportsCanceledByPeer = LTPCount()
    /// Segments that the transport refused.
    public var refused = LTPCount()

    // MARK: In

    /// Red segments that brought something new.
    public var red = LTPCount()
    /// Green segments.
    public var green = LTPCount()
    /// Checkpoints among the red segments.
    public var checkpointsIn = LTPCount()
    /// Reports that claim all between their bounds.
    public var positiveReports = LTPCount()
    /// Reports with gaps.
    public var negativeReports = LTPCount()
    /// Acknowledgements of reports.
    public var reportAcks = LTPCount()
    /// Requests to cancel.
    public var cancels = LTPCount()
    /// Acknowledgements of cancellations.
    public var cancelAcks = LTPCount()
    /// Blocks that arrived; bytes of red parts.
    public var importsComplete = LTPCount()
    /// Blocks that this engine or its user has cancelled.
    public var importsCanceledByUs = LTPCount()
    /// Blocks that the peer has cancelled.
    public var importsCanceledByPeer = LTPCount()

    // MARK: Dropped

    /// Red segments that brought nothing new, reports that had come before.
    public var redundant = LTPCount()
    /// What is no segment, or contradicts what came before.
    public var malformed = LTPCount()
    /// Segments of undefined types.
    public var undefined = LTPCount()
    /// Segments from another host than the peer's.
    public var wrongHost = LTPCount()
    /// Segments without a value that verifies, from a peer with ``LTPPeer/authentication``.
    public var unauthentic = LTPCount()
    /// Segments of a session with cookies that did not carry them.
    public var badCookies = LTPCount()
    /// Data for a client service that is not open.
    public var unknownClient = LTPCount()
    /// Control segments of a session that there is not.
    public var unknownSession = LTPCount()
    /// Reports on a checkpoint that was never sent, of what was never sent, or with claims that contradict themselves.
    public var badReports = LTPCount()
    /// Red data where green was, or the reverse.
    public var miscolored = LTPCount()
    /// Data of a session that has ended.
    public var closedSession = LTPCount()
    /// Data that a bound left no room for.
    public var noRoom = LTPCount()
    /// Sessions that made room for others.
    public var evicted = LTPCount()

    /// Nothing yet.
    public init() {}
}
