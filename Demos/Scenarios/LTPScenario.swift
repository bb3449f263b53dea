import Doing
import LTP
import Rehearsing
import Simming
import Wiring

/// Three engines send blocks of all colours to each other while the network loses, repeats, delays and parts.
///
/// What must hold at every tick: a red part comes whole, as it was sent, and once; green bytes are those that were
/// sent; a block ends once; no table has more than it may. In the end, the faults being over, every block is
/// complete, for the network was never away longer than an engine is patient; and of all sessions nothing is left.
enum LTPScenario {
    static let scenario = Scenario(
        "ltp", "blocks of LTP among three engines, red, green and mixed; all faults but altered bytes and crashes",
        hosts: ["red", "blu", "grn"], span: 15,
        faults: [.losing, .duplicating, .delaying, .parting, .holding, .crowding, .refusing, .pausing]
    ) { world in
        world.describe = { describeSegment($0) }
        try LTPParty(world).run()
    }
}

private final class LTPParty {
    private let world: Rehearsal
    private let names = ["red", "blu", "grn"]
    private var proxies: [LTPProxy<SimPeer>] = []
    private var points: [LTPAccessPoint] = []
    private var blocks: [LTPSession: (block: [UInt8], red: Int)] = [:]
    private var tickets: [LTPTicket] = []
    private var arrived: Set<LTPSession> = []
    private var wrong: String?
    private let count: Int
    private let largest: Int
    private let redPercent: Int

    init(_ world: Rehearsal) throws {
        self.world = world
        count = try world.options.number("count", in: 1...12)
        largest = try world.options.choice("largest", of: [1, 300, 5000, 60000])
        redPercent = try world.options.choice("red-percent", of: [0, 50, 100, 100])
        let delay = Double(try world.options.number("delay-ms", in: 0...200)) / 1000
        let mtu = try world.options.choice("mtu", of: [64, 300, 1400])
        let every = try world.options.choice("checkpoint-every", of: [0, 0, 1, 7])
        let copies = try world.options.choice("copies", of: [1, 1, 2])
        let deferral = Double(try world.options.choice("deferral-ms", of: [0, 20, 200])) / 1000
        let rate = try world.options.choice("rate", of: [0, 100_000])
        let link = SimLink(delay: delay)
        for (a, name) in names.enumerated() {
            for other in names[..<a] { world.net.connect(world.net.host(other), world.net.host(name), link) }
        }
        for (number, name) in names.enumerated() {
            let peers = names.indices.filter { $0 != number }.map { other in
                var peer = LTPPeer(
                    engine: UInt64(other + 1), address: world.net.host(names[other]).address(port: 1113))
                (peer.mtu, peer.lightTime, peer.checkpointEvery) = (mtu, delay, every)
                (peer.copies, peer.deferral, peer.rate) = (copies, deferral, rate > 0 ? Double(rate) : nil)
                return peer
            }
            let proxy = try LTPProxy(
                engine: UInt64(number + 1), over: world.net.host(name).peer(port: 1113), peers: peers,
                random: world.random(name))
            proxies.append(proxy)
            points.append(try proxy.open(1))
            let host = world.net.host(name)
            host.boot { _ in [proxy.doer] }
            try world.add(host)
        }
    }

    func run() throws {
        world.invariant("red comes whole and once, green as it was sent") { [unowned self] in
            hear()
            return wrong
        }
        try world.enter()
        var random = world.random("blocks")
        for number in 0..<count {
            try send(number, &random)
            try world.run(for: Double(random.below(1500)) / 1000)
        }
        guard try world.run(for: 600, { [unowned self] in tickets.allSatisfy(\.isEnded) }) else {
            throw RehearsalError.missing(
                what: "the end of \(tickets.filter { !$0.isEnded }.count) blocks", tyme: world.tyme)
        }
        guard try world.run(for: 600, { [unowned self] in proxies.allSatisfy { $0.doer.core.openCount == 0 } }) else {
            throw RehearsalError.missing(what: "the end of all sessions", tyme: world.tyme)
        }
        hear()
        for ticket in tickets where ticket.outcome != .complete {
            throw RehearsalError.missing(
                what: "the end of \(ticket.session), which \(ticket.outcome!)", tyme: world.tyme)
        }
        for (session, sent) in blocks.sorted(by: { $0.key < $1.key }) where sent.red > 0 && !arrived.contains(session) {
            throw RehearsalError.missing(what: "the red part of \(session)", tyme: world.tyme)
        }
    }

    private func send(_ number: Int, _ random: inout Xoshiro256) throws {
        let from = random.below(3)
        let to = (from + 1 + random.below(2)) % 3
        let size = 1 + random.below(largest)
        let block = (0..<size).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8) &+ number) }
        let ticket = try points[from].send(block, to: UInt64(to + 1), red: size * redPercent / 100)
        tickets.append(ticket)
        blocks[ticket.session] = (block, size * redPercent / 100)
    }

    private func hear() {
        for point in points {
            while let arrival = try? point.receive() { if let what = check(arrival), wrong == nil { wrong = what } }
        }
    }

    /// What is wrong with an arrival.
    private func check(_ arrival: LTPArrival) -> String? {
        switch arrival {
        case .red(let red):
            guard let sent = blocks[red.session], red.bytes == Array(sent.block[..<sent.red]) else {
                return "the red part of \(red.session) is not what was sent"
            }
            return arrived.insert(red.session).inserted ? nil : "the red part of \(red.session) comes twice"
        case .green(let green):
            let (lower, upper) = (Int(green.offset), Int(green.offset) + green.bytes.count)
            guard let sent = blocks[green.session], lower >= sent.red, upper <= sent.block.count,
                green.bytes == Array(sent.block[lower..<upper])
            else { return "green bytes of \(green.session) are not what was sent" }
            return nil
        case .canceled(let session, let reason, let party): return "\(session) cancelled by \(party): \(reason)"
        }
    }
}
