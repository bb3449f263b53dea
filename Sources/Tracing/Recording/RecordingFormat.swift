import Wiring

/// The words of the format; see <doc:Recording>.
enum RecordingFormat {
    /// The first eight bytes of a file: `TYMISTRC`.
    static let magic: UInt64 = 0x4352_5453_494D_5954
    static let version: UInt32 = 1
    /// Before the header's body: magic, version, length, checksum.
    static let headLength = 24
    /// The first word of a chunk: `TYCK`.
    static let chunkMagic: UInt32 = 0x4B43_5954
    /// Before the records of a chunk: magic, number, length, checksum.
    static let chunkHeadLength = 24
    /// A chunk is handed on when it has so many bytes of records: what stays in a second-level cache.
    static let chunkLength = 192 << 10
    static let longestHeader = 1 << 24
    /// Of one record, so that a length that was made up allocates nothing.
    static let longestRecord = 1 << 26

    /// What a record is.
    enum Kind: UInt8 {
        case start = 1, source, wake, pass, exit, end
        case opened = 16, received, nothing, sent, room, readiness, wakeTyme, described, failed, input
    }

    /// The checksum of some words: eight lanes, so that it costs little beside copying them.
    ///
    /// Any change within one word of 8 bytes is noticed for certain, any other with a chance of 2^-64 to be missed.
    static func checksum(_ bytes: UnsafeRawBufferPointer, _ salt: UInt64) -> UInt64 {
        var lanes = SIMD8<UInt64>(repeating: salt ^ 0x9E37_79B9_7F4A_7C15)
        let prime: UInt64 = 0xD6E8_FEB8_6659_FD93
        var (a, b, c, d) = (lanes[0], lanes[1] &+ 1, lanes[2] &+ 2, lanes[3] &+ 3)
        var (e, f, g, h) = (lanes[4] &+ 4, lanes[5] &+ 5, lanes[6] &+ 6, lanes[7] &+ 7)
        @inline(__always) func mix(_ lane: inout UInt64, _ at: Int) {
            let word = UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let mixed = (lane ^ word) &* prime
            lane = mixed << 32 | mixed >> 32
        }
        var at = 0
        while at + 64 <= bytes.count {
            mix(&a, at)
            mix(&b, at + 8)
            mix(&c, at + 16)
            mix(&d, at + 24)
            mix(&e, at + 32)
            mix(&f, at + 40)
            mix(&g, at + 48)
            mix(&h, at + 56)
            at += 64
        }
        while at + 8 <= bytes.count {
            mix(&a, at)
            at += 8
        }
        while at < bytes.count {
            a = (a ^ UInt64(bytes[at])) &* prime
            at += 1
        }
        lanes = SIMD8(a, b, c, d, e, f, g, h)
        var sum = UInt64(bytes.count)
        for index in 0..<8 {
            sum = (sum ^ lanes[index]) &* prime
            sum ^= sum >> 29
        }
        return sum
    }
}
