import Doing
import Wiring

/// Brings notes to one peer, one after the other, each once: a stop-and-wait protocol.
///
/// A datagram is a kind (0 a note, 1 its receipt), a number of two bytes, and the note. A note is sent again every half
/// second until its receipt comes.
struct Courier: DatagramCore {
    private enum Timer { case retry }

    private let peer: Address
    private var waiting: [[UInt8]] = []
    private var number: UInt16 = 0
    private var expected: UInt16 = 0
    private var heard: [[UInt8]] = []
    private var queue = DatagramQueue()
    private var deadlines = Deadlines<Timer>()
    private var now: Tyme = 0

    init(to peer: Address) { self.peer = peer }

    /// Queues a note, of 1000 bytes at most.
    mutating func bring(_ note: [UInt8]) {
        waiting.append(note)
        if waiting.count == 1 { deadlines.set(.retry, at: now) }
    }

    var isDone: Bool { waiting.isEmpty }

    mutating func opened(_ limits: TrainLimits, at tyme: Tyme) { queue.opened(limits) }
    mutating func tick(at tyme: Tyme) { now = tyme }

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        train.forEachDatagram(of: bytes) { datagram in
            guard train.peer == peer, let number = datagram.bigEndian(UInt16.self, at: 1) else { return }
            switch datagram.byte(at: 0) {
            case 0: take(number, datagram.extracting(3..<datagram.byteCount))
            case 1: if number == self.number, !waiting.isEmpty { next() }
            default: break
            }
        }
    }

    private mutating func take(_ number: UInt16, _ note: RawSpan) {
        if number == expected {
            heard.append([UInt8](note))
            expected &+= 1
        }
        send(1, number)  // a receipt may have been lost: an old note gets one, too
    }

    private mutating func next() {
        waiting.removeFirst()
        number &+= 1
        if isDone { deadlines.cancel(.retry) } else { deadlines.set(.retry, at: now) }
    }

    mutating func expire(at tyme: Tyme) {
        guard deadlines.popDue(at: tyme) != nil, let note = waiting.first else { return }
        send(0, number, note)
        deadlines.set(.retry, at: tyme + 0.5)
    }

    private mutating func send(_ kind: UInt8, _ number: UInt16, _ note: [UInt8] = []) {
        var datagram = [kind]
        datagram.append(bigEndian: number)
        queue.append(datagram + note, to: peer)
    }

    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        queue.poll(into: &out, limits)
    }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) { queue.sent(sending, train) }
    mutating func unblock() { queue.unblock() }
    var isBlocked: Bool { queue.isBlocked }
    var wakeTyme: Tyme? { queue.isReady ? now : deadlines.first }
    mutating func pollEvent() -> [UInt8]? { heard.isEmpty ? nil : heard.removeFirst() }
    var hasEvents: Bool { !heard.isEmpty }
}
