import CSockets

/// Numbers for Unix paths, so that an address is 24 bytes whatever the path.
///
/// A path has one number for as long as the table knows it. Numbers rise and never come back, so that the number of
/// a forgotten path reaches nobody rather than somebody else. The table is bounded: paths that nobody pinned make
/// room in the order of a clock that passes over what was used again since it last came by, so that a flood of
/// strangers who come once drives out strangers. A lookup does not allocate.
struct PathTable {
    /// One known path.
    private struct Entry {
        var number: UInt64
        var hash: Int
        /// The next entry of the same bucket, or -1.
        var next: Int32
        var pins: UInt32
        var length: UInt8
        var wasUsed: Bool
    }

    /// Paths known at most; a slot number takes the low 16 bits of an address's number.
    let capacity: Int
    /// Paths pinned at most: the rest is for those who come.
    var pinLimit: Int { capacity / 2 }

    private var entries: [Entry] = []
    private var bytes: [UInt8] = []
    private var buckets: [Int32]
    private var hand = 0
    private var lastNumber: UInt64 = 0
    /// Paths that are pinned now.
    private(set) var pinned = 0
    /// Paths that made room for others.
    private(set) var forgotten = 0

    init(capacity: Int = 16_384) {
        precondition((2...65_536).contains(capacity), "path table capacity \(capacity)")
        self.capacity = capacity
        buckets = Array(repeating: -1, count: capacity)
    }

    /// Paths known now.
    var count: Int { entries.count }

    /// The number of a path, new or known; nil if every entry is pinned.
    ///
    /// - Parameter path: 1...107 bytes.
    mutating func number(of path: UnsafeRawBufferPointer) -> UInt64? {
        guard let index = unsafe place(path) else { return nil }
        return entries[index].number
    }

    /// The same, and keeps the path until as many ``unpin(_:)``; nil if too many are pinned.
    mutating func pin(_ path: UnsafeRawBufferPointer) -> UInt64? {
        guard let index = unsafe place(path) else { return nil }
        if entries[index].pins == 0 {
            guard pinned < pinLimit else { return nil }
            pinned += 1
        }
        entries[index].pins += 1
        return entries[index].number
    }

    /// Takes one pin back; the path is known until its room is needed.
    mutating func unpin(_ number: UInt64) {
        guard let index = index(of: number), entries[index].pins > 0 else { return }
        entries[index].pins -= 1
        if entries[index].pins == 0 { pinned -= 1 }
    }

    /// Lends the bytes of a numbered path, or nil if the number is unknown or forgotten.
    mutating func withPath<R>(_ number: UInt64, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
        guard let index = index(of: number) else { return nil }
        entries[index].wasUsed = true
        let start = index * Int(CSK_PATH_ROOM)
        let range = start..<start + Int(entries[index].length)
        return unsafe bytes.withUnsafeBytes { unsafe body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    private func index(of number: UInt64) -> Int? {
        let index = Int(truncatingIfNeeded: number & 0xFFFF)
        return index < entries.count && entries[index].number == number ? index : nil
    }

    private static func hash(_ path: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()  // seeded per process: nobody can choose paths that all meet in one bucket
        unsafe hasher.combine(bytes: path)
        return hasher.finalize()
    }

    private func bucket(_ hash: Int) -> Int { Int(UInt(bitPattern: hash) % UInt(buckets.count)) }

    private mutating func place(_ path: UnsafeRawBufferPointer) -> Int? {
        precondition((1..<Int(CSK_PATH_ROOM)).contains(path.count), "path of \(path.count) bytes")
        let hash = unsafe Self.hash(path)
        var at = buckets[bucket(hash)]
        while at >= 0 {
            let entry = entries[Int(at)]
            if unsafe entry.hash == hash && holds(Int(at), path) {
                entries[Int(at)].wasUsed = true
                return Int(at)
            }
            at = entry.next
        }
        guard let index = room() else { return nil }
        lastNumber += 1
        entries[index] = Entry(
            number: lastNumber << 16 | UInt64(index), hash: hash, next: buckets[bucket(hash)], pins: 0,
            length: UInt8(path.count), wasUsed: false)
        buckets[bucket(hash)] = Int32(index)
        let start = index * Int(CSK_PATH_ROOM)
        for offset in path.indices { bytes[start + offset] = unsafe path[offset] }
        return index
    }

    private func holds(_ index: Int, _ path: UnsafeRawBufferPointer) -> Bool {
        let start = index * Int(CSK_PATH_ROOM)
        guard Int(entries[index].length) == path.count else { return false }
        return unsafe bytes.withUnsafeBytes { all in
            unsafe UnsafeRawBufferPointer(rebasing: all[start..<start + path.count]).elementsEqual(path)
        }
    }

    /// An entry to write to: a new one, or one that the clock takes.
    private mutating func room() -> Int? {
        if entries.count < capacity {
            entries.append(Entry(number: 0, hash: 0, next: -1, pins: 0, length: 0, wasUsed: false))
            bytes.append(contentsOf: repeatElement(0, count: Int(CSK_PATH_ROOM)))
            return entries.count - 1
        }
        for _ in 0..<2 * capacity {
            let index = hand
            hand = (hand + 1) % capacity
            if entries[index].pins > 0 { continue }
            if entries[index].wasUsed {
                entries[index].wasUsed = false
                continue
            }
            unlink(index)
            forgotten += 1
            return index
        }
        return nil
    }

    private mutating func unlink(_ index: Int) {
        let bucket = bucket(entries[index].hash)
        let next = entries[index].next
        if buckets[bucket] == Int32(index) {
            buckets[bucket] = next
            return
        }
        var at = Int(buckets[bucket])
        while Int(entries[at].next) != index { at = Int(entries[at].next) }
        entries[at].next = next
    }
}
