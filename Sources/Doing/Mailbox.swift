import Synchronization

/// The one way to hand work to a doer from another thread: any thread posts, the doer takes.
///
/// A post wakes the doer whose ``Waker`` is connected. Bounded: a post that finds it full is refused and counted.
/// Messages of one thread stay in order. No message is let go while the lock is held.
public final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        /// In order; what was taken leaves a nil, so that nothing stays alive here.
        var messages: [Message?] = []
        var taken = 0
        var refused: UInt64 = 0
        var waker: Waker?
    }

    /// The most messages it holds.
    public let limit: Int
    private let state = Mutex(State())
    /// What stands between the mailbox and whoever takes from it; nil, the usual, for nothing.
    ///
    /// It is called on the taker's thread with the way to take what is really there, and answers what the taker gets:
    /// a recording notes it, a replay answers from its notes. Set it before anybody takes.
    nonisolated(unsafe) package var onTake: ((_ live: () -> [Message]) -> [Message])?

    /// An empty mailbox for at most `limit` messages.
    ///
    /// - Precondition: `limit` is at least 1.
    public init(limit: Int = 1024) {
        precondition(limit > 0, "a mailbox of \(limit) messages takes none")
        self.limit = limit
    }

    /// Says whom a post wakes; nil for nobody.
    ///
    /// A doer does this in its enter, with `doist.waker(for: self)`, and undoes it in its exit. Messages that wait
    /// already wake it at once.
    public func connect(_ waker: Waker?) {
        let isWaiting = state.withLock { state in
            state.waker = waker
            return state.taken < state.messages.count
        }
        if isWaiting { waker?.wake() }
    }

    /// Leaves a message, from any thread; returns false, and counts, if there is no room.
    @discardableResult
    public func post(_ message: Message) -> Bool {
        let (isTaken, waker) = state.withLock { state -> (Bool, Waker?) in
            guard state.messages.count - state.taken < limit else {
                state.refused += 1
                return (false, nil)
            }
            state.messages.append(message)
            return (true, state.waker)
        }
        waker?.wake()
        return isTaken
    }

    /// Takes the first message, or nil.
    public func popFirst() -> Message? {
        guard let onTake = unsafe onTake else { return popLive() }
        return onTake { popLive().map { [$0] } ?? [] }.first
    }

    private func popLive() -> Message? {
        state.withLock { state in
            guard state.taken < state.messages.count else { return nil }
            let message = state.messages[state.taken].take()
            state.taken += 1
            if state.taken * 2 >= state.messages.count {
                state.messages.removeFirst(state.taken)
                state.taken = 0
            }
            return message
        }
    }

    /// Takes all messages that are there.
    public func takeAll() -> [Message] { unsafe onTake.map { $0 { takeLive() } } ?? takeLive() }

    private func takeLive() -> [Message] {
        let messages = state.withLock { state in
            defer { (state.messages, state.taken) = ([], 0) }
            return state.messages
        }
        return messages.compactMap { $0 }
    }

    /// How many messages wait.
    public var count: Int { state.withLock { $0.messages.count - $0.taken } }

    /// How many posts were refused since it was made.
    public var refused: UInt64 { state.withLock { $0.refused } }
}
