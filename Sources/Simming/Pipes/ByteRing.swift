import Wiring

/// Bytes between two places of an endless row, in a ring that grows: whoever writes appends, whoever reads drops.
struct ByteRing: ~Copyable {
    private var base = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// The place of the first byte that is kept, and the one behind the last.
    private(set) var start = 0
    private(set) var end = 0

    deinit { base.deallocate() }

    /// Appends the first `count` bytes.
    mutating func append(_ bytes: RawSpan, _ count: Int) {
        if end - start + count > base.count { grow(end - start + count) }
        unsafe bytes.withUnsafeBytes { source in
            var done = 0
            while done < count {
                let place = (end + done) & (base.count - 1)
                let part = min(count - done, base.count - place)
                (base.baseAddress! + place).copyMemory(from: source.baseAddress! + done, byteCount: part)
                done += part
            }
        }
        end += count
    }

    /// Appends `count` bytes from `place` on to `out`.
    func copy(from place: Int, _ count: Int, into out: inout OutputRawSpan) {
        var done = 0
        while done < count {
            let at = (place + done) & (base.count - 1)
            let part = min(count - done, base.count - at)
            let bytes = UnsafeRawBufferPointer(rebasing: base[at..<at + part])
            out.append(contentsOf: unsafe RawSpan(_unsafeBytes: bytes))
            done += part
        }
    }

    /// `count` bytes from `place` on.
    func bytes(from place: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { base[(place + $0) & (base.count - 1)] }
    }

    /// Lets go of all in front of `place`; the memory as well if nothing is left, and it was much.
    mutating func drop(to place: Int) {
        start = place
        if start == end, base.count > 1 << 14 { clear() }
    }

    /// Lets go of everything.
    mutating func clear() {
        base.deallocate()
        base = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        start = end
    }

    private mutating func grow(_ count: Int) {
        var size = max(256, base.count)
        while size < count { size *= 2 }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        for place in start..<end { room[place & (size - 1)] = base[place & (base.count - 1)] }
        base.deallocate()
        base = room
    }
}
