import Doing

/// What a pass of a ``CoreDoer`` has come to, and what its core and its transport answered in the end.
@usableFromInline struct PassState {
    @usableFromInline var receivedAll = true
    @usableFromInline var sending = Ferry.Progress.done
    @usableFromInline var hasEvents = false
    @usableFromInline var isBlocked = false
    /// What the transport answered.
    @usableFromInline var readiness = Readiness.polled
    /// When core or transport have something to do; infinite for never.
    @usableFromInline var wakeTyme = Tyme.infinity

    @usableFromInline init() {}

    /// Whether everything was received and everything sent.
    @inlinable var isThrough: Bool { receivedAll && sending == .done && !isBlocked }
}
