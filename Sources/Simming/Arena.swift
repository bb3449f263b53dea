/// Room for the bytes of datagrams on their way: blocks of 64 bytes to 64 KiB in powers of two, cut out of slabs.
///
/// A block that is given back is the next one of its size, so that after warm-up nothing is allocated. At the limit a
/// slab of which every block was given back serves another size.
struct Arena {
    /// The longest datagram that a block holds.
    static let largest = 64 << (classes - 1)
    static let classes = 11
    private static let slabSize = 1 << 18

    /// A slab: where it begins, and the size of its blocks, or -1 while it serves none.
    private struct Slab {
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
        given &+= 1
    }

    @inline(never) private mutating func cut(_ size: Int) -> UnsafeMutableRawPointer? {
        let bytes = 64 << size
        if rest[size].count == 0 {
            guard let slab = spareSlab(size) else { return nil }
            rest[size] = (slab, Self.slabSize / bytes)
        }
        let block = rest[size].next!
        rest[size] = (block + bytes, rest[size].count - 1)
        return block
    }

    // MARK: - Slabs

    /// A slab for this size: one that serves none, or a new one, or at the limit one that is wholly free.
    private mutating func spareSlab(_ size: Int) -> UnsafeMutableRawPointer? {
        if let slab = idleSlab(size) { return slab }
        guard reserved + Self.slabSize > limit else {
            // Aligned to its length, so that a block tells in which slab it lies.
            let base = UnsafeMutableRawPointer.allocate(byteCount: Self.slabSize, alignment: Self.slabSize)
            slabs.append(Slab(base: base, size: size))
            reserved += Self.slabSize
            return base
        }
        guard given >= searchAt else { return nil }
        // A search looks at every free block: it is made again when so many were given back since.
        searchAt = given + reclaim() / 8 + 1
        return idleSlab(size)
    }

    private mutating func idleSlab(_ size: Int) -> UnsafeMutableRawPointer? {
        for index in 0..<slabs.count where slabs[index].pointee.size < 0 {
            slabs[index].pointee.size = size
            return slabs[index].pointee.base
        }
        return nil
    }

    /// Takes every slab out of use of which all blocks are free, and answers how many blocks it looked at.
    private mutating func reclaim() -> Int {
        var (seen, freeBlocks) = (0, [UInt: Int]())  // looked up only
        func slab(of block: UnsafeMutableRawPointer) -> UInt { UInt(bitPattern: block) & ~UInt(Self.slabSize - 1) }
        for size in 0..<Self.classes {
            var block = free[size]
            while let here = block {
                freeBlocks[slab(of: here), default: 0] += 1
                seen += 1
                block = here.load(as: UnsafeMutableRawPointer?.self)
            }
            if rest[size].count > 0, let next = rest[size].next {
                freeBlocks[slab(of: next), default: 0] += rest[size].count
            }
        }
        var isIdle = Set<UInt>()  // looked up only
        for index in 0..<slabs.count where slabs[index].pointee.size >= 0 {
            let base = UInt(bitPattern: slabs[index].pointee.base)
            guard freeBlocks[base] == Self.slabSize / (64 << slabs[index].pointee.size) else { continue }
            isIdle.insert(base)
            slabs[index].pointee.size = -1
        }
        guard !isIdle.isEmpty else { return seen }
        for size in 0..<Self.classes {
            if let next = rest[size].next, rest[size].count > 0, isIdle.contains(slab(of: next)) {
                rest[size] = (nil, 0)
            }
            keepBlocks(of: size) { !isIdle.contains(slab(of: $0)) }
        }
        return seen
    }

    /// Leaves in a free list what is wanted, in its order.
    private func keepBlocks(of size: Int, _ isWanted: (UnsafeMutableRawPointer) -> Bool) {
        var (block, last) = (free[size], UnsafeMutableRawPointer?.none)
        free[size] = nil
        while let here = block {
            block = here.load(as: UnsafeMutableRawPointer?.self)
            guard isWanted(here) else { continue }
            here.storeBytes(of: nil, as: UnsafeMutableRawPointer?.self)
            if let last { last.storeBytes(of: here, as: UnsafeMutableRawPointer?.self) } else { free[size] = here }
            last = here
        }
    }

    mutating func freeAll() {
        while slabs.count > 0 { slabs.removeLast().base.deallocate() }
        slabs.free()
        free.deallocate()
        rest.deallocate()
    }
}
