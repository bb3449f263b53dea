/// What a length-type frame says that it is: a number that fits the type field of its protocol.
///
/// Any number of any format fits, from -2^63 to 2^64-1. Write it as a number: `static let type: FrameType = 2`.
public struct FrameType: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// The number.
    public let value: Int128

    /// A type of any number; whether it fits is the protocol's question.
    public init(_ value: some BinaryInteger) { self.value = Int128(clamping: value) }

    /// A type written as a number.
    public init(integerLiteral value: Int128) { self.value = value }

    /// The number.
    public var description: String { "\(value)" }
}
