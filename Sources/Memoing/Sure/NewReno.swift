import Doing

/// The congestion controller of QUIC, in grams: slow start, a half for each round trip with a loss, a gram a round trip
/// else. It shares a way with others that do the like.
///
/// - Source: RFC 9002 §7 and appendix B, with grams for bytes; a cut that turns out to have been for nothing is taken
///   back as in RFC 4015.
struct NewReno: Hashable, Sendable {
    static let initial = 10
    static let least = 2
    /// As many as an ack can tell of.
    static let most = Ack.reach

    private(set) var window = NewReno.initial
    private(set) var threshold = Int.max
    /// Grams acknowledged since the window grew last, in congestion avoidance.
    private var counted = 0
    /// What was sent before belongs to the loss that cut the window.
    private var recoveryStart = Micros.min
    /// What the window was before that cut, and how many losses of before it were not shown to be none.
    private var before: (window: Int, threshold: Int) {
        get { (beforeWindow, beforeThreshold) }
        set { (beforeWindow, beforeThreshold) = newValue }
    }
    private var beforeWindow = 0
    private var beforeThreshold = 0
    private var losses = 0

    /// Grams were acknowledged, the latest of which was sent at `sentAt`, while the window was used or not.
    mutating func acknowledged(_ grams: Int, sentAt: Micros, isUsed: Bool) {
        // Nothing grows while the way recovers (§7.3.2), nor by acks that the window did not hold up (§7.8).
        guard isUsed, sentAt > recoveryStart else { return }
        var grams = grams
        if window < threshold {
            let more = min(grams, threshold - window, NewReno.most - window)
            window += more
            grams -= more
        }
        counted += grams
        while counted >= window {
            counted -= window
            window = min(window + 1, NewReno.most)
        }
    }

    mutating func lost(sentAt: Micros, at now: Micros) {
        guard sentAt > recoveryStart else { return losses += 1 }
        before = (window, threshold)
        losses = 1
        recoveryStart = now
        threshold = max(window / 2, NewReno.least)
        window = threshold
        counted = 0
    }

    /// A gram that was taken for lost was not: with the last one of them the cut is taken back.
    mutating func spared() {
        guard losses > 0 else { return }
        losses -= 1
        guard losses == 0 else { return }
        (window, threshold) = (max(window, before.window), max(threshold, before.threshold))
    }

    /// Persistent congestion (§7.6): three timers in a row, and nothing came back.
    mutating func timedOut(_ times: Int) {
        guard times >= 3 else { return }
        threshold = max(window / 2, NewReno.least)
        window = NewReno.least
        counted = 0
        losses = 0
    }

    mutating func idled() { window = min(window, NewReno.initial) }
}
