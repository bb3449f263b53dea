/// An index from keyed 64-bit hashes to the rows of a table beside it: hashed chains through two flat arrays.
///
/// Rows with one hash stand in one chain, newest first; whether a row is the one sought is the table's to say. Grows by
/// doubling, never shrinks, and never moves a row.
public struct Chains {
    @usableFromInline var heads: [Int32] = []
    @usableFromInline var nexts: [Int32] = []
    @usableFromInline var hashes: [UInt64] = []
    @usableFromInline var used = 0

    /// None.
    @inlinable public init() {}

    /// How many rows are in it.
    @inlinable public var count: Int { used }

    /// No row.
    @inlinable public static var none: Int32 { -1 }

    /// The first row with `hash`, or ``none``.
    @inlinable @inline(__always) public func first(_ hash: UInt64) -> Int32 {
        guard used > 0 else { return Chains.none }
        let row = heads[Int(truncatingIfNeeded: hash) & (heads.count &- 1)]
        return seek(row, hash)
    }

    /// The row behind `row` with the same hash, or ``none``.
    @inlinable @inline(__always) public func next(_ row: Int32) -> Int32 {
        seek(nexts[Int(row)], hashes[Int(row)])
    }

    @inlinable @inline(__always) func seek(_ row: Int32, _ hash: UInt64) -> Int32 {
        var row = row
        while row >= 0, hashes[Int(row)] != hash { row = nexts[Int(row)] }
        return row
    }

    /// Puts `row`, which must not be in it, under `hash`.
    @inlinable public mutating func insert(_ row: Int32, _ hash: UInt64) {
        if used == heads.count { grow() }
        while nexts.count <= Int(row) {
            nexts.append(Chains.none)
            hashes.append(0)
        }
        let bucket = Int(truncatingIfNeeded: hash) & (heads.count - 1)
        hashes[Int(row)] = hash
        nexts[Int(row)] = heads[bucket]
        heads[bucket] = row
        used &+= 1
    }

    /// Takes `row`, which must be in it, out.
    @inlinable public mutating func remove(_ row: Int32) {
        let bucket = Int(truncatingIfNeeded: hashes[Int(row)]) & (heads.count - 1)
        if heads[bucket] == row {
            heads[bucket] = nexts[Int(row)]
        } else {
            var before = heads[bucket]
            while nexts[Int(before)] != row { before = nexts[Int(before)] }
            nexts[Int(before)] = nexts[Int(row)]
        }
        used &-= 1
    }

    @inlinable mutating func grow() {
        let old = heads
        heads = Array(repeating: Chains.none, count: max(16, old.count * 2))
        for head in old {
            var row = head
            while row >= 0 {
                let next = nexts[Int(row)]
                let bucket = Int(truncatingIfNeeded: hashes[Int(row)]) & (heads.count - 1)
                nexts[Int(row)] = heads[bucket]
                heads[bucket] = row
                row = next
            }
        }
    }
}
