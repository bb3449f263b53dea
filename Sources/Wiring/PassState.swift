import Doing

/// How far a pass of a ``CoreDoer`` has come, and what its core answered last.
@usableFromInline struct PassState {
    /// What is to be done next.
    @usableFromInline enum Step { case first, answer, answerAll, over }

    @usableFromInline var step = Step.first
    @usableFromInline var receivedAll = true
    @usableFromInline var sending = Ferry.Progress.done
    @usableFromInline var hasEvents = false
    @usableFromInline var isBlocked = false
    /// What the transport answered.
    @usableFromInline var readiness = Readiness.polled
    /// When core or transport have something to do; infinite for never.
    @usableFromInline var wakeTyme = Tyme.infinity

    @usableFromInline init() {}
}
