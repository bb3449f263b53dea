import Doing

/// The id of a memo: 16 bytes, or `0A` and 22 characters.
///
/// Ours are shaped like UUIDs of version 7: milliseconds first, so that they sort in time, then random bits, so that
/// nobody who has seen some of them knows the next. A mid of another shape is as good as ours on receive.
///
/// - Source: hio `core/memo/memoing.py`, `makeMID`; RFC 9562 §5.7.
public struct Mid: Hashable, Sendable {
    /// The first eight bytes, the first highest.
    public let high: UInt64
    /// The last eight bytes.
    public let low: UInt64

    /// A mid of two words.
    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A mid of 16 bytes.
    ///
    /// - Throws: ``CodecError/wrongSize(field:have:need:)``.
    public init(raw: [UInt8]) throws(CodecError) {
        guard raw.count == 16 else { throw .wrongSize(field: "mid", have: raw.count, need: 16) }
        high = raw[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = raw[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads `0A` and 22 characters.
    ///
    /// - Throws: ``CodecError``.
    public init(text: String) throws(CodecError) {
        guard text.hasPrefix("0A") else { throw .wrongCode(field: "mid", code: String(text.prefix(2))) }
        let bytes = try Base64URL.bytes(text, field: "mid", size: 24)
        guard bytes[1] & 15 == 0 else { throw .nonzeroPad(field: "mid") }
        try self.init(raw: Array(bytes[2...]))
    }

    /// A new mid of the millisecond of `tyme` and 74 random bits: later ones sort after earlier ones from a
    /// millisecond on. A ``Memoer`` numbers its mids within a millisecond too.
    ///
    /// - Parameters:
    ///   - random: two words are drawn.
    ///   - tyme: seconds; below 0, or not a number, counts as 0.
    public init(random: inout some RandomSource, at tyme: Tyme) {
        let first = random.next()
        self.init(milliseconds: Mid.milliseconds(tyme), high: first, low: random.next())
    }

    /// The 16 bytes.
    public var raw: [UInt8] { Bytes32.bigEndian(high) + Bytes32.bigEndian(low) }

    /// 24 characters.
    public var text: String { Base64URL.text([0xD0, 0] + raw) }

    /// `milliseconds` in 48 bits, version 7, the low 12 bits of `high`, variant 2, the low 62 bits of `low`.
    @inlinable init(milliseconds: UInt64, high: UInt64, low: UInt64) {
        self.init(
            high: milliseconds << 16 | 0x7000 | high & 0xFFF,
            low: 0x8000_0000_0000_0000 | low & 0x3FFF_FFFF_FFFF_FFFF)
    }

    /// Whole milliseconds of a tyme, in 48 bits.
    static func milliseconds(_ tyme: Tyme) -> UInt64 {
        let milliseconds = tyme * 1000
        guard milliseconds > 0 else { return 0 }
        let maximum: Int64 = (1 << 48) - 1
        // What is converted is cut, which is the whole part of what is above 0: rounding is a call.
        return UInt64(milliseconds < Double(maximum) ? Int64(milliseconds) : maximum)
    }
}

extension Mid: CustomStringConvertible, Comparable {
    /// The text.
    public var description: String { text }

    /// By bytes, which is in time for mids of our shape.
    @inlinable public static func < (a: Mid, b: Mid) -> Bool { (a.high, a.low) < (b.high, b.low) }
}
