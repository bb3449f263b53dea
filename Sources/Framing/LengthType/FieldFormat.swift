/// How one field of a length-type head is written: the letters of Python's struct module, always big-endian.
///
/// Small letters are signed (two's complement), capitals are not.
///
/// - Source: PyPI ltprotocol 0.2.1, whose users name its fields by these letters.
public enum FieldFormat: String, Hashable, Sendable, CaseIterable {
    /// One byte, signed.
    case int8 = "b"
    /// One byte.
    case uint8 = "B"
    /// Two bytes, signed.
    case int16 = "h"
    /// Two bytes.
    case uint16 = "H"
    /// Four bytes, signed.
    case int32 = "i"
    /// Four bytes.
    case uint32 = "I"
    /// Four bytes, signed: another name for ``int32``.
    case long = "l"
    /// Four bytes: another name for ``uint32``.
    case unsignedLong = "L"
    /// Eight bytes, signed.
    case int64 = "q"
    /// Eight bytes.
    case uint64 = "Q"

    /// Bytes of the field: 1, 2, 4 or 8.
    public var width: Int {
        switch self {
        case .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .long, .unsignedLong: 4
        case .int64, .uint64: 8
        }
    }

    /// Whether the field can be negative.
    public var isSigned: Bool {
        switch self {
        case .int8, .int16, .int32, .long, .int64: true
        case .uint8, .uint16, .uint32, .unsignedLong, .uint64: false
        }
    }

    /// All that the field can say.
    public var range: ClosedRange<Int128> {
        let bits = 8 * width
        return isSigned ? -(1 << (bits - 1))...(1 << (bits - 1)) - 1 : 0...(1 << bits) - 1
    }

    /// Writes a number that lies in ``range``.
    func append(_ value: Int128, to bytes: inout [UInt8]) {
        let pattern = UInt64(truncatingIfNeeded: value) << UInt64(64 - 8 * width)
        unsafe withUnsafeBytes(of: pattern.bigEndian) { unsafe bytes.append(contentsOf: $0.prefix(width)) }
    }

    /// Reads the field from its ``width`` bytes, which begin at `index`.
    func read(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int128 {
        switch self {
        case .int8: unsafe Int128(bytes.loadUnaligned(fromByteOffset: index, as: Int8.self))
        case .uint8: unsafe Int128(bytes[index])
        case .int16: unsafe Int128(Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: Int16.self)))
        case .uint16: unsafe Int128(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt16.self)))
        case .int32, .long: unsafe Int128(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: Int32.self)))
        case .uint32, .unsignedLong:
            unsafe Int128(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)))
        case .int64: unsafe Int128(Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: Int64.self)))
        case .uint64: unsafe Int128(UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
        }
    }
}
