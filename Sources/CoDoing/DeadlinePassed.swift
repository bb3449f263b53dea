import Doing

/// What ``within(_:_:)`` was given had not come to its end by its deadline.
public struct DeadlinePassed: Error, Hashable, CustomStringConvertible {
    /// The tyme by which it should have ended.
    public let deadline: Tyme

    /// The error for that deadline.
    public init(deadline: Tyme) { self.deadline = deadline }

    public var description: String { "not done by tyme \(deadline)" }
}
