/// The characters of a mid that came lately, so that the next gram of the same memo need not have them decoded.
struct RecentMid: Sendable {
    private var characters: (UInt64, UInt64, UInt64)
    let mid: Mid

    /// The mid of zeros as it is written, since whatever stands here must be the text of ``mid``.
    init() {
        mid = Mid(high: 0, low: 0)
        characters = (0x4141_4141_4141_4130, 0x4141_4141_4141_4141, 0x4141_4141_4141_4141)
    }

    /// The mid of a text gram.
    init(_ mid: Mid, of gram: borrowing RawSpan) {
        self.mid = mid
        characters = RecentMid.characters(of: gram)
    }

    /// Whether the mid of a text gram of 32 bytes or more is this one.
    @inline(__always) func stands(in gram: borrowing RawSpan) -> Bool {
        let other = RecentMid.characters(of: gram)
        return (characters.0 ^ other.0) | (characters.1 ^ other.1) | (characters.2 ^ other.2) == 0
    }

    /// Whether the head at `offset`, where 32 bytes stand, is that of the unsigned text gram with this code, number,
    /// and mid.
    @inline(__always)
    func heads(_ bytes: borrowing RawSpan, at offset: Int, _ code: GramCode, _ number: Int) -> Bool {
        let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
        let expected =
            UInt64(Base64URL.encode(number: UInt32(truncatingIfNeeded: number))) &<< 32
            | UInt64(Base64URL.encode(number: code.bits))
        guard word == expected else { return false }
        return stands(in: bytes.extracting(offset..<offset &+ 32))
    }

    @inline(__always) private static func characters(of gram: borrowing RawSpan) -> (UInt64, UInt64, UInt64) {
        unsafe (
            gram.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self),
            gram.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt64.self),
            gram.unsafeLoadUnaligned(fromByteOffset: 24, as: UInt64.self)
        )
    }
}
