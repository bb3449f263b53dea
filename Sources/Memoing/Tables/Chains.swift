/// An index from keyed 64-bit hashes to the rows of a table beside it: hashed chains through two flat arrays.
///
/// Rows with one hash stand in one chain, newest first; whether a row is the one sought is the table's to say. Grows by
/// doubling, never shrinks, and never moves a row.
struct Chains {
    private var heads: [Int32] = []
    private var nexts: [Int32] = []
    private var hashes: [UInt64] = []
    private(set) var count = 0

    /// No row.
    static let none: Int32 = -1

    /// The first row with `hash`, or ``none``.
    @inline(__always) func first(_ hash: UInt64) -> Int32 {
        guard count > 0 else { return Chains.none }
        let row = heads[Int(truncatingIfNeeded: hash) & (heads.count &- 1)]
        return seek(row, hash)
    }

    /// The row behind `row` with the same hash, or ``none``.
    @inline(__always) func next(_ row: Int32) -> Int32 {
        seek(nexts[Int(row)], hashes[Int(row)])
    }

    @inline(__always) private func seek(_ row: Int32, _ hash: UInt64) -> Int32 {
        var row = row
        while row >= 0, hashes[Int(row)] != hash { row = nexts[Int(row)] }
        return row
    }

    /// Puts `row`, which must not be in it, under `hash`.
    mutating func insert(_ row: Int32, _ hash: UInt64) {
        if count == heads.count { grow() }
        while nexts.count <= Int(row) {
            nexts.append(Chains.none)
            hashes.append(0)
        }
        let bucket = Int(truncatingIfNeeded: hash) & (heads.count - 1)
        hashes[Int(row)] = hash
        nexts[Int(row)] = heads[bucket]
        heads[bucket] = row
        count += 1
    }

    /// Takes `row`, which must be in it, out.
    mutating func remove(_ row: Int32) {
        let bucket = Int(truncatingIfNeeded: hashes[Int(row)]) & (heads.count - 1)
        if heads[bucket] == row {
            heads[bucket] = nexts[Int(row)]
        } else {
            var before = heads[bucket]
            while nexts[Int(before)] != row { before = nexts[Int(before)] }
            nexts[Int(before)] = nexts[Int(row)]
        }
        count -= 1
    }

    private mutating func grow() {
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
