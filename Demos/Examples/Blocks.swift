import CoDoing
import Doing
import LTP
import Simming

/// LTP (RFC 5326): a block of data to a spacecraft ten light minutes away, over a link that loses a tenth.
func blocks() throws {
    let net = SimNet(seed: 1, link: SimLink(delay: 600, loss: 0.1))
    let (earth, mars) = (net.host("earth"), net.host("mars"))
    func node(_ engine: UInt64, _ host: SimHost, with other: UInt64, at there: SimHost) throws -> LTPProxy<SimPeer> {
        var peer = LTPPeer(engine: other, address: there.address(port: 1113))
        peer.lightTime = 600
        return try LTPProxy(
            engine: engine, over: host.peer(port: 1113), peers: [peer], random: Xoshiro256(seed: engine))
    }
    let sender = try node(1, earth, with: 2, at: mars)
    let receiver = try node(2, mars, with: 1, at: earth)
    let (out, into) = (try sender.open(5), try receiver.open(5))
    let sending = LinearDoer { doer in
        let ticket = try out.send([UInt8](repeating: 42, count: 50_000), to: 2)
        let end = try await ticket.end.get()
        print("the sender, after \(Int(currentTyme / 60)) minutes: \(end)")
        doer.doist?.requestStop()
    }
    let receiving = LinearDoer { _ in
        guard case .red(let red) = try await into.inbox.next().get() else { return }
        print("the receiver, after \(Int(currentTyme / 60)) minutes: \(red.bytes.count) bytes")
    }
    try Doist([net, sender.doer, receiver.doer, sending, receiving]).run(limit: 100_000)
}
