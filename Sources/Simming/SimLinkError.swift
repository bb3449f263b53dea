/// A figure of a link that cannot be used.
public struct SimLinkError: Error, Hashable, CustomStringConvertible {
    /// Which one.
    public let name: String
    /// What it was.
    public let value: Double
    /// What it may be.
    public let allowed: String

    /// `loss is 1.5: expected a probability from 0 to 1`
    public var description: String { "\(name) is \(value): expected \(allowed)" }
}
