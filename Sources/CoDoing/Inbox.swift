import Doing

/// A bounded queue into the bodies of async doers: anyone on the doist's thread sends, a body waits for the next.
///
/// ```swift
/// let inbox = Inbox<Memo>()
/// peer.onEvent = { inbox.send($0) }   // a plain doer's event ...
/// let memo = try await inbox.next()   // ... in linear code
/// ```
/// An element sent to an inbox where bodies wait is handed at once to the one that has waited longest, and its doer is
/// woken: it runs in the pass under way if its place is still ahead, else in the next, as with ``Doing/Doer/wake()``.
/// Elements never overtake each other.
///
/// It is Sendable if its elements are, so that child tasks may use it; still it belongs to the doist's thread, and from
/// others a ``Doing/Mailbox`` is the way.
public final class Inbox<Element> {
    /// The most elements that wait.
    public let limit: Int
    private var elements: ContiguousArray<Element?> = []
    private var taken = 0
    private let waits = WaitList.make()
    /// Elements on their way to a body that waited for them.
    private var hands: ContiguousArray<Element?> = []
    private var freeHands: ContiguousArray<Int> = []

    /// How many sends were refused since it was made: it was full, or closed.
    public private(set) var refused: UInt64 = 0
    /// Whether it takes no more elements.
    public private(set) var isClosed = false

    /// An empty inbox for at most `limit` elements.
    ///
    /// - Precondition: `limit` is at least 1.
    public init(limit: Int = 1024) {
        precondition(limit > 0, "an inbox of \(limit) elements takes none")
        self.limit = limit
    }

    deinit { waits.deallocate() }

    /// How many elements wait.
    public var count: Int { elements.count - taken }

    /// Leaves an element; returns false, and counts, if there is no room or it is closed.
    ///
    /// Never blocks.
    @discardableResult
    public func send(_ element: Element) -> Bool {
        if let wait = waits.pointee.first {
            let loop = wait.pointee.loop.takeUnretainedValue()
            loop.checkThread("Inbox.send(_:)")
            if let hand = freeHands.popLast() {
                hands[hand] = element
                wait.pointee.hand = hand
            } else {
                wait.pointee.hand = hands.count
                hands.append(element)
            }
            loop.resolve(wait, .ready)
            return true
        }
        guard count < limit, !isClosed else {
            refused += 1
            return false
        }
        elements.append(element)
        return true
    }

    /// Takes no more elements; what waits can still be taken.
    ///
    /// Bodies that wait for an element learn that none will come.
    public func close() {
        isClosed = true
        while let wait = waits.pointee.first {
            let loop = wait.pointee.loop.takeUnretainedValue()
            loop.checkThread("Inbox.close()")
            loop.resolve(wait, .late)
        }
    }

    /// Takes the first element if there is one; does not wait.
    public func popFirst() -> Element? {
        guard taken < elements.count else { return nil }
        let element = elements[taken].take()
        taken += 1
        if taken * 2 >= elements.count {
            elements.removeFirst(taken)
            taken = 0
        }
        return element
    }

    /// Waits for the next element.
    ///
    /// Several bodies that wait are served in the order in which they came.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, or was before; no element is lost by that.
    ///   ``InboxClosed`` if there will be none.
    public nonisolated(nonsending) func next() async throws -> Element {
        guard let element = try await take(until: .infinity) else { throw InboxClosed() }
        return element
    }

    /// Waits for the next element, but at most `seconds` of tyme; nil if none came.
    ///
    /// - Parameter seconds: at least 0; 0 does not wait. NaN is a programmer's error.
    /// - Throws: as ``next()``.
    public nonisolated(nonsending) func next(timeout seconds: Double) async throws -> Element? {
        precondition(seconds >= 0, "next(timeout: \(seconds)): must not be negative")
        let deadline = CoLoop.here("Inbox.next(timeout:)").state.pointee.tyme + seconds
        let element = try await take(until: deadline)
        if element == nil, isClosed { throw InboxClosed() }
        return element
    }

    /// The next element, or nil if the deadline came first or the inbox is closed.
    fileprivate nonisolated(nonsending) func take(until deadline: Tyme) async throws(CancellationError) -> Element? {
        let loop = CoLoop.here("Inbox.next()")
        try await loop.checkCancellation()
        if let element = popFirst() {
            await loop.countStep()
            return element
        }
        guard !isClosed, deadline > loop.state.pointee.tyme else {
            await loop.countStep()
            return nil
        }
        let wait = loop.take()
        loop.setDeadline(wait, deadline)
        waits.append(wait)
        await loop.suspend(wait)
        let (outcome, hand) = (wait.pointee.outcome, wait.pointee.hand)
        loop.give(wait)
        switch outcome {
        case .ready:
            freeHands.append(hand)
            return hands[hand].take()
        case .cancelled: throw CancellationError()
        case .late, .pending: return nil
        }
    }
}

extension Inbox: @unchecked Sendable where Element: Sendable {}

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
