import Doing

/// How a block that was sent has ended.
public enum LTPOutcome: Hashable, Sendable {
    /// All of it was sent, and its red part has arrived.
    case complete
    /// It was cancelled: why, and by whom.
    case canceled(LTPReason, by: LTPParty)
}

/// What is given for a block that is sent: it ends once, well or ill.
public final class LTPTicket {
    /// The session of the block.
    public let session: LTPSession
    /// How it has ended; nil until it has.
    public private(set) var outcome: LTPOutcome?
    /// A doer that is woken when it ends, so that it may park until then.
    public weak var waker: Doer?
    private weak var host: (any LTPHost)?

    init(_ session: LTPSession, of host: any LTPHost) {
        self.session = session
        self.host = host
    }

    /// Whether it has ended.
    public var isEnded: Bool { outcome != nil }

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

    func end(_ outcome: LTPOutcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        waker?.wake()
    }
}

/// What access points and tickets need of a proxy, whatever its transport.
protocol LTPHost: AnyObject {
    func send(_ block: [UInt8], to peer: UInt64, client: UInt64, red: Int?) throws(LTPError) -> LTPTicket
    func cancel(_ session: LTPSession)
    func closed(_ point: LTPAccessPoint)
    func took(_ point: LTPAccessPoint)
    func give(_ bytes: consuming [UInt8])
}
