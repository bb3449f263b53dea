/// Which program a recording is of, so that the same doers can be made again.
public struct RecordingHeader: Hashable, Sendable {
    /// The program's name.
    public var program: String
    /// The words behind it.
    public var arguments: [String]
    /// What all its randomness is drawn from.
    public var seed: UInt64

    /// A header.
    ///
    /// Arguments may hold secrets, such as keys: a recording has to be guarded like them.
    public init(program: String, arguments: [String], seed: UInt64) {
        self.program = program
        self.arguments = arguments
        self.seed = seed
    }
}
