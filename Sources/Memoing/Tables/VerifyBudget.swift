import Doing

/// How many signatures of strangers are checked: a bucket of tokens for each source, refilled by tyme.
///
/// There are 256 buckets; sources that a keyed hash puts into one bucket share it. So a flood from many addresses is
/// bounded as well, and the table has one size.
struct VerifyBudget {
    private struct Bucket {
        var tokens: Double
        var tyme: Tyme
    }
    private let burst, rate: Double
    private var buckets: [Bucket] = []

    /// - Parameters:
    ///   - burst: checks at once.
    ///   - rate: checks a second of tyme.
    init(burst: Int, rate: Int) {
        self.burst = Double(burst)
        self.rate = Double(rate)
    }

    /// Takes a token; false if there is none.
    mutating func take(_ hash: UInt64, at tyme: Tyme) -> Bool {
        if buckets.isEmpty { buckets = Array(repeating: Bucket(tokens: burst, tyme: tyme), count: 256) }
        let index = Int(truncatingIfNeeded: hash & 255)
        let passed = max(0, tyme - buckets[index].tyme)
        buckets[index].tyme = tyme
        buckets[index].tokens = min(burst, buckets[index].tokens + passed * rate)
        guard buckets[index].tokens >= 1 else { return false }
        buckets[index].tokens -= 1
        return true
    }

    /// Gives the token back: what was checked was good, and of somebody known.
    mutating func giveBack(_ hash: UInt64) {
        guard !buckets.isEmpty else { return }
        let index = Int(truncatingIfNeeded: hash & 255)
        buckets[index].tokens = min(burst, buckets[index].tokens + 1)
    }
}
