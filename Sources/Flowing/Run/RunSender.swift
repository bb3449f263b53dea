import Containers
import Doing
import Wiring

/// The sending half of a reliable run: which packets are on their way, which are lost, and when to try again.
///
/// It knows numbers only; the bytes stand in the flow's ``PacketQueue``, whose first ``count`` packets are those here.
/// A packet is lost when three that left later were acknowledged, as in QUIC; the order of leaving is kept locally, so
/// a repeat that is lost is found like any other. Where nothing is heard, a probe timer repeats the oldest packet and,
/// where the peer reports by bitmap, the newest, too (a tail-loss probe), and doubles.
///
/// - Source: Ouroboros 0.23.0 (window, numbers, RTO); RFC 9002 §6 (loss), RFC 6298 (round trips).
struct RunSender {
    /// One packet that left and was not acknowledged in order.
    struct Sent {
        /// When it left last.
        var tyme: Tyme
        /// How many packets had left before it did.
        var order: UInt64
        var tries: UInt32
        var fate: Fate
    }
    enum Fate { case underway, lost, held }

    /// RTO before a round trip was measured, in seconds.
    static let firstTimeout = 1.0
    /// The most that the probe timer grows to, in seconds, and how often it doubles.
    static let longestTimeout = 8.0
    static let mostDoublings = 4
    /// Seconds without progress after which the run has failed.
    static let patience = 120.0
    /// Packets in flight before the peer said how many it takes.
    static let firstWindow: UInt32 = 64

    /// The number of the oldest packet that is not acknowledged.
    private(set) var first: UInt32
    /// The first number that must not be sent yet.
    private(set) var edge: UInt32
    private(set) var sent = Fifo<Sent>()
    private(set) var lostCount = 0
    private(set) var heldCount = 0
    /// Packets in flight at most, whatever the peer takes: it shrinks when nothing is heard, and grows with each
    /// packet that arrives.
    private var room: Int
    private let mostRoom: Int
    private let hasBitmaps: Bool
    private var order: UInt64 = 0
    private var newestAcknowledged: UInt64 = 0
    private(set) var roundTrip: Double?
    private var deviation = 0.0
    private var slack = 0.0
    private var backoff = 0
    private var duplicates = 0
    private var recoverTo: UInt32?
    private var tryAlong = 1
    /// When the probe timer was started.
    private var timer: Tyme?
    private var progress: Tyme = 0
    /// Repeats so far.
    private(set) var repeats = 0

    /// A run whose first packet has the number `first`.
    init(first: UInt32, window: UInt32, most: Int, hasBitmaps: Bool) {
        (self.first, self.hasBitmaps) = (first, hasBitmaps)
        edge = first &+ window
        (room, mostRoom) = (most, most)
    }

    /// Packets here.
    var count: Int { sent.count }
    /// Whether the peer takes another one, and there is room for it on the way.
    var canSend: Bool { allowance > 0 }
    /// How many more the peer takes, and the way has room for.
    var allowance: Int {
        let window = Int(Int32(bitPattern: edge &- first)) - count
        return max(0, min(window, room - (count - heldCount), mostRoom - count))
    }
    /// Whether nothing may leave until the peer opens its window.
    var isShut: Bool { count == 0 && !first.isBefore(edge) }

    /// Seconds until a packet counts as unheard; `delay` is how long the peer may wait with its acknowledgement.
    private func timeout(delay: Double) -> Double {
        let base = roundTrip.map { $0 + max(4 * deviation, 250e-6) + delay } ?? Self.firstTimeout
        return min(Self.longestTimeout, base * Double(1 << min(backoff, Self.mostDoublings)))
    }

    /// When the probe timer is due; nil if nothing is on its way.
    func deadline(delay: Double) -> Tyme? { timer.map { $0 + timeout(delay: delay) } }

    /// The next packet left; `first + count` was its number.
    mutating func left(at tyme: Tyme) {
        if sent.isEmpty { progress = tyme }
        if timer == nil { timer = tyme }
        order += 1
        sent.append(Sent(tyme: tyme, order: order, tries: 1, fate: .underway))
    }

    /// Packet `index` left once more.
    mutating func repeated(_ index: Int, at tyme: Tyme) {
        guard index < sent.count, sent[index].fate == .lost else { return }
        lostCount -= 1
        order += 1
        repeats += 1
        sent[index] = Sent(tyme: tyme, order: order, tries: sent[index].tries + 1, fate: .underway)
        if timer == nil { timer = tyme }
    }

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

    /// What an acknowledgement did.
    enum Verdict: Equatable {
        /// So many packets are done and leave the queue.
        case done(Int)
        /// It names packets that never left.
        case absurd
    }

