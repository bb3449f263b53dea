import Doing

/// What an ``Inbox`` knows beside its elements, in raw memory and the same for all kinds of them.
struct InboxState {
    /// Waits in order of registration.
    let waits = WaitList.make()
    /// The ring of elements: where the first is, and how many there are and may be until it grows.
    var head = 0
    var count = 0
    var capacity = 0
    /// The places of elements on their way to a body that waited for them: how many, and which are free.
    var hands = 0
    var freeHands: ContiguousArray<Int> = []
    var refused: UInt64 = 0
    var isClosed = false

    /// The index of the element that is `offset` behind the first; `capacity` is a power of 2.
    @inline(__always)
    func index(_ offset: Int) -> Int { (head &+ offset) & (capacity &- 1) }
}

/// How a receive came out.
enum Receipt {
    /// The first element of the ring is for the caller.
    case first
    /// The element in that hand is for the caller.
    case hand(Int)
    /// The deadline has come, or the inbox is closed.
    case nothing
}

extension UnsafeMutablePointer<InboxState> {
    /// Waits until there is an element for the caller.
    ///
    /// Not generic, since a generic async frame looks up its types each time.
    nonisolated(nonsending) func receive(until deadline: Tyme) async throws(CancellationError) -> Receipt {
        let loop = CoLoop.here("Inbox.next()")
        let isRoot = loop.isRoot
        if loop.isCancelled(isRoot: isRoot) {
            await loop.refuse()
            throw CancellationError()
        }
        guard pointee.count == 0, !pointee.isClosed, deadline > loop.pointee.tyme else {
            if loop.countStep() { await loop.abandon() }
            return pointee.count > 0 ? .first : .nothing
        }
        let wait = loop.take()
        loop.setDeadline(wait, deadline)
        pointee.waits.append(wait)
        if isRoot {
            await suspend { loop.suspendRoot(wait, $0) }
        } else {
            await loop.suspendChild(wait)
        }
        let hand = wait.pointee.hand
        switch loop.give(wait) {
        case .ready:
            pointee.freeHands.append(hand)
            return .hand(hand)
        case .cancelled: throw CancellationError()
        case .late, .pending: return .nothing
        }
    }
}
