/// The first half of the last text head that was written for a memo of one gram: of the next one, most often only the
/// other half is encoded.
struct WrittenTop: Sendable {
    private var characters = SIMD16<UInt8>()
    /// What stands there: the code, and the upper half of the mid's first word. No code yet.
    private var key: UInt64 = 0

    /// Writes the head of a memo that is one text gram: 32 bytes.
    @unsafe @inline(__always)
    mutating func store(_ code: GramCode, _ mid: Mid, to target: UnsafeMutableRawPointer) {
        let key = UInt64(code.bits) &<< 32 | mid.high &>> 32
        if key != self.key {
            self.key = key
            characters = GramHead.top(code, 1, mid)
        }
        unsafe target.storeBytes(of: characters, as: SIMD16<UInt8>.self)
        unsafe target.storeBytes(of: GramHead.rest(mid), toByteOffset: 16, as: SIMD16<UInt8>.self)
    }
}
