import CBench
import DemoKit
import Doing
import Flowing
import Sockets
import Wiring

/// `bench flows`: raw packets over the UDP layer beside C, allocations, and round trips between two processes.
func benchFlows(_ arguments: [String]) throws {
    let options = try FlowBenchOptions(arguments)
    if options.row != .echo, options.row != .alloc { print(try FlowBed(options).raw()) }
    if options.row != .echo, options.row != .raw { print(try benchFlowAllocations(options)) }
    if options.row != .raw, options.row != .alloc { print(try benchFlowEcho(options)) }
}

/// What `bench flows` was asked for.
struct FlowBenchOptions {
    enum Row: String, CaseIterable { case all, raw, alloc, echo }

    let row: Row
    let size: Int
    let count: Int
    let rounds: Int
    let trains: Int

    init(_ arguments: [String]) throws {
        var words = Arguments(arguments)
        row = try words.choice("--row", of: Row.self) ?? .all
        size = try words.integer("--size", in: 1...8980) ?? 1024
        count = try words.integer("--count", in: 100...10_000_000) ?? 50_000
        rounds = try words.integer("--rounds", in: 1...99) ?? 9
        trains = try words.integer("--trains", in: 1...64) ?? 8
        try words.finish()
    }
}

private func udpLayer(
    _ socket: UDPPeer, to other: Address, seed: UInt64, burst: Burst, _ budget: DatagramBudget
) -> FlowNet {
    let core = FlowCore(.ouroborosUDP023, random: Xoshiro256(seed: seed))
    let doer = CoreDoer(core, over: socket, burst: burst, budget: budget)
    return FlowNet([FlowLayer("o7", core, drivenBy: doer, directory: FlowDirectory { _ in other })])
}

private func socket() throws -> UDPPeer {
    let socket = try UDPPeer(port: 0, options: .init(maximumDatagramSize: UDPPeer.largest))
    try socket.open()
    return socket
}

/// Both ends in one thread, in turn with what C makes of messages of as many bytes.
private final class FlowBed {
    private let options: FlowBenchOptions
    private let doist: Doist
    private let flow, other: Flow

    init(_ options: FlowBenchOptions) throws {
        self.options = options
        _ = lbc_pin(0)
        let (near, far) = (try socket(), try socket())
        let burst = Burst()
        let client = udpLayer(
            near, to: far.address, seed: 1, burst: burst,
            DatagramBudget(datagrams: 1 << 20, trains: options.trains))
        let server = udpLayer(
            far, to: near.address, seed: 2, burst: burst, DatagramBudget(datagrams: 1 << 20, trains: 1 << 10))
        try server.serve("bench")
        doist = Doist(client.doers + server.doers)
        try doist.enter()
        flow = client.alloc("bench")
        var accepted: Flow?
        for _ in 0..<100 where accepted == nil || !flow.isUp {
            try doist.recur()
            if accepted == nil { accepted = server.accept() }
        }
        guard let accepted, flow.isUp else { throw UsageError("no flow: \(flow.state)") }
        other = accepted
    }

    func raw() throws -> JSONLine {
        let packet = [UInt8](repeating: 7, count: options.size)
        let inTrain = max(1, min(64, 65_472 / (options.size + 4)))
        let messages = lbc_messages_open(Int32(options.size), Int32(options.size + 216))
        defer { lbc_messages_close(messages) }
        var (ours, reference, bad, lost) = ([Double](), [Double](), 0, 0)
        for round in 0..<options.rounds + 2 {
            var (written, read) = (0, 0)
            let start = lbc_now()
            while written < options.count {
                for _ in 0..<min(options.trains * inTrain, options.count - written) { flow.write(packet.span.bytes) }
                written = min(options.count, written + options.trains * inTrain)
                try doist.recur()
                while let isGood = other.withPacket({ $0.byteCount == packet.count && $0.byte(at: 0) == 7 }) {
                    read += 1
                    if !isGood { bad += 1 }
                }
            }
            let took = lbc_now() - start
            var badBytes = 0
            let began = lbc_now()
            let count = lbc_messages_run(messages, options.count, 6, &badBytes)
            // The first two take pages that later ones have.
            guard round >= 2 else { continue }
            lost += written - read
            ours.append(Double(read) / took)
            reference.append(Double(count) / (lbc_now() - began))
        }
        var line = JSONLine()
        line.add("row", "flows-raw")
        line.add("size", options.size)
        line.add("packets_per_s", LoopbackRounds.spread(ours, digits: 0))
        line.add("reference_per_s", LoopbackRounds.spread(reference, digits: 0))
        line.add("ratio", LoopbackRounds.median(ours) / LoopbackRounds.median(reference), digits: 3)
        line.add("bad", bad)
        line.add("lost", lost)
        return line
    }
}

