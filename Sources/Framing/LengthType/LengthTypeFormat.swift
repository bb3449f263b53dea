/// How the heads of length-type frames are written: the length of the whole frame, then its type.
public struct LengthTypeFormat: Hashable, Sendable {
    /// The length field: it counts both fields and the body.
    public let length: FieldFormat
    /// The type field.
    public let type: FieldFormat

    /// The original's default: two bytes of length, one of type, both unsigned.
    public init(length: FieldFormat = .uint16, type: FieldFormat = .uint8) {
        self.length = length
        self.type = type
    }

    /// Bytes of both fields: 2 to 16.
    public var headSize: Int { length.width + type.width }

    /// Bytes of the longest body whose frame the length field can say.
    public var largestBody: UInt64 { UInt64(length.range.upperBound) - UInt64(headSize) }

    /// One frame.
    ///
    /// - Throws: ``FrameError/typeOutOfRange(_:_:)`` or ``FrameError/tooLarge(size:limit:)`` if a field cannot say it.
    public func frame(_ type: FrameType, _ body: [UInt8]) throws(FrameError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headSize + body.count)
        try append(type, body, to: &bytes)
        return bytes
    }

    func append(_ type: FrameType, _ body: [UInt8], to bytes: inout [UInt8]) throws(FrameError) {
        guard self.type.range.contains(type.value) else { throw .typeOutOfRange(type, self.type) }
        guard UInt64(body.count) <= largestBody else { throw .tooLarge(size: UInt64(body.count), limit: largestBody) }
        length.append(Int128(headSize + body.count), to: &bytes)
        self.type.append(type.value, to: &bytes)
        bytes.append(contentsOf: body)
    }
}
