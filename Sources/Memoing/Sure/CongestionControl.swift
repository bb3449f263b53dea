import Doing
import Wiring

/// Which controller holds back the sending of sure memos to a destination.
public enum SureControl: Hashable, Sendable {
    /// Finds out what the path carries, as QUIC does, and shares it: RFC 9002 §7 counted in grams, 10 of them at first,
    /// 768 at most. For ways that others use too, and for ways that nobody knows.
    case newReno
    /// As ``newReno``, but a loss cuts the window back by what the round trip shows of a queue only: losses without a
    /// queue do not slow it down, unless more than a fifth is lost. 32 grams at first. For ways that lose otherwise
    /// than by being full, and that nobody else needs: it takes more than its share of those that have short queues.
    case delayReno
    /// So many bytes a second, with 28 a datagram for its IP and UDP headers, for links whose rate is known. Nothing is
    /// slowed down by loss, so a rate above the link's floods it.
    case rate(bytesPerSecond: Int)
    /// So many grams under way, as fast as they go: for Unix datagrams and closed links, where the kernel holds back.
    /// The window of 64 is one that the usual receive buffer of a socket holds.
    case none(window: Int = 64)

    /// Grams under way at most.
    public static let mostInFlight = 1 << 16
}

/// How the sending to one destination is held back. Counts are grams; a controller knows no bytes, no acks, no timers.
enum Controller: Hashable, Sendable {
    case newReno(NewReno)
    case delayReno(DelayReno)
    case rate(bytesPerSecond: Int64)
    case window(Int)

    init(_ control: SureControl) {
        switch control {
        case .newReno: self = .newReno(NewReno())
        case .delayReno: self = .delayReno(DelayReno())
        case .rate(let bytes): self = .rate(bytesPerSecond: Int64(max(1, bytes)))
        case .none(let window): self = .window(max(1, window))
        }
    }

    /// How many grams may be under way.
    @inline(__always) var window: Int {
        switch self {
        case .newReno(let control): control.window
        case .delayReno(let control): control.window
        case .rate: SureControl.mostInFlight
        case .window(let window): window
        }
    }

    /// How many grams must be free to leave for any to leave: a window without a rate gives trains, not drops.
    @inline(__always) var leastOpen: Int {
        if case .window(let window) = self, window >= 32 { window / 4 } else { 1 }
    }

    /// True if a lost ack's timer may repeat everything that is overdue, and not a probe of it only: the way is known.
    @inline(__always) var repeatsOverdue: Bool {
        switch self {
        case .newReno, .delayReno: false
        case .rate, .window: true
        }
    }

    /// Bytes a second to spread sending over, or nil for as fast as the window allows.
    ///
    /// - Parameters:
    ///   - smoothed: the round trip, if there is a sample.
    ///   - gram: bytes of a gram.
    func rate(smoothed: Micros?, gram: Int) -> Int64? {
        switch self {
        case .newReno(let control): Controller.spread(control.window, control.threshold, smoothed, gram)
        case .delayReno(let control): Controller.spread(control.window, control.threshold, smoothed, gram)
        case .rate(let bytes): bytes
        case .window: nil
        }
    }

    /// 1.25 windows a round trip (RFC 9002 §7.7); 2 while the window is being found.
    private static func spread(_ window: Int, _ threshold: Int, _ smoothed: Micros?, _ gram: Int) -> Int64? {
        guard let smoothed, smoothed > 0 else { return nil }
        let quarters: Int64 = window < threshold ? 8 : 5
        return Int64(window) * Int64(gram + Pacer.overhead) * quarters * 250_000 / smoothed
    }

    /// A round trip was measured; `least` is the least of all.
    mutating func measured(_ micros: Micros, least: Micros) {
        guard case .delayReno(var control) = self else { return }
        control.measured(micros, least: least)
        self = .delayReno(control)
    }

    /// Grams were acknowledged, the latest of which was sent at `sentAt`; `isUsed` says whether the window, or what it
    /// makes of pacing, was in use.
    mutating func acknowledged(_ grams: Int, sentAt: Micros, isUsed: Bool) {
        switch self {
        case .newReno(var control):
            control.acknowledged(grams, sentAt: sentAt, isUsed: isUsed)
            self = .newReno(control)
        case .delayReno(var control):
            control.acknowledged(grams, isUsed: isUsed)
            self = .delayReno(control)
        case .rate, .window: break
        }
    }

    /// A gram that was sent at `sentAt` is lost.
    mutating func lost(sentAt: Micros, at now: Micros) {
        switch self {
        case .newReno(var control):
            control.lost(sentAt: sentAt, at: now)
            self = .newReno(control)
        case .delayReno(var control):
            control.lost(sentAt: sentAt, at: now)
            self = .delayReno(control)
        case .rate, .window: break
        }
    }

    /// A gram that was taken for lost was not.
    mutating func spared() {
        switch self {
        case .newReno(var control):
            control.spared()
            self = .newReno(control)
        case .delayReno(var control):
            control.spared()
            self = .delayReno(control)
        case .rate, .window: break
        }
    }

    /// The timer has run out so many times without progress.
    mutating func timedOut(_ times: Int) {
        switch self {
        case .newReno(var control):
            control.timedOut(times)
            self = .newReno(control)
        case .delayReno(var control):
            control.timedOut(times)
            self = .delayReno(control)
        case .rate, .window: break
        }
    }

    /// Nothing was sent for longer than the timer.
    mutating func idled() {
        switch self {
        case .newReno(var control):
            control.idled()
            self = .newReno(control)
        case .delayReno(var control):
            control.idled()
            self = .delayReno(control)
        case .rate, .window: break
        }
    }
}

extension DelayReno {
    /// A controller of sure memos.
    init() { self.init(most: 768) }
}
