import Wiring

/// The header of flow and retransmission control (FRCT) as Ouroboros 0.23 has it: 12 bytes before each packet of a flow
/// that keeps order.
///
/// ```
/// flags u8 | window u24 | sequence number u32 | acknowledgement number u32        big-endian
/// ```
/// Upstream replaced it in May 2026 by one of 16 bytes; this file is the one that knows the older. Flags of a later
/// version make the header unreadable here, so such packets are counted drops.
///
/// - Source: Ouroboros 0.23.0, observed on loopback.
struct FRCTHeader: Hashable {
    /// What a packet is; several at once.
    struct Flags: OptionSet, Hashable {
        var rawValue: UInt8

        /// There is a payload, at ``FRCTHeader/sequence``.
        static let data = Flags(rawValue: 0x01)
        /// A run starts here: nothing before this packet is unacknowledged.
        static let startsRun = Flags(rawValue: 0x02)
        /// ``FRCTHeader/acknowledged`` holds.
        static let ack = Flags(rawValue: 0x04)
        /// ``FRCTHeader/window`` holds.
        static let window = Flags(rawValue: 0x08)
        /// The window is closed: please say when it opens.
        static let rendezvous = Flags(rawValue: 0x10)
        /// A bitmap of what arrived beyond a gap follows. Between peers of our own layers only.
        static let bitmap = Flags(rawValue: 0x40)

        /// What 0.23 knows.
        static let known: Flags = [.data, .startsRun, .ack, .window, .rendezvous]
    }

    /// Bytes.
    static let size = 12

    var flags: Flags
    /// The low 24 bits of the first number that must not be sent yet.
    var window: UInt32
    /// The number of this packet. Without ``Flags/data`` 0, and on our own layers the microseconds that the
    /// acknowledgement has waited.
    var sequence: UInt32
    /// The next number that is expected.
    var acknowledged: UInt32

    init(_ flags: Flags, window: UInt32 = 0, sequence: UInt32 = 0, acknowledged: UInt32 = 0) {
        self.flags = flags
        self.window = window & 0xFF_FFFF
        self.sequence = sequence
        self.acknowledged = acknowledged
    }

    /// Reads a header; nil if there are too few bytes, or flags that `known` does not hold.
    init?(_ bytes: RawSpan, known: Flags = .known) {
        guard bytes.byteCount >= Self.size, let word = bytes.bigEndian(UInt32.self, at: 0),
            let sequence = bytes.bigEndian(UInt32.self, at: 4), let acknowledged = bytes.bigEndian(UInt32.self, at: 8)
        else { return nil }
        let flags = Flags(rawValue: UInt8(truncatingIfNeeded: word >> 24))
        guard flags.isSubset(of: known) else { return nil }
        self.init(flags, window: word, sequence: sequence, acknowledged: acknowledged)
    }

    /// Appends the 12 bytes.
    func write(into out: inout OutputRawSpan) {
        out.append(bigEndian: UInt32(flags.rawValue) << 24 | window)
        out.append(bigEndian: sequence)
        out.append(bigEndian: acknowledged)
    }
}

/// Numbers that go round: one is before another if it is less than half the circle behind it.
extension UInt32 {
    /// Whether it comes before `other`.
    func isBefore(_ other: UInt32) -> Bool { Int32(truncatingIfNeeded: self &- other) < 0 }

    /// The number nearest to this one whose low 24 bits are `low`: a window's edge in full.
    func edge(low: UInt32) -> UInt32 {
        let ahead = Int32(bitPattern: (low &- self) << 8) >> 8
        return self &+ UInt32(bitPattern: ahead)
    }
}
