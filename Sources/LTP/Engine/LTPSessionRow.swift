import Doing

/// A session as a row of a table, as ION's `ltpwatch` shows.
public struct LTPSessionRow: Hashable, Sendable {
    /// What a session is doing, or how it has ended.
    public enum State: Hashable, Sendable {
        /// Waits for others to end.
        case waiting
        /// Sends the red part.
        case sendingRed
        /// Sends the green part.
        case sendingGreen
        /// All is sent; waits for reports.
        case awaitingReport
        /// Receives.
        case receiving
        /// The end of the block is here, but not all of its red part.
        case awaitingRed
        /// All is here; waits for the acknowledgement of a report.
        case awaitingAck
        /// Tells the peer that it is cancelled.
        case canceling
        /// Has ended well.
        case complete
        /// Has ended ill.
        case canceled(LTPReason, by: LTPParty)
    }

    /// The session.
    public var session: LTPSession
    /// The engine at the other end.
    public var peer: UInt64
    /// Which end this engine is.
    public var end: LTPEnd
    /// The client service.
    public var client: UInt64
    /// What it is doing.
    public var state: State
    /// Bytes of the block, as far as they are known.
    public var length: UInt64
    /// Bytes of the red part, as far as they are known.
    public var red: UInt64
    /// Bytes of the red part that have been claimed, or have arrived.
    public var held: UInt64
    /// Checkpoints or reports that were sent again, and rounds of retransmission.
    public var repeats: Int
    /// When it began.
    public var opened: Tyme
    /// When it ended, if it has.
    public var closed: Tyme?
}
