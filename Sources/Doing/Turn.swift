/// What ``Doist/turn()`` leaves to its host.
public struct Turn: Hashable, Sendable {
    /// Whether the run is over and every exit has run; further turns do nothing.
    public let isDone: Bool
    /// Call again after this many seconds at the latest; nil when only the descriptor can bring work.
    public let wait: Double?

    /// What a turn answers.
    public init(isDone: Bool, wait: Double?) {
        self.isDone = isDone
        self.wait = wait
    }
}
