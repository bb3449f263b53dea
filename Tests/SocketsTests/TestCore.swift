import Doing
import Wiring

@testable import Sockets

/// A protocol of single datagrams: sends what it is told, keeps what comes, and can send it back.
struct TestCore: DatagramCore {
    typealias Event = Received

    /// Datagrams to send, oldest first.
    var queue: [(peer: Address, bytes: [UInt8])] = []
    var received: [Received] = []
    var refused: [Refusal] = []
    /// Sends every datagram back to its source.
    var echoes = false
    /// Peers that had no room, until unblocked.
    var blocked: Set<Address> = []
    private var polled: Int?

    init(echoes: Bool = false) { self.echoes = echoes }

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        var datagrams: [[UInt8]] = []
        train.forEachDatagram(of: bytes) { datagrams.append(Array(copying: $0)) }
        for datagram in datagrams {
            received.append(Received(bytes: datagram, peer: train.peer, segment: train.segment))
            if echoes { queue.append((train.peer, datagram)) }
        }
    }

    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        polled = queue.firstIndex { !blocked.contains($0.peer) }
        guard let polled else { return nil }
        let bytes = queue[polled].bytes
        out.append(contentsOf: bytes.span.bytes)
        return Train(peer: queue[polled].peer, segment: queue[polled].bytes.count)
    }

    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        guard let polled else { return }
        switch sending.outcome {
        case .sent: queue.remove(at: polled)
        case .full: break
        case .peerFull: blocked.insert(train.peer)
        case .refused(let refusal):
            refused.append(refusal)
            queue.remove(at: polled)
        }
        self.polled = nil
    }

    mutating func unblock() { blocked = [] }
    mutating func pollEvent() -> Received? { nil }
    var wakeTyme: Tyme? { queue.contains { !blocked.contains($0.peer) } ? 0 : nil }
    var isBlocked: Bool { queue.contains { blocked.contains($0.peer) } }
    var hasEvents: Bool { !received.isEmpty }
}
