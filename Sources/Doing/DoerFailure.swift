/// An error that a doer threw: which, where, when.
///
/// A scheduler inside a scheduler that passes an error on has an entry of its own after that of its child.
public struct DoerFailure: Error, CustomStringConvertible {
    /// The call of a doer that threw.
    public enum Context: String, Hashable, Sendable {
        case enter, recur, clean, cease, exit
    }

    /// Names from the doist down to the doer.
    public let path: [String]
    /// The call that threw.
    public let context: Context
    /// The tyme of that call.
    public let tyme: Tyme
    /// What was thrown.
    public let error: any Error

    public var description: String {
        "\(path.joined(separator: "/")) threw in \(context.rawValue) at \(tyme): \(error)"
    }
}
