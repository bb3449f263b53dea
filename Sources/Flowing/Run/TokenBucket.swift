import Doing

/// How much a flow may send: `rate` bytes a second, a sixteenth of a second's worth at once.
///
/// A packet leaves while anything is left, so the longest packet passes whatever the rate; what it took too much is
/// waited for.
struct TokenBucket {
    private let rate: Double
    private var tokens: Double
    private var tyme: Tyme

    /// - Parameter bits: a second; more than 0.
    init(bits: UInt64, at tyme: Tyme) {
        rate = Double(bits) / 8
        tokens = rate / 16
        self.tyme = tyme
    }

    /// Bytes that may leave now; 0 or less: none.
    mutating func available(at tyme: Tyme) -> Double {
        tokens = min(rate / 16, tokens + max(0, tyme - self.tyme) * rate)
        self.tyme = max(tyme, self.tyme)
        return tokens
    }

    /// So many bytes left.
    mutating func take(_ bytes: Int) { tokens -= Double(bytes) }

    /// When something may leave again; nil if it may now.
    var deadline: Tyme? { tokens > 0 ? nil : tyme + (1 - tokens) / rate }
}
