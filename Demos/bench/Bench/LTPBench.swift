import CBench
import DemoKit
import Doing
import LTP
import Sockets
import Wiring

/// `bench ltp`: one red block after the other over real sockets, each compared with what was sent, beside C.
func benchLTP(_ arguments: [String]) throws {
    let options = try LTPBenchOptions(arguments)
    if options.table > 0 { return benchLTPTable(sessions: options.table) }
    let peers = try [0, 1].map { _ in try UDPPeer(port: 0, options: .init(maximumDatagramSize: UDPPeer.largest)) }
    for peer in peers { try peer.open() }
    switch options.mode {
    case .oneThread:
        _ = lbc_pin(0)
        print(try LTPBed(options, peers[0], peers[1]).run())
    case .twoProcesses:
        let child = lbc_fork()
        guard child >= 0 else { throw UsageError("fork failed") }
        _ = lbc_pin(child == 0 ? 1 : 0)
        if child == 0 {
            try LTPReceiver(options, peers[1], from: peers[0].address).run()
            lbc_leave()
        }
        let line = try LTPSender(options, peers[0], to: peers[1].address).run()
        _ = lbc_reap(child)
        print(line)
    }
}

/// What `bench ltp` was asked for.
struct LTPBenchOptions {
    enum Mode: String, CaseIterable {
        case oneThread = "1t"
        case twoProcesses = "2p"
    }

    let mode: Mode
    let size: Int
    let mtu: Int
    let rounds: Int
    /// Trains of 64 KiB in a pass, as many as the receive buffer holds, in one thread.
    let trains: Int
    /// Bytes a second between two processes; 0 for none.
    let rate: Double
    /// Bytes under way between two processes; 0 for no bound.
    let window: Int
    /// Sessions of each row of the table; 0 for none.
    let table: Int

    init(_ arguments: [String]) throws {
        var words = Arguments(arguments)
        mode = try words.choice("--mode", of: Mode.self) ?? .oneThread
        size = try words.integer("--size", in: 1...1 << 30) ?? 100_000_000
        mtu = try words.integer("--mtu", in: 64...65_507) ?? 1400
        rounds = try words.integer("--rounds", in: 1...99) ?? 9
        trains = try words.integer("--trains", in: 1...64) ?? 4
        rate = try words.number("--rate", in: 0...1e12) ?? 0
        window = try words.integer("--window", in: 0...1 << 30) ?? 2_000_000
        table = try words.integer("--table", in: 0...1_000_000) ?? 0
        try words.finish()
    }

    func engine(_ number: UInt64, _ other: Address) throws -> LTPEngine {
        var engine = LTPEngine(engine: number, random: Xoshiro256(seed: number))
        var peer = LTPPeer(engine: 3 - number, address: other)
        (peer.mtu, peer.expectedRed, peer.redLimit) = (mtu, size, max(size, 1))
        peer.rate = mode == .twoProcesses && rate > 0 ? rate : nil
        // One thread reads as fast as it sends; between two processes nothing else would hold the sender back.
        peer.window = mode == .twoProcesses && window > 0 ? window : nil
        try engine.add(peer)
        try engine.open(client: 1)
        return engine
    }

    var block: [UInt8] {
        let size = size
        return [UInt8](unsafeUninitializedCapacity: size) { room, count in
            for index in 0..<size { room[index] = UInt8(truncatingIfNeeded: (index &* 131) ^ (index >> 8)) }
            count = size
        }
    }

    /// A report line of what took so many seconds a block, and so many with the comparison of every byte. The yardstick
    /// looks at one byte of each of its messages.
    func line(
        _ seconds: [Double], verified: [Double], bad: Int, repeated: Int, reference: [Double]
    ) -> JSONLine {
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        var line = JSONLine()
        line.add("row", "ltp")
        line.add("mode", mode.rawValue)
        line.add("size", size)
        line.add("mtu", mtu)
        line.add("rounds", rounds)
        line.add("bad", bad)
        line.add("repeated", repeated)
        let speed = Double(size) / median(seconds)
        line.add("MBps", speed / 1e6, digits: 1)
        line.add("gbps", speed * 8 / 1e9, digits: 2)
        line.add("gbps_best", Double(size) * 8 / 1e9 / seconds.min()!, digits: 2)
        line.add("gbps_verified", Double(size) * 8 / 1e9 / median(verified), digits: 2)
        if !reference.isEmpty {
            line.add("reference_MBps", median(reference) / 1e6, digits: 1)
            line.add("ratio", speed / median(reference), digits: 3)
        }
        return line
    }
}

/// Whether what has come is what was sent; by memcmp, since `==` on arrays looks at one byte after the other.
private func isSame(_ red: [UInt8]?, _ block: [UInt8]) -> Bool {
    guard let red, red.count == block.count else { return false }
    return red.withUnsafeBytes { one in
        block.withUnsafeBytes { lbc_same(one.baseAddress!, $0.baseAddress!, block.count) == 1 }
    }
}

/// What C makes of messages of a KiB in one thread, in bytes a second.
private func reference(_ messages: OpaquePointer?) -> Double {
    var bad = 0
    let began = lbc_now()
    let count = lbc_messages_run(messages, 50_000, 6, &bad)
    return Double(count) * 1024 / (lbc_now() - began)
}

