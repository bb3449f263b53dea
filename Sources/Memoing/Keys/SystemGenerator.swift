import Doing

/// The system's own randomness: for mids that nobody can guess, in programs that need no replay.
public struct SystemGenerator: RandomSource, Sendable {
    private var base = SystemRandomNumberGenerator()

    /// The system's randomness.
    public init() {}

    public mutating func next() -> UInt64 { base.next() }

    /// Another of the same.
    public mutating func fork() -> SystemGenerator { SystemGenerator() }
}

extension RandomSource where Self == SystemGenerator {
    /// The system's own randomness.
    public static var system: SystemGenerator { SystemGenerator() }
}
