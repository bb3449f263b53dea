import Wiring

/// The queue of one destination.
struct Lane {
    let address: Address
    private(set) var queue: [Outgoing] = []
    private(set) var head = 0
    /// How many grams of the first memo were taken.
    var progress = 0
    /// Bytes of memo that wait.
    private(set) var bytes = 0
    /// The longest gram to send here, where the way has refused longer ones.
    var lowered: Int?
    /// Signed grams that were made and not taken, and the length of each but the last.
    var stash: [UInt8] = []
    var stashSegment = 0

    init(_ address: Address) { self.address = address }

    var count: Int { queue.count - head }
    var isEmpty: Bool { head == queue.count }

    @inline(__always) mutating func append(_ memo: consuming Outgoing) {
        bytes &+= memo.bytes.count
        queue.append(memo)
    }

    /// Takes the first memo off.
    @inline(__always) mutating func removeFirst() -> Outgoing {
        var memo = Outgoing()
        swap(&memo, &queue[head])
        head &+= 1
        progress = 0
        bytes &-= memo.bytes.count
        if head == queue.count {
            queue.removeAll(keepingCapacity: queue.capacity <= 1 << 12)
            head = 0
        } else if head >= 1024, head &* 2 >= queue.count {
            queue.removeFirst(head)
            head = 0
        }
        return memo
    }
}
