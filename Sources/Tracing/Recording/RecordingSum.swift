/// The checksum of a header or of a chunk: of words one after the other, and of runs of bytes at a copy's speed.
///
/// A word is mixed in by exclusive or and a multiplication, so that a change within one word never goes unnoticed.
///
/// A run of bytes is added up in eight lanes first, in 64 bits what are words of 32, and once more by how far each word
/// stands from the end, so that one or two changed words change a lane for certain; see <doc:RecordedRuns>.
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

    /// Mixes a run of bytes in.
    mutating func add(run from: UnsafeRawPointer, count: Int) {
        var lanes = RecordingLanes()
        lanes.add(from, count, copyingTo: nil)
        add(lanes, count)
    }

    /// Mixes a run of bytes in and copies it on the way, which costs little more than the copy.
    mutating func add(run from: UnsafeRawPointer, count: Int, copyingTo to: UnsafeMutableRawPointer) {
        var lanes = RecordingLanes()
        lanes.add(from, count, copyingTo: to)
        add(lanes, count)
    }

    /// Counts the stripes, not the bytes: the zeros that a record is filled up with belong to the run.
    private mutating func add(_ lanes: RecordingLanes, _ count: Int) {
        for index in 0..<4 {
            add(lanes.low[index])
            add(lanes.lowFar[index])
            add(lanes.high[index])
            add(lanes.highFar[index])
        }
        add(UInt64((count + 31) / 32))
    }

    /// Of a body of words: what is not a multiple of 8 long is filled with zeros.
    static func of(_ bytes: UnsafeRawBufferPointer, salt: UInt64) -> UInt64 {
        var sum = RecordingSum(salt: salt)
        if let start = bytes.baseAddress { sum.add(run: start, count: bytes.count) } else { sum.add(0) }
        return sum.value
    }
}

/// Sums of the words of 32 bits of a run: of four even ones and of four odd ones in each stripe of 32 bytes.
struct RecordingLanes {
    var low = SIMD4<UInt64>.zero
    var high = SIMD4<UInt64>.zero
    /// The sums of the sums: what a word counts for depends on how far it stands from the end.
    var lowFar = SIMD4<UInt64>.zero
    var highFar = SIMD4<UInt64>.zero

    // Half of the registers that SIMD8 would take: those did not fit, and cost twice the time.

    @inline(__always) private mutating func add(_ stripe: SIMD4<UInt64>) {
        low &+= stripe & SIMD4(repeating: 0xFFFF_FFFF)
        high &+= stripe &>> SIMD4(repeating: 32)
        lowFar &+= low
        highFar &+= high
    }

    /// Adds a run; the last stripe is filled with zeros.
    @inline(__always) mutating func add(
        _ from: UnsafeRawPointer, _ count: Int, copyingTo to: UnsafeMutableRawPointer?
    ) {
        #if _endian(big)
            #error("the lanes are read as little-endian words")
        #endif
        var at = 0
        while count &- at >= 32 {
            let stripe = from.loadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self)
            to?.storeBytes(of: stripe, toByteOffset: at, as: SIMD4<UInt64>.self)
            add(stripe)
            at &+= 32
        }
        guard at < count else { return }
        var last = SIMD4<UInt64>.zero
        withUnsafeMutableBytes(of: &last) { $0.baseAddress!.copyMemory(from: from + at, byteCount: count - at) }
        if let to { (to + at).copyMemory(from: from + at, byteCount: count - at) }
        add(last)
    }
}