    /// The peer has everything before `number`, and beyond the gap what `bitmap` says: bit i for `number + 1 + i`.
    ///
    /// - Parameter isBare: whether it came without a payload, so that one that says nothing new tells of a gap.
    mutating func acknowledge(_ number: UInt32, bitmap: RawSpan?, isBare: Bool, at tyme: Tyme) -> Verdict {
        let distance = Int(Int32(bitPattern: number &- first))
        guard distance <= sent.count else { return .absurd }
        guard distance >= 0 else { return .done(0) }
        var news = News()
        for index in 0..<distance { note(index, &news, at: tyme) }
        for index in 0..<distance {
            switch sent[index].fate {
            case .held: heldCount -= 1
            case .lost: lostCount -= 1
            case .underway: break
            }
        }
        sent.removeFirst(distance)
        first = number
        if let bitmap { hold(bitmap, &news, at: tyme) }
        let isClear = recoverTo == nil && !news.hasRepeats || roundTrip == nil
        // Without bitmaps what stood behind a gap is acknowledged late, and says nothing about the way.
        if let sample = news.sample, hasBitmaps || isClear { measure(sample) }
        if distance > 0 || news.isNew {
            (backoff, duplicates, progress) = (0, 0, tyme)
            room = min(mostRoom, room + max(distance, 1))
            timer = sent.isEmpty ? nil : tyme
        }
        if hasBitmaps {
            if news.isNew { findLost(at: tyme) }
        } else {
            recover(distance: distance, isBare: isBare)
        }
        return .done(distance)
    }

    private struct News {
        var isNew = false
        var hasRepeats = false
        var sample: Double?
        var sampleOrder: UInt64 = 0
    }

    /// Packet `index` arrived, if that was not known.
    private mutating func note(_ index: Int, _ news: inout News, at tyme: Tyme) {
        let packet = sent[index]
        guard packet.fate != .held else { return }
        news.isNew = true
        newestAcknowledged = max(newestAcknowledged, packet.order)
        if packet.tries > 1 { news.hasRepeats = true }
        // Before the first measure a repeat must do: too short a time costs a repeat, too long a one costs seconds.
        if packet.tries == 1 || roundTrip == nil && packet.fate == .underway, packet.order >= news.sampleOrder {
            (news.sample, news.sampleOrder) = (tyme - packet.tyme, packet.order)
        } else if packet.tries == 2, let roundTrip, packet.fate == .underway, tyme - packet.tyme < roundTrip / 2 {
            // The first one arrived after all: packets overtake each other here.
            slack = min(roundTrip, slack + roundTrip / 4)
        }
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
                if sent[index].fate == .lost { lostCount -= 1 }
                sent[index].fate = .held
                heldCount += 1
            }
        }
    }

    private mutating func measure(_ sample: Double) {
        guard let old = roundTrip else {
            (roundTrip, deviation) = (sample, sample / 2)
            return
        }
        deviation += (abs(sample - old) - deviation) / 4
        roundTrip = old + (sample - old) / 8
    }

    /// Whatever left well before what has arrived is lost.
    private mutating func findLost(at tyme: Tyme) {
        guard heldCount > 0 || lostCount < sent.count else { return }
        let patience = slack > 0 ? (roundTrip ?? 0) + slack : 0
        for index in 0..<sent.count where sent[index].fate == .underway {
            guard sent[index].order + 3 <= newestAcknowledged, sent[index].tyme + patience <= tyme else { continue }
            sent[index].fate = .lost
            lostCount += 1
        }
    }

    /// Without bitmaps: three empty acknowledgements tell of one loss, and each that ends before it, of the next. Those
    /// behind it are tried along, twice as many each time, since nothing says which of them are missing.
    private mutating func recover(distance: Int, isBare: Bool) {
        if let to = recoverTo, distance > 0 {
            guard first.isBefore(to) else { return recoverTo = nil }
            tryAlong = min(16, 2 * tryAlong)
            for index in 0..<min(tryAlong, Int(to &- first), sent.count) { lose(index) }
        } else if distance == 0, isBare, !sent.isEmpty, recoverTo == nil {
            duplicates += 1
            guard duplicates >= 3 else { return }
            duplicates = 0
            recoverTo = first &+ UInt32(sent.count)
            tryAlong = 1
            lose(0)
        }
    }

    private mutating func lose(_ index: Int) {
        guard index < sent.count, sent[index].fate == .underway else { return }
        sent[index].fate = .lost
        lostCount += 1
    }

    /// The probe timer is due, if it is.
    ///
    /// - Returns: false if nothing was heard for so long that there is no hope.
    mutating func expire(at tyme: Tyme, delay: Double) -> Bool {
        guard let due = deadline(delay: delay), due <= tyme else { return true }
        if tyme - progress >= Self.patience { return false }
        timer = tyme
        backoff += 1
        recoverTo = hasBitmaps ? nil : first &+ UInt32(sent.count)
        tryAlong = 1
        lose(0)
        // Without bitmaps a repeat that is lost is found by this timer alone: those behind the gap go along.
        if !hasBitmaps { for index in 1..<min(4, max(1, sent.count)) { lose(index) } }
        if hasBitmaps, backoff <= 2 {
            if let last = (0..<sent.count).last(where: { sent[$0].fate != .held }) { lose(last) }
        }
        if backoff >= 2 { room = max(8, min(room, sent.count) / 2) }
        return true
    }
}
