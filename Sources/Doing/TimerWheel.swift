import Containers

/// Deeds by retyme, for many of them: nine levels of 64 slots, each slot an array.
///
/// A slot spans a fixed power of two of seconds (not a tock, so a tock that changes does no harm), and the deeds in it
/// are those whose retyme is at most at its end: when the tyme gets there all of them are due, and where the tyme falls
/// inside a slot the deeds there are looked at one by one. Nothing is ever due by its slot alone: the doubles decide.
/// Insert and remove cost O(1); each deed is moved at most once per level.
@safe struct TimerWheel {
    struct Entry {
        var retyme: Tyme
        var deed: Deed
    }

    @safe struct Slot {
        var base: UnsafeMutablePointer<Entry>?
        var count = 0
        var capacity = 0
        /// The least retyme in it, unless `isStale`.
        var least = Tyme.infinity
        var isStale = false
    }

    private static var levels: Int { 9 }
    /// Slot numbers are moved so that they are positive.
    private static var bias: Double { 0x1p50 }

    private let slots: UnsafeMutablePointer<Slot>
    private let occupied: UnsafeMutablePointer<UInt64>
    /// Slots of the lowest level in a second.
    private let scale: Double
    /// The number of the slot that was reached last.
    private var now: UInt64
    private(set) var count = 0

    /// A wheel that stands at `tyme`, with slots of the power of two at or below `tock`.
    init(tyme: Tyme, tock: Double) {
        unsafe slots = .allocate(capacity: Self.levels * 64)
        unsafe slots.initialize(repeating: Slot(), count: Self.levels * 64)
        unsafe occupied = .allocate(capacity: Self.levels)
        unsafe occupied.initialize(repeating: 0, count: Self.levels)
        let span = tock.isNormal ? max(0x1p-30, min(tock.binade, 0x1p10)) : Tymist.defaultTock
        scale = 1.0 / span
        now = Self.number((tyme * scale).rounded(.down))
    }

    func free() {
        for index in 0..<Self.levels * 64 { unsafe slots[index].base?.deallocate() }
        unsafe slots.deallocate()
        unsafe occupied.deallocate()
    }

    /// The number of a slot; a tyme that is out of reach has the number of an end, where nothing stands.
    @inline(__always)
    private static func number(_ slot: Double) -> UInt64 {
        UInt64(Swift.min(Swift.max(slot + bias, 0), 0x1p62))
    }

    /// Whether this retyme has a slot here.
    @inline(__always)
    func holds(_ retyme: Tyme) -> Bool { abs(retyme * scale) < 0x1p49 }

    /// Whether a deed stands in it where it says; for checks.
    func holds(_ deed: Deed) -> Bool {
        let slot = unsafe slots[Int(deed.pointee.wheelSlot)]
        guard Int(deed.pointee.slot) < slot.count, let entry = unsafe slot.base?[Int(deed.pointee.slot)] else {
            return false
        }
        return entry.deed == deed && entry.retyme == deed.pointee.retyme && slot.least <= entry.retyme
    }

    @inline(__always)
    mutating func insert(_ deed: Deed, at retyme: Tyme) {
        let number = Self.number((retyme * scale).rounded(.up))
        add(Entry(retyme: retyme, deed: deed), number: max(number, now))
        count &+= 1
    }

    /// Takes out a deed that stands in it.
    mutating func remove(_ deed: Deed) {
        let index = Int(deed.pointee.wheelSlot)
        removeEntry(at: Int(deed.pointee.slot), of: index)
        if unsafe slots[index].count == 0 { unsafe occupied[index >> 6] &= ~(1 << (index & 63)) }
        count -= 1
    }

    /// Takes out all deeds that are due at `tyme` and hands them over, in no order.
    mutating func takeDue(at tyme: Tyme, _ take: (Deed) -> Void) {
        let exact = tyme * scale
        let target = Self.number(exact.rounded(.down))
        let isBetween = exact.rounded(.down) != exact
        while let (level, index) = firstOccupied {
            let shift = UInt64(6 * level)
            let start = (now >> (shift + 6)) << (shift + 6) | UInt64(index & 63) << shift
            if level > 0 {
                guard start <= target || isBetween && start == target + 1 else { break }
                now = max(now, start)
                spread(index)
            } else if start <= target {
                now = start
                takeAll(index, take)
            } else {
                if isBetween, start == target + 1 { takeSome(index, until: tyme, take) }
                break
            }
        }
        now = max(now, target)
    }

