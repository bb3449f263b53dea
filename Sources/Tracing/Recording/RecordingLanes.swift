/// Sums of the words of 64 bits of a run: eight lanes, one for each word of a stripe of 64 bytes.
///
/// Each lane is a sum, and a sum of that sum behind each stripe: what a word counts for there depends on how far it
/// stands from the end of its block. Behind each block of 16 stripes both are folded, upper bits onto lower ones, so
/// that nothing stays where it could fall out at the top; <doc:RecordedRuns> says what that finds.
struct RecordingLanes {
    /// Bytes.
    static let stripe = 64
    private static let block = 16 * stripe

    var (a, b, c, d) = (SIMD2<UInt64>.zero, SIMD2<UInt64>.zero, SIMD2<UInt64>.zero, SIMD2<UInt64>.zero)
    var (aFar, bFar, cFar, dFar) = (SIMD2<UInt64>.zero, SIMD2<UInt64>.zero, SIMD2<UInt64>.zero, SIMD2<UInt64>.zero)

    // Vectors of 16 bytes, eight of them: wider or more of them do not fit in the registers of every machine.

    /// Takes in one stripe.
    @inline(__always) private mutating func add(
        stripe from: UnsafeRawPointer, _ at: Int, copyingTo to: UnsafeMutableRawPointer?
    ) {
        let first = from.loadUnaligned(fromByteOffset: at, as: SIMD2<UInt64>.self)
        let second = from.loadUnaligned(fromByteOffset: at &+ 16, as: SIMD2<UInt64>.self)
        let third = from.loadUnaligned(fromByteOffset: at &+ 32, as: SIMD2<UInt64>.self)
        let fourth = from.loadUnaligned(fromByteOffset: at &+ 48, as: SIMD2<UInt64>.self)
        if let to {
            to.storeBytes(of: first, toByteOffset: at, as: SIMD2<UInt64>.self)
            to.storeBytes(of: second, toByteOffset: at &+ 16, as: SIMD2<UInt64>.self)
            to.storeBytes(of: third, toByteOffset: at &+ 32, as: SIMD2<UInt64>.self)
            to.storeBytes(of: fourth, toByteOffset: at &+ 48, as: SIMD2<UInt64>.self)
        }
        a &+= first
        b &+= second
        c &+= third
        d &+= fourth
        aFar &+= a
        bFar &+= b
        cFar &+= c
        dFar &+= d
    }

    @inline(__always) private mutating func fold() {
        Self.fold(&a, &aFar)
        Self.fold(&b, &bFar)
        Self.fold(&c, &cFar)
        Self.fold(&d, &dFar)
    }

    /// One step that can be undone, so that two states that differ stay different.
    @inline(__always) private static func fold(_ near: inout SIMD2<UInt64>, _ far: inout SIMD2<UInt64>) {
        let shift = SIMD2<UInt64>(repeating: 29)
        near ^= near &>> shift
        far ^= far &>> shift
        near &+= far
    }

    /// Adds a run; the last stripe is filled with zeros.
    @inline(__always) mutating func add(
        _ from: UnsafeRawPointer, _ count: Int, copyingTo to: UnsafeMutableRawPointer?
    ) {
        #if _endian(big)
            #error("the lanes are read as little-endian words")
        #endif
        var at = 0
        while count &- at >= Self.block {
            let end = at &+ Self.block
            while at < end {
                add(stripe: from, at, copyingTo: to)
                at &+= Self.stripe
            }
            fold()
        }
        while count &- at >= Self.stripe {
            add(stripe: from, at, copyingTo: to)
            at &+= Self.stripe
        }
        guard at < count else { return }
        var last = SIMD8<UInt64>.zero
        withUnsafeMutableBytes(of: &last) {
            $0.baseAddress!.copyMemory(from: from + at, byteCount: count - at)
            add(stripe: $0.baseAddress!, 0, copyingTo: nil)
        }
        if let to { (to + at).copyMemory(from: from + at, byteCount: count - at) }
        if (at / Self.stripe + 1) % 16 == 0 { fold() }
    }
}
