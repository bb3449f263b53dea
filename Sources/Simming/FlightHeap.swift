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
        let base = entries[0]
        while hole > 0 {
            let parent = (hole &- 1) / 4
            guard entry < base[parent] else { break }
            base[hole] = base[parent]
            hole = parent
        }
        base[hole] = entry
    }

    /// Takes the first one away; there must be one.
    mutating func popFirst() -> Entry {
        let base = entries[0]
        let first = base[0]
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
                if base[other] < base[least] { least = other }
                other &+= 1
            }
            guard base[least] < last else { break }
            base[hole] = base[least]
            hole = least
        }
        base[hole] = last
        return first
    }

    mutating func free() { entries.free() }
}
