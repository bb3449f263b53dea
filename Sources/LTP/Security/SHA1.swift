import Wiring

/// SHA-1, which HMAC-SHA1-80 of LTP is made of. For nothing else: against collisions it is of no use.
///
/// It has room for its work of its own, so that a digest allocates nothing.
///
/// - Source: FIPS 180-4, 6.1.
@safe final class SHA1 {
    /// The five words that a run of blocks leads to.
    struct State: Hashable {
        var a: UInt32 = 0x6745_2301
        var b: UInt32 = 0xEFCD_AB89
        var c: UInt32 = 0x98BA_DCFE
        var d: UInt32 = 0x1032_5476
        var e: UInt32 = 0xC3D2_E1F0
    }

    static let blockBytes = 64
    private static let tailBytes = 2 * blockBytes

    private let words = UnsafeMutablePointer<UInt32>.allocate(capacity: 80)
    private let tail = UnsafeMutableRawBufferPointer.allocate(byteCount: tailBytes, alignment: 8)

    init() { unsafe words.initialize(repeating: 0, count: 80) }

    deinit {
        unsafe words.deallocate()
        unsafe tail.deallocate()
    }

    /// Goes on over all of `bytes` from a state that `before` bytes have led to, a whole number of blocks, and ends.
    ///
    /// - Complexity: linear; nothing is allocated.
    func finish(_ state: State, _ bytes: RawSpan, after before: Int) -> State {
        var state = state
        let whole = bytes.byteCount / SHA1.blockBytes * SHA1.blockBytes
        var at = 0
        while at < whole {
            mix(&state, bytes, at)
            at += SHA1.blockBytes
        }
        let left = bytes.byteCount - whole
        unsafe tail.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe bytes.extracting(whole..<bytes.byteCount).withUnsafeBytes { unsafe tail.copyMemory(from: $0) }
        unsafe tail[left] = 0x80
        let count = left < 56 ? SHA1.blockBytes : SHA1.tailBytes
        let bits = UInt64(before + bytes.byteCount) &* 8
        unsafe tail.storeBytes(of: bits.bigEndian, toByteOffset: count - 8, as: UInt64.self)
        let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(tail))
        mix(&state, span, 0)
        if count > SHA1.blockBytes { mix(&state, span, SHA1.blockBytes) }
        return state
    }

    /// Takes in the block at `start`.
    func mix(_ state: inout State, _ bytes: RawSpan, _ start: Int) {
        let w = unsafe words
        for t in 0..<16 {
            let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start &+ 4 &* t, as: UInt32.self)
            unsafe w[t] = word.bigEndian
        }
        for t in 16..<80 {
            let x = unsafe w[t &- 3] ^ w[t &- 8] ^ w[t &- 14] ^ w[t &- 16]
            unsafe w[t] = x << 1 | x >> 31
        }
        var s = state
        for t in 0..<20 { unsafe s.step(s.b & s.c | ~s.b & s.d, 0x5A82_7999, w[t]) }
        for t in 20..<40 { unsafe s.step(s.b ^ s.c ^ s.d, 0x6ED9_EBA1, w[t]) }
        for t in 40..<60 { unsafe s.step(s.b & s.c | s.b & s.d | s.c & s.d, 0x8F1B_BCDC, w[t]) }
        for t in 60..<80 { unsafe s.step(s.b ^ s.c ^ s.d, 0xCA62_C1D6, w[t]) }
        state.a &+= s.a
        state.b &+= s.b
        state.c &+= s.c
        state.d &+= s.d
        state.e &+= s.e
    }

    /// The digest of `bytes`.
    func digest(_ bytes: RawSpan) -> [UInt8] { finish(State(), bytes, after: 0).bytes }
}

extension SHA1.State {
    /// One of the 80 steps.
    @inline(__always) fileprivate mutating func step(_ f: UInt32, _ k: UInt32, _ word: UInt32) {
        let next = (a << 5 | a >> 27) &+ f &+ e &+ k &+ word
        e = d
        d = c
        c = b << 30 | b >> 2
        b = a
        a = next
    }

    private func word(_ index: Int) -> UInt32 {
        switch index {
        case 0: a
        case 1: b
        case 2: c
        case 3: d
        default: e
        }
    }

    /// The byte at `place` of 20, big-endian.
    func byte(_ place: Int) -> UInt8 { UInt8(truncatingIfNeeded: word(place >> 2) >> UInt32(24 - 8 * (place & 3))) }

    /// All 20.
    var bytes: [UInt8] { (0..<20).map(byte) }

    /// The first ten: HMAC-SHA1-80.
    func appendFirst80(to out: inout OutputRawSpan) { for place in 0..<10 { out.append(byte(place)) } }

    /// Whether ten bytes are the first of it, in a time that does not depend on where they differ.
    func startsWith80(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount == 10 else { return false }
        var difference: UInt8 = 0
        for place in 0..<10 {
            difference |= byte(place) ^ (unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self))
        }
        return difference == 0
    }
}

/// HMAC-SHA1 with a key that was prepared once.
///
/// - Source: RFC 2104.
struct HMACSHA1 {
    private let hash: SHA1
    private var inner = SHA1.State()
    private var outer = SHA1.State()

    init(key: [UInt8], _ hash: SHA1 = SHA1()) {
        self.hash = hash
        var key = unsafe key.count > SHA1.blockBytes ? hash.digest(key.span.bytes) : key
        key += Array(repeating: 0, count: SHA1.blockBytes - key.count)
        let (first, second) = (key.map { $0 ^ 0x36 }, key.map { $0 ^ 0x5C })
        unsafe hash.mix(&inner, first.span.bytes, 0)
        unsafe hash.mix(&outer, second.span.bytes, 0)
    }

    /// The 20 bytes for `message`, as a state.
    func code(_ message: RawSpan) -> SHA1.State {
        let first = hash.finish(inner, message, after: SHA1.blockBytes)
        let digest = first.bytes
        return unsafe hash.finish(outer, digest.span.bytes, after: SHA1.blockBytes)
    }
}
