import Doing

/// Deadlines by key: the timers of a protocol in one table.
///
/// ```swift
/// deadlines.set(.report(7), at: tyme + 1.5)              // moves it if it was set
/// deadlines.cancel(.report(7))
/// while let due = deadlines.popDue(at: tyme) { … }       // in expire(at:)
/// var wakeTyme: Tyme? { deadlines.first }
/// ```
/// Equal deadlines come in the order in which they were set. Each key has one deadline at most.
///
/// - Complexity: `set`, `cancel` and `popDue` O(log n) in deadlines, `first` O(1).
public struct Deadlines<Key: Hashable> {
    @usableFromInline struct Row {
        @usableFromInline var tyme: Tyme
        @usableFromInline var order: UInt64
        @usableFromInline var key: Key

        @usableFromInline init(tyme: Tyme, order: UInt64, key: Key) {
            (self.tyme, self.order, self.key) = (tyme, order, key)
        }

        @inlinable func isBefore(_ other: Row) -> Bool {
            tyme < other.tyme || tyme == other.tyme && order < other.order
        }
    }

    /// A heap of four children a row: the first is the next due.
    @usableFromInline var rows: [Row] = []
    /// Where each key stands in it.
    @usableFromInline var places: [Key: Int] = [:]
    @usableFromInline var order: UInt64 = 0

    /// None.
    public init() {}

    /// How many are set.
    @inlinable public var count: Int { rows.count }

    /// Whether none is set.
    @inlinable public var isEmpty: Bool { rows.isEmpty }

    /// The earliest deadline, nil if none is set.
    @inlinable public var first: Tyme? { rows.first?.tyme }

    /// The deadline of `key`, nil if none is set.
    @inlinable public subscript(key: Key) -> Tyme? { places[key].map { rows[$0].tyme } }

    /// Sets the deadline of `key`; set already: moves it, behind others of the same tyme.
    ///
    /// - Precondition: `tyme` is not NaN.
    @inlinable public mutating func set(_ key: Key, at tyme: Tyme) {
        precondition(!tyme.isNaN, "a deadline that is no number")
        order &+= 1
        let row = Row(tyme: tyme, order: order, key: key)
        guard let place = places[key] else {
            rows.append(row)
            places[key] = rows.count - 1
            return rise(rows.count - 1)
        }
        rows[place] = row
        settle(place)
    }

    /// Takes the deadline of `key` away; not set: does nothing.
    ///
    /// - Returns: whether it was set.
    @discardableResult
    @inlinable public mutating func cancel(_ key: Key) -> Bool {
        guard let place = places.removeValue(forKey: key) else { return false }
        remove(place)
        return true
    }

    /// Takes the earliest deadline away if it is due, and answers its key.
    @inlinable public mutating func popDue(at tyme: Tyme) -> Key? {
        guard let first = rows.first, first.tyme <= tyme else { return nil }
        places[first.key] = nil
        remove(0)
        return first.key
    }

    /// Takes all away.
    public mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    // MARK: The heap

    @usableFromInline mutating func remove(_ place: Int) {
        let last = rows.removeLast()
        guard place < rows.count else { return }
        rows[place] = last
        places[last.key] = place
        settle(place)
    }

    @usableFromInline mutating func settle(_ place: Int) {
        if place > 0, rows[place].isBefore(rows[(place - 1) / 4]) { rise(place) } else { sink(place) }
    }

    @usableFromInline mutating func rise(_ place: Int) {
        var place = place
        let row = rows[place]
        while place > 0 {
            let parent = (place - 1) / 4
            guard row.isBefore(rows[parent]) else { break }
            put(rows[parent], at: place)
            place = parent
        }
        put(row, at: place)
    }

    @usableFromInline mutating func sink(_ place: Int) {
        var place = place
        let row = rows[place]
        while true {
            let first = 4 * place + 1
            guard first < rows.count else { break }
            var least = first
            for child in first..<min(first + 4, rows.count) where rows[child].isBefore(rows[least]) { least = child }
            guard rows[least].isBefore(row) else { break }
            put(rows[least], at: place)
            place = least
        }
        put(row, at: place)
    }

    private mutating func put(_ row: Row, at place: Int) {
        rows[place] = row
        places[row.key] = place
    }

    /// What is wrong with the table, nil if nothing is: for tests.
    package var invariantViolation: String? {
        if places.count != rows.count { return "\(rows.count) rows, \(places.count) places" }
        for (place, row) in rows.enumerated() {
            if places[row.key] != place { return "row \(place) has place \(String(describing: places[row.key]))" }
            if place > 0, row.isBefore(rows[(place - 1) / 4]) { return "row \(place) is before its parent" }
        }
        return nil
    }
}

extension Deadlines: Sendable where Key: Sendable {}
extension Deadlines.Row: Sendable where Key: Sendable {}
