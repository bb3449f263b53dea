import Wiring

/// Self-delimiting numeric values: what every number of a segment is written as.
///
/// Seven bits a byte, most significant group first; the high bit is set on every byte but the last. Leading groups of
/// zero are legal and are read; none are ever written.
///
/// - Source: RFC 6256; RFC 5326, 2.
public enum SDNV {
    /// Bytes that are read at most: ten hold 64 bits.
    public static let longest = 10

    /// How many bytes `value` takes: 1 to 10.
    @inlinable public static func count(_ value: UInt64) -> Int {
        value < 0x80 ? 1 : (70 - (value | 1).leadingZeroBitCount) / 7
    }

    /// Reads the value at `place` and moves `place` behind it.
    ///
    /// - Throws: ``LTPSegmentError/truncated(_:)`` if `bytes` end first, ``LTPSegmentError/overflow(_:)`` beyond 64
    ///   bits or ten bytes; `place` is then of no use.
    @inlinable @inline(__always) public static func read(
        _ bytes: RawSpan, _ field: LTPField, at place: inout Int
    ) throws(LTPSegmentError) -> UInt64 {
        guard place < bytes.byteCount else { throw .truncated(field) }
        let first = unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
        place &+= 1
        if first < 0x80 { return UInt64(first) }
        return try readOn(bytes, UInt64(first & 0x7F), field, at: &place)
    }

    @inlinable @inline(__always) static func readOn(
        _ bytes: RawSpan, _ start: UInt64, _ field: LTPField, at place: inout Int
    ) throws(LTPSegmentError) -> UInt64 {
        var value = start
        for _ in 1..<longest {
            guard place < bytes.byteCount else { throw .truncated(field) }
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
            place &+= 1
            guard value >> 57 == 0 else { throw .overflow(field) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte < 0x80 { return value }
        }
        throw .overflow(field)
    }

    /// Appends `value`.
    ///
    /// - Precondition: there is room.
    @inlinable @inline(__always) public static func append(_ value: UInt64, to out: inout OutputRawSpan) {
        if value < 0x80 { return out.append(UInt8(truncatingIfNeeded: value)) }
        var shift = 7 * (count(value) &- 1)
        while shift > 0 {
            out.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 0x7F | 0x80)
            shift &-= 7
        }
        out.append(UInt8(truncatingIfNeeded: value) & 0x7F)
    }

    /// `value` as bytes.
    public static func bytes(_ value: UInt64) -> [UInt8] {
        (0..<count(value)).reversed().map { UInt8(value >> UInt64(7 * $0) & 0x7F) | ($0 > 0 ? 0x80 : 0) }
    }
}
