import Wiring

/// Keeps what was written last in memory that is there already, as much as it has room for: the cheapest sink that
/// keeps anything. One without room keeps nothing.
final class MemoryRing {
    private let room: UnsafeMutableRawBufferPointer
    private var next = 0

    /// How much each keeps, in bytes.
    nonisolated(unsafe) static var capacity = 0

    init(_ count: Int = capacity) {
        room = .allocate(byteCount: count, alignment: 4096)
        room.initializeMemory(as: UInt8.self, repeating: 1)  // so that no page is touched for the first time later
    }

    deinit { room.deallocate() }

    func write(_ bytes: RawSpan) {
        if room.isEmpty { return }
        if bytes.byteCount > room.count - next { next = 0 }
        precondition(bytes.byteCount <= room.count, "\(bytes.byteCount) bytes at once")
        bytes.withUnsafeBytes { from in
            UnsafeMutableRawBufferPointer(rebasing: room[next...]).copyMemory(from: from)
        }
        next += bytes.byteCount
    }
}
