import Doing
import Flowing
import Simming
import Testing
import Wiring

/// Two hosts of a simulated network with a layer of flows each; the server serves "oecho".
final class World {
    let net: SimNet
    let client = FlowNet()
    let server = FlowNet()
    let doist: Doist
    var clientCore: FlowCore { client.layers[0].core }
    var serverCore: FlowCore { server.layers[0].core }
    let red: SimHost
    let blu: SimHost

    init(
        _ wire: FlowWire = .own, _ link: SimLink = SimLink(delay: 0.025), seed: UInt64 = 1, limits: FlowLimits? = nil,
        tock: Double = 1.0 / 1024, cipher: (any FlowCipher)? = nil
    ) throws {
        net = SimNet(seed: seed, link: link)
        red = net.host("red")
        blu = net.host("blu")
        var random = Xoshiro256(seed: seed)
        let peers = [red.peer(port: 3435), blu.peer(port: 3435)]
        for (index, net) in [client, server].enumerated() {
            let core = FlowCore(wire, random: random.fork(), limits: limits)
            core.cipher = cipher
            let other = peers[1 - index].address
            net.add(
                FlowLayer("net", core, over: peers[index], directory: FlowDirectory { $0 == "nowhere" ? nil : other }))
        }
        try server.serve("oecho")
        doist = Doist(tock: tock)
        try doist.enter([net] + client.doers + server.doers)
    }

    /// Goes on for `seconds` of tyme.
    func run(_ seconds: Double) throws {
        let end = doist.tyme + seconds
        while doist.tyme < end { try doist.recur() }
    }

    /// Goes on until it is so, but for `seconds` at most; answers whether it became so.
    @discardableResult func run(until isSo: () -> Bool, within seconds: Double) throws -> Bool {
        let end = doist.tyme + seconds
        while !isSo(), doist.tyme < end { try doist.recur() }
        return isSo()
    }

    /// A flow that is up at both ends.
    func connect(_ qos: QoSSpec = .raw, within seconds: Double = 20) throws -> (Flow, Flow) {
        let flow = client.alloc("oecho", qos: qos, timeout: seconds)
        var other: Flow?
        try run(
            until: {
                if other == nil { other = server.accept() }
                return flow.isUp && other != nil
            }, within: seconds)
        try #require(flow.isUp, "\(flow.state)")
        return (flow, try #require(other))
    }
}

extension Doist {
    convenience init(tock: Double) {
        try! self.init(tock: tock, doers: [])
    }
}

/// `number` as four bytes, and more to make it long.
func packet(_ number: Int, _ count: Int = 4) -> [UInt8] {
    (0..<max(4, count)).map { UInt8(truncatingIfNeeded: $0 < 4 ? number >> (24 - 8 * $0) : number + $0) }
}

/// What ``packet(_:_:)`` made it from.
func number(_ packet: [UInt8]) -> Int { packet.prefix(4).reduce(0) { $0 << 8 | Int($1) } }

extension SimLink {
    /// The same with this wrong, too.
    func with(duplicate: Double = 0, corrupt: Double = 0, reorder: Double = 0) -> SimLink {
        var link = self
        (link.duplicate, link.corrupt, link.reorder) = (duplicate, corrupt, reorder)
        return link
    }
}
