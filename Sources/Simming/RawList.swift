/// A growing list in raw memory, for what is touched with every datagram: no reference counts, no checks of exclusive
/// access. Whoever has it frees it.
struct RawList<Element> {
    private(set) var base: UnsafeMutablePointer<Element>?
    private(set) var count = 0
    private var capacity = 0

    @inline(__always) subscript(index: Int) -> UnsafeMutablePointer<Element> { base.unsafelyUnwrapped + index }

    @inline(__always) mutating func append(_ element: Element) {
        if count == capacity { grow() }
        (base.unsafelyUnwrapped + count).initialize(to: element)
        count &+= 1
    }

    /// Takes the last one away.
    @inline(__always) mutating func removeLast() -> Element {
        count &-= 1
        return (base.unsafelyUnwrapped + count).move()
    }

    mutating func removeAll() {
        base?.deinitialize(count: count)
        count = 0
    }

    @inline(never) private mutating func grow() {
        let larger = max(16, capacity * 2)
        let room = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        if let base {
            room.moveInitialize(from: base, count: count)
            base.deallocate()
        }
        base = room
        capacity = larger
    }

    mutating func free() {
        removeAll()
        base?.deallocate()
        base = nil
        capacity = 0
    }
}
