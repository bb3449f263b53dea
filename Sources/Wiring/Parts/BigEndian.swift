// Integers as protocols write them: the most significant byte first. Nothing here traps on what came from outside: a
// read past the end is nil.

extension RawSpan {
    /// The byte at `offset`; nil past the end.
    @inlinable public func byte(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The integer of type `T` that stands at `offset`, most significant byte first; nil where it does not fit.
    @inlinable public func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T? {
        let size = MemoryLayout<T>.size
        guard offset >= 0, offset <= byteCount, byteCount - offset >= size else { return nil }
        return unsafe T(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }
}

extension OutputRawSpan {
    /// Appends `value`, most significant byte first. There must be room: see `freeCapacity`.
    @inlinable public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(bigEndian value: T) {
        append(value.bigEndian, as: T.self)
    }
}

extension Array where Element == UInt8 {
    /// A copy of the bytes.
    @inlinable public init(_ bytes: RawSpan) { self = unsafe bytes.withUnsafeBytes { unsafe Array($0) } }

    /// Appends a copy of the bytes.
    @inlinable public mutating func append(contentsOf bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    /// Appends `value`, most significant byte first.
    @inlinable public mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }
}