/// Both ends in one thread, in turn with what C makes of messages of a KiB.
private final class LTPBed {
    private let options: LTPBenchOptions
    private let sender, receiver: CoreDoer<LTPEngine, UDPPeer>
    private let doist: Doist
    private var red: [UInt8]?

    init(_ options: LTPBenchOptions, _ one: UDPPeer, _ two: UDPPeer) throws {
        self.options = options
        let burst = Burst()
        let few = DatagramBudget(datagrams: 1 << 20, trains: options.trains)
        sender = CoreDoer(try options.engine(1, two.address), over: one, burst: burst, budget: few)
        receiver = CoreDoer(
            try options.engine(2, one.address), over: two, burst: burst,
            budget: DatagramBudget(datagrams: 1 << 20, trains: 1 << 10))
        doist = Doist([sender, receiver])
        receiver.onEvent = { [unowned self] _, event, _ in if case .red(let one) = event { red = one.bytes } }
        try doist.enter()
    }

    func run() throws -> JSONLine {
        let block = options.block
        let messages = lbc_messages_open(1024, 1240)
        defer { lbc_messages_close(messages) }
        var (seconds, verified, references, bad) = ([Double](), [Double](), [Double](), 0)
        for round in 0..<options.rounds + 2 {
            let start = lbc_now()
            try sender.core.send(block, to: 2, client: 1)
            for _ in 0..<1_000_000 where red == nil { try doist.recur() }
            let took = lbc_now() - start
            if !isSame(red, block) { bad += 1 }
            let tookVerified = lbc_now() - start
            if let red { receiver.core.give(red) }
            red = nil
            for _ in 0..<4 { try doist.recur() }
            let bytesPerSecond = reference(messages)
            // The first two take pages that later ones have.
            guard round >= 2 else { continue }
            seconds.append(took)
            verified.append(tookVerified)
            references.append(bytesPerSecond)
        }
        let repeated = try sender.core.counters(2).dataRepeated.count
        try doist.exit()
        return options.line(seconds, verified: verified, bad: bad, repeated: repeated, reference: references)
    }
}

/// The receiving process: compares each block with what it must be, and ends when all have come and are acknowledged.
private final class LTPReceiver: Doer {
    private let doer: CoreDoer<LTPEngine, UDPPeer>
    private let block: [UInt8]
    private var left: Int

    init(_ options: LTPBenchOptions, _ wire: UDPPeer, from place: Address) throws {
        block = options.block
        left = options.rounds + 2
        doer = CoreDoer(
            try options.engine(2, place), over: wire, budget: DatagramBudget(datagrams: 1 << 20, trains: 256))
        super.init()
        doer.onEvent = { [unowned self] doer, event, _ in
            guard case .red(let red) = event else { return }
            // A bad one is told by a green byte.
            if !isSame(red.bytes, block) { try doer.core.send([0], to: 1, client: 1, red: 0) }
            doer.core.give(red.bytes)
            left -= 1
        }
    }

    override func recur(_ tyme: Double) -> Recurrence {
        if left <= 0, doer.core.openCount == 0 { doist?.requestStop() }
        return .again
    }

    func run() throws {
        try Doist(tock: 1.0 / 1024, limit: 60, pace: RealPace(), doers: [doer, self]).run()
    }
}

/// The sending process: a block is timed until it is complete, so with the report's way back.
private final class LTPSender {
    private let options: LTPBenchOptions
    private let doer: CoreDoer<LTPEngine, UDPPeer>
    private let block: [UInt8]
    private var seconds: [Double] = []
    private var start = 0.0
    private var bad = 0
    private var repeated = 0

    init(_ options: LTPBenchOptions, _ wire: UDPPeer, to place: Address) throws {
        self.options = options
        block = options.block
        doer = CoreDoer(
            try options.engine(1, place), over: wire,
            budget: DatagramBudget(datagrams: 1 << 20, trains: options.trains))
        doer.onEvent = { [unowned self] doer, event, _ in
            switch event {
            case .exportComplete: try next(doer)
            case .exportCanceled:
                bad += 1
                try next(doer)
            case .green: bad += 1
            default: break
            }
        }
    }

    private func next(_ doer: CoreDoer<LTPEngine, UDPPeer>) throws {
        seconds.append(lbc_now() - start)
        repeated = try doer.core.counters(2).dataRepeated.count
        guard seconds.count < options.rounds + 2 else {
            doer.doist?.requestStop()
            return
        }
        start = lbc_now()
        try doer.core.send(block, to: 2, client: 1)
    }

    func run() throws -> JSONLine {
        let doist = try Doist(tock: 1.0 / 1024, limit: 60, pace: RealPace(), doers: [doer])
        start = lbc_now()
        try doer.core.send(block, to: 2, client: 1)
        try doist.run()
        guard seconds.count > 2 else { throw UsageError("only \(seconds.count) blocks in a minute") }
        let messages = lbc_messages_open(1024, 1240)
        defer { lbc_messages_close(messages) }
        let references = (0..<5).map { _ in reference(messages) }
        // The first two take pages that later ones have.
        let times = Array(seconds.dropFirst(2))
        return options.line(times, verified: times, bad: bad, repeated: repeated, reference: references)
    }
}
