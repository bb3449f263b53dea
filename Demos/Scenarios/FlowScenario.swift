import Doing
import Flowing
import Rehearsing
import Simming
import Wiring

/// Three hosts ask each other for flows of all kinds while the network does its worst but alters no bytes: datagrams
/// are lost, repeated and late, ways are cut, hosts stand still, crash, and come up again without their memory.
///
/// What must hold at every tick: a packet comes as it was written; an ordered flow never goes backwards, and one that
/// may not lose has no gap; no layer has more flows than it may. In the end, the faults being over, every flow has an
/// end at both sides that live, with a reason; whatever two hosts that never crashed said over a flow that may not
/// lose has come, all of it; and of all flows nothing is left in any table.
enum FlowScenario {
    static let scenario = Scenario(
        "flows", "flows of all kinds among three hosts; all faults but altered bytes",
        hosts: ["red", "blu", "grn"], span: 15,
        faults: [
            .losing, .duplicating, .delaying, .parting, .holding, .crowding, .refusing, .pausing, .crashing,
        ]
    ) { world in
        try FlowParty(world).run()
    }
}

/// One flow, as its asker and its acceptor know it.
private struct FlowAccount {
    let qos: QoSSpec
    let from, to: String
    /// How often both hosts had booted when it was asked for.
    let boots: [Int]
    var written = 0
    /// The number of the last packet that was read, and how many were.
    var last = -1
    var read = 0
    var isAccepted = false
    var ends: [FlowEnd?] = [nil, nil]
}

/// What all hosts said and heard, kept where no crash comes to.
private final class FlowLedger {
    var flows: [FlowAccount] = []
    var wrong: String?

    func hear(_ packet: RawSpan, of id: Int) {
        guard wrong == nil else { return }
        guard packet.byteCount >= 8, let number = packet.bigEndian(UInt32.self, at: 0).map(Int.init),
            let flow = packet.bigEndian(UInt32.self, at: 4), Int(flow) == id, number < flows[id].written
        else { return wrong = "flow \(id) brings what was not written" }
        for index in 8..<packet.byteCount where packet.byte(at: index) != UInt8(truncatingIfNeeded: number + index) {
            return wrong = "packet \(number) of flow \(id) is not what was written"
        }
        let last = flows[id].last
        if flows[id].qos.isOrdered, number <= last { wrong = "flow \(id) goes back from \(last) to \(number)" }
        if flows[id].qos.isReliable, number != last + 1 { wrong = "flow \(id) lacks what is behind \(last)" }
        flows[id].last = number
        flows[id].read += 1
    }
}

private final class FlowParty {
    static let names = ["red", "blu", "grn"]
    private let world: Rehearsal
    private let ledger = FlowLedger()
    private var members: [String: FlowMember] = [:]
    private let count, packets, largest: Int
    private var asked = 0

    init(_ world: Rehearsal) throws {
        self.world = world
        count = try world.options.choice("flows", of: [3, 30, 100, 100, 1000])
        packets = try world.options.choice("packets", of: [1, 20, 60])
        largest = try world.options.choice("largest", of: [8, 200, 1200])
        let delay = Double(try world.options.number("delay-ms", in: 0...200)) / 1000
        let jitter = Double(try world.options.choice("jitter-ms", of: [0, 0, 20])) / 1000
        let loss = Double(try world.options.choice("loss-percent", of: [0, 0, 5, 20])) / 100
        let link = SimLink(delay: delay, jitter: jitter, loss: loss)
        for (index, name) in Self.names.enumerated() {
            for other in Self.names[..<index] { world.net.connect(world.net.host(other), world.net.host(name), link) }
        }
        for name in Self.names {
            let host = world.net.host(name)
            host.boot { [unowned self] host in live(name, on: host) }
            try world.add(host)
        }
    }

    /// What a host does when it starts, the first time or after a crash.
    private func live(_ name: String, on host: SimHost) -> [Doer] {
        let core = FlowCore(.own, random: host.random.fork())
        let net = world.net
        let directory = FlowDirectory { to in
            Self.names.contains(to) ? net.host(to).address(port: 1) : nil
        }
        let flows = FlowNet([FlowLayer("net", core, over: host.peer(port: 1), directory: directory)])
        do { try flows.serve(name) } catch { ledger.wrong = "\(error)" }
        let member = FlowMember(flows, ledger, packets: packets, largest: largest)
        members[name] = member
        return flows.doers + [member]
    }

    private func ask(_ random: inout Xoshiro256) {
        let from = Self.names[random.below(3)]
        let to = Self.names.filter { $0 != from }[random.below(2)]
        let kinds: [QoSSpec] = [.raw, .rawNoErrors, .bestEffort, .video, .data, QoSSpec(loss: 0, bitErrors: 0)]
        var qos = kinds[random.below(kinds.count)]
        qos.timeout = 40_000
        if random.below(4) == 0 { qos.bandwidth = 1_000_000 }
        guard let member = members[from], !world.net.host(from).isDown else { return }
        let boots = [from, to].map { world.net.host($0).boots }
        ledger.flows.append(FlowAccount(qos: qos, from: from, to: to, boots: boots))
        member.ask(to, id: ledger.flows.count - 1, qos)
    }

