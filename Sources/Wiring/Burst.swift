/// Room for one train, lent for the length of a call: 64 KiB that is never cleared and never moves.
///
/// One is enough for any number of doers of a doist, since nothing stays in it between calls.
public final class Burst {
    @usableFromInline let base: UnsafeMutableRawBufferPointer

    /// Room for `capacity` bytes. The default holds the largest train of every transport here.
    public init(capacity: Int = 65536) {
        precondition(capacity > 0, "burst capacity \(capacity): expected at least 1")
        base = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit { base.deallocate() }

    /// Bytes that fit.
    @inlinable public var capacity: Int { base.count }

    /// Lends the empty room to `body`. Do not lend it again inside.
    @inlinable public func lend<R, E: Error>(_ body: (inout OutputRawSpan) throws(E) -> R) throws(E) -> R {
        var out = unsafe OutputRawSpan(buffer: base, initializedCount: 0)
        return try body(&out)
    }
}

extension OutputRawSpan {
    /// Appends a copy of `bytes`, which must fit: the standard library has no bulk append.
    @inlinable public mutating func append(contentsOf bytes: RawSpan) {
        precondition(bytes.byteCount <= freeCapacity, "append: need \(bytes.byteCount), have \(freeCapacity)")
        unsafe self.withUnsafeMutableBytes { room, count in
            unsafe bytes.withUnsafeBytes { source in
                guard let from = source.baseAddress else { return }
                unsafe (room.baseAddress! + count).copyMemory(from: from, byteCount: source.count)
            }
            count += bytes.byteCount
        }
    }
}
