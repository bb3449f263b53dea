import Charting
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

/// A host red that sends a datagram of `size` bytes to a host blu every millisecond, number `index` in its first bytes.
final class Stream {
    let trace = Trace()
    let net: SimNet
    let red, blu: SimHost
    let sender, receiver: Talker
    let count: Int

    init(_ count: Int = 200, seed: UInt64 = 5, link: SimLink = SimLink(), plan: String = "", size: Int = 20) throws {
        self.count = count
        net = SimNet(seed: seed, link: link, trace: trace)
        (red, blu) = (net.host("red"), net.host("blu"))
        receiver = Talker(blu.peer(port: 1))
        sender = Talker(red.peer(port: 1))
        sender.plan = (0..<count).map { index in
            var bytes = [UInt8](repeating: 0xA5, count: size)
            bytes[0] = UInt8(index & 255)
            if size > 1 { bytes[1] = UInt8(index >> 8) }
            return (Double(index) * 0.001, receiver.peer.address, bytes)
        }
        net.plan = try FaultPlan(parsing: plan)
    }

    func run(_ others: [Doer] = [], limit: Double = 1) throws {
        try Doist(tock: 0.001, limit: limit, doers: [net, sender, receiver] + others).run()
    }

    /// Events of a kind.
    func events(_ kind: TraceEvent.Kind) -> [TraceEvent] {
        (0..<trace.count).map(trace.event).filter { $0.kind == kind }
    }

    /// What became of each datagram; copies are left out.
    var fates: [TraceEvent.Fate] { events(.sent).filter { !$0.marks.contains(.duplicate) }.map(\.fate) }

    /// How many had this fate.
    func count(_ fate: TraceEvent.Fate) -> Int { fates.filter { $0 == fate }.count }

    /// The numbers of the datagrams in the order in which they were heard, as far as they are whole.
    var heard: [Int] { receiver.heard.map { Int($0.bytes[0]) | Int($0.bytes[1]) << 8 } }
}
