import Containers
import Doing
import Wiring

/// The sending half of a reliable run: which packets are on their way, which are lost, and when to try again.
///
/// It knows numbers only; the bytes stand in the flow's ``PacketQueue``, whose first ``count`` packets are those here.
/// The order of leaving is kept locally, so a repeat that is lost is found like any other packet. What holds it back
/// beside the peer's window is its ``Control``, and that decides what is repeated, too:
///
/// | control | what holds back | what is repeated |
/// |---|---|---|
/// | shared | a window: `DelayReno` | what later ones overtook; after silence the newest and the oldest, as probes |
/// | promised | nothing: the way carries the flow's bandwidth | what later ones overtook, and each that is overdue |
/// | blind | a room that shrinks in silence | each that is overdue: the peer cannot tell what it has |
///
/// - Source: RFC 9002 §6 (loss, probes), RFC 6298 (round trips); Ouroboros 0.23.0 (window, numbers, RTO
///   of each packet).
struct RunSender {
    /// What holds a run back beside the peer's window.
    enum Control: Hashable {
        /// Nobody knows the way, and others use it.
        case shared
        /// The flow has a bandwidth, which the way is known to carry.
        case promised
        /// The peer speaks 0.23: it acknowledges what is in order, and nothing else.
        case blind
    }

    /// One packet that left and was not acknowledged in order.
    struct Sent {
        /// When it left last, and first.
        var tyme: Tyme
        var firstTyme: Tyme
        /// How many packets had left before it did.
        var order: Int64
        var tries: UInt32
        var fate: Fate
    }
    enum Fate { case underway, lost, held }

    /// RTO before a round trip was measured, in seconds, at most.
    static let firstTimeout = 1.0
    /// The most that the timer grows to, in seconds, unless the round trip is longer, and how often it doubles.
    static let longestTimeout = 3.0
    static let mostDoublings = 10
    /// Seconds without progress after which the run has failed.
    static let patience = 120.0
    /// Packets in flight before the peer said how many it takes.
    static let firstWindow: UInt32 = 64
    /// Packets that must have left later and arrived, for one to be lost at once.
    static let overtaken: Int64 = 3

    /// The number of the oldest packet that is not acknowledged.
    private(set) var first: UInt32
    /// The first number that must not be sent yet.
    private(set) var edge: UInt32
    private(set) var sent = Fifo<Sent>()
    private(set) var lostCount = 0
    private(set) var heldCount = 0
    private let control: Control
    private let most: Int
    private var reno: DelayReno
    private var lossRate = LossRate()
    /// Packets in flight at most under ``Control/blind``: less when nothing is heard, more with each that arrives.
    private var room: Int
    /// Repeats that may leave whatever the window says.
    private var probes = 0
    /// Whether the last packet that left filled the window.
    private var isUsed = false

    private var order: Int64 = 0
    private var newestAcknowledged: Int64 = 0
    /// Packets under way that left more than once: while there are none, they left in the order of their numbers.
    private var repeatsUnderway = 0
    /// Something that is no shorter than a round trip.
    private var hint = Double.infinity
    private(set) var roundTrip: Double?
    private var leastTrip = Double.infinity
    private var deviation = 0.0
    private var slack = 0.0
    /// Timers in a row at which nothing had been heard.
    private var timeouts = 0
    /// Since when the timer runs; nil if nothing is under way. A packet may be overdue later than it says.
    private var timer: Tyme?
    /// When a packet that was overtaken by few is old enough to be lost; infinity for never.
    private var lossAt = Tyme.infinity
    private var progress: Tyme = 0
    private var lastLeft: Tyme = 0
    /// Repeats so far.
    private(set) var repeats = 0

    /// A run whose first packet has the number `first`.
    ///
    /// - Parameters:
    ///   - first: the number of its first packet.
    ///   - window: how many the peer takes at first.
    ///   - most: how many may be under way.
    ///   - control: what holds it back.
    init(first: UInt32, window: UInt32, most: Int, control: Control) {
        (self.first, self.control, self.most) = (first, control, most)
        edge = first &+ window
        room = most
        reno = DelayReno(most: most, much: 2)
    }

