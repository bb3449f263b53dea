import Containers

/// Where a heap writes down the index of a deed, so that it can be taken out of the middle.
protocol HeapIndex {
    static func write(_ index: Int, to deed: Deed)
}

/// Index of a deed among the timers.
enum TimerIndex: HeapIndex {
    @inline(__always)
    static func write(_ index: Int, to deed: Deed) { deed.pointee.slot = UInt32(truncatingIfNeeded: index) }
}

/// Index of a deed among those that a pass has still to run out of turn.
enum AheadIndex: HeapIndex {
    @inline(__always)
    static func write(_ index: Int, to deed: Deed) { deed.pointee.wakeSlot = UInt32(truncatingIfNeeded: index) }
}

/// A 4-ary heap of deeds by a 64-bit key kept beside the pointer; least key first.
///
/// Insert and remove cost O(log n); equal keys come in no promised order (labels are never equal, and due timers are
/// ordered by label afterwards).
@safe struct DeedHeap<Index: HeapIndex> {
    struct Entry {
        var key: UInt64
        var deed: Deed
    }

    private(set) var base: UnsafeMutablePointer<Entry>?
    private(set) var count = 0
    private var capacity = 0

    var isEmpty: Bool { count == 0 }
    /// The entry with the least key; the heap must not be empty.
    var first: Entry { unsafe base.unsafelyUnwrapped[0] }

    /// Whether one more deed goes in without growing.
    @inline(__always)
    var hasRoom: Bool { count < capacity }

    @inline(__always)
    mutating func insert(_ deed: Deed, key: UInt64) {
        if count == capacity { grow() }
        insertInRoom(deed, key: key)
    }

    /// The same where there is room, as is known.
    @inline(__always)
    mutating func insertInRoom(_ deed: Deed, key: UInt64) {
        count &+= 1
        raise(Entry(key: key, deed: deed), from: count &- 1)
    }

    /// Takes out the only entry there is.
    @inline(__always)
    mutating func takeOnly() -> Deed {
        count = 0
        return first.deed
    }

    /// Whether the first entry, and no other, has a key of at most `key`.
    @inline(__always)
    func isFirstAlone(until key: UInt64) -> Bool {
        guard count > 0, first.key <= key else { return false }
        var child = 1
        while child < min(count, 5) {
            if unsafe base.unsafelyUnwrapped[child].key <= key { return false }
            child &+= 1
        }
        return true
    }

    /// Takes out the entry with the least key; the heap must not be empty.
    mutating func popFirst() -> Deed {
        let deed = first.deed
        count &-= 1
        if count > 1 {
            unsafe lower(base.unsafelyUnwrapped[count], from: 0)
        } else if count == 1 {
            let last = unsafe base.unsafelyUnwrapped[1]
            unsafe base.unsafelyUnwrapped[0] = last
            Index.write(0, to: last.deed)
        }
        return deed
    }

    /// Takes out the entry at `index`.
    mutating func remove(at index: Int) {
        count -= 1
        guard index < count else { return }
        let entry = unsafe base![count]
        if index > 0, unsafe entry.key < base![(index - 1) >> 2].key {
            raise(entry, from: index)
        } else {
            lower(entry, from: index)
        }
    }

    /// Writes new keys that keep the order of the old ones.
    mutating func rekey(_ key: (Deed) -> UInt64) {
        for index in 0..<count { unsafe base![index].key = unsafe key(base![index].deed) }
    }

    /// Gives the memory back.
    mutating func free() {
        unsafe base?.deallocate()
        unsafe base = nil
        count = 0
        capacity = 0
    }

    @inline(__always)
    private mutating func raise(_ entry: Entry, from hole: Int) {
        let base = unsafe base.unsafelyUnwrapped
        var hole = hole
        while hole > 0 {
            let parent = (hole &- 1) >> 2
            guard unsafe entry.key < base[parent].key else { break }
            unsafe base[hole] = unsafe base[parent]
            unsafe Index.write(hole, to: base[hole].deed)
            hole = parent
        }
        unsafe base[hole] = entry
        Index.write(hole, to: entry.deed)
    }

    @inline(never)
    private mutating func lower(_ entry: Entry, from hole: Int) {
        let base = unsafe base.unsafelyUnwrapped
        var hole = hole
        while true {
            let child = 4 &* hole &+ 1
            guard child < count else { break }
            var least = child
            for other in child &+ 1..<max(child &+ 1, min(child &+ 4, count))
            where unsafe base[other].key < base[least].key {
                least = other
            }
            guard unsafe base[least].key < entry.key else { break }
            unsafe base[hole] = unsafe base[least]
            unsafe Index.write(hole, to: base[hole].deed)
            hole = least
        }
        unsafe base[hole] = entry
        Index.write(hole, to: entry.deed)
    }

    @inline(never)
    private mutating func grow() {
        capacity = max(8, capacity * 2)
        let wider = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
        if let base = unsafe base {
            unsafe wider.update(from: base, count: count)
            unsafe base.deallocate()
        }
        unsafe base = unsafe wider
    }
}

extension Double {
    /// A number that orders as the double does, for keys; NaN must not come here.
    @inline(__always)
    var orderedBits: UInt64 {
        let bits = (self + 0.0).bitPattern  // -0.0 becomes 0.0: they are equal as tymes
        return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
    }

    /// The double of ``orderedBits``.
    @inline(__always)
    init(orderedBits bits: UInt64) {
        self.init(bitPattern: bits >> 63 == 1 ? bits & ~(1 << 63) : ~bits)
    }
}
