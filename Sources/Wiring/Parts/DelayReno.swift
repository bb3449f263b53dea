import Doing

/// A window like NewReno's (RFC 9002 §7), with an ear for what the round trip says. It is counted in grams: whatever
/// its owner sends in one datagram.
///
/// A window that has filled the path shows in the round trip before anything is lost. That ends the doubling (as in
/// RFC 9406), and it decides what a loss means: the window is cut back to what the path held without a queue, least
/// over latest round trip, not below a half (as H-TCP does). That is a half where a queue as long as the path was full,
/// and nothing at all where there was none, since then the grams were lost otherwise than by sending too much. Where
/// more than a fifth is lost, or what its owner says, every loss counts as a full queue whatever the round trip says.
package struct DelayReno: Hashable, Sendable {
    /// The first window, and the least.
    package static let initial = 32
    package static let least = 2
    /// The greatest window, however well it goes.
    private let most: Int
    /// One in so many that is lost is too much.
    private let much: Int

    /// How many may be under way.
    package private(set) var window = DelayReno.initial
    /// Where the doubling ends.
    package private(set) var threshold = Int.max
    /// Grams acknowledged since the window grew last, in congestion avoidance.
    private var counted = 0
    /// What was sent before belongs to the loss that cut the window.
    private var recoveryStart = Int64.min
    /// The last round trip, and the least.
    private var latest: Int64 = 0
    private var leastTrip: Int64 = 0
    /// Grams acknowledged and lost lately; halved now and then.
    private var kept = 0
    private var gone = 0

    /// A window of `most` at most; one in `much` that is lost means that the way is full.
    package init(most: Int, much: Int = 5) { (self.most, self.much) = (most, much) }

    /// A round trip was measured, in microseconds; and the least of all.
    package mutating func measured(_ micros: Int64, least: Int64) {
        latest = micros
        leastTrip = least
        if window < threshold, window > DelayReno.initial, hasQueue { threshold = window }
    }

    /// A queue of an eighth of the way, 4 to 16 ms: the path is full (RFC 9406 §4.2).
    private var hasQueue: Bool { latest > leastTrip + min(max(leastTrip / 8, 4_000), 16_000) }

    /// Grams were acknowledged, while the window was used or not.
    package mutating func acknowledged(_ grams: Int, isUsed: Bool) {
        kept += grams
        forget()
        // A window that was not used says nothing about the path (RFC 9002 §7.8).
        guard isUsed else { return }
        var grams = grams
        if window < threshold {
            let more = min(grams, threshold - window, most - window)
            window += more
            grams -= more
        }
        guard grams > 0, window < most else { return }
        counted += grams
        while counted >= window, window < most {
            counted -= window
            window += 1
        }
    }

    private mutating func forget() {
        while kept + gone >= 512 {
            kept /= 2
            gone /= 2
        }
    }

    /// More than a fifth, or what the owner says, of what was sent lately.
    private var losesMuch: Bool { kept + gone >= 64 && gone * much > kept + gone }

    /// A gram is lost that was sent at `sentAt`: microseconds, or any count that grows with each sending.
    package mutating func lost(sentAt: Int64, at now: Int64) {
        gone += 1
        forget()
        guard sentAt > recoveryStart else { return }
        let isFull = losesMuch || latest == 0 || leastTrip == 0
        let kept = isFull ? window / 2 : max(window / 2, Int(Int64(window) * min(leastTrip, latest) / latest))
        // A sixteenth more or less is noise, and no queue.
        guard kept < window - window / 16 else { return }
        recoveryStart = now
        window = max(kept, DelayReno.least)
        // The few milliseconds that a burst queues behind itself are no full path: the doubling goes on.
        if isFull || hasQueue || threshold != .max { threshold = window }
        counted = 0
    }

    /// A gram that was taken for lost was not.
    package mutating func spared() { gone = max(0, gone - 1) }

    /// The timer has run out so many times without progress.
    package mutating func timedOut(_ times: Int) {
        // Persistent congestion (RFC 9002 §7.6): three timers in a row, and nothing came back.
        guard times >= 3 else { return }
        threshold = max(window / 2, DelayReno.least)
        window = DelayReno.least
        counted = 0
    }

    /// Nothing was sent for longer than the timer.
    package mutating func idled() { window = min(window, DelayReno.initial) }
}