    /// The least retyme, infinite if there is none.
    mutating func first() -> Tyme {
        guard let (_, index) = firstOccupied else { return .infinity }
        if unsafe slots[index].isStale {
            var least = Tyme.infinity
            for entry in unsafe 0..<slots[index].count { least = unsafe min(least, slots[index].base![entry].retyme) }
            unsafe slots[index].least = least
            unsafe slots[index].isStale = false
        }
        return unsafe slots[index].least
    }

    /// The first slot that is not empty: a level is later than those below it, and a slot than those before it.
    @inline(__always)
    private var firstOccupied: (level: Int, index: Int)? {
        for level in 0..<Self.levels where unsafe occupied[level] != 0 {
            return unsafe (level, level << 6 | occupied[level].trailingZeroBitCount)
        }
        return nil
    }

    @inline(__always)
    private func add(_ entry: Entry, number: UInt64) {
        let level = (63 - (number ^ now | 1).leadingZeroBitCount) / 6
        let place = Int(number >> UInt64(6 * level)) & 63
        let index = level << 6 | place
        unsafe occupied[level] |= 1 << UInt64(place)
        let slot = unsafe slots + index
        let position = unsafe slot.pointee.count
        if unsafe position == slot.pointee.capacity { unsafe grow(slot) }
        unsafe slot.pointee.base.unsafelyUnwrapped[position] = entry
        unsafe slot.pointee.count = position &+ 1
        if unsafe entry.retyme < slot.pointee.least { unsafe slot.pointee.least = entry.retyme }
        entry.deed.pointee.wheelSlot = UInt16(truncatingIfNeeded: index)
        entry.deed.pointee.slot = UInt32(truncatingIfNeeded: position)
    }

    private func removeEntry(at position: Int, of index: Int) {
        let slot = unsafe slots + index
        let last = unsafe slot.pointee.count - 1
        let base = unsafe slot.pointee.base.unsafelyUnwrapped
        if unsafe base[position].retyme == slot.pointee.least { unsafe slot.pointee.isStale = true }
        if position < last {
            unsafe base[position] = unsafe base[last]
            unsafe base[position].deed.pointee.slot = UInt32(truncatingIfNeeded: position)
        }
        unsafe slot.pointee.count = last
        if last == 0 {
            unsafe slot.pointee.least = .infinity
            unsafe slot.pointee.isStale = false
        }
    }

    /// Empties a slot and answers what was in it; `release` gives the memory back.
    private func drain(_ index: Int) -> (base: UnsafeMutablePointer<Entry>, count: Int) {
        let (base, count) = unsafe (slots[index].base.unsafelyUnwrapped, slots[index].count)
        unsafe slots[index].count = 0
        unsafe slots[index].least = .infinity
        unsafe slots[index].isStale = false
        unsafe occupied[index >> 6] &= ~(1 << UInt64(index & 63))
        return unsafe (base, count)
    }

    private func release(_ index: Int) {
        guard unsafe slots[index].capacity > 4096 else { return }
        unsafe slots[index].base?.deallocate()
        unsafe slots[index].base = nil
        unsafe slots[index].capacity = 0
    }

    private mutating func takeAll(_ index: Int, _ take: (Deed) -> Void) {
        let (base, count) = unsafe drain(index)
        for entry in 0..<count { unsafe take(base[entry].deed) }
        self.count -= count
        release(index)
    }

    private mutating func takeSome(_ index: Int, until tyme: Tyme, _ take: (Deed) -> Void) {
        guard unsafe slots[index].isStale || slots[index].least <= tyme else { return }
        var position = 0
        while unsafe position < slots[index].count {
            let entry = unsafe slots[index].base![position]
            guard entry.retyme <= tyme else {
                position += 1
                continue
            }
            removeEntry(at: position, of: index)
            count -= 1
            take(entry.deed)
        }
        if unsafe slots[index].count == 0 { unsafe occupied[index >> 6] &= ~(1 << UInt64(index & 63)) }
    }

    /// Moves what is in a slot to lower levels.
    private func spread(_ index: Int) {
        let (base, count) = unsafe drain(index)
        for position in 0..<count {
            let entry = unsafe base[position]
            add(entry, number: max(Self.number((entry.retyme * scale).rounded(.up)), now))
        }
        release(index)
    }

    @inline(never)
    private func grow(_ slot: UnsafeMutablePointer<Slot>) {
        let capacity = unsafe max(8, slot.pointee.capacity * 2)
        let wider = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
        if let base = unsafe slot.pointee.base {
            unsafe wider.update(from: base, count: slot.pointee.count)
            unsafe base.deallocate()
        }
        unsafe slot.pointee.base = unsafe wider
        unsafe slot.pointee.capacity = capacity
    }
}