    /// A request, or an answer, was answered after so many seconds: no round trip is longer.
    mutating func saw(trip: Double) { hint = max(0, trip) }

    private var hasBitmaps: Bool { control != .blind }

    /// Packets here.
    var count: Int { sent.count }
    /// Packets that are neither lost nor known to have arrived.
    private var underway: Int { count - heldCount - lostCount }
    /// How many may be under way.
    var window: Int {
        switch control {
        case .shared: reno.window
        case .promised: most
        case .blind: room
        }
    }
    /// Whether the peer takes another one, and there is room for it on the way.
    var canSend: Bool { allowance > 0 }
    /// How many more the peer takes, and the way has room for.
    var allowance: Int {
        let told = Int(Int32(bitPattern: edge &- first)) - count
        return max(0, min(told, window - underway - lostCount, most - count))
    }
    /// How many of the lost may leave again now.
    var repeatAllowance: Int { min(lostCount, max(probes, window - underway)) }
    /// Whether nothing may leave until the peer opens its window.
    var isShut: Bool { count == 0 && !first.isBefore(edge) }

    // MARK: The timer

    /// Seconds until a packet counts as unheard; `delay` is how long the peer may wait with its acknowledgement.
    private func timeout(delay: Double) -> Double {
        // A second packet is acknowledged at once, and what is waited for with 0.23 is in what was measured.
        let wait = underway > 1 || hasBitmaps == false && roundTrip != nil ? 0 : delay
        let base: Double
        if let roundTrip {
            base = roundTrip + max(4 * deviation, slack, 250e-6, roundTrip / 16) + wait
        } else {
            base = min(Self.firstTimeout, 3 * hint + delay)
        }
        // As many timers in a row as loss explains say nothing of the way.
        let doublings = min(max(0, timeouts - Int(lossRate.steady)), Self.mostDoublings)
        // A host that stood still for long makes the way look long: what it takes at least says how long it can be.
        let longest = leastTrip < .infinity ? max(Self.longestTimeout, 1.25 * leastTrip) : Self.longestTimeout
        return min(longest, base * Double(1 << doublings))
    }

    /// When ``expire(at:delay:)`` has something to do; nil if nothing is on its way.
    func deadline(delay: Double) -> Tyme? {
        guard let timer else { return nil }
        return min(lossAt, timer + timeout(delay: delay))
    }

    /// The next packet left; `first + count` was its number.
    mutating func left(at tyme: Tyme) {
        if sent.isEmpty {
            progress = tyme
            if control == .shared, tyme - lastLeft > timeout(delay: 0) { reno.idled() }
        }
        lastLeft = tyme
        order += 1
        sent.append(Sent(tyme: tyme, firstTyme: tyme, order: order, tries: 1, fate: .underway))
        isUsed = underway >= window
        start(at: tyme)
    }

    /// Packet `index` left once more.
    mutating func repeated(_ index: Int, at tyme: Tyme) {
        guard index < sent.count, sent[index].fate == .lost else { return }
        lostCount -= 1
        order += 1
        repeats += 1
        repeatsUnderway += 1
        probes = max(0, probes - 1)
        sent[index].fate = .underway
        sent[index].tyme = tyme
        sent[index].order = order
        sent[index].tries += 1
        isUsed = underway >= window
        start(at: tyme)
    }

    /// A shared way is probed so long after the last packet left; else each packet has its own time.
    private mutating func start(at tyme: Tyme) { if timer == nil || control == .shared { timer = tyme } }

    /// The first lost packet at or behind `index`.
    func nextLost(from index: Int) -> Int? {
        guard lostCount > 0 else { return nil }
        return (index..<max(index, sent.count)).first { sent[$0].fate == .lost }
    }

    /// The peer takes numbers up to here.
    mutating func open(to low: UInt32) {
        let told = edge.edge(low: low)
        if edge.isBefore(told), (told &- first) <= 0x7F_FFFF { edge = told }
    }

    // MARK: What has arrived

