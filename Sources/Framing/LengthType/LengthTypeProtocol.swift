/// The messages that two ends exchange as length-type frames, gathered, and how the heads are written.
///
/// ```swift
/// let chat = try LengthTypeProtocol([Hello.self, Line.self], LengthTypeFormat(length: .uint32, type: .uint8))
/// ```
///
/// - Source: PyPI ltprotocol 0.2.1.
public struct LengthTypeProtocol: Sendable {
    /// How the heads are written.
    public let format: LengthTypeFormat
    private let classes: [FrameType: any (LengthTypeMessage & SendableMetatype).Type]

    /// - Parameters:
    ///   - messages: its message classes, each with a type number of its own.
    ///   - format: how the heads are written.
    /// - Throws: ``FrameError/typeOutOfRange(_:_:)`` for a type number that the type field cannot say,
    ///   ``FrameError/typeTaken(_:)`` for one that two classes have.
    public init(
        _ messages: [any (LengthTypeMessage & SendableMetatype).Type], _ format: LengthTypeFormat = LengthTypeFormat()
    ) throws(FrameError) {
        var classes: [FrameType: any (LengthTypeMessage & SendableMetatype).Type] = [:]
        for message in messages {
            guard format.type.range.contains(message.type.value) else {
                throw .typeOutOfRange(message.type, format.type)
            }
            guard classes.updateValue(message, forKey: message.type) == nil else { throw .typeTaken(message.type) }
        }
        self.format = format
        self.classes = classes
    }

    /// Whether it has a message of that type.
    public func knows(_ type: FrameType) -> Bool { classes[type] != nil }

    /// The frame of a message.
    ///
    /// - Throws: ``FrameError/unknownMessage(_:)`` for a class that is not in the protocol,
    ///   ``FrameError/tooLarge(size:limit:)`` if the length field cannot say its length.
    public func pack(_ message: some LengthTypeMessage) throws(FrameError) -> [UInt8] {
        let type = Swift.type(of: message).type
        guard knows(type) else { throw .unknownMessage(type) }
        var body: [UInt8] = []
        message.pack(into: &body)
        return try format.frame(type, body)
    }

    /// The message in the body of a frame; nil if the protocol has none of that type.
    ///
    /// - Throws: ``FrameError/badBody(_:_:)`` with the reason that its class gives.
    public func unpack(_ type: FrameType, _ body: [UInt8]) throws(FrameError) -> (any LengthTypeMessage)? {
        guard let message = classes[type] else { return nil }
        do throws(BodyError) { return try message.init(unpacking: body) } catch { throw .badBody(type, error) }
    }
}
