/// Storage of memos that nobody needs any more, for the memos to come.
///
/// A large memo in fresh storage costs more in page faults than in copying, since the allocator gives the pages back
/// between memos.
struct Spares {
    /// Bytes of capacity kept at most.
    let limit: Int
    private var large: [[UInt8]] = []
    private var small: [[UInt8]] = []
    private(set) var bytes = 0

    /// From here on storage is large.
    static let largeCapacity = 1 << 15
    private static let mostLarge = 64
    private static let mostSmall = 8192

    init(limit: Int) { self.limit = limit }

    /// Keeps the storage of `storage`, if there is room.
    mutating func give(_ storage: consuming [UInt8]) {
        let capacity = storage.capacity
        guard capacity >= 64, bytes + capacity <= limit else { return }
        guard capacity >= Spares.largeCapacity else {
            // Kept as it is: the next memo is likely to be as long, and is copied over it.
            guard small.count < Spares.mostSmall else { return }
            bytes += capacity
            small.append(storage)
            return
        }
        guard large.count < Spares.mostLarge else { return }
        let before = unsafe storage.withUnsafeBufferPointer { $0.baseAddress }
        storage.removeAll(keepingCapacity: true)
        // Storage that somebody else holds was left to him; what stands here instead is new, and no gain.
        guard unsafe storage.withUnsafeBufferPointer({ $0.baseAddress }) == before else { return }
        bytes += storage.capacity
        large.append(storage)
    }

    /// Empty storage for a large memo of about `count` bytes.
    mutating func takeLarge(_ count: Int) -> [UInt8]? {
        guard count >= Spares.largeCapacity else { return nil }
        // Newest first: its pages are the likeliest to be there.
        for index in large.indices.reversed() {
            let capacity = large[index].capacity
            guard capacity >= count, capacity / 8 <= count else { continue }
            large.swapAt(index, large.count - 1)
            bytes -= capacity
            return large.removeLast()
        }
        return nil
    }

    /// A copy of `body` in spare storage, or nil if there is none for it.
    @inline(__always) mutating func copy(_ body: RawSpan) -> [UInt8]? {
        guard body.byteCount < Spares.largeCapacity else { return copyLarge(body) }
        guard let last = small.indices.last, small[last].capacity >= body.byteCount else { return nil }
        var storage = small.removeLast()
        bytes &-= storage.capacity
        if storage.count == body.byteCount {
            unsafe storage.withUnsafeMutableBytes { room in
                unsafe body.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
            }
        } else {
            storage.removeAll(keepingCapacity: true)
            unsafe body.withUnsafeBytes { unsafe storage.append(contentsOf: $0) }
        }
        return storage
    }

    private mutating func copyLarge(_ body: RawSpan) -> [UInt8]? {
        guard var storage = takeLarge(body.byteCount) else { return nil }
        unsafe body.withUnsafeBytes { unsafe storage.append(contentsOf: $0) }
        return storage
    }
}