    /// What an acknowledgement did.
    enum Verdict: Equatable {
        /// So many packets are done and leave the queue.
        case done(Int)
        /// It names packets that never left.
        case absurd
    }

    /// The peer has everything before `number`, and beyond the gap what `bitmap` says: bit i for `number + 1 + i`.
    ///
    /// - Parameter lag: seconds that the peer let pass before it said so.
    mutating func acknowledge(_ number: UInt32, bitmap: RawSpan?, lag: Double, at tyme: Tyme) -> Verdict {
        let distance = Int(Int32(bitPattern: number &- first))
        guard distance <= sent.count else { return .absurd }
        guard distance >= 0 else { return .done(0) }
        var news = News()
        for index in 0..<distance {
            note(index, &news, at: tyme)
            leave(index)
            if sent[index].fate == .held { heldCount -= 1 }
        }
        sent.removeFirst(distance)
        first = number
        if let bitmap, hasBitmaps { hold(bitmap, &news, at: tyme) }
        // What stood behind a gap is acknowledged late by a peer without bitmaps, and says nothing about the way.
        if let sample = news.sample, hasBitmaps || !news.hasRepeats || roundTrip == nil {
            measure(sample, lag: lag)
        }
        if distance > 0 || news.count > 0 {
            progress = tyme
            if !hasBitmaps { room = min(most, room + max(distance, 1)) }
            lossRate.heard(news.count)
            if control == .shared {
                reno.acknowledged(news.count, isUsed: isUsed)
            }
        }
        if news.count > 0 || !hasBitmaps { (timeouts, probes) = (0, 0) }
        if sent.isEmpty { (timer, lossAt) = (nil, .infinity) }
        if hasBitmaps, news.count > 0 { findLost(at: tyme) }
        return .done(distance)
    }

    private struct News {
        /// Packets that are known to have arrived only now, and the order of the one that left last of them.
        var count = 0
        var newest: Int64 = 0
        var hasRepeats = false
        var sample: Double?
        var sampleOrder: Int64 = 0
    }

    /// It is under way or lost no more.
    private mutating func leave(_ index: Int) {
        switch sent[index].fate {
        case .underway: if sent[index].tries > 1 { repeatsUnderway -= 1 }
        case .lost: lostCount -= 1
        case .held: break
        }
    }

    /// Packet `index` arrived, if that was not known.
    private mutating func note(_ index: Int, _ news: inout News, at tyme: Tyme) {
        let packet = sent[index]
        guard packet.fate != .held else { return }
        news.count += 1
        newestAcknowledged = max(newestAcknowledged, packet.order)
        news.newest = max(news.newest, packet.order)
        if packet.tries > 1 { news.hasRepeats = true }
        if packet.fate == .lost { return spare() }  // it was not
        let trip = tyme - packet.tyme
        let isFirst = packet.tries == 1
        if !isFirst, let roundTrip, trip < roundTrip / 2 {
            // An earlier one arrived after all: packets overtake each other here, or the way has become longer.
            slack = min(roundTrip, slack + roundTrip / 4)
            spare()
        }
        // The packet that left last tells how long the way is now: older ones may have waited for an acknowledgement
        // that was lost. Which of its departures a repeat answers is seen by what the way takes at least.
        guard packet.order >= news.sampleOrder else { return }
        news.sampleOrder = packet.order
        if isFirst || roundTrip == nil || hasBitmaps && trip >= leastTrip * 0.9 {
            news.sample = trip
        } else if packet.tries == 2, trip < leastTrip * 0.9 {
            (news.sample, news.hasRepeats) = (tyme - packet.firstTyme, false)
        } else {
            news.sample = nil
        }
    }

    private mutating func spare() {
        lossRate.spared()
        if control == .shared { reno.spared() }
    }

    private mutating func hold(_ bitmap: RawSpan, _ news: inout News, at tyme: Tyme) {
        for byte in 0..<bitmap.byteCount {
            let bits = bitmap.byte(at: byte) ?? 0
            guard bits != 0 else { continue }
            for bit in 0..<8 where bits & (0x80 >> UInt8(bit)) != 0 {
                let index = 1 + 8 * byte + bit
                guard index < sent.count else { return }
                guard sent[index].fate != .held else { continue }
                note(index, &news, at: tyme)
                leave(index)
                sent[index].fate = .held
                heldCount += 1
            }
        }
    }

