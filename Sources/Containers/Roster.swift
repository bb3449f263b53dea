/// Doubly linked lists through the rows of a table beside it; a row is in at most one of them.
public struct Roster {
    @usableFromInline struct Link {
        @usableFromInline var list: Int32 = -1
        @usableFromInline var before: Int32 = -1
        @usableFromInline var after: Int32 = -1

        @inlinable init() {}
        @inlinable init(list: Int32, before: Int32, after: Int32) {
            (self.list, self.before, self.after) = (list, before, after)
        }
    }
    @usableFromInline var links: [Link] = []
    @usableFromInline var ends: [(first: Int32, last: Int32)]

    /// - Parameter lists: how many lists there are at first.
    @inlinable public init(lists: Int) { ends = Array(repeating: (-1, -1), count: lists) }

    /// The first row of a list, or -1.
    @inlinable @inline(__always) public func first(of list: Int) -> Int32 { ends[list].first }

    /// Whether `row` is all that is in a list.
    @inlinable @inline(__always) public func isAlone(_ row: Int32, in list: Int) -> Bool {
        ends[list].first == row && ends[list].last == row
    }

    /// The row behind `row`, or -1.
    @inlinable @inline(__always) public func after(_ row: Int32) -> Int32 { links[Int(row)].after }

    /// The list that `row` is in, or nil.
    @inlinable public func list(of row: Int32) -> Int? {
        guard Int(row) < links.count, links[Int(row)].list >= 0 else { return nil }
        return Int(links[Int(row)].list)
    }

    /// Makes sure that there are `count` lists.
    @inlinable public mutating func reserve(lists count: Int) {
        while ends.count < count { ends.append((-1, -1)) }
    }

    /// Puts `row`, which must be in no list, at the end of one.
    @inlinable public mutating func append(_ row: Int32, to list: Int) {
        while links.count <= Int(row) { links.append(Link()) }
        assert(links[Int(row)].list < 0, "row \(row) is in a list")
        let last = ends[list].last
        links[Int(row)] = Link(list: Int32(list), before: last, after: -1)
        if last >= 0 { links[Int(last)].after = row } else { ends[list].first = row }
        ends[list].last = row
    }

    /// Takes `row` out of its list, if it is in one.
    @inlinable public mutating func remove(_ row: Int32) {
        guard let list = list(of: row) else { return }
        let link = links[Int(row)]
        if link.before >= 0 { links[Int(link.before)].after = link.after } else { ends[list].first = link.after }
        if link.after >= 0 { links[Int(link.after)].before = link.before } else { ends[list].last = link.before }
        links[Int(row)] = Link()
    }

    /// Puts `row` at the end of `list`, wherever it was.
    @inlinable public mutating func move(_ row: Int32, to list: Int) {
        if ends[list].last == row { return }
        guard Int(row) < links.count, links[Int(row)].list >= 0 else { return append(row, to: list) }
        // As remove and append, with one look at each array for who else has it.
        unsafe links.withUnsafeMutableBufferPointer { links in
            unsafe ends.withUnsafeMutableBufferPointer { ends in
                let link = unsafe links[Int(row)]
                let from = Int(link.list)
                if link.before >= 0 {
                    unsafe links[Int(link.before)].after = link.after
                } else {
                    unsafe ends[from].first = link.after
                }
                if link.after >= 0 {
                    unsafe links[Int(link.after)].before = link.before
                } else {
                    unsafe ends[from].last = link.before
                }
                let last = unsafe ends[list].last
                unsafe links[Int(row)] = Link(list: Int32(list), before: last, after: -1)
                if last >= 0 { unsafe links[Int(last)].after = row } else { unsafe ends[list].first = row }
                unsafe ends[list].last = row
            }
        }
    }
}
