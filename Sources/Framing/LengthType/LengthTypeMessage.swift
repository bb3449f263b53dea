/// One kind of message of a length-type protocol: how its body is made, and made out.
///
/// ```swift
/// struct Number: LengthTypeMessage {
///     static let type: FrameType = 1
///     var value: UInt32
///     func pack(into body: inout [UInt8]) { body += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
///     init(unpacking body: [UInt8]) throws(BodyError) {
///         guard body.count == 4 else { throw .length(have: body.count, need: 4) }
///         value = body.reduce(0) { $0 << 8 | UInt32($1) }
///     }
/// }
/// ```
///
/// - Source: PyPI ltprotocol 0.2.1, whose message classes have a type number, pack and unpack.
public protocol LengthTypeMessage {
    /// The number that tells its frames from those of other kinds.
    static var type: FrameType { get }

    /// Makes a message out of the body of a frame, which may have come from anyone.
    ///
    /// - Throws: ``BodyError`` for a body that is none of its own: the connection is closed.
    init(unpacking body: [UInt8]) throws(BodyError)

    /// Appends its body.
    func pack(into body: inout [UInt8])
}

/// Why a message class refuses a body.
public enum BodyError: Error, Hashable, Sendable {
    /// It is shorter or longer than it must be.
    case length(have: Int, need: Int)
    /// What it says cannot be: the offset of the byte where that shows.
    case content(offset: Int)
}
