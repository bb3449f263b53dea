/// What an engine tells its user.
///
/// - Source: RFC 5326, 7.
public enum LTPEvent: Sendable {
    /// A block to a peer got its session (7.1).
    case exportStarted(LTPSession)
    /// Every segment of the block has been sent once (7.7).
    case exportSent(LTPSession)
    /// The red part has arrived, and everything was sent (7.4).
    case exportComplete(LTPSession)
    /// The block was cancelled (7.5).
    case exportCanceled(LTPSession, LTPReason, by: LTPParty)
    /// The first segment of a block from a peer has come (7.1).
    case importStarted(LTPSession, client: UInt64)
    /// A red part is here, whole (7.3).
    case red(LTPRed)
    /// A green segment is here (7.2).
    case green(LTPGreen)
    /// A block from a peer was not begun, since too much waits for the user of its client service; its sender tries
    /// again.
    case importRefused(LTPSession, client: UInt64)
    /// A block from a peer was cancelled before it was complete (7.6).
    case importCanceled(LTPSession, client: UInt64, LTPReason, by: LTPParty)
}

/// The red part of a block.
public struct LTPRed: Hashable, Sendable {
    /// The session that brought it; its engine is the source.
    public var session: LTPSession
    /// The client service.
    public var client: UInt64
    /// The red part.
    public var bytes: [UInt8]
    /// Whether the block has no green part.
    public var endsBlock: Bool
}

/// A green segment of a block.
public struct LTPGreen: Hashable, Sendable {
    /// The session that brought it.
    public var session: LTPSession
    /// The client service.
    public var client: UInt64
    /// Where in the block it stands.
    public var offset: UInt64
    /// Its data.
    public var bytes: [UInt8]
    /// Whether it ends the block.
    public var endsBlock: Bool
}
