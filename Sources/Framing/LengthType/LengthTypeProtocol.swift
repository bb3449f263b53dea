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
    private typealias Class = any (LengthTypeMessage & SendableMetatype).Type
    private let classes: [FrameType: Class]
    /// Those of the types 0 to 255, to be found without hashing.
    private let small: [Class?]

    /// - Parameters:
    ///   - messages: its message classes, each with a type number of its own.
    ///   - format: how the heads are written.
    /// - Throws: ``FrameError/typeOutOfRange(_:_:)`` for a type number that the type field cannot say,
    ///   ``FrameError/typeTaken(_:)`` for one that two classes have.
    public init(
        _ messages: [any (LengthTypeMessage & SendableMetatype).Type], _ format: LengthTypeFormat = LengthTypeFormat()
    ) throws(FrameError) {
        var classes: [FrameType: Class] = [:]
        var small: [Class?] = []
        for message in messages {
            guard format.type.range.contains(message.type.value) else {
                throw .typeOutOfRange(message.type, format.type)
            }
            guard classes.updateValue(message, forKey: message.type) == nil else { throw .typeTaken(message.type) }
            guard let place = Self.place(message.type) else { continue }
            if small.count <= place { small += repeatElement(nil, count: place + 1 - small.count) }
            small[place] = message
        }
        self.format = format
        self.classes = classes
        self.small = small
    }

    private static func place(_ type: FrameType) -> Int? {
        UInt8(exactly: type.value).map { Int($0) }
    }

    private func messageClass(_ type: FrameType) -> Class? {
        guard let place = Self.place(type) else { return classes[type] }
        return place < small.count ? small[place] : nil
    }

    /// Whether it has a message of that type.
    public func knows(_ type: FrameType) -> Bool { messageClass(type) != nil }

    /// The frame of a message.
    ///
    /// - Throws: ``FrameError/unknownMessage(_:)`` for a class that is not in the protocol,
    ///   ``FrameError/tooLarge(size:limit:)`` if the length field cannot say its length.
    public func pack(_ message: some LengthTypeMessage) throws(FrameError) -> [UInt8] {
        let (type, body) = try packBody(message)
        return try format.frame(type, body)
    }

    /// The type of a message, and its body, which the length field can say.
    func packBody(_ message: some LengthTypeMessage) throws(FrameError) -> (FrameType, [UInt8]) {
        let type = Swift.type(of: message).type
        guard knows(type) else { throw .unknownMessage(type) }
        var body: [UInt8] = []
        message.pack(into: &body)
        try format.check(body.count)
        return (type, body)
    }

    /// The message in the body of a frame; nil if the protocol has none of that type.
    ///
    /// - Throws: ``FrameError/badBody(_:_:)`` with the reason that its class gives.
    public func unpack(_ type: FrameType, _ body: [UInt8]) throws(FrameError) -> (any LengthTypeMessage)? {
        guard let message = messageClass(type) else { return nil }
        do throws(BodyError) { return try message.init(unpacking: body) } catch { throw .badBody(type, error) }
    }
}
