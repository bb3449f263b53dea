/// `rehearse replay`.
public enum ReplayCommand {
    /// Does what the words say.
    public static func run(_ words: inout Arguments) throws -> Bool { throw UsageError("replay: not yet") }
}
