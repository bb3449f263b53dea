import Doing
import Wiring

/// Sends one byte and repeats it until it is acknowledged; acknowledges every byte that it gets, once a datagram.
struct RetryCore: DatagramCore {
    enum Event: Hashable { case heard(UInt8), acknowledged }
    private enum Timer { case retry }

    let peer: Address
    let timeout: Double
    private(set) var tries = 0
    private var waiting: UInt8?
    private var queue = DatagramQueue()
    private var deadlines = Deadlines<Timer>()
    private var events: [Event] = []

    init(_ byte: UInt8? = nil, to peer: Address, timeout: Double = 1) {
        waiting = byte
        self.peer = peer
        self.timeout = timeout
        if byte != nil { deadlines.set(.retry, at: 0) }
    }

    var isAcknowledged: Bool { waiting == nil }

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        train.forEachDatagram(of: bytes) { datagram in
            guard datagram.byteCount == 2, let kind = datagram.byte(at: 0), let byte = datagram.byte(at: 1) else {
                return
            }
            if kind == 0 {
                events.append(.heard(byte))
                queue.append([1, byte] as [UInt8], to: train.peer)
            } else if waiting == byte {
                waiting = nil
                deadlines.cancel(.retry)
                events.append(.acknowledged)
            }
        }
    }

    mutating func expire(at tyme: Tyme) {
        guard deadlines.popDue(at: tyme) != nil, let waiting else { return }
        queue.append([0, waiting] as [UInt8], to: peer)
        tries += 1
        deadlines.set(.retry, at: tyme + timeout)
    }

    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        queue.poll(into: &out, limits)
    }

    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) { queue.sent(sending, train) }
    mutating func unblock() { queue.unblock() }
    mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }
    var hasEvents: Bool { !events.isEmpty }
    var wakeTyme: Tyme? { queue.isReady ? -.infinity : deadlines.first }
    var isBlocked: Bool { queue.isBlocked }
}
