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

    /// Keeps the storage of `storage`, if there is room; its bytes are forgotten.
    mutating func give(_ storage: consuming [UInt8]) {
        let capacity = storage.capacity
        guard capacity >= 64, bytes + capacity <= limit else { return }
        let isLarge = capacity >= Spares.largeCapacity
        guard isLarge ? large.count < Spares.mostLarge : small.count < Spares.mostSmall else { return }
        let before = unsafe storage.withUnsafeBufferPointer { $0.baseAddress }
        storage.removeAll(keepingCapacity: true)
        // Storage that somebody else holds was left to him; what stands here instead is new, and no gain.
        guard unsafe storage.withUnsafeBufferPointer({ $0.baseAddress }) == before else { return }
        bytes += storage.capacity
        if isLarge { large.append(storage) } else { small.append(storage) }
    }

    /// Empty storage for about `count` bytes: a spare one that has room, else what the caller may grow.
    mutating func take(_ count: Int) -> [UInt8]? {
        if count >= Spares.largeCapacity {
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
        guard let last = small.indices.last, small[last].capacity >= count else { return nil }
        bytes -= small[last].capacity
        return small.removeLast()
    }
}