    func run() throws {
        world.invariant("packets come as they were written, in order where that was promised") { [ledger] in
            ledger.wrong
        }
        world.invariant("no layer has more than it may") { [unowned self] in
            for name in Self.names where (members[name]?.flows ?? 0) > 2 * ledger.flows.count {
                return "\(name) has \(members[name]!.flows) flows"
            }
            return nil
        }
        try world.enter()
        var random = world.random("flows")
        while asked < count {
            let batch = 1 + random.below(1 + count / 10)
            for _ in 0..<min(batch, count - asked) { ask(&random) }
            asked += batch
            try world.run(for: Double(random.below(800)) / 1000)
        }
        // All is over once the faults are, and whoever waits for somebody that is gone has waited long enough.
        try world.run(until: 60)
        guard try world.run(for: 400, { [unowned self] in members.values.allSatisfy { $0.flows == 0 } }) else {
            let left = Self.names.map { "\(members[$0]?.flows ?? 0) of \($0)" }.joined(separator: ", ")
            throw RehearsalError.missing(what: "the end of all flows (\(left) are left)", tyme: world.tyme)
        }
        try world.run(for: 1)
        for (id, flow) in ledger.flows.enumerated() { try check(flow, id) }
    }

    private func check(_ flow: FlowAccount, _ id: Int) throws {
        let hosts = [flow.from, flow.to].map { world.net.host($0) }
        func missing(_ what: String) -> RehearsalError {
            let ends = flow.ends.map { "\($0.map { "\($0)" } ?? "none")" }.joined(separator: " and ")
            return .missing(
                what: "\(what) of flow \(id) from \(flow.from) to \(flow.to), which ended: \(ends)",
                tyme: world.tyme)
        }
        for side in 0..<2 where hosts[side].boots == flow.boots[side] && !hosts[side].isDown {
            if side == 0 || flow.isAccepted, flow.ends[side] == nil { throw missing("an end at side \(side)") }
        }
        guard hosts[0].boots == flow.boots[0], hosts[1].boots == flow.boots[1] else { return }
        guard flow.isAccepted, flow.written == packets else { throw missing("all that was to be written") }
        if flow.qos.isReliable, flow.read != flow.written { throw missing("\(flow.written - flow.read) packets") }
        if flow.ends[0] != .closed { throw missing("an orderly end, not \(flow.ends[0]!),") }
    }
}

/// One host's application: accepts all flows, reads them, and writes those that it has asked for to their end.
private final class FlowMember: Doer {
    private let net: FlowNet
    private let ledger: FlowLedger
    private let packets, largest: Int
    private var mine: [(flow: Flow, id: Int)] = []
    private var others: [(flow: Flow, id: Int)] = []

    init(_ net: FlowNet, _ ledger: FlowLedger, packets: Int, largest: Int) {
        (self.net, self.ledger, self.packets, self.largest) = (net, ledger, packets, largest)
        super.init()
    }

    var flows: Int { net.layers[0].core.flows }

    func ask(_ name: String, id: Int, _ qos: QoSSpec) {
        let data = (0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * $0)) }
        mine.append((net.alloc(name, qos: qos, timeout: 60, data: data), id))
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while let flow = net.accept() {
            let id = flow.data.reduce(0) { $0 << 8 | Int($1) }
            guard id < ledger.flows.count else { continue }
            ledger.flows[id].isAccepted = true
            others.append((flow, id))
        }
        for (flow, id) in others {
            while flow.withPacket({ ledger.hear($0, of: id) }) != nil {}
            if let end = flow.end { ledger.flows[id].ends[1] = end }
        }
        others.removeAll { $0.flow.end != nil }
        for (flow, id) in mine { write(flow, id) }
        mine.removeAll { $0.flow.end != nil }
        return .again
    }

    private func write(_ flow: Flow, _ id: Int) {
        if let end = flow.end { return ledger.flows[id].ends[0] = end }
        guard flow.isUp else { return }
        var number = ledger.flows[id].written
        while number < packets {
            let bytes = [UInt8](unsafeUninitializedCapacity: largest) { room, count in
                for index in 0..<largest {
                    room[index] =
                        index < 4
                        ? UInt8(truncatingIfNeeded: number >> (24 - 8 * index))
                        : index < 8
                            ? UInt8(truncatingIfNeeded: id >> (56 - 8 * index))
                            : UInt8(truncatingIfNeeded: number + index)
                }
                count = largest
            }
            guard case .written = flow.write(bytes) else { return }
            number += 1
            ledger.flows[id].written = number
        }
        flow.dealloc()
        ledger.flows[id].ends[0] = flow.end
    }
}
