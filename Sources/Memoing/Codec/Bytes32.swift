/// Thirty-two bytes as a value: four words, the first byte highest in the first.
struct Bytes32: Hashable, Sendable, Comparable {
    var a, b, c, d: UInt64

    init(a: UInt64, b: UInt64, c: UInt64, d: UInt64) {
        (self.a, self.b, self.c, self.d) = (a, b, c, d)
    }

    /// - Parameter bytes: at least `at + 32` of them.
    init(_ bytes: borrowing RawSpan, at: Int = 0) {
        a = unsafe UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
        b = unsafe UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at + 8, as: UInt64.self))
        c = unsafe UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at + 16, as: UInt64.self))
        d = unsafe UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at + 24, as: UInt64.self))
    }

    /// Material of the right size, or an error that names `field`.
    init(_ raw: [UInt8], field: String) throws(CodecError) {
        guard raw.count == 32 else { throw .wrongSize(field: field, have: raw.count, need: 32) }
        unsafe self.init(raw.span.bytes)
    }

    /// The 32 bytes behind a one-character code and two zero bits.
    init(_ text: String, code: Character, field: String) throws(CodecError) {
        guard let first = text.first, first == code else {
            throw .wrongCode(field: field, code: String(text.prefix(1)))
        }
        let bytes = try Base64URL.bytes(text, field: field, size: 44)
        guard bytes[0] & 3 == 0 else { throw .nonzeroPad(field: field) }
        unsafe self.init(bytes.span.bytes, at: 1)
    }

    var bytes: [UInt8] { [a, b, c, d].flatMap(Bytes32.bigEndian) }

    /// The text of `code` and the bytes.
    func text(code: UInt8) -> String { Base64URL.text([code << 2] + bytes) }

    /// Writes the 32 bytes.
    @unsafe func store(to target: UnsafeMutableRawPointer) {
        unsafe target.storeBytes(of: a.bigEndian, toByteOffset: 0, as: UInt64.self)
        unsafe target.storeBytes(of: b.bigEndian, toByteOffset: 8, as: UInt64.self)
        unsafe target.storeBytes(of: c.bigEndian, toByteOffset: 16, as: UInt64.self)
        unsafe target.storeBytes(of: d.bigEndian, toByteOffset: 24, as: UInt64.self)
    }

    static func < (a: Bytes32, b: Bytes32) -> Bool { (a.a, a.b, a.c, a.d) < (b.a, b.b, b.c, b.d) }

    static func bigEndian(_ word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
    }
}
