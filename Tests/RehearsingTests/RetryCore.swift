import Doing
import Wiring

/// Sends one byte and repeats it until it is acknowledged; acknowledges every byte that it gets, once a datagram.
struct RetryCore: DatagramCore {
    enum Event: Hashable { case heard(UInt8), acknowledged }

    let peer: Address
    let timeout: Double
    private(set) var tries = 0
    private var waiting: UInt8?
    private var deadline: Tyme = 0
    private var acks = 0
    private var events: [Event] = []

    init(_ byte: UInt8? = nil, to peer: Address, timeout: Double = 1) {
        waiting = byte
        self.peer = peer
        self.timeout = timeout
    }

    var isAcknowledged: Bool { waiting == nil }

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        train.forEachDatagram(of: bytes) { datagram in
            guard datagram.byteCount == 2 else { return }
            let (kind, byte) = unsafe (
                datagram.unsafeLoad(as: UInt8.self), datagram.unsafeLoad(fromByteOffset: 1, as: UInt8.self)
            )
            if kind == 0 {
                events.append(.heard(byte))
                acks += 1
            } else if waiting != nil {
                waiting = nil
                events.append(.acknowledged)
            }
        }
    }

    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        if acks > 0 {
            out.append(1)
            out.append(0)
        } else if let waiting, deadline <= tyme {
            out.append(0)
            out.append(waiting)
        } else {
            return nil
        }
        return Train(peer: peer, segment: 2)
    }

    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        guard sending.taken > 0 else { return }
        if acks > 0 {
            acks -= 1
        } else {
            tries += 1
            deadline = tyme + timeout
        }
    }

    mutating func unblock() {}
    mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }
    var hasEvents: Bool { !events.isEmpty }
    var wakeTyme: Tyme? { acks > 0 ? -.infinity : waiting == nil ? nil : deadline }
    var isBlocked: Bool { false }
}
