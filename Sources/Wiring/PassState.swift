import Doing

/// How far a pass of a ``CoreDoer`` has come, and what its core answered last.
@usableFromInline struct PassState {
    /// What is to be done next.
    @usableFromInline enum Step { case first, answer, answerAll, over }

    @usableFromInline var step = Step.first
    /// Somebody wants to be told of events.
    @usableFromInline let tellsEvents: Bool
    @usableFromInline var receivedAll = true
    @usableFromInline var sending = Ferry.Progress.done
    @usableFromInline var hasEvents = false
    @usableFromInline var isBlocked = false
    /// What the transport answered.
    @usableFromInline var readiness = Readiness.polled
    /// When core or transport have something to do; infinite for never.
    @usableFromInline var wakeTyme = Tyme.infinity
    /// The poller watched for room when the pass began.
    @usableFromInline let wasRoomWatched: Bool

    @usableFromInline init(tellsEvents: Bool, wasRoomWatched: Bool) {
        self.tellsEvents = tellsEvents
        self.wasRoomWatched = wasRoomWatched
    }

    /// Whether there is something to tell before the pass goes on.
    @inlinable mutating func mustTell<Core: DatagramCore>(_ core: inout Core) -> Bool {
        hasEvents = tellsEvents && core.hasEvents
        return hasEvents
    }
}
