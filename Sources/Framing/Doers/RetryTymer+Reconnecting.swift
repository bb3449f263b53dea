import Doing

extension RetryTymer {
    /// How long a client waits before it connects again: about 2.7 s, e times as long after each try in vain, each time
    /// scattered by a fifth of it. A connection that stood starts it over.
    ///
    /// - Parameters:
    ///   - seed: of the scatter. Clients with the same seed wait for as long as each other.
    ///   - cap: the longest time, in seconds.
    ///   - tries: attempts to connect again until it gives up; `Int.max` for never.
    /// - Throws: `TymeError` by the name of the value.
    /// - Source: PyPI ltprotocol 0.2.1 over Twisted's ReconnectingClientFactory, as observed: attempts at about 0, 2.7
    ///   and 10 s.
    public static func reconnecting(
        seed: UInt64, cap: Double = 3600, tries: Int = .max
    ) throws(TymeError) -> RetryTymer {
        let e = 2.718281828459045
        var random = Xoshiro256(seed: seed)
        return try RetryTymer(patience: e, factor: e, cap: cap, tries: tries, jitter: 0.2, using: &random)
    }
}
