/// What was sent to one destination and is neither acknowledged nor given up, in the order of sending.
///
/// Grams are resent unchanged, so an ack cannot say which sending it answers; this order is ours alone, and the wire
/// knows nothing of it.
struct TransmissionLog {
    struct Entry {
        /// The memo's row and serial, and the number of the gram.
        var row: Int32
        var gram: Int32
        var serial: UInt64
        var sentAt: Micros
        /// When the gram was sent before; `Micros.min` for never.
        var previous: Micros
        /// How often it was sent, this one included.
        var tries: Int32
        var isOver = false
    }

    private var entries: [Entry] = []
    private var head = 0
    /// The order of the entry at ``head``; orders count from 1.
    private(set) var firstOrder: UInt64 = 1

    /// The order that the next sending has.
    var nextOrder: UInt64 { firstOrder &+ UInt64(entries.count &- head) }
    var isEmpty: Bool { head == entries.count }
    var first: Entry? { isEmpty ? nil : entries[head] }

    @inline(__always) subscript(order: UInt64) -> Entry? {
        guard order >= firstOrder, order < nextOrder else { return nil }
        return entries[head &+ Int(order &- firstOrder)]
    }

    @inline(__always) mutating func append(_ entry: Entry) -> UInt64 {
        let order = nextOrder
        entries.append(entry)
        return order
    }

    /// Marks a sending as over, if it is still open.
    ///
    /// - Returns: the entry as it was, or nil if it was over already.
    @inline(__always) mutating func end(_ order: UInt64) -> Entry? {
        guard order >= firstOrder, order < nextOrder else { return nil }
        let index = head &+ Int(order &- firstOrder)
        guard !entries[index].isOver else { return nil }
        entries[index].isOver = true
        return entries[index]
    }

    /// Forgets what is over at the front. Amortised constant.
    @inline(__always) mutating func trim() {
        while head < entries.count, entries[head].isOver {
            head &+= 1
            firstOrder &+= 1
        }
        if head == entries.count {
            entries.removeAll(keepingCapacity: entries.capacity <= 1 << 14)
            head = 0
        } else if head >= 1024, head &* 2 >= entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }

    /// Open sendings, oldest first: for tests and for what is overdue. Linear.
    var open: [(order: UInt64, entry: Entry)] {
        (head..<entries.count).filter { !entries[$0].isOver }.map { (firstOrder &+ UInt64($0 &- head), entries[$0]) }
    }
}

/// When a gram that later ones have overtaken counts as lost.
///
/// A later sending must have been acknowledged, and it must be older than the round trip and a window for reordering,
/// which grows with every gram that comes late, and halves when 256 sendings were acknowledged of which none was nearly
/// as late: a lost ack makes a gram look late once, and would keep every later loss waiting. The window never closes
/// wholly, so that the first sign of reordering has time to show; that replaces the three later sendings of older rules.
///
/// - Source: RFC 8985 (RACK), with the window taken from what is seen.
struct LossDetector: Hashable, Sendable {
    /// The latest sending that was acknowledged.
    private(set) var greatest: UInt64 = 0
    /// When it was sent.
    private(set) var greatestSentAt = Micros.min
    /// How late the latest of the grams that came late was, doubled.
    private(set) var reorder: Micros = 0
    /// The round trip of the sending in ``greatest``.
    private var roundTrip: Micros = 0
    /// The sending at whose ack ``reorder`` is looked at next, and whether anything since has shown that it is needed.
    private var review: UInt64 = 0
    private var isNeeded = false

    /// A sending was acknowledged after `micros`. `before` is what ``greatest`` was when the ack arrived.
    @inline(__always) mutating func acknowledged(_ order: UInt64, sentAt: Micros, after micros: Micros) {
        guard order > greatest else { return }
        if order >= review {
            if !isNeeded { reorder /= 2 }
            isNeeded = false
            review = order + 256
        }
        greatest = order
        greatestSentAt = sentAt
        roundTrip = micros
    }

    /// A gram sent once was acknowledged `micros` after, though a later one had been by an earlier ack.
    mutating func cameLate(after micros: Micros, smoothed: Micros) {
        let late = max(0, micros - min(roundTrip, smoothed))
        if 4 * late > reorder { isNeeded = true }
        reorder = min(max(reorder, 2 * late), max(smoothed, 1))
    }

    /// A gram was sent again for nothing: it was acknowledged sooner after than any ack can come.
    mutating func wasEarly(smoothed: Micros) { reorder = min(reorder + max(1, smoothed / 4), max(smoothed, 1)) }

    /// How old a sending must be to be lost, if a later one was acknowledged.
    func delay(smoothed: Micros, granularity: Micros) -> Micros {
        max(smoothed, roundTrip) + max(reorder, smoothed / 16, granularity)
    }

    /// Whether the sending is overtaken far enough for its age to decide.
    @inline(__always) func isOvertaken(_ order: UInt64) -> Bool { order < greatest }
}
