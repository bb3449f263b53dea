import DemoKit

/// What `bench loopback` was asked for.
struct LoopbackOptions {
    enum Mode: String, CaseIterable {
        /// Both ends in one thread, in turn.
        case oneThread = "1t"
        /// Two processes on two cores.
        case twoProcesses = "2p"
    }
    enum Transport: String, CaseIterable { case udp, uxd }
    enum Kind: String, CaseIterable { case plain, sure }
    enum Control: String, CaseIterable { case none, rate, newreno, delayreno }

    var mode = Mode.oneThread
    /// Bytes of a memo.
    var size = 1024
    /// Bytes of a gram.
    var gram = 1240
    /// One memo under way at a time, echoed.
    var isPingPong = false
    var transport = Transport.udp
    var kind = Kind.plain
    var control = Control.none
    var isBinary = false
    enum Words: String, CaseIterable { case text, binary }
    /// Memos under way at most.
    var window: Int
    /// Microseconds of a tick.
    var tick = 31_250
    /// Memos are read where they arrived, by a `MemoReader`, not taken out of the inbox.
    var isInPlace = false
    /// Runs the C yardstick in turn, so many rounds.
    var hasReference = false
    var rounds: Int
    /// Memos of one round, and of the whole run without a yardstick.
    var count: Int

    init(_ arguments: [String]) throws {
        var words = Arguments(arguments)
        mode = try words.choice("--mode", of: Mode.self) ?? mode
        size = try words.integer("--size", in: 1...16 << 20) ?? size
        gram = try words.integer("--mtu", in: 64...65_507) ?? gram
        isPingPong = try words.integer("--pp", in: 0...1) == 1
        transport = try words.choice("--transport", of: Transport.self) ?? transport
        let kind = try words.choice("--kind", of: Kind.self) ?? .plain
        let control = try words.choice("--control", of: Control.self)
        guard control == nil || kind == .sure else { throw UsageError("--control needs --kind sure") }
        self.kind = kind
        self.control = control ?? .none
        isBinary = try words.choice("--domain", of: Words.self) == .binary
        // Plain memos are not repeated: what is under way must fit into the receive buffer.
        window = try words.integer("--window", in: 1...1 << 20) ?? max(2, min(1024, (2 << 20) / size))
        tick = try words.integer("--tick-us", in: 100...10_000_000) ?? tick
        hasReference = try words.integer("--reference", in: 0...1) == 1
        isInPlace = try words.integer("--in-place", in: 0...1) == 1
        // Many short rounds in turn with the yardstick's tell more of the two than few long ones.
        rounds = try words.integer("--rounds", in: 1...99) ?? 25
        let trips = size > 9000 ? 1000 : hasReference ? 4000 : 20_000
        let most = isPingPong ? trips : max(4, min(200_000, (64 << 20) / size))
        count = try words.integer("--count", in: 1...10_000_000) ?? most
        try words.finish()
        guard mode == .oneThread || !hasReference else {
            throw UsageError("--reference 1 stands beside --mode 1t only")
        }
        guard !isInPlace || mode == .oneThread && !isPingPong else {
            throw UsageError("--in-place 1 stands beside --mode 1t only, without --pp 1")
        }
    }
}

/// What one run gave: the keys of a report line.
struct LoopbackResult {
    var memos = 0
    var bad = 0
    var seconds = 0.0
    var cpu = 0.0
    /// Seconds of every round trip.
    var roundTrips: [Double] = []

    func line(_ options: LoopbackOptions) -> JSONLine {
        let done = Double(max(1, memos))
        var line = JSONLine()
        line.add("proto", "tymist-\(options.kind.rawValue)-\(options.transport.rawValue)")
        line.add("mode", options.mode.rawValue)
        line.add("pp", options.isPingPong ? 1 : 0)
        line.add("in_place", options.isInPlace ? 1 : 0)
        line.add("size", options.size)
        line.add("mtu", options.gram)
        line.add("msgs", memos)
        line.add("complete", memos >= options.count)
        line.add("bad", bad)
        line.add("sec", seconds, digits: 4)
        line.add("msgs_s", Double(memos) / seconds, digits: 1)
        line.add("MBps", Double(memos) * Double(options.size) / 1e6 / seconds, digits: 2)
        line.add("cpu_us_msg", cpu * 1e6 / done, digits: 3)
        line.add("cpu_ms_MB", cpu * 1e9 / (done * Double(options.size)), digits: 3)
        if !roundTrips.isEmpty {
            let sorted = roundTrips.sorted()
            line.add("rtt_us_median", sorted[sorted.count / 2] * 1e6, digits: 1)
            line.add("rtt_us_p99", sorted[sorted.count * 99 / 100] * 1e6, digits: 1)
        }
        return line
    }
}
