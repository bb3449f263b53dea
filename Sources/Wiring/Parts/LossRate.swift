/// How much of what is sent to a destination is lost, it or its ack: what is seen of the last hundred sendings or so.
///
/// It tells losing from silence: so many timers in a row as loss explains say nothing of the way, and so many tries are
/// needed until giving up is not a mistake.
package struct LossRate: Hashable, Sendable {
    private var kept = 2
    private var gone = 0
    /// Taken for lost since anything was heard: if the peer is gone they say nothing of the way.
    private var suspected = 0
    /// Timers in a row that loss explains: more come about once in a thousand.
    package private(set) var steady = LossRate.unknownSteady
    /// Tries after which a memo is given up: all of them are lost once in 1,000 million.
    package private(set) var tries = LossRate.leastTries

    private static let known = 24
    static let leastTries: Int32 = 20
    /// At the longest timer these take as long as a receiver remembers, halved.
    package static let mostTries: Int32 = 60
    package static let leastSteady: Int32 = 3
    /// As long as fewer than 24 sendings are known much may be lost.
    static let unknownSteady: Int32 = 10
    static let mostSteady: Int32 = 20

    /// Nothing is known yet.
    package init() {}

    /// The part that is lost.
    package var rate: Double { Double(gone) / Double(kept + gone) }

    /// A sending was taken for lost.
    package mutating func lost() { suspected += 1 }

    /// Something was taken for lost that was not.
    package mutating func spared() {
        if suspected > 0 { suspected -= 1 } else { gone = max(0, gone - 1) }
    }

    /// The peer was heard, and so many sendings with it.
    package mutating func heard(_ grams: Int) {
        guard suspected > 0 || gone > 0 || kept < LossRate.known else { return }
        kept += grams
        gone += suspected
        suspected = 0
        while kept + gone > 128 {
            kept = (kept + 1) / 2
            gone /= 2
        }
        let least = kept + gone < LossRate.known ? LossRate.unknownSteady : LossRate.leastSteady
        steady = LossRate.count(rate, until: 0.001, LossRate.mostSteady, least: least)
        tries = LossRate.count(rate, until: 1e-9, LossRate.mostTries, least: LossRate.leastTries)
    }

    /// How many in a row happen less often than `until`, each happening in `rate` of all cases.
    private static func count(_ rate: Double, until: Double, _ most: Int32, least: Int32) -> Int32 {
        var (count, all): (Int32, Double) = (0, 1)
        while all > until, count < most {
            all *= rate
            count += 1
        }
        return max(least, count)
    }
}
