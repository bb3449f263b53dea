import Containers
import Doing
import Wiring

/// Acks that wait to be sent: a queue for each destination, served in turn, a train at a time.
///
/// Friends and strangers have turns, so that no flood of strangers makes a friend wait; and where there is no room for
/// another ack, a stranger's makes room for a friend's.
struct AckQueue {
    /// An ack ready to be sent.
    struct Datagram {
        let address: Address
        /// All of an unsigned ack without a body, which needs no storage of its own.
        let head: GramHead
        /// Any other ack, whole; else empty.
        let bytes: [UInt8]

        /// Bytes on the wire.
        var count: Int { bytes.isEmpty ? head.bodyStart : bytes.count }

        func append(to out: inout OutputRawSpan) {
            guard bytes.isEmpty else { return unsafe out.append(contentsOf: bytes.span.bytes) }
            precondition(out.freeCapacity >= head.bodyStart, "ack: need \(head.bodyStart), have \(out.freeCapacity)")
            unsafe out.withUnsafeMutableBytes { room, filled in
                unsafe head.store(to: room.baseAddress! + filled)
                filled += head.bodyStart
            }
        }
    }

    private struct Lane {
        var address = Address.none
        var list = Turn.strangers
        var datagrams = Fifo<Datagram>()
    }

    /// The lists of ``turns``: what may be sent, of whom; and whose transport has no room.
    private enum Turn {
        static var friends: Int { 0 }
        static var strangers: Int { 1 }
        static var stuck: Int { 2 }
    }

    /// Acks at most.
    let limit: Int
    private var lanes: [Lane] = []
    private var free: [Int32] = []
    private var byAddress = Chains()
    private var turns = Roster(lists: 3)
    private var isStrangersTurn = false
    private var polled: Int32 = -1
    private(set) var count = 0

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { count == 0 }
    /// Something may be sent.
    @inline(__always) var hasReady: Bool { count > 0 && next >= 0 }
    /// Something waits for room.
    var isStuck: Bool { count > 0 && turns.first(of: Turn.stuck) >= 0 }
    /// The only ack that waits.
    var only: Datagram? { count == 1 && next >= 0 ? lanes[Int(next)].datagrams.first : nil }

    /// The lane whose turn it is, or -1.
    @inline(__always) private var next: Int32 {
        let (friend, stranger) = (turns.first(of: Turn.friends), turns.first(of: Turn.strangers))
        if friend < 0 || stranger < 0 { return max(friend, stranger) }
        return isStrangersTurn ? stranger : friend
    }

    /// Adds an ack. A stranger may have half of what is left.
    ///
    /// - Returns: false if there is no room.
    mutating func append(_ datagram: Datagram, hash: UInt64, isFriend: Bool) -> Bool {
        var row = byAddress.first(hash)
        while row >= 0, lanes[Int(row)].address != datagram.address { row = byAddress.next(row) }
        if isFriend {
            if count >= limit, !dropOne() { return false }
        } else {
            let held = row < 0 ? 0 : lanes[Int(row)].datagrams.count
            guard held < max(1, (limit - count) / 2), count < limit else { return false }
        }
        if row >= 0, lanes[Int(row)].datagrams.isEmpty { row = -1 }  // it was the one that made room
        if row < 0 { row = open(datagram.address, hash) }
        lanes[Int(row)].list = isFriend ? Turn.friends : Turn.strangers
        lanes[Int(row)].datagrams.append(datagram)
        count += 1
        let list = turns.list(of: row)
        if list != Turn.stuck, list != lanes[Int(row)].list { turns.move(row, to: lanes[Int(row)].list) }
        return true
    }

    private mutating func open(_ address: Address, _ hash: UInt64) -> Int32 {
        let row: Int32
        if let last = free.popLast() {
            row = last
        } else {
            row = Int32(lanes.count)
            lanes.append(Lane())
        }
        lanes[Int(row)].address = address
        byAddress.insert(row, hash)
        return row
    }

    /// The oldest ack of the stranger whose turn is next goes; false if there is none.
    private mutating func dropOne() -> Bool {
        let row = turns.first(of: Turn.strangers)
        guard row >= 0 else { return false }
        remove(1, of: row)
        return true
    }

    private mutating func remove(_ taken: Int, of row: Int32) {
        lanes[Int(row)].datagrams.removeFirst(taken)
        count -= taken
        guard lanes[Int(row)].datagrams.isEmpty else { return }
        turns.remove(row)
        byAddress.remove(row)
        free.append(row)
        if polled == row { polled = -1 }
    }

    // MARK: Sending

    /// Appends a train of acks for one destination: equal ones, and a shorter one behind them.
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits) -> Train? {
        guard case let row = next, row >= 0, let first = lanes[Int(row)].datagrams.first else { return nil }
        polled = row
        // Where many wait each has a few at a time.
        let most = min(limits.segments, max(4, limits.segments / (lanes.count - free.count)))
        var index = 0
        while index < lanes[Int(row)].datagrams.count, index < most {
            let datagram = lanes[Int(row)].datagrams[index]
            guard datagram.count <= first.count, out.byteCount + datagram.count <= limits.bytes,
                out.freeCapacity >= datagram.count
            else { break }
            datagram.append(to: &out)
            index += 1
            if datagram.count < first.count { break }
        }
        return Train(peer: first.address, segment: first.count)
    }

    /// Says that the ack in ``only`` is what was polled.
    mutating func pollOnly() { polled = next }

    /// Takes off what the transport took of the train that was polled. An ack that is refused is lost, as on the way.
    ///
    /// - Returns: false if the transport has no room.
    mutating func commit(_ sending: Sending, _ train: Train) -> Bool {
        let row = polled
        polled = -1
        guard row >= 0, lanes[Int(row)].address == train.peer else { return true }
        isStrangersTurn = turns.list(of: row) == Turn.friends
        let waiting = lanes[Int(row)].datagrams.count
        var taken = min(sending.taken > 0 ? train.count(of: sending.taken) : 0, waiting)
        if case .refused = sending.outcome { taken = min(taken + 1, waiting) }
        if taken > 0 { remove(taken, of: row) }
        if taken < waiting {
            turns.move(row, to: sending.outcome == .peerFull ? Turn.stuck : lanes[Int(row)].list)
        }
        return sending.outcome != .full
    }

    /// There may be room again.
    mutating func unblock() {
        while case let row = turns.first(of: Turn.stuck), row >= 0 { turns.move(row, to: lanes[Int(row)].list) }
    }
}
