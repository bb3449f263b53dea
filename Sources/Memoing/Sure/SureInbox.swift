import Containers
import Doing
import Wiring

/// What the receiver of a sure memo owes its sender: one for each row of the assembly table.
struct AckState {
    var mid = Mid(high: 0, low: 0)
    /// Whom to answer: where the last good gram came from.
    var source = Address.none
    var sourceHash: UInt64 = 0
    var isSigned = false
    /// Grams heard, duplicates included.
    var heard = 0
    var trigger = 0
    var triggeredAt: Micros = 0
    var isDuplicate = false
    /// Good grams since the last ack.
    var unacked = 0
    var isUrgent = false
    /// Stands in the list of what is due, and when it must leave.
    var isListed = false
    var dueAt = Micros.max
    var credit = Int(SureMemo.firstCredit)
    /// Grams held that came early.
    var early = GramSet()
    /// Those that came since the last ack.
    var latest: [Int] = []
    /// Acks sent: never more than grams heard.
    var acks = 0
    /// Those out of reach of the last ack, which were told once.
    var toldOnce: [Int] = []
    /// Waits for room in the inbox.
    var isStarved = false
    /// The last ack waits to be repeated.
    var isRepeat = false
}

/// The receiving half of sure memos: acks that are owed, and the memory of what is over.
struct SureInbox {
    /// A memo that is over, and of which its sender is to be told.
    struct Ending {
        var source: Address
        var sourceHash: UInt64
        var mid: Mid
        var trigger: Int
        var end: DoneTable.End
        var isDuplicate: Bool
        var heard: Int
        var at: Micros
        var isSigned: Bool
    }

    /// An ack of ends that is sent once more: a sheaf if nothing follows, any where many acks are lost.
    struct Repeat {
        var at: Micros
        var sentAt: Micros
        var first: Ending
        var further: [Mid]
        /// Copies to be sent whatever follows.
        var copies: Int
    }

    /// Such acks at most.
    static let mostRepeats = 256

    var done: DoneTable
    var states: [AckState] = []
    var due: [Int32] = []
    var endings: [Ending] = []
    var repeats = Fifo<Repeat>()
    var ready: AckQueue
    /// Rows that wait for room in the inbox.
    var starved: [Int32] = []
    /// When the next ack that may wait must leave.
    var nextDue = Micros.max
    /// When an ack was made for the sources of a hash last.
    var lastAck = [Micros](repeating: .min, count: 256)
    var isFull = false

    /// Memos whose end waits to be told at most, before their acks are made.
    static let mostEndings = 1 << 16
    /// From so many grams or memos on, an ack that ends a burst is repeated.
    static let burst = 8

    init(limits: MemoerLimits) {
        done = DoneTable(limit: limits.sureFinished, age: limits.sureFinishedAge)
        ready = AckQueue(limit: limits.acks)
    }

    /// An ack can be sent now.
    @inline(__always) var isReady: Bool { !isFull && ready.hasReady }

    /// True if an ack is to be made at `now`, or waits to be sent.
    @inline(__always) func hasWork(at now: Micros) -> Bool {
        isReady || !endings.isEmpty || nextDue <= now
    }

    /// When the next ack must leave.
    @inline(__always) var deadline: Micros {
        let soonest = min(nextDue, repeats.first?.at ?? .max)
        return endings.isEmpty && !isReady ? soonest : .min
    }

    mutating func tell(_ ending: Ending, _ counts: inout SureStatistics) {
        guard endings.count < SureInbox.mostEndings else {
            counts.acksWithheld += 1
            return
        }
        endings.append(ending)
    }

    /// A memo waits for room in the inbox.
    mutating func starve(_ row: Int32) {
        guard !states[Int(row)].isStarved else { return }
        states[Int(row)].isStarved = true
        starved.append(row)
    }

    /// An ack of this row is owed: now, or by `at`.
    mutating func owe(_ row: Int32, by at: Micros) {
        states[Int(row)].dueAt = min(states[Int(row)].dueAt, at)
        nextDue = min(nextDue, at)
        guard !states[Int(row)].isListed else { return }
        states[Int(row)].isListed = true
        due.append(row)
    }
}