/// Ten thousand flows asked for, answered, accepted and up, in one process.
private func benchFlowAllocations(_ options: FlowBenchOptions) throws -> JSONLine {
    let count = 10_000
    var cpu: [Double] = []
    for _ in 0..<options.rounds {
        let net = FlowNet([.local()])
        try net.serve("bench")
        let doist = Doist(net.doers)
        try doist.enter()
        var (flows, others) = ([Flow](), [Flow]())
        flows.reserveCapacity(count)
        others.reserveCapacity(count)
        let start = lbc_cpu()
        for _ in 0..<count / 500 {
            for _ in 0..<500 { flows.append(net.alloc("bench")) }
            for _ in 0..<100 where others.count < flows.count || !flows[flows.count - 1].isUp {
                try doist.recur()
                while let other = net.accept() { others.append(other) }
            }
        }
        cpu.append((lbc_cpu() - start) * 1e3)
        guard others.count == count, flows.allSatisfy(\.isUp) else { throw UsageError("\(others.count) flows") }
    }
    var line = JSONLine()
    line.add("row", "flows-alloc")
    line.add("count", count)
    line.add("cpu_ms", LoopbackRounds.spread(cpu, digits: 2))
    return line
}

/// A packet there and back over the UDP layer between two processes.
private func benchFlowEcho(_ options: FlowBenchOptions) throws -> JSONLine {
    let (near, far) = (try socket(), try socket())
    let child = lbc_fork()
    guard child >= 0 else { throw UsageError("fork failed") }
    _ = lbc_pin(child == 0 ? 1 : 0)
    let budget = DatagramBudget(datagrams: 1 << 20, trains: 64)
    let (mine, other) = child == 0 ? (far, near) : (near, far)
    let net = udpLayer(mine, to: other.address, seed: child == 0 ? 1 : 2, burst: Burst(), budget)
    let talk = FlowEcho(net, options, isServer: child == 0)
    try Doist(tock: 1.0 / 1024, limit: 20, pace: RealPace(), doers: net.doers + [talk]).run()
    if child == 0 { lbc_leave() }
    _ = lbc_reap(child)
    guard talk.trips.count > 100 else { throw UsageError("only \(talk.trips.count) round trips") }
    var line = JSONLine()
    line.add("row", "flows-echo")
    line.add("trips", talk.trips.count)
    let trips = talk.trips.dropFirst(100).sorted().map { $0 * 1e6 }
    line.add("us_median", trips[trips.count / 2], digits: 1)
    line.add("us_p99", trips[trips.count * 99 / 100], digits: 1)
    return line
}

private final class FlowEcho: Doer {
    private(set) var trips: [Double] = []
    private let net: FlowNet
    private let most: Int
    private let isServer: Bool
    private let packet = [UInt8](repeating: 9, count: 200)
    private var flow: Flow?
    private var start = 0.0

    init(_ net: FlowNet, _ options: FlowBenchOptions, isServer: Bool) {
        (self.net, self.isServer) = (net, isServer)
        most = min(options.count, 20_000) + 100
        super.init()
        net.onOffer = { [unowned self] net in
            while let flow = net.accept() { listen(to: flow) }
        }
    }

    private func listen(to flow: Flow) {
        self.flow = flow
        flow.onEvent = { [unowned self] flow, _ in
            if isServer {
                var bytes: [UInt8] = []
                while case .message = flow.read(into: &bytes) { flow.write(bytes) }
            } else {
                while flow.withPacket({ $0.byteCount }) == packet.count {
                    trips.append(lbc_now() - start)
                    ask()
                }
            }
        }
    }

    private func ask() {
        guard trips.count < most else { return wake() }
        start = lbc_now()
        flow!.write(packet)
    }

    override func enter(_ tyme: Tyme) throws {
        if isServer { return try net.serve("bench") }
        listen(to: net.alloc("bench"))
    }

    override func recur(_ tyme: Tyme) -> Recurrence {
        if isServer {
            // The asker is gone once it has what it wants: nothing comes for a second.
            if tyme > 1, flow == nil || heard == received { doist?.requestStop() }
            heard = received
            return .park(until: tyme + 1)
        }
        if trips.count >= most { doist?.requestStop() }
        if trips.isEmpty, flow?.isUp == true, start == 0 { ask() }
        return .park(until: tyme + 0.001)
    }

    private var heard = -1
    private var received: Int { net.layers[0].core.statistics.received }
}
