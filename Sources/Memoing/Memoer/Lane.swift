import Wiring

/// The queue of one destination.
struct Lane {
    let address: Address
    private(set) var queue: [Outgoing] = []
    private(set) var head = 0
    /// How many grams of the first memo were taken.
    private(set) var progress = 0
    /// Bytes of memo that wait.
    private(set) var bytes = 0
    /// The longest gram to send here, where the way has refused longer ones.
    private(set) var lowered: Int?
    /// Signed grams that were made and not taken, and the length of each but the last.
    private(set) var stash: [UInt8] = []
    private(set) var stashSegment = 0

    init(_ address: Address) { self.address = address }

    var count: Int { queue.count - head }
    var isEmpty: Bool { head == queue.count }

    @inline(__always) mutating func append(_ memo: consuming Outgoing) {
        bytes &+= memo.bytes.count
        queue.append(memo)
    }

    /// Takes `grams` grams off the front.
    ///
    /// - Returns: how many memos are gone with them, and their bytes.
    mutating func take(_ grams: Int, _ sizes: GramSizes) -> (memos: Int, bytes: Int) {
        var (grams, index, progress, bytes) = (grams, head, progress, 0)
        let lowered = lowered
        // Through a span: one look at who else has the queue, and no memo retained to be looked at.
        var memos = queue.mutableSpan
        while grams > 0, index < memos.count {
            let left = sizes.count(of: memos[index].bytes.count, memos[index].note, lowered: lowered) &- progress
            if grams < left {
                progress &+= grams
                break
            }
            grams &-= left
            progress = 0
            bytes &+= memos[index].bytes.count
            memos[index].bytes = []
            index &+= 1
        }
        let gone = (memos: index &- head, bytes: bytes)
        (head, self.progress, self.bytes) = (index, progress, self.bytes &- bytes)
        tidy()
        return gone
    }

    /// Takes off the first memo, of which nothing was taken before, and answers its bytes.
    @inline(__always) mutating func takeOne() -> Int {
        let length = queue[head].bytes.count
        bytes &-= length
        if head == 0, queue.count == 1 {
            queue.removeLast()
        } else {
            queue[head].bytes = []
            head &+= 1
            tidy()
        }
        return length
    }

    /// Takes the first memo off.
    mutating func removeFirst() -> Outgoing {
        let memo = queue[head]
        bytes &-= memo.bytes.count
        queue[head].bytes = []
        head &+= 1
        progress = 0
        tidy()
        return memo
    }

    /// Gives room back: where nothing is left once sixteen memos are past, which costs more than to queue a few, else
    /// once half of it is past.
    @inline(__always) private mutating func tidy() {
        guard head >= 16 else { return }
        if head == queue.count {
            queue.removeAll(keepingCapacity: queue.capacity <= 1 << 12)
            head = 0
        } else if head >= 1024, head &* 2 >= queue.count {
            queue.removeFirst(head)
            head = 0
        }
    }
}

extension Lane {
    /// Keeps signed grams that were made.
    mutating func stash(_ grams: RawSpan, segment: Int) {
        unsafe grams.withUnsafeBytes { unsafe stash = Array($0) }
        stashSegment = segment
    }

    /// The first `bytes` bytes of the stash were taken.
    mutating func unstash(_ bytes: Int) {
        if !stash.isEmpty { stash.removeFirst(min(bytes, stash.count)) }
    }

    /// The grams of the first memo go out of the stash: it failed.
    mutating func unstashFirst(_ sizes: GramSizes) {
        guard !stash.isEmpty else { return }
        let left = sizes.count(of: queue[head].bytes.count, queue[head].note, lowered: lowered) - progress
        stash.removeFirst(min(stash.count, left * stashSegment))
    }

    /// A gram of `length` bytes was too long for the way: the memos to come are cut smaller.
    mutating func lower(below length: Int) {
        let steps = [GramSize.udp, GramSize.safeIPv4]
        guard let step = steps.first(where: { $0 < length }) else { return }
        lowered = step
        // What waits there is of the old size; it is signed again, since it becomes other bytes.
        stash = []
    }
}
