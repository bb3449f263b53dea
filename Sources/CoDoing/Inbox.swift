import Doing

/// A bounded queue into the bodies of async doers: anyone on the doist's thread sends, a body waits for the next.
///
/// ```swift
/// let inbox = Inbox<Memo>()
/// peer.onEvent = { inbox.send($0) }   // a plain doer's event ...
/// let memo = try await inbox.next()   // ... in linear code
/// ```
/// An element sent to an inbox where bodies wait is handed at once to the one that has waited longest, and its doer is
/// woken: it runs in the pass under way if its place is still ahead, else in the next, as with `Doer.wake()`.
/// Elements never overtake each other.
///
/// It is Sendable if its elements are, so that child tasks may use it; still it belongs to the doist's thread, and from
/// others a `Mailbox` is the way.
public final class Inbox<Element> {
    /// The most elements that wait.
    public let limit: Int
    private let state: UnsafeMutablePointer<InboxState>
    private var elements: UnsafeMutablePointer<Element>
    /// Elements on their way to a body that waited for them.
    private var hands: UnsafeMutablePointer<Element>
    private var handCapacity = 1

    /// An empty inbox for at most `limit` elements.
    ///
    /// - Precondition: `limit` is at least 1.
    public init(limit: Int = 1024) {
        precondition(limit > 0, "an inbox of \(limit) elements takes none")
        self.limit = limit
        state = .allocate(capacity: 1)
        state.initialize(to: InboxState())
        elements = .allocate(capacity: 1)
        state.pointee.capacity = 1
        hands = .allocate(capacity: 1)
    }

    deinit {
        while popFirst() != nil {}
        elements.deallocate()
        hands.deallocate()
        state.pointee.waits.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// How many elements wait.
    public var count: Int { state.pointee.count }

    /// How many sends were refused since it was made: it was full, or closed.
    public var refused: UInt64 { state.pointee.refused }

    /// Whether it takes no more elements.
    public var isClosed: Bool { state.pointee.isClosed }

    /// Leaves an element; returns false, and counts, if there is no room or it is closed.
    ///
    /// Never blocks.
    @discardableResult
    public func send(_ element: Element) -> Bool {
        if let wait = state.pointee.waits.pointee.first {
            hand(element, to: wait)
            return true
        }
        guard state.pointee.count < limit, !state.pointee.isClosed else {
            state.pointee.refused += 1
            return false
        }
        if state.pointee.count == state.pointee.capacity { grow() }
        (elements + state.pointee.index(state.pointee.count)).initialize(to: element)
        state.pointee.count += 1
        return true
    }

    /// Takes no more elements; what waits can still be taken.
    ///
    /// Bodies that wait for an element learn that none will come.
    public func close() {
        state.pointee.isClosed = true
        while let wait = state.pointee.waits.pointee.first {
            wait.pointee.loop._withUnsafeGuaranteedRef { loop in
                loop.checkThread("Inbox.close()")
                loop.resolve(wait, .late)
            }
        }
    }

    /// Takes the first element if there is one; does not wait.
    public func popFirst() -> Element? { state.pointee.count > 0 ? takeFirst() : nil }

    /// Waits for the next element.
    ///
    /// Several bodies that wait are served in the order in which they came.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, or was before; no element is lost by that.
    ///   ``InboxClosed`` if there will be none.
    public nonisolated(nonsending) func next() async throws -> Element {
        switch try await state.receive(until: .infinity) {
        case .first: takeFirst()
        case .hand(let hand): (hands + hand).move()
        case .nothing: throw InboxClosed()
        }
    }

    /// Waits for the next element, but at most `seconds` of tyme; nil if none came.
    ///
    /// - Parameter seconds: at least 0; 0 does not wait. NaN is a programmer's error.
    /// - Throws: as ``next()``.
    public nonisolated(nonsending) func next(timeout seconds: Double) async throws -> Element? {
        precondition(seconds >= 0, "next(timeout: \(seconds)): must not be negative")
        let element = try await take(until: tyme + seconds)
        if element == nil, isClosed { throw InboxClosed() }
        return element
    }

    /// The next element, or nil if the deadline came first or the inbox is closed.
    fileprivate nonisolated(nonsending) func take(until deadline: Tyme) async throws(CancellationError) -> Element? {
        switch try await state.receive(until: deadline) {
        case .first: takeFirst()
        case .hand(let hand): (hands + hand).move()
        case .nothing: nil
        }
    }

    // MARK: - Within

    private func takeFirst() -> Element {
        let element = (elements + state.pointee.head).move()
        state.pointee.head = state.pointee.index(1)
        state.pointee.count -= 1
        return element
    }

    private func hand(_ element: Element, to wait: Wait) {
        wait.pointee.loop._withUnsafeGuaranteedRef { loop in
            loop.checkThread("Inbox.send(_:)")
            if let free = state.pointee.freeHands.popLast() {
                wait.pointee.hand = free
            } else {
                if state.pointee.hands == handCapacity { growHands() }
                wait.pointee.hand = state.pointee.hands
                state.pointee.hands += 1
            }
            (hands + wait.pointee.hand).initialize(to: element)
            loop.resolve(wait, .ready)
        }
    }

    private func grow() {
        let capacity = state.pointee.capacity
        let wider = UnsafeMutablePointer<Element>.allocate(capacity: 2 * capacity)
        for offset in 0..<state.pointee.count {
            (wider + offset).initialize(to: (elements + state.pointee.index(offset)).move())
        }
        elements.deallocate()
        elements = wider
        state.pointee.capacity = 2 * capacity
        state.pointee.head = 0
    }

    /// Called when no hand is free, so all of them are full.
    private func growHands() {
        let wider = UnsafeMutablePointer<Element>.allocate(capacity: 2 * handCapacity)
        wider.moveInitialize(from: hands, count: handCapacity)
        hands.deallocate()
        hands = wider
        handCapacity *= 2
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
