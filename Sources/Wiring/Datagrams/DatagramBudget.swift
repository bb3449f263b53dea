/// What a ``CoreDoer`` may do in one pass, each way.
public struct DatagramBudget: Hashable, Sendable {
    /// Datagrams, at least 1.
    public var datagrams: Int
    /// Trains, at least 1.
    public var trains: Int

    /// Whichever is used up first ends the pass; what is left over runs in the next.
    public init(datagrams: Int = 4096, trains: Int = 64) {
        precondition(datagrams >= 1 && trains >= 1, "budget: \(datagrams) datagrams, \(trains) trains")
        self.datagrams = datagrams
        self.trains = trains
    }
}
