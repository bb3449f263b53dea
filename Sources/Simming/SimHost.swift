import Doing

/// A host of a simulated network: a name, ports for peers, and a scheduler for the doers that live there.
///
/// Without doers of its own it is a name with ports, and need not be scheduled.
public final class SimHost: DoDoer {
    /// The network.
    public let net: SimNet
    /// Its number in its network, from 1.
    public let number: Int
    private var nextPort: UInt16 = 49_152

    init(net: SimNet, name: String, number: Int) {
        self.net = net
        self.number = number
        // Tock 0 is never refused.
        try! super.init(name: name)
    }

    /// A peer of this host. It takes its port when it is opened.
    ///
    /// - Parameters:
    ///   - port: its port; 0 for one from 49152 up that no peer was given so far.
    ///   - buffer: bytes of its receive buffer, a datagram counting 64 more than its own; at least 1.
    public func peer(port: UInt16 = 0, buffer: Int = SimPeer.defaultBuffer) -> SimPeer {
        SimPeer(host: self, port: port == 0 ? freePort() : port, buffer: buffer)
    }

    private func freePort() -> UInt16 {
        for _ in 0..<16_384 {
            let port = nextPort
            nextPort = port == 65_535 ? 49_152 : port + 1
            if net.socket(Int32(number), port) == nil { return port }
        }
        preconditionFailure("\(name) has no free port left")
    }
}
