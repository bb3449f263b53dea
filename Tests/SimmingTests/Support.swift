import Doing
import Simming
import Wiring

/// Sends what it was told to, when it was told to, and keeps what it hears.
final class Talker: Doer {
    struct Heard: Hashable {
        var tyme: Tyme
        var from: Address
        var bytes: [UInt8]
    }

    let peer: SimPeer
    /// When, where to, what; by tyme, which may be a nanosecond off: ticks are sums of what is no binary fraction.
    var plan: [(Tyme, Address, [UInt8])] = []
    /// How it was told what became of each of them.
    var sendings: [Sending] = []
    var heard: [Heard] = []
    var runs: [Tyme] = []
    private var sent = 0

    init(_ peer: SimPeer, _ plan: [(Tyme, Address, [UInt8])] = []) {
        self.peer = peer
        self.plan = plan
        super.init()
    }

    override func enter(_ tyme: Tyme) throws { try peer.open(for: self) }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        runs.append(tyme)
        while let (train, bytes) = try receiveTrain(peer, at: tyme) {
            train.forEachDatagram(of: bytes.span.bytes) { datagram in
                heard.append(Heard(tyme: tyme, from: train.peer, bytes: datagram.withUnsafeBytes { Array($0) }))
            }
        }
        while sent < plan.count, plan[sent].0 - 1e-9 <= tyme {
            let (_, address, bytes) = plan[sent]
            sendings.append(try peer.send(bytes.span.bytes, Train(peer: address, segment: bytes.count), at: tyme))
            sent += 1
        }
        let next = min(sent < plan.count ? plan[sent].0 - 1e-9 : .infinity, peer.wakeTyme ?? .infinity)
        return .park(until: next)
    }

    override func exit(_ tyme: Tyme) throws { peer.close() }
}

typealias Listener = Talker

/// The next train and its bytes.
func receiveTrain(_ peer: SimPeer, at tyme: Tyme) throws -> (Train, [UInt8])? {
    var bytes: [UInt8] = []
    let train = try Burst().lend { (out: inout OutputRawSpan) throws(TransportError) -> Train? in
        let train = try peer.receive(into: &out, at: tyme)
        bytes = out.bytes.withUnsafeBytes { Array($0) }
        return train
    }
    return train.map { ($0, bytes) }
}
