/// Room for the bytes of datagrams on their way: blocks of 64 bytes to 64 KiB in powers of two, cut out of slabs.
///
/// A block that is given back is the next one of its size, so that after warm-up nothing is allocated. Slabs are kept
/// until the end.
struct Arena {
    private static let classes = 11
    private static let slabSize = 1 << 18

    /// Bytes of slabs at most.
    let limit: Int
    private(set) var reserved = 0
    private var slabs = RawList<UnsafeMutableRawPointer>()
    /// For each size the first free block, which holds the address of the next one.
    private let free: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// What is left of the newest slab of each size.
    private let rest: UnsafeMutablePointer<(next: UnsafeMutableRawPointer?, count: Int)>

    init(limit: Int) {
        self.limit = limit
        free = .allocate(capacity: Self.classes)
        free.initialize(repeating: nil, count: Self.classes)
        rest = .allocate(capacity: Self.classes)
        rest.initialize(repeating: (nil, 0), count: Self.classes)
    }

    /// Which size holds so many bytes.
    @inline(__always) static func sizeClass(_ count: Int) -> Int {
        count <= 64 ? 0 : Int.bitWidth &- (count &- 1).leadingZeroBitCount &- 6
    }

    /// A block of this size, or nil at the limit.
    @inline(__always) mutating func take(_ size: Int) -> UnsafeMutableRawPointer? {
        guard let block = free[size] else { return cut(size) }
        free[size] = block.load(as: UnsafeMutableRawPointer?.self)
        return block
    }

    /// Gives a block back.
    @inline(__always) mutating func give(_ block: UnsafeMutableRawPointer, _ size: Int) {
        block.storeBytes(of: free[size], as: UnsafeMutableRawPointer?.self)
        free[size] = block
    }

    @inline(never) private mutating func cut(_ size: Int) -> UnsafeMutableRawPointer? {
        let bytes = 64 << size
        if rest[size].count == 0 {
            guard reserved + Self.slabSize <= limit else { return nil }
            let slab = UnsafeMutableRawPointer.allocate(byteCount: Self.slabSize, alignment: 64)
            slabs.append(slab)
            reserved += Self.slabSize
            rest[size] = (slab, Self.slabSize / bytes)
        }
        let block = rest[size].next!
        rest[size] = (block + bytes, rest[size].count - 1)
        return block
    }

    mutating func freeAll() {
        while slabs.count > 0 { slabs.removeLast().deallocate() }
        slabs.free()
        free.deallocate()
        rest.deallocate()
    }
}
