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

    /// Both fields by their letters, as Python's `struct` has them: `try LengthTypeFormat("H", "B")`.
    ///
    /// - Parameters:
    ///   - length: one of `bBhHiIlLqQ`.
    ///   - type: one of `bBhHiIlLqQ`.
    /// - Throws: ``FrameError/unknownFormat(_:)`` with the letter.
    /// - Source: PyPI ltprotocol, `LTProtocol(messages, 'H', 'B')`.
    public init(_ length: String, _ type: String) throws(FrameError) {
        guard let first = FieldFormat(rawValue: length) else { throw .unknownFormat(length) }
        guard let second = FieldFormat(rawValue: type) else { throw .unknownFormat(type) }
        self.init(length: first, type: second)
    }

    /// Bytes of both fields: 2 to 16.
    public var headSize: Int { length.width + type.width }

    /// Bytes of the longest body whose frame the length field can say.
    public var largestBody: UInt64 { UInt64(length.range.upperBound) - UInt64(headSize) }

    /// One frame.
    ///
    /// - Throws: ``FrameError/typeOutOfRange(_:_:)`` or ``FrameError/tooLarge(size:limit:)`` if a field cannot say it.
    public func frame(_ type: FrameType, _ body: [UInt8]) throws(FrameError) -> [UInt8] {
        guard self.type.range.contains(type.value) else { throw .typeOutOfRange(type, self.type) }
        try check(body.count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headSize + body.count)
        appendHead(type, body.count, to: &bytes)
        bytes.append(contentsOf: body)
        return bytes
    }

    /// Whether the length field can say the length of a frame with a body of `count` bytes.
    func check(_ count: Int) throws(FrameError) {
        guard UInt64(count) <= largestBody else { throw .tooLarge(size: UInt64(count), limit: largestBody) }
    }

    /// The length and the type in a head that begins at `index`, whole.
    func read(_ bytes: UnsafeRawBufferPointer, at index: Int) -> (length: Int128, type: FrameType) {
        unsafe (length.read(bytes, at: index), FrameType(type.read(bytes, at: index + length.width)))
    }

    /// Writes the head of a body of `count` bytes; both were checked.
    func appendHead(_ type: FrameType, _ count: Int, to bytes: inout [UInt8]) {
        length.append(Int128(headSize + count), to: &bytes)
        self.type.append(type.value, to: &bytes)
    }
}
