/// The rows of a table by their ranks, the least first: a heap of four children in which each row has one place at
/// most.
///
/// Rows of one rank come by ascending row, so that their order is the same in every process.
///
/// - Complexity: `set` and `remove` O(log n), `first` O(1). A table of places grows with the greatest row.
public struct RowHeap<Rank: Comparable> {
    @usableFromInline var heap: [(rank: Rank, row: Int32)] = []
    @usableFromInline var places: [Int32] = []

    /// No row.
    @inlinable public init() {}

    /// How many rows are in it.
    @inlinable public var count: Int { heap.count }
    /// Whether none is.
    @inlinable public var isEmpty: Bool { heap.isEmpty }
    /// The row of the least rank.
    @inlinable public var first: (rank: Rank, row: Int32)? { heap.first }

    /// The rank of a row; nil if it is not in it.
    @inlinable public func rank(of row: Int32) -> Rank? {
        guard Int(row) < places.count, case let place = Int(places[Int(row)]), place >= 0 else { return nil }
        return heap[place].rank
    }

    /// Puts a row in, or gives it another rank.
    @inlinable public mutating func set(_ row: Int32, to rank: Rank) {
        while places.count <= Int(row) { places.append(-1) }
        let place = Int(places[Int(row)])
        if place < 0 {
            heap.append((rank, row))
            rise(heap.count &- 1)
        } else if heap[place].rank != rank {
            heap[place].rank = rank
            settle(place)
        }
    }

    /// Takes a row out.
    ///
    /// - Returns: whether it was in it.
    @inlinable @discardableResult public mutating func remove(_ row: Int32) -> Bool {
        guard Int(row) < places.count, case let place = Int(places[Int(row)]), place >= 0 else { return false }
        places[Int(row)] = -1
        let last = heap.removeLast()
        if place < heap.count {
            heap[place] = last
            settle(place)
        }
        return true
    }

    /// Takes all out.
    @inlinable public mutating func removeAll() {
        heap.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    @inlinable func isLess(_ a: (rank: Rank, row: Int32), _ b: (rank: Rank, row: Int32)) -> Bool {
        a.rank < b.rank || a.rank == b.rank && a.row < b.row
    }

    @inlinable mutating func settle(_ place: Int) {
        if place > 0, isLess(heap[place], heap[(place &- 1) / 4]) { rise(place) } else { sink(place) }
    }

    @inlinable mutating func put(_ entry: (rank: Rank, row: Int32), at place: Int) {
        heap[place] = entry
        places[Int(entry.row)] = Int32(truncatingIfNeeded: place)
    }

    @inlinable mutating func rise(_ place: Int) {
        var place = place
        let entry = heap[place]
        while place > 0, case let parent = (place &- 1) / 4, isLess(entry, heap[parent]) {
            put(heap[parent], at: place)
            place = parent
        }
        put(entry, at: place)
    }

    @inlinable mutating func sink(_ place: Int) {
        var place = place
        let entry = heap[place]
        while case let first = 4 &* place &+ 1, first < heap.count {
            var least = first
            for child in first..<min(first &+ 4, heap.count) where isLess(heap[child], heap[least]) { least = child }
            guard isLess(heap[least], entry) else { break }
            put(heap[least], at: place)
            place = least
        }
        put(entry, at: place)
    }

    /// What is wrong with it, nil if nothing is: for tests.
    package var invariantViolation: String? {
        let placed = places.filter { $0 >= 0 }.count
        if placed != heap.count { return "\(heap.count) rows, \(placed) places" }
        for (place, entry) in heap.enumerated() {
            if Int(places[Int(entry.row)]) != place { return "row \(entry.row) is not at \(place)" }
            if place > 0, isLess(entry, heap[(place - 1) / 4]) { return "row \(entry.row) is before its parent" }
        }
        return nil
    }
}

extension RowHeap: Sendable where Rank: Sendable {}
