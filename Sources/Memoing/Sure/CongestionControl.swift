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
    /// Grams were acknowledged, while `inFlight` of them and others were under way.
    mutating func acknowledged(_ grams: Int, inFlight: Int)
    /// A gram that was sent at `sentAt` is lost.
    mutating func lost(sentAt: Micros, at now: Micros)
    /// The timer has run out so many times without progress.
    mutating func timedOut(_ times: Int)
    /// Nothing was sent for longer than the timer.
    mutating func idled()
}

/// Which controller holds back the sending of sure memos to a destination.
public enum SureControl: Hashable, Sendable {
    /// Finds out what the path carries, as TCP does: RFC 9002 §7 counted in grams. For paths nobody knows.
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

/// RFC 9002 §7 with grams for bytes, in integers.
struct NewReno: CongestionController, Hashable {
    static let initial = 10
    static let least = 2
    static let most = 768

    private(set) var window = NewReno.initial
    private(set) var threshold = Int.max
    /// Grams acknowledged since the window grew last, in congestion avoidance.
    private var counted = 0
    /// What was sent before belongs to the loss that halved the window.
    private var recoveryStart = Micros.min

    var repeatsOverdue: Bool { false }

    func rate(smoothed: Micros?, gram: Int) -> Int64? {
        guard let smoothed, smoothed > 0 else { return nil }
        // 1.25 windows a round trip (RFC 9002 §7.7); 2 while the window is being found.
        let windows: Int64 = window < threshold ? 8 : 5
        return Int64(window) * Int64(gram + Pacer.overhead) * windows * 250_000 / smoothed
    }

    mutating func acknowledged(_ grams: Int, inFlight: Int) {
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

    mutating func lost(sentAt: Micros, at now: Micros) {
        guard sentAt > recoveryStart else { return }
        recoveryStart = now
        window = max(window / 2, NewReno.least)
        threshold = window
        counted = 0
    }

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
    mutating func acknowledged(_ grams: Int, inFlight: Int) {}
    mutating func lost(sentAt: Micros, at now: Micros) {}
    mutating func timedOut(_ times: Int) {}
    mutating func idled() {}
}

/// A fixed number of grams.
struct FixedWindow: CongestionController, Hashable {
    let window: Int
    var repeatsOverdue: Bool { true }
    func rate(smoothed: Micros?, gram: Int) -> Int64? { nil }
    mutating func acknowledged(_ grams: Int, inFlight: Int) {}
    mutating func lost(sentAt: Micros, at now: Micros) {}
    mutating func timedOut(_ times: Int) {}
    mutating func idled() {}
}
