import Doing

/// What a segment that was sent is waited for.
struct Countdown: Hashable, Sendable {
    /// When the answer should be here; past it the segment is repeated.
    var deadline: Tyme
    /// When the peer should send the answer at the latest: one light time and a margin after the segment was sent.
    var answerLeaves: Tyme
    /// The peer does not send at that time: the count stands still.
    var isSuspended = false

    init(_ timing: Timing) {
        deadline = timing.deadline
        answerLeaves = timing.answerLeaves
        isSuspended = timing.isSuspended
    }

    /// The peer has ceased to send at `tyme`: an answer that had not left by then is not on its way.
    ///
    /// - Source: RFC 5326, 6.5.
    mutating func suspend(at tyme: Tyme) { if answerLeaves >= tyme { isSuspended = true } }

    /// The peer sends again from `tyme` on: an answer that should have left before leaves then, later by the
    /// difference.
    ///
    /// - Source: RFC 5326, 6.6.
    mutating func resume(at tyme: Tyme) {
        guard isSuspended else { return }
        isSuspended = false
        guard answerLeaves < tyme else { return }
        deadline += tyme - answerLeaves
        answerLeaves = tyme
    }

    /// When it is over; infinite while it stands still.
    var due: Tyme { isSuspended ? .infinity : deadline }
}

/// What a segment that is sent now is to be waited for: made by the engine from what it knows of the peer.
struct Timing: Hashable, Sendable {
    var now: Tyme
    var answerLeaves: Tyme
    var deadline: Tyme
    var isSuspended: Bool
    /// How often a segment is repeated at most.
    var retries: Int
}
