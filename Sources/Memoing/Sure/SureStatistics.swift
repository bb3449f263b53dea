/// What sure memos have come to, and what it took.
public struct SureStatistics: Hashable, Sendable {
    /// Memos that ended, by how.
    public var delivered = 0
    /// Refused by their destination.
    public var refused = 0
    /// Given up, though the destination was heard.
    public var timedOut = 0
    /// Given up, and the destination was never heard.
    public var neverHeard = 0
    /// Could not be sent.
    public var localErrors = 0
    /// Not over when the memoer was closed.
    public var closed = 0
    /// Taken back.
    public var cancelled = 0
    /// A later one of the same key took their place.
    public var superseded = 0
    /// Grams sent again.
    public var retransmissions = 0
    /// Of these, those that were surely for nothing.
    public var spurious = 0
    /// Timers that ran out.
    public var timeouts = 0
    /// Grams that were acknowledged.
    public var acknowledged = 0
    /// Acks taken in.
    public var acks = 0
    /// Acks sent, and those of a head only among them.
    public var acksSent = 0
    /// Acks of a head only.
    public var headersSent = 0
    /// Bytes of the acks sent.
    public var ackBytesSent = 0
    /// Acks that were owed and not sent: the source had drawn too much, nobody could be answered, or there was no room.
    public var acksWithheld = 0
    /// Memos on their way.
    public internal(set) var unfinished = 0
    /// Grams of these that are under way.
    public internal(set) var inFlight = 0
    /// Memos received that are remembered, so that none is delivered twice.
    public internal(set) var remembered = 0

    mutating func count(_ result: SureOutcome.Result) {
        switch result {
        case .delivered: delivered += 1
        case .refused: refused += 1
        case .timedOut: timedOut += 1
        case .neverHeard: neverHeard += 1
        case .localError: localErrors += 1
        case .closed: closed += 1
        case .cancelled: cancelled += 1
        case .superseded: superseded += 1
        }
    }
}
