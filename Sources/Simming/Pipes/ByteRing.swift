import Wiring

/// Bytes between two places of an endless row, in a ring that grows: whoever writes appends, whoever reads drops.
@safe struct ByteRing: ~Copyable {
    private var base = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// The place of the first byte that is kept, and the one behind the last.
    private(set) var start = 0
    private(set) var end = 0

    deinit { unsafe base.deallocate() }

    /// Appends the first `count` bytes.
    mutating func append(_ bytes: RawSpan, _ count: Int) {
        if unsafe end - start + count > base.count { grow(end - start + count) }
        unsafe bytes.withUnsafeBytes { source in
            var done = 0
            while done < count {
                let place = unsafe (end + done) & (base.count - 1)
                let part = unsafe min(count - done, base.count - place)
                unsafe (base.baseAddress! + place).copyMemory(from: source.baseAddress! + done, byteCount: part)
                done += part
            }
        }
        end += count
    }

    /// Appends `count` bytes from `place` on to `out`.
    func copy(from place: Int, _ count: Int, into out: inout OutputRawSpan) {
        var done = 0
        while done < count {
            let at = unsafe (place + done) & (base.count - 1)
            let part = unsafe min(count - done, base.count - at)
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: base[at..<at + part])
            out.append(contentsOf: unsafe RawSpan(_unsafeBytes: bytes))
            done += part
        }
    }

    /// `count` bytes from `place` on.
    func bytes(from place: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { unsafe base[(place + $0) & (base.count - 1)] }
    }

    /// Lets go of all in front of `place`; the memory as well if nothing is left, and it was much.
    mutating func drop(to place: Int) {
        start = place
        if start == end, unsafe base.count > 1 << 14 { clear() }
    }

    /// Lets go of everything.
    mutating func clear() {
        unsafe base.deallocate()
        unsafe base = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
        start = end
    }

    private mutating func grow(_ count: Int) {
        var size = unsafe max(256, base.count)
        while size < count { size *= 2 }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        for place in start..<end { unsafe room[place & (size - 1)] = unsafe base[place & (base.count - 1)] }
        unsafe base.deallocate()
        unsafe base = unsafe room
    }
}
