/// The checksum of a header or of a chunk: of words one after the other, and of runs of bytes at a copy's speed.
///
/// A word is mixed in by exclusive or and a multiplication, so that a change within one word never goes unnoticed.
///
/// A run of bytes is added up in ``RecordingLanes`` first; see <doc:RecordedRuns>.
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
            add(UInt64(littleEndian: words.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)))
        }
    }

    /// Mixes a run of bytes in, and copies it on the way if it is told where to: that costs little more than the copy.
    @inline(__always) mutating func add(run: UnsafeRawBufferPointer, copyingTo to: UnsafeMutableRawPointer? = nil) {
        var lanes = RecordingLanes()
        if let start = run.baseAddress { lanes.add(start, run.count, copyingTo: to) }
        add(lanes, run.count)
    }

    /// Counts the stripes, not the bytes: the zeros that a record is filled up with belong to the run.
    private mutating func add(_ lanes: RecordingLanes, _ count: Int) {
        for pair in [(lanes.a, lanes.aFar), (lanes.b, lanes.bFar), (lanes.c, lanes.cFar), (lanes.d, lanes.dFar)] {
            for index in 0..<2 {
                add(pair.0[index])
                add(pair.1[index])
            }
        }
        add(UInt64((count + RecordingLanes.stripe - 1) / RecordingLanes.stripe))
    }

    /// Of one run alone.
    static func of(_ bytes: UnsafeRawBufferPointer, salt: UInt64) -> UInt64 {
        var sum = RecordingSum(salt: salt)
        sum.add(run: bytes)
        return sum.value
    }
}
