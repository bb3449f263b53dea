import Doing
import Framing
import Simming
import Wiring

/// A server and a client on two simulated hosts, a tick of a millisecond.
final class Bed<Core: FrameCore> {
    typealias Server = FrameServer<Core, SimListener>
    typealias Client = FrameClient<Core, SimStream>

    let net: SimNet
    let red: SimHost
    let blu: SimHost
    let doist: Doist
    let server: Server
    var clients: [Client] = []
    /// What the hooks told, in order.
    var story: [String] = []

    init(
        seed: UInt64 = 1, link: SimLink = SimLink(delay: 0.01), pipe: SimPipe = SimPipe(),
        plan: FaultPlan = FaultPlan.empty, _ make: ([SimListener]) throws -> Server
    ) throws {
        net = SimNet(seed: seed, link: link)
        net.plan = plan
        (red, blu) = (net.host("red"), net.host("blu"))
        server = try make([blu.listener(port: 7, pipe: pipe), blu.listener(port: 8, pipe: pipe)])
        doist = try Doist(tock: 0.001, doers: [net, server])
        server.on.up = { [unowned self] connection, _ in story.append("server up \(connection.id)") }
        server.on.down = { [unowned self] connection, ending, _ in
            story.append("server down \(connection.id) \(ending.isClean ? "clean" : "\(ending)")")
        }
        try doist.enter()
    }

    /// Schedules a client.
    func add(_ client: Client) throws -> Client {
        let number = clients.count + 1
        client.on.up = { [unowned self] _, _ in story.append("client \(number) up") }
        client.on.down = { [unowned self] _, ending, _ in
            story.append("client \(number) down \(ending.isClean ? "clean" : "\(ending)")")
        }
        clients.append(client)
        try doist.extend([client])
        return client
    }

    /// Runs until `isOver`, for so many seconds at most; false if it never was.
    @discardableResult
    func run(_ seconds: Double = 60, until isOver: () -> Bool = { false }) throws -> Bool {
        let end = doist.tyme + seconds
        while doist.tyme < end {
            if isOver() { return true }
            try doist.recur()
        }
        return isOver()
    }
}
