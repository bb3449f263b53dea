import Containers

/// What a pass has to run beside its ready deeds, known at its beginning, sorted by label.
@safe struct DeedBatch {
    struct Entry {
        var label: UInt64
        var deed: Deed?
    }

    private var base: UnsafeMutablePointer<Entry>?
    private var spare: UnsafeMutablePointer<Entry>?
    private var capacity = 0
    private var count = 0
    /// Whether the entries came in order so far, as they do where few are due.
    private(set) var isSorted = true
    /// The first entry that was not taken.
    private var cursor = 0
    /// Keeps the reads of `touch()` from being optimised away.
    private var touched: UInt = 0

    /// The label of the next entry, or the greatest number at the end.
    var nextLabel: UInt64 { unsafe cursor < count ? base.unsafelyUnwrapped[cursor].label : .max }

    /// Adds an entry and writes its index to the deed; unless ``isSorted`` then, `sort()` comes before anything else.
    @inline(__always)
    mutating func append(_ deed: Deed) {
        if count == capacity { grow() }
        let (end, label) = unsafe (base.unsafelyUnwrapped + count, deed.pointee.label)
        if count > 0, unsafe label < (end - 1).pointee.label { isSorted = false }
        unsafe end.pointee = Entry(label: label, deed: deed)
        deed.pointee.slot = UInt32(truncatingIfNeeded: count)
        count &+= 1
    }

    /// Brings the entries in order and writes their indices to the deeds.
    @inline(never)
    mutating func sort() {
        count < 48 ? sortFew() : sortMany()
        isSorted = true
        let sorted = unsafe base.unsafelyUnwrapped
        for index in 0..<count {
            unsafe sorted[index].deed.unsafelyUnwrapped.pointee.slot = UInt32(truncatingIfNeeded: index)
        }
    }

    /// The next entry, nil where a deed has left meanwhile.
    @inline(__always)
    mutating func take() -> Deed? {
        if cursor & 63 == 0, count > 1 { touch() }
        cursor &+= 1
        return unsafe base.unsafelyUnwrapped[cursor &- 1].deed
    }

    /// Reads the first word of the next doers, all at once.
    ///
    /// Doers that were due long ago are in no cache; one after the other they would keep their pass waiting, at a
    /// hundred nanoseconds each.
    @inline(never)
    private mutating func touch() {
        var words: UInt = 0
        for index in cursor..<min(cursor &+ 64, count) {
            guard let doer = unsafe base.unsafelyUnwrapped[index].deed?.pointee.doer else { continue }
            let object = unsafe UnsafeRawPointer(doer.toOpaque())
            // Header and last word of the base class: between them lies the end of a cache line more often than not.
            unsafe words ^= object.load(as: UInt.self) ^ object.load(fromByteOffset: 32, as: UInt.self)
        }
        touched = words
    }

    /// Whether a deed stands at an index; for checks.
    func holds(_ deed: Deed, at index: UInt32) -> Bool { unsafe index < count && base?[Int(index)].deed == deed }

    /// Leaves a hole.
    mutating func clear(at index: UInt32) { unsafe base![Int(index)].deed = nil }

    /// Reads the labels anew, after they changed without changing order.
    mutating func relabel() {
        for index in cursor..<max(cursor, count) {
            if let deed = unsafe base![index].deed { unsafe base![index].label = deed.pointee.label }
        }
        // A hole must not stand in the way of the entries after it.
        for index in (cursor..<max(cursor, count)).reversed() where unsafe base![index].deed == nil {
            unsafe base![index].label = unsafe index + 1 < count ? base![index + 1].label : .max - 1
        }
    }

    @inline(__always)
    mutating func removeAll() {
        cursor = 0
        count = 0
        isSorted = true
        if capacity > 65_536 { free() }
    }

    /// Gives the memory back.
    @inline(never)
    mutating func free() {
        unsafe base?.deallocate()
        unsafe spare?.deallocate()
        unsafe (base, spare, capacity, count, cursor, isSorted) = (nil, nil, 0, 0, 0, true)
    }

    private func sortFew() {
        let base = unsafe base.unsafelyUnwrapped
        for index in 1..<count {
            let entry = unsafe base[index]
            var hole = index
            while hole > 0, unsafe base[hole &- 1].label > entry.label {
                unsafe base[hole] = unsafe base[hole &- 1]
                hole &-= 1
            }
            unsafe base[hole] = entry
        }
    }

    /// Counts byte by byte, from the lowest of those in which the labels differ.
    private mutating func sortMany() {
        var from = unsafe base.unsafelyUnwrapped
        var to = unsafe spare.unsafelyUnwrapped
        var differing: UInt64 = 0
        for index in 1..<count { unsafe differing |= from[index].label ^ from[0].label }
        unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { starts in
            for shift in stride(from: UInt64(0), to: 64, by: 8) where (differing >> shift) & 0xFF != 0 {
                unsafe starts.update(repeating: 0)
                for index in 0..<count {
                    unsafe starts[Int(truncatingIfNeeded: from[index].label >> shift & 0xFF)] &+= 1
                }
                var sum = 0
                for byte in 0..<256 {
                    let start = sum
                    unsafe sum &+= starts[byte]
                    unsafe starts[byte] = start
                }
                for index in 0..<count {
                    let byte = unsafe Int(truncatingIfNeeded: from[index].label >> shift & 0xFF)
                    unsafe to[starts[byte]] = unsafe from[index]
                    unsafe starts[byte] &+= 1
                }
                unsafe swap(&from, &to)
            }
        }
        unsafe base = unsafe from
        unsafe spare = unsafe to
    }

    @inline(never)
    private mutating func grow() {
        let wider = UnsafeMutablePointer<Entry>.allocate(capacity: max(16, capacity * 2))
        if let base = unsafe base { unsafe wider.update(from: base, count: count) }
        unsafe base?.deallocate()
        unsafe spare?.deallocate()
        capacity = max(16, capacity * 2)
        unsafe base = unsafe wider
        unsafe spare = .allocate(capacity: capacity)
    }
}