    /// A round trip, the peer's lag in it.
    private mutating func measure(_ trip: Double, lag: Double) {
        let sample = max(trip - lag, min(trip, leastTrip))
        leastTrip = min(leastTrip, sample)
        if let old = roundTrip {
            deviation += (abs(sample - old) - deviation) / 4
            roundTrip = old + (sample - old) / 8
        } else {
            (roundTrip, deviation) = (sample, sample / 2)
        }
        guard control == .shared else { return }
        // A single late one is no queue.
        reno.measured(Int64(min(sample, roundTrip!) * 1e6), least: Int64(leastTrip * 1e6))
    }

    // MARK: What is lost

    /// Whatever left before what has arrived is lost, if it is well before, or old enough (RFC 9002 §6.1).
    private mutating func findLost(at tyme: Tyme) {
        lossAt = .infinity
        guard heldCount > 0 || repeatsUnderway > 0 else { return }
        let trip = roundTrip ?? 0
        let patience = trip * 1.125 + slack
        for index in 0..<sent.count where sent[index].fate == .underway && sent[index].order < newestAcknowledged {
            let isOld = sent[index].tyme + patience <= tyme
            let isWellBefore = sent[index].order + Self.overtaken <= newestAcknowledged
            if isOld || isWellBefore && slack == 0 {
                lose(index, isCongestion: true)
            } else {
                lossAt = min(lossAt, sent[index].tyme + patience)
            }
        }
    }

    private mutating func lose(_ index: Int, isCongestion: Bool) {
        guard index < sent.count, sent[index].fate == .underway else { return }
        leave(index)
        sent[index].fate = .lost
        lostCount += 1
        lossRate.lost()
        if isCongestion, control == .shared { reno.lost(sentAt: sent[index].order, at: order) }
    }

    /// The timer is due, if it is.
    ///
    /// - Returns: false if nothing was heard for so long that there is no hope.
    mutating func expire(at tyme: Tyme, delay: Double) -> Bool {
        if lossAt <= tyme { findLost(at: tyme) }
        let patience = timeout(delay: delay)
        guard let due = timer.map({ $0 + patience }), due <= tyme else { return true }
        if tyme - progress >= Self.patience { return false }
        timer = tyme
        if control == .shared {
            // Timers that loss explains are no sign of congestion.
            let unexplained = timeouts + 1 - Int(lossRate.steady - LossRate.leastSteady)
            if unexplained > 0 { reno.timedOut(unexplained) }
            timeouts += 1
            probe()
        } else if !loseOverdue(at: tyme, patience) {
            return true
        } else {
            timeouts += 1
            if control == .blind, timeouts > 1 { room = max(8, min(room, count) / 2) }
        }
        return true
    }

    /// Each packet that left so long ago is lost; the peer being silent for long, the newest and the oldest only.
    ///
    /// - Returns: whether there was one.
    private mutating func loseOverdue(at tyme: Tyme, _ patience: Double) -> Bool {
        var oldest = Tyme.infinity
        var overdue = 0
        for index in 0..<count where sent[index].fate == .underway {
            guard sent[index].tyme + patience <= tyme else {
                oldest = min(oldest, sent[index].tyme)
                continue
            }
            overdue += 1
            if timeouts < Int(LossRate.leastSteady) { lose(index, isCongestion: false) }
        }
        if overdue > 0, timeouts >= Int(LossRate.leastSteady) { probe() }
        if oldest < .infinity { timer = oldest }
        return overdue > 0
    }

    /// The oldest and the newest packet go again, whatever the window says.
    private mutating func probe() {
        guard let oldest = (0..<count).first(where: { sent[$0].fate != .held }) else { return }
        let newest = (0..<count).last { sent[$0].fate != .held } ?? oldest
        lose(oldest, isCongestion: false)
        lose(newest, isCongestion: false)
        probes = oldest == newest ? 1 : 2
    }
}
