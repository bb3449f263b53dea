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
    @usableFromInline var wakeTyme: Tyme?

    @usableFromInline init(tellsEvents: Bool) { self.tellsEvents = tellsEvents }

    /// Whether there is something to tell before the pass goes on.
    @inlinable mutating func mustTell<Core: DatagramCore>(_ core: inout Core) -> Bool {
        hasEvents = tellsEvents && core.hasEvents
        return hasEvents
    }
}
