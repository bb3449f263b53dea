/// How the head of a gram is written: as base64url text, or as the bytes that the text stands for.
///
/// The body of a gram is raw memo bytes in both domains. Every field of a head is a whole number of 24-bit groups, so
/// the text of a head is the base64url of its binary form, and three quarters of it long when binary.
///
/// - Source: hio `core/memo/memoing.py`, `curt` and `wiff`; CESR.
public enum Domain: String, Hashable, Sendable, CaseIterable {
    /// base64url characters.
    case text
    /// The same fields, decoded: hio's `curt`.
    case binary

    /// The domain of a gram by the top six bits of its first byte, or nil if no gram begins so.
    @inlinable public init?(ofGram bytes: RawSpan) {
        guard bytes.byteCount > 0 else { return nil }
        self.init(firstByte: unsafe bytes.unsafeLoad(as: UInt8.self))
    }

    /// The domain of a gram by its first byte.
    @inlinable public init?(firstByte: UInt8) {
        switch firstByte >> 2 {
        case 0x18: self = .text  // "b" is 0x62
        case 0x1B: self = .binary  // "b" as six bits is 0b011011
        default: return nil
        }
    }

    /// `units` characters of text, in bytes of this domain.
    @inlinable func bytes(_ units: Int) -> Int { self == .text ? units : units / 4 * 3 }
}
