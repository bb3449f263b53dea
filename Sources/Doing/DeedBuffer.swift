/// A growable array of deeds with holes, in raw memory, since an Array in a class would cost checks in every pass.
struct DeedBuffer {
    private(set) var base: UnsafeMutablePointer<Deed?>?
    private(set) var count = 0
    private var capacity = 0
    /// How many of the entries are deeds.
    private(set) var live = 0

    /// Adds at the end and returns the index.
    @inline(__always)
    mutating func append(_ deed: Deed) -> UInt32 {
        if count == capacity { grow() }
        base.unsafelyUnwrapped[count] = deed
        count += 1
        live += 1
        return UInt32(truncatingIfNeeded: count - 1)
    }

    /// Leaves a hole at `index`.
    mutating func clear(at index: UInt32) {
        assert(base![Int(index)] != nil)
        base![Int(index)] = nil
        live -= 1
    }

    /// Empties it; a large store that was hardly used is given back.
    mutating func removeAll() {
        if capacity > 1024, count < capacity / 8 { free() }
        count = 0
        live = 0
    }

    /// Gives the memory back.
    mutating func free() {
        base?.deallocate()
        base = nil
        count = 0
        live = 0
        capacity = 0
    }

    @inline(never)
    private mutating func grow() {
        capacity = max(8, capacity * 2)
        precondition(capacity <= 1 << 32, "a scheduler holds at most 2^32 doers")
        let wider = UnsafeMutablePointer<Deed?>.allocate(capacity: capacity)
        if let base {
            wider.update(from: base, count: count)
            base.deallocate()
        }
        base = wider
    }
}
