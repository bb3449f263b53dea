import Containers

/// A growable array of deeds with holes, in raw memory, since an Array in a class would cost checks in every pass.
@safe struct DeedBuffer {
    private(set) var base: UnsafeMutablePointer<Deed?>?
    private(set) var count = 0
    private var capacity = 0
    private var holes = 0

    /// How many of the entries are deeds.
    var live: Int { count &- holes }

    /// Adds at the end and returns the index.
    @inline(__always)
    mutating func append(_ deed: Deed) -> UInt32 {
        if _slowPath(count == capacity) { grow() }
        unsafe base.unsafelyUnwrapped[count] = deed
        count &+= 1
        return UInt32(truncatingIfNeeded: count &- 1)
    }

    /// Leaves a hole at `index`.
    mutating func clear(at index: UInt32) {
        unsafe assert(base![Int(index)] != nil)
        unsafe base![Int(index)] = nil
        holes += 1
    }

    /// Empties it; a large store that was hardly used is given back.
    mutating func removeAll() {
        if capacity > 1024, count < capacity / 8 { free() }
        count = 0
        holes = 0
    }

    /// Gives the memory back.
    mutating func free() {
        unsafe base?.deallocate()
        unsafe base = nil
        count = 0
        holes = 0
        capacity = 0
    }

    @inline(never)
    private mutating func grow() {
        capacity = max(8, capacity * 2)
        precondition(capacity <= 1 << 32, "a scheduler holds at most 2^32 doers")
        let wider = UnsafeMutablePointer<Deed?>.allocate(capacity: capacity)
        if let base = unsafe base {
            unsafe wider.update(from: base, count: count)
            unsafe base.deallocate()
        }
        unsafe base = unsafe wider
    }
}
