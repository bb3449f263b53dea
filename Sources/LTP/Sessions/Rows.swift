/// A table of rows by number, whose free numbers are used again, the last one first.
struct Rows<Row> {
    private var rows: [Row?] = []
    private var free: [Int32] = []

    /// Rows in use.
    var count: Int { rows.count - free.count }
    /// Numbers that were ever in use are below this.
    var bound: Int { rows.count }

    func has(_ number: Int32) -> Bool { rows[Int(number)] != nil }

    subscript(number: Int32) -> Row {
        @inline(__always) _read { yield rows[Int(number)]! }
        @inline(__always) _modify { yield &rows[Int(number)]! }
    }

    mutating func insert(_ row: Row) -> Int32 {
        if let number = free.popLast() {
            rows[Int(number)] = row
            return number
        }
        rows.append(row)
        return Int32(rows.count - 1)
    }

    mutating func remove(_ number: Int32) {
        rows[Int(number)] = nil
        free.append(number)
    }
}
