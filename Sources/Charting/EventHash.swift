import Wiring

/// A hash over events, in order: the same in every process, on every platform, in debug and release.
///
/// It is made of 64-bit words, each taken in by
///
/// ```
/// value = (value ^ word) * 0x9E3779B97F4A7C15     modulo 2^64
/// value = value ^ value >> 32
/// ```
/// and starts at 0x74796D6973740001. An event gives these words: the bits of its tyme; extra pass << 32 | kind << 16
/// | fate << 8 | marks; FNV-1a of its lane's name; tag, high and low word of its own address and of the peer's; the
/// bits of due; flight; the number of bytes; then the bytes, eight a word, the first in the lowest bits, the last word
/// filled up with zeros. What doers do (``TraceEvent/Kind/enter`` to ``TraceEvent/Kind/exit``) is not taken in, so
/// that doers which do nothing disturb nothing.
///
/// It finds accidents, not forgeries.
public struct EventHash: Hashable, Sendable, CustomStringConvertible {
    /// The hash so far.
    public private(set) var value: UInt64 = 0x7479_6D69_7374_0001
    /// How many events it is over.
    public private(set) var count: UInt64 = 0

    /// Over nothing.
    public init() {}

    /// FNV-1a of the UTF-8 of a name.
    static func mark(of name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Takes in an event and its bytes.
    mutating func add(_ event: TraceEvent, mark: UInt64, _ bytes: RawSpan) {
        count &+= 1
        mix(event.tyme.bitPattern)
        mix(
            UInt64(event.extra) << 32 | UInt64(event.kind.rawValue) << 16 | UInt64(event.fate.rawValue) << 8
                | UInt64(event.marks.rawValue))
        mix(mark)
        mix(event.local.tag)
        mix(event.local.hi)
        mix(event.local.lo)
        mix(event.peer.tag)
        mix(event.peer.hi)
        mix(event.peer.lo)
        mix(event.due.bitPattern)
        mix(event.flight)
        mix(UInt64(bytes.byteCount))
        mix(bytes)
    }

    private mutating func mix(_ bytes: RawSpan) {
        let whole = bytes.byteCount & ~7
        var start = 0
        while start < whole {
            mix(UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)))
            start += 8
        }
        guard whole < bytes.byteCount else { return }
        var last: UInt64 = 0
        for index in whole..<bytes.byteCount {
            last |=
                UInt64(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)) << UInt64(8 * (index - whole))
        }
        mix(last)
    }

    @inline(__always) private mutating func mix(_ word: UInt64) {
        value = (value ^ word) &* 0x9E37_79B9_7F4A_7C15
        value ^= value >> 32
    }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
