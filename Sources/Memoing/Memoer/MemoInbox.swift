/// Memos that have arrived and wait for their reader, oldest first.
public struct MemoInbox {
    private var places: [Memo] = []
    private var head = 0
    /// Bytes of memo in it.
    public private(set) var bytes = 0
    let limit, byteLimit: Int

    init(limit: Int, byteLimit: Int) {
        self.limit = limit
        self.byteLimit = byteLimit
    }

    /// How many memos wait.
    public var count: Int { places.count - head }

    /// True if none waits.
    public var isEmpty: Bool { places.count == head }

    /// The oldest, which stays.
    public var first: Memo? { isEmpty ? nil : places[head] }

    /// True if no further memo is taken in. The last one may go over the byte limit.
    @inline(__always) var isFull: Bool { places.count &- head >= limit || bytes >= byteLimit }

    /// Takes the oldest out, or returns nil if there is none.
    ///
    /// - Complexity: constant, amortised.
    public mutating func popFirst() -> Memo? { takeFirst() }

    @inline(__always) mutating func takeFirst() -> Memo? {
        guard head == 0, places.count == 1 else { return popFirstOfMany() }
        // The only one there is: it leaves no place behind that must be emptied.
        let memo = places.removeLast()
        bytes &-= memo.bytes.count
        return memo
    }

    @inline(never) private mutating func popFirstOfMany() -> Memo? {
        guard head < places.count else { return nil }
        // Swapped, not copied: the memo's bytes then have one owner, and can be given back.
        var storage: [UInt8] = []
        swap(&storage, &places[head].bytes)
        bytes -= storage.count
        let memo = Memo(
            bytes: storage, source: places[head].source, vid: places[head].vid, mid: places[head].mid)
        head += 1
        guard head >= 16 else { return memo }  // to empty the places costs more than to fill a few
        if head == places.count {
            places.removeAll(keepingCapacity: places.capacity <= 1 << 14)
            head = 0
        } else if head >= 4096, head * 2 >= places.count {
            places.removeFirst(head)
            head = 0
        }
        return memo
    }

    @inline(__always) mutating func append(_ memo: consuming Memo) {
        bytes &+= memo.bytes.count
        places.append(memo)
    }
}
