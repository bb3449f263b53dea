import Containers

/// A bounded queue on the doist's thread: anyone sends, a doer takes.
///
/// ```swift
/// let inbox = Inbox<Memo>()
/// inbox.reader = self                         // a plain doer, which parks: a send wakes it
/// while let memo = inbox.popFirst() { … }
/// ```
/// Linear code of CoDoing awaits `next()`: an element is handed at once to the body that has waited longest, and its
/// doer runs in the pass under way if its place is still ahead, else in the next, as with ``Doer/wake()``. Elements
/// never overtake each other.
///
/// It is not Sendable; from other threads a ``Mailbox`` is the way.
@safe public final class Inbox<Element> {
    /// The most elements that wait.
    public let limit: Int
    /// The doer that a send wakes, and ``close()`` too.
    public weak var reader: Doer?
    /// What it knows beside its elements.
    package let state: Handle<InboxState>
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
        state = .allocate()
        state.initialize(to: InboxState())
        unsafe elements = .allocate(capacity: 1)
        unsafe hands = .allocate(capacity: 1)
    }

    deinit {
        while popFirst() != nil {}
        unsafe elements.deallocate()
        unsafe hands.deallocate()
        state.free()
    }

    /// How many elements wait.
    public var count: Int { state.pointee.count }

    /// Whether there is no room: a send is refused, unless a body waits for it.
    public var isFull: Bool { count == limit }

    /// How many sends were refused since it was made: it was full, or closed.
    public var refused: UInt64 { state.pointee.refused }

    /// Whether it takes no more elements.
    public var isClosed: Bool { state.pointee.isClosed }

    /// Leaves an element, and wakes who waits for it; returns false, and counts, if there is no room or it is closed.
    ///
    /// Never blocks.
    @discardableResult
    public func send(_ element: Element) -> Bool {
        if let waiters = state.pointee.waiters, !waiters.isEmpty {
            waiters.resumeFirst(with: give(element), "Inbox.send(_:)")
            return true
        }
        guard state.pointee.count < limit, !state.pointee.isClosed else {
            state.pointee.refused += 1
            return false
        }
        if state.pointee.count == state.pointee.capacity { grow() }
        unsafe (elements + state.pointee.index(state.pointee.count)).initialize(to: element)
        state.pointee.count += 1
        reader?.wake()
        return true
    }

    /// Takes no more elements; what waits can still be taken.
    ///
    /// Bodies that wait for an element learn that none will come.
    public func close() {
        state.pointee.isClosed = true
        state.pointee.waiters?.resumeAll("Inbox.close()")
        reader?.wake()
    }

    /// Takes the first element if there is one; does not wait.
    public func popFirst() -> Element? { state.pointee.count > 0 ? takeFirst() : nil }

    // MARK: - Within

    /// Takes the first element, which must be there.
    package func takeFirst() -> Element {
        let element = unsafe (elements + state.pointee.head).move()
        state.pointee.head = state.pointee.index(1)
        state.pointee.count -= 1
        return element
    }

    /// Takes what was handed to the caller.
    package func takeHand(_ hand: Int) -> Element {
        state.pointee.freeHands.append(hand)
        return unsafe (hands + hand).move()
    }

    private func give(_ element: Element) -> Int {
        let hand: Int
        if let free = state.pointee.freeHands.popLast() {
            hand = free
        } else {
            hand = state.pointee.hands
            if hand == handCapacity { growHands() }
            state.pointee.hands += 1
        }
        unsafe (hands + hand).initialize(to: element)
        return hand
    }

    private func grow() {
        let capacity = state.pointee.capacity
        let wider = UnsafeMutablePointer<Element>.allocate(capacity: 2 * capacity)
        for offset in 0..<state.pointee.count {
            unsafe (wider + offset).initialize(to: (elements + state.pointee.index(offset)).move())
        }
        unsafe elements.deallocate()
        unsafe elements = unsafe wider
        state.pointee.capacity = 2 * capacity
        state.pointee.head = 0
    }

    /// Called when no hand is free, so all of them are full.
    private func growHands() {
        let wider = UnsafeMutablePointer<Element>.allocate(capacity: 2 * handCapacity)
        unsafe wider.moveInitialize(from: hands, count: handCapacity)
        unsafe hands.deallocate()
        unsafe hands = unsafe wider
        handCapacity *= 2
    }
}

/// What an ``Inbox`` knows beside its elements: in raw memory, and the same for all kinds of them.
package struct InboxState {
    /// The bodies that wait; nil until one has.
    package var waiters: (any Waiters)?
    /// The ring of elements: where the first is, and how many there are and may be until it grows, a power of 2.
    var head = 0
    package internal(set) var count = 0
    var capacity = 1
    /// The places of elements on their way to a body that waited for them: how many, and which are free.
    var hands = 0
    var freeHands: ContiguousArray<Int> = []
    var refused: UInt64 = 0
    package internal(set) var isClosed = false

    /// The index of the element that is `offset` behind the first.
    @inline(__always)
    func index(_ offset: Int) -> Int { (head &+ offset) & (capacity &- 1) }
}
