import Containers

/// A growing list in raw memory, for what is touched with every datagram: no reference counts, no checks of exclusive
/// access. Whoever has it frees it.
@safe struct RawList<Element> {
    private(set) var base: UnsafeMutablePointer<Element>?
    private(set) var count = 0
    private var capacity = 0

    @inline(__always) subscript(index: Int) -> Handle<Element> { unsafe Handle(base.unsafelyUnwrapped + index) }

    @inline(__always) mutating func append(_ element: Element) {
        if count == capacity { grow() }
        unsafe (base.unsafelyUnwrapped + count).initialize(to: element)
        count &+= 1
    }

    /// Takes the last one away.
    @inline(__always) mutating func removeLast() -> Element {
        count &-= 1
        return unsafe (base.unsafelyUnwrapped + count).move()
    }

    mutating func removeAll() {
        unsafe base?.deinitialize(count: count)
        count = 0
    }

    @inline(never) private mutating func grow() {
        let larger = max(16, capacity * 2)
        let room = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        if let base = unsafe base {
            unsafe room.moveInitialize(from: base, count: count)
            unsafe base.deallocate()
        }
        unsafe base = unsafe room
        capacity = larger
    }

    mutating func free() {
        removeAll()
        unsafe base?.deallocate()
        unsafe base = nil
        capacity = 0
    }
}
