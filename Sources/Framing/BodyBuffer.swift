/// The body of one frame as it comes: it grows with the bytes received, whatever its length claims to be, in a time
/// that is linear in them.
struct BodyBuffer {
    private(set) var bytes: [UInt8] = []
    /// Bytes that the whole body has.
    private(set) var need = 0
    /// Bytes that have come.
    private(set) var have = 0
    /// Bytes are counted and not kept.
    private var isSkipped = false

    mutating func begin(_ need: Int, skipping isSkipped: Bool = false) {
        self.need = need
        self.isSkipped = isSkipped
        have = 0
    }

    var isWhole: Bool { have == need }

    /// Takes what belongs to the body from `index` on.
    mutating func take(_ source: UnsafeRawBufferPointer, from index: inout Int) {
        let count = min(need - have, source.count - index)
        have += count
        defer { index += count }
        guard !isSkipped, count > 0 else { return }
        if bytes.capacity < have {
            // Twice as much as has come, but never more than the body has: what is delivered has no slack.
            bytes.reserveCapacity(min(need, max(have, 2 * bytes.capacity)))
        }
        unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: source[index..<index + count]))
    }

    /// The whole body; empty from then on.
    mutating func deliver() -> [UInt8] {
        defer { clear() }
        return bytes
    }

    mutating func clear() { (bytes, need, have) = ([], 0, 0) }
}
