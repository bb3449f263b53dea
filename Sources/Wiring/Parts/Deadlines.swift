import Containers
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
    /// When a row is due, and behind which others.
    @usableFromInline struct Rank: Comparable {
        @usableFromInline let tyme: Tyme
        @usableFromInline let order: UInt64

        @inlinable init(tyme: Tyme, order: UInt64) { (self.tyme, self.order) = (tyme, order) }

        @inlinable static func < (a: Rank, b: Rank) -> Bool {
            a.tyme < b.tyme || a.tyme == b.tyme && a.order < b.order
        }
    }

    /// Rows by rank; a row stands for a key.
    @usableFromInline var due = RowHeap<Rank>()
    @usableFromInline var rows: [Key: Int32] = [:]
    @usableFromInline var keys: [Key?] = []
    @usableFromInline var free: [Int32] = []
    @usableFromInline var order: UInt64 = 0

    /// None.
    public init() {}

    /// How many are set.
    @inlinable public var count: Int { due.count }

    /// Whether none is set.
    @inlinable public var isEmpty: Bool { due.isEmpty }

    /// The earliest deadline, nil if none is set.
    @inlinable public var first: Tyme? { due.first?.rank.tyme }

    /// The deadline of `key`, nil if none is set.
    @inlinable public subscript(key: Key) -> Tyme? { rows[key].flatMap { due.rank(of: $0)?.tyme } }

    /// Sets the deadline of `key`; set already: moves it, behind others of the same tyme.
    ///
    /// - Precondition: `tyme` is not NaN.
    @inlinable public mutating func set(_ key: Key, at tyme: Tyme) {
        precondition(!tyme.isNaN, "a deadline that is no number")
        order &+= 1
        due.set(row(of: key), to: Rank(tyme: tyme, order: order))
    }

    @inlinable mutating func row(of key: Key) -> Int32 {
        if let row = rows[key] { return row }
        if let row = free.popLast() {
            keys[Int(row)] = key
            rows[key] = row
            return row
        }
        keys.append(key)
        let row = Int32(keys.count - 1)
        rows[key] = row
        return row
    }

    /// Takes the deadline of `key` away; not set: does nothing.
    ///
    /// - Returns: whether it was set.
    @discardableResult
    @inlinable public mutating func cancel(_ key: Key) -> Bool {
        guard let row = rows.removeValue(forKey: key) else { return false }
        due.remove(row)
        keys[Int(row)] = nil
        free.append(row)
        return true
    }

    /// Takes the earliest deadline away if it is due, and answers its key.
    @inlinable public mutating func popDue(at tyme: Tyme) -> Key? {
        guard let first = due.first, first.rank.tyme <= tyme, let key = keys[Int(first.row)] else { return nil }
        cancel(key)
        return key
    }

    /// Takes all away.
    public mutating func removeAll() {
        due.removeAll()
        rows.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        free.removeAll(keepingCapacity: true)
    }

    /// What is wrong with the table, nil if nothing is: for tests.
    package var invariantViolation: String? {
        if rows.count != due.count { return "\(due.count) due, \(rows.count) rows" }
        if keys.count != rows.count + free.count { return "\(keys.count) keys, \(free.count) free" }
        for (row, key) in keys.enumerated() {
            if let key, rows[key] != Int32(row) { return "key of row \(row) has another" }
        }
        return due.invariantViolation
    }
}

extension Deadlines: Sendable where Key: Sendable {}
extension Deadlines.Rank: Sendable {}
