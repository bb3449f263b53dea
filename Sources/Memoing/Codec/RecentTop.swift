/// The first half of the text head of the last memo that was one unsigned gram: code, number, and the lead and first
/// four bytes of its mid.
///
/// The memos of one sender differ there once in 65 seconds, so that of the next head only the other half is decoded:
/// a hundred instructions of four hundred.
struct RecentTop: Sendable {
    private var characters: (UInt64, UInt64)
    private var code: GramCode
    private var number: Int
    /// The upper half of the mid's first word, in its place.
    private var high: UInt64

    /// That of a plain memo with a mid of zeros, since whatever stands here must be the text of the rest.
    init() {
        characters = (0x4241_4141_4141_4162, 0x4141_4141_4141_4130)
        (code, number, high) = (.plainZeroth, 1, 0)
    }

    /// That of `head`, which was read from the text gram `gram`.
    init(_ head: GramHead, of gram: borrowing RawSpan) {
        characters = (RecentTop.word(0, of: gram), RecentTop.word(8, of: gram))
        (code, number, high) = (head.code, head.number, head.mid.high & 0xFFFF_FFFF &<< 32)
    }

    /// The head of a gram that begins so; nil if it does not, or if the rest of it is no text.
    @inline(__always) func head(of gram: borrowing RawSpan) -> GramHead? {
        guard gram.byteCount >= GramHead.unsignedText,
            (RecentTop.word(0, of: gram) ^ characters.0) | (RecentTop.word(8, of: gram) ^ characters.1) == 0
        else { return nil }
        let c = Base64URL.decode8(RecentTop.word(16, of: gram))
        let d = Base64URL.decode8(RecentTop.word(24, of: gram))
        guard c | d < 1 << 63 else { return nil }
        return GramHead(
            code: code, domain: .text, number: number, mid: Mid(high: high | c &>> 16, low: c &<< 48 | d))
    }

    @inline(__always) private static func word(_ offset: Int, of gram: borrowing RawSpan) -> UInt64 {
        unsafe gram.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
    }
}
