import Wiring

/// A hash over events, in order: the same in every process, on every platform, in debug and release.
public struct EventHash: Hashable, Sendable, CustomStringConvertible {
    /// The hash so far.
    public private(set) var value: UInt64 = 0x7479_6D69_7374_0001
    /// How many events it is over.
    public private(set) var count: UInt64 = 0

    /// Over nothing.
    public init() {}

    /// Takes in one event and its bytes.
    public mutating func add(_ event: TraceEvent, _ bytes: RawSpan) {
        count &+= 1
        mix(event.tyme.bitPattern)
        mix(
            UInt64(event.extra) << 32 | UInt64(event.kind.rawValue) << 16 | UInt64(event.fate.rawValue) << 8
                | UInt64(event.marks.rawValue))
        mix(UInt64(event.lane.number))
        for address in [event.local, event.peer] {
            mix(address.tag)
            mix(address.hi)
            mix(address.lo)
        }
        mix(event.due.bitPattern)
        mix(event.flight)
        mix(UInt64(bytes.byteCount))
        for index in 0..<bytes.byteCount { mix(UInt64(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))) }
    }

    private mutating func mix(_ word: UInt64) {
        value = (value ^ word) &* 0x9E37_79B9_7F4A_7C15
        value ^= value >> 32
    }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
