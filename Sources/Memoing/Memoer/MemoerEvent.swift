import Wiring

/// What a memoer tells its user.
public enum MemoerEvent: Hashable, Sendable {
    /// A memo has arrived. It has left the inbox with this event.
    case memo(Memo)
    /// The transport has taken the last gram of a memo; told only if ``Memoer/reportsSent`` is set.
    case sent(mid: Mid, to: Address)
    /// A memo will not be sent, or not the rest of it.
    case failed(MemoFailure)
    /// A sure memo is over. Each has one outcome, and no outcome is ever lost.
    /// A memo with a ticket (``Memoer/ticket(for:)``) is told by that instead.
    case outcome(SureOutcome)
    /// The queue of a destination, or of all where it is nil, was full when a memo was to be queued, and is half empty
    /// now. Told once for each time that it was full.
    case room(to: Address?)
    /// Sure memos to this destination get no answer any more: more timers in a row have run out than the loss on the
    /// way explains, three where nothing was ever heard, and that for a second at least. They are still tried.
    case silent(Address)
    /// A destination that was ``silent(_:)`` has answered.
    case answers(Address)
}

/// A memo that was not sent, or not whole.
public struct MemoFailure: Hashable, Sendable, CustomStringConvertible {
    /// Why.
    public enum Reason: Hashable, Sendable {
        /// The transport refused a gram.
        case refused(Refusal)
        /// A gram of `size` bytes is longer than the transport carries.
        case tooLarge(size: Int, maximum: Int)
        /// The signer failed.
        case signing(SignerError)
    }

    /// The memo.
    public var mid: Mid
    /// Where it was to go.
    public var destination: Address
    /// Why it did not.
    public var reason: Reason

    /// A memo, its destination, and why they did not meet.
    public init(mid: Mid, destination: Address, reason: Reason) {
        self.mid = mid
        self.destination = destination
        self.reason = reason
    }

    public var description: String {
        switch reason {
        case .refused(let refusal): "memo \(mid) to \(destination): \(refusal)"
        case .tooLarge(let size, let maximum):
            "memo \(mid) to \(destination): gram of \(size) bytes, at most \(maximum)"
        case .signing(let error): "memo \(mid) to \(destination): \(error)"
        }
    }
}
