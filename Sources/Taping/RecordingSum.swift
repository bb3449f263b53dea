import CTaping

/// The checksum of a header or of a chunk: of words one after the other, and of runs of bytes at a copy's speed.
///
/// A word is mixed in by exclusive or and a multiplication, so that a change within one word never goes unnoticed.
///
/// A run of bytes is added up in eight lanes first; see <doc:RecordedRuns>.
struct RecordingSum {
    /// What has been mixed in so far.
    private(set) var value: UInt64

    private static let prime: UInt64 = 0xD6E8_FEB8_6659_FD93

    init(salt: UInt64) { value = salt ^ 0x9E37_79B9_7F4A_7C15 }

    /// Mixes a word in.
    @inline(__always) mutating func add(_ word: UInt64) {
        let mixed = (value ^ word) &* Self.prime
        value = mixed << 32 | mixed >> 32
    }

    /// Mixes whole words in that lie one behind the other.
    mutating func add(words: UnsafeRawPointer, count: Int) {
        for index in 0..<count {
            unsafe add(UInt64(littleEndian: words.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)))
        }
    }

    /// Mixes a run of bytes in.
    mutating func add(run: UnsafeRawBufferPointer) { unsafe add(ctp_sum(run.baseAddress, run.count), run.count) }

    /// Mixes a run of bytes in, and copies it on the way.
    mutating func add(run: UnsafeRawBufferPointer, copyingTo to: UnsafeMutableRawPointer) {
        unsafe add(ctp_sum_copying(run.baseAddress, run.count, to), run.count)
    }

    /// Counts the stripes, not the bytes: the zeros that a record is filled up with belong to the run.
    private mutating func add(_ lanes: ctp_lanes, _ count: Int) {
        let (near, far) = (lanes.near, lanes.far)
        add(near.0, far.0, near.1, far.1)
        add(near.2, far.2, near.3, far.3)
        add(near.4, far.4, near.5, far.5)
        add(near.6, far.6, near.7, far.7)
        add(UInt64((count + Int(CTP_STRIPE) - 1) / Int(CTP_STRIPE)))
    }

    @inline(__always) private mutating func add(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) {
        add(a)
        add(b)
        add(c)
        add(d)
    }

    /// Of one run alone.
    static func of(_ bytes: UnsafeRawBufferPointer, salt: UInt64) -> UInt64 {
        var sum = RecordingSum(salt: salt)
        unsafe sum.add(run: bytes)
        return sum.value
    }
}
