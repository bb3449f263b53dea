/// What is on its way, by when it is due and then by when it was sent: a heap of four branches in raw memory.
struct FlightHeap {
    struct Entry {
        /// The microsecond.
        var due: Int64
        /// Greater is later sent.
        var order: UInt64
        /// Where the rest of it stands.
        var slot: Int32

        @inline(__always) static func < (a: Entry, b: Entry) -> Bool {
            a.due < b.due || a.due == b.due && a.order < b.order
        }
    }

    private var entries = RawList<Entry>()

    @inline(__always) var count: Int { entries.count }

    /// When the first one is due, ``Micros/never`` if there is none.
    @inline(__always) var firstDue: Int64 { entries.count == 0 ? Micros.never : entries[0].pointee.due }

    /// The first one; there must be one.
    var first: Entry { entries[0].pointee }

    @inline(__always) mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var hole = entries.count &- 1
        guard hole > 0 else { return }
        let base = unsafe entries.base.unsafelyUnwrapped
        while hole > 0 {
            let parent = (hole &- 1) / 4
            guard unsafe entry < base[parent] else { break }
            unsafe base[hole] = unsafe base[parent]
            hole = parent
        }
        unsafe base[hole] = entry
    }

    /// Takes the first one away; there must be one.
    mutating func popFirst() -> Entry {
        let base = unsafe entries.base.unsafelyUnwrapped
        let first = unsafe base[0]
        let last = entries.removeLast()
        let count = entries.count
        guard count > 0 else { return first }
        var hole = 0
        while true {
            let child = hole &* 4 &+ 1
            guard child < count else { break }
            var least = child
            let end = min(child &+ 4, count)
            var other = child &+ 1
            while other < end {
                if unsafe base[other] < base[least] { least = other }
                other &+= 1
            }
            guard unsafe base[least] < last else { break }
            unsafe base[hole] = unsafe base[least]
            hole = least
        }
        unsafe base[hole] = last
        return first
    }

    mutating func free() { entries.free() }
}
