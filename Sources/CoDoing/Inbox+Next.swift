import Containers
import Doing

/// An `Inbox` was closed, and it is empty.
public struct InboxClosed: Error, Hashable {
    /// The error.
    public init() {}
}

extension Inbox {
    /// Waits for the next element.
    ///
    /// Several bodies that wait are served in the order in which they came.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, or was before; no element is lost by that.
    ///   ``InboxClosed`` if there will be none.
    public nonisolated(nonsending) func next() async throws -> Element {
        switch try await state.receive(until: .infinity) {
        case .first: takeFirst()
        case .hand(let hand): takeHand(hand)
        case .nothing: throw InboxClosed()
        }
    }

    /// Waits for the next element, but at most `seconds` of tyme; nil if none came.
    ///
    /// - Parameter seconds: at least 0; 0 does not wait. NaN is a programmer's error.
    /// - Throws: as ``next()``.
    public nonisolated(nonsending) func next(timeout seconds: Double) async throws -> Element? {
        precondition(seconds >= 0, "next(timeout: \(seconds)): must not be negative")
        let element = try await take(until: currentTyme + seconds)
        if element == nil, isClosed { throw InboxClosed() }
        return element
    }

    /// The next element, or nil if the deadline came first or the inbox is closed.
    fileprivate nonisolated(nonsending) func take(until deadline: Tyme) async throws(CancellationError) -> Element? {
        switch try await state.receive(until: deadline) {
        case .first: takeFirst()
        case .hand(let hand): takeHand(hand)
        case .nothing: nil
        }
    }
}

/// The elements as they come, until the inbox is closed and empty.
extension Inbox: AsyncSequence {
    /// Takes elements from an inbox, as others may do at the same time.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let inbox: Inbox

        /// The next element, or nil at the end.
        ///
        /// - Throws: `CancellationError` when the task is cancelled, or was before.
        public func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(CancellationError) -> Element? {
            try await inbox.take(until: .infinity)
        }
    }

    /// An iterator over what comes from now on.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(inbox: self) }
}

/// How a receive came out.
private enum Receipt {
    /// The first element of the ring is for the caller.
    case first
    /// The element in that hand is for the caller.
    case hand(Int)
    /// The deadline has come, or the inbox is closed.
    case nothing
}

extension Handle<InboxState> {
    /// Waits until there is an element for the caller.
    ///
    /// Not generic, since a generic async frame looks up its types each time.
    fileprivate nonisolated(nonsending) func receive(
        until deadline: Tyme
    ) async throws(CancellationError) -> Receipt {
        let loop = unsafe CoLoop.here("Inbox.next()")
        let isRoot = unsafe loop.isRoot
        if unsafe loop.isCancelled(isRoot: isRoot) {
            await unsafe loop.refuse()
            throw CancellationError()
        }
        guard pointee.count == 0, !pointee.isClosed, unsafe deadline > loop.pointee.tyme else {
            if unsafe loop.countStep() { await unsafe loop.abandon() }
            return pointee.count > 0 ? .first : .nothing
        }
        let wait = unsafe loop.take()
        unsafe loop.setDeadline(wait, deadline)
        unsafe CoWaiters.of(&pointee.waiters).append(wait)
        if isRoot {
            await unsafe suspend { unsafe loop.suspendRoot(wait, $0) }
        } else {
            await unsafe loop.suspendChild(wait)
        }
        let hand = unsafe wait.pointee.hand
        switch unsafe loop.give(wait) {
        case .ready: return .hand(hand)
        case .cancelled: throw CancellationError()
        case .late, .pending: return .nothing
        }
    }
}
