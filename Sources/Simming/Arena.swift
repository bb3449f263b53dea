/// Room for the bytes of datagrams on their way: blocks of 64 bytes to 64 KiB in powers of two, cut out of slabs.
///
/// A block that is given back is the next one of its size, so that after warm-up nothing is allocated. At the limit a
/// slab of which every block was given back serves another size.
@safe struct Arena {
    /// The longest datagram that a block holds.
    static let largest = 64 << (classes - 1)
    static let classes = 11
    private static let slabSize = 1 << 18

    /// A slab: where it begins, and the size of its blocks, or -1 while it serves none.
    @safe private struct Slab {
        let base: UnsafeMutableRawPointer
        var size: Int
    }

    /// Bytes of slabs at most.
    let limit: Int
    private(set) var reserved = 0
    private var slabs = RawList<Slab>()
    /// For each size the first free block, which holds the address of the next one.
    private let free: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// What is left of the newest slab of each size.
    private let rest: UnsafeMutablePointer<(next: UnsafeMutableRawPointer?, count: Int)>
    /// Blocks given back so far, and how many of them there must be before it is worth to look for free slabs.
    private var given = 0
    private var searchAt = 0

    init(limit: Int) {
        self.limit = limit
        unsafe free = .allocate(capacity: Self.classes)
        unsafe free.initialize(repeating: nil, count: Self.classes)
        unsafe rest = .allocate(capacity: Self.classes)
        unsafe rest.initialize(repeating: (nil, 0), count: Self.classes)
    }

    /// Which size holds so many bytes.
    @inline(__always) static func sizeClass(_ count: Int) -> Int {
        count <= 64 ? 0 : Int.bitWidth &- (count &- 1).leadingZeroBitCount &- 6
    }

    /// A block of this size, or nil at the limit.
    @inline(__always) mutating func take(_ size: Int) -> UnsafeMutableRawPointer? {
        guard let block = unsafe free[size] else { return unsafe cut(size) }
        unsafe free[size] = unsafe block.load(as: UnsafeMutableRawPointer?.self)
        return unsafe block
    }

    /// Gives a block back.
    @inline(__always) mutating func give(_ block: UnsafeMutableRawPointer, _ size: Int) {
        unsafe block.storeBytes(of: free[size], as: UnsafeMutableRawPointer?.self)
        unsafe free[size] = unsafe block
        given &+= 1
    }

    @inline(never) private mutating func cut(_ size: Int) -> UnsafeMutableRawPointer? {
        let bytes = 64 << size
        if unsafe rest[size].count == 0 {
            guard let slab = unsafe spareSlab(size) else { return nil }
            unsafe rest[size] = unsafe (slab, Self.slabSize / bytes)
        }
        let block = unsafe rest[size].next!
        unsafe rest[size] = unsafe (block + bytes, rest[size].count - 1)
        return unsafe block
    }

    // MARK: - Slabs

    /// A slab for this size: one that serves none, or a new one, or at the limit one that is wholly free.
    private mutating func spareSlab(_ size: Int) -> UnsafeMutableRawPointer? {
        if let slab = unsafe idleSlab(size) { return unsafe slab }
        guard reserved + Self.slabSize > limit else {
            // Aligned to its length, so that a block tells in which slab it lies.
            let base = UnsafeMutableRawPointer.allocate(byteCount: Self.slabSize, alignment: Self.slabSize)
            unsafe slabs.append(Slab(base: base, size: size))
            reserved += Self.slabSize
            return unsafe base
        }
        guard given >= searchAt else { return nil }
        // A search looks at every free block: it is made again when so many were given back since.
        searchAt = given + reclaim() / 8 + 1
        return unsafe idleSlab(size)
    }

    private mutating func idleSlab(_ size: Int) -> UnsafeMutableRawPointer? {
        for index in 0..<slabs.count where slabs[index].pointee.size < 0 {
            slabs[index].pointee.size = size
            return unsafe slabs[index].pointee.base
        }
        return nil
    }

    /// Takes every slab out of use of which all blocks are free, and answers how many blocks it looked at.
    private mutating func reclaim() -> Int {
        var (seen, freeBlocks) = (0, [UInt: Int]())  // looked up only
        func slab(of block: UnsafeMutableRawPointer) -> UInt { UInt(bitPattern: block) & ~UInt(Self.slabSize - 1) }
        for size in 0..<Self.classes {
            var block = unsafe free[size]
            while let here = unsafe block {
                unsafe freeBlocks[slab(of: here), default: 0] += 1
                seen += 1
                unsafe block = unsafe here.load(as: UnsafeMutableRawPointer?.self)
            }
            if unsafe rest[size].count > 0, let next = unsafe rest[size].next {
                unsafe freeBlocks[slab(of: next), default: 0] += rest[size].count
            }
        }
        var isIdle = Set<UInt>()  // looked up only
        for index in 0..<slabs.count where slabs[index].pointee.size >= 0 {
            let base = unsafe UInt(bitPattern: slabs[index].pointee.base)
            guard freeBlocks[base] == Self.slabSize / (64 << slabs[index].pointee.size) else { continue }
            isIdle.insert(base)
            slabs[index].pointee.size = -1
        }
        guard !isIdle.isEmpty else { return seen }
        for size in 0..<Self.classes {
            if let next = unsafe rest[size].next, unsafe rest[size].count > 0, unsafe isIdle.contains(slab(of: next)) {
                unsafe rest[size] = (nil, 0)
            }
            unsafe keepBlocks(of: size) { unsafe !isIdle.contains(slab(of: $0)) }
        }
        return seen
    }

    /// Leaves in a free list what is wanted, in its order.
    private func keepBlocks(of size: Int, _ isWanted: (UnsafeMutableRawPointer) -> Bool) {
        var (block, last) = unsafe (free[size], UnsafeMutableRawPointer?.none)
        unsafe free[size] = nil
        while let here = unsafe block {
            unsafe block = unsafe here.load(as: UnsafeMutableRawPointer?.self)
            guard unsafe isWanted(here) else { continue }
            unsafe here.storeBytes(of: nil, as: UnsafeMutableRawPointer?.self)
            if let last = unsafe last {
                unsafe last.storeBytes(of: here, as: UnsafeMutableRawPointer?.self)
            } else {
                unsafe free[size] = unsafe here
            }
            unsafe last = unsafe here
        }
    }

    mutating func freeAll() {
        while slabs.count > 0 { unsafe slabs.removeLast().base.deallocate() }
        slabs.free()
        unsafe free.deallocate()
        unsafe rest.deallocate()
    }
}
