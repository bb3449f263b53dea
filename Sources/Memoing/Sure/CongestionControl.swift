/// How the sending to one destination is held back: the seam behind which the controllers stand.
///
/// Counts are grams; a controller knows no bytes, no acks and no timers.
protocol CongestionController {
    /// How many grams may be under way.
    var window: Int { get }
    /// True if a lost ack's timer may repeat everything that is overdue, and not a probe of it only.
    var repeatsOverdue: Bool { get }
    /// Bytes a second to spread sending over, or nil for as fast as the window allows.
    ///
    /// - Parameters:
    ///   - smoothed: the round trip, if there is a sample.
    ///   - gram: bytes of a gram.
    func rate(smoothed: Micros?, gram: Int) -> Int64?
    /// A round trip was measured; `least` is the least of all.
    mutating func measured(_ micros: Micros, least: Micros)
    /// Grams were acknowledged, while `inFlight` of them and others were under way.
    mutating func acknowledged(_ grams: Int, inFlight: Int)
    /// A gram that was sent at `sentAt` is lost.
    mutating func lost(sentAt: Micros, at now: Micros)
    /// A gram that was taken for lost was not.
    mutating func spared()
    /// The timer has run out so many times without progress.
    mutating func timedOut(_ times: Int)
    /// Nothing was sent for longer than the timer.
    mutating func idled()
}

/// Which controller holds back the sending of sure memos to a destination.
public enum SureControl: Hashable, Sendable {
    /// Finds out what the path carries, as TCP does: RFC 9002 §7 counted in grams, with a window that is cut back by
    /// what the round trip shows of a queue: losses without a queue do not slow it down, unless more than a fifth is
    /// lost. 32 grams at first, 768 at most. For paths nobody knows.
    case newReno
    /// So many bytes a second, with 28 a datagram for its IP and UDP headers, for links whose rate is known. Nothing is
    /// slowed down by loss, so a rate above the link's floods it.
    case rate(bytesPerSecond: Int)
    /// So many grams under way, as fast as they go: for Unix datagrams and closed links, where the kernel holds back.
    case none(window: Int)

    var controller: any CongestionController {
        switch self {
        case .newReno: NewReno()
        case .rate(let bytes): FixedRate(bytesPerSecond: Int64(max(1, bytes)))
        case .none(let window): FixedWindow(window: max(1, window))
        }
    }

    /// Grams under way at most.
    public static let mostInFlight = 1 << 16
}

/// RFC 9002 §7 with grams for bytes, in integers, and with an ear for what the round trip says.
///
/// A window that has filled the path shows in the round trip before anything is lost. That ends the doubling (as in
/// RFC 9406), and it decides what a loss means: the window is cut back to what the path held without a queue, least
/// over latest round trip, not below a half (as H-TCP does). That is a half where a queue as long as the path was full,
/// and nothing at all where there was none, since then the grams were lost otherwise than by sending too much. Where
/// more than a fifth is lost, every loss counts as a full queue whatever the round trip says.
struct NewReno: CongestionController, Hashable {
    static let initial = 32
    static let least = 2
    static let most = 768

    private(set) var window = NewReno.initial
    private(set) var threshold = Int.max
    /// Grams acknowledged since the window grew last, in congestion avoidance.
    private var counted = 0
    /// What was sent before belongs to the loss that cut the window.
    private var recoveryStart = Micros.min
    /// The last round trip, and the least.
    private var latest: Micros = 0
    private var leastTrip: Micros = 0
    /// Grams acknowledged and lost lately; halved now and then.
    private var kept = 0
    private var gone = 0

    var repeatsOverdue: Bool { false }

    func rate(smoothed: Micros?, gram: Int) -> Int64? {
        guard let smoothed, smoothed > 0 else { return nil }
        // 1.25 windows a round trip (RFC 9002 §7.7); 2 while the window is being found.
        let windows: Int64 = window < threshold ? 8 : 5
        return Int64(window) * Int64(gram + Pacer.overhead) * windows * 250_000 / smoothed
    }

    mutating func measured(_ micros: Micros, least: Micros) {
        latest = micros
        leastTrip = least
        if window < threshold, window > NewReno.initial, hasQueue { threshold = window }
    }

    /// A queue of an eighth of the way, 4 to 16 ms: the path is full (RFC 9406 §4.2).
    private var hasQueue: Bool { latest > leastTrip + min(max(leastTrip / 8, 4_000), 16_000) }

    mutating func acknowledged(_ grams: Int, inFlight: Int) {
        kept += grams
        forget()
        // A window that was not used says nothing about the path (RFC 9002 §7.8).
        guard inFlight >= window / 2 else { return }
        var grams = grams
        if window < threshold {
            let more = min(grams, threshold - window, NewReno.most - window)
            window += more
            grams -= more
        }
        guard grams > 0, window < NewReno.most else { return }
        counted += grams
        while counted >= window, window < NewReno.most {
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

    /// More than a fifth of what was sent lately.
    private var losesMuch: Bool { kept + gone >= 64 && gone * 5 > kept + gone }

    mutating func lost(sentAt: Micros, at now: Micros) {
        gone += 1
        forget()
        guard sentAt > recoveryStart else { return }
        let isFull = losesMuch || latest == 0 || leastTrip == 0
        let kept = isFull ? window / 2 : max(window / 2, Int(Int64(window) * min(leastTrip, latest) / latest))
        // A sixteenth more or less is noise, and no queue.
        guard kept < window - window / 16 else { return }
        recoveryStart = now
        window = max(kept, NewReno.least)
        // The few milliseconds that a burst queues behind itself are no full path: the doubling goes on.
        if isFull || hasQueue || threshold != .max { threshold = window }
        counted = 0
    }

    mutating func spared() { gone = max(0, gone - 1) }

    mutating func timedOut(_ times: Int) {
        // Persistent congestion (RFC 9002 §7.6): three timers in a row, and nothing came back.
        guard times >= 3 else { return }
        threshold = max(window / 2, NewReno.least)
        window = NewReno.least
        counted = 0
    }

    mutating func idled() { window = min(window, NewReno.initial) }
}

/// A link of known rate: paced, and otherwise unbounded.
struct FixedRate: CongestionController, Hashable {
    let bytesPerSecond: Int64
    var window: Int { SureControl.mostInFlight }
    var repeatsOverdue: Bool { true }
    func rate(smoothed: Micros?, gram: Int) -> Int64? { bytesPerSecond }
    mutating func measured(_ micros: Micros, least: Micros) {}
    mutating func acknowledged(_ grams: Int, inFlight: Int) {}
    mutating func lost(sentAt: Micros, at now: Micros) {}
    mutating func spared() {}
    mutating func timedOut(_ times: Int) {}
    mutating func idled() {}
}

/// A fixed number of grams.
struct FixedWindow: CongestionController, Hashable {
    let window: Int
    var repeatsOverdue: Bool { true }
    func rate(smoothed: Micros?, gram: Int) -> Int64? { nil }
    mutating func measured(_ micros: Micros, least: Micros) {}
    mutating func acknowledged(_ grams: Int, inFlight: Int) {}
    mutating func lost(sentAt: Micros, at now: Micros) {}
    mutating func spared() {}
    mutating func timedOut(_ times: Int) {}
    mutating func idled() {}
}
