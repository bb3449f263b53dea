import Doing

/// How a block that was sent has ended.
public enum LTPOutcome: Hashable, Sendable {
    /// All of it was sent, and its red part has arrived.
    case complete
    /// It was cancelled: why, and by whom.
    case canceled(LTPReason, by: LTPParty)
}

/// What is given for a block that is sent: it ends once, well or ill.
///
/// Plain doers look at ``outcome``, or make themselves the waker of ``end`` and park; linear code of CoDoing awaits
/// `ticket.end.get()`.
public final class LTPTicket {
    /// The session of the block.
    public let session: LTPSession
    /// How it will have ended.
    public let end = Promise<LTPOutcome>()
    private weak var host: (any LTPHost)?

    init(_ session: LTPSession, of host: any LTPHost) {
        self.session = session
        self.host = host
    }

    /// How it has ended; nil until it has.
    public var outcome: LTPOutcome? { end.value }

    /// Whether it has ended.
    public var isEnded: Bool { end.isResolved }

    /// Whether it is complete; false until it has ended.
    ///
    /// - Throws: ``LTPError/canceled(_:by:)`` if it was cancelled.
    public func isComplete() throws(LTPError) -> Bool {
        switch outcome {
        case nil: return false
        case .complete: return true
        case .canceled(let reason, let party): throw .canceled(reason, by: party)
        }
    }

    /// Cancels the block, unless it has ended.
    public func cancel() { host?.cancel(session) }
}

/// What access points and tickets need of a proxy, whatever its transport.
protocol LTPHost: AnyObject {
    func send(
        _ block: [UInt8], to peer: UInt64, client: UInt64, red: Int?, _ joining: LTPJoining?
    ) throws(LTPError) -> LTPTicket
    func cancel(_ session: LTPSession)
    func closed(_ point: LTPAccessPoint)
    func give(_ bytes: consuming [UInt8])
}
