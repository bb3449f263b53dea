import CBench
import DemoKit
import Doing
import Memoing
import Sockets
import Wiring

/// `bench loopback`: plain memos from end to end over real sockets.
func benchLoopback(_ arguments: [String]) throws {
    let options = try LoopbackOptions(arguments)
    switch options.transport {
    case .udp:
        let udp = UDPPeer.Options(maximumDatagramSize: options.gram)
        let wires = try (UDPPeer(port: 0, options: udp), UDPPeer(port: 0, options: udp))
        try wires.0.open()
        try wires.1.open()
        let places = (wires.0.address, wires.1.address)
        try run(options, wires, places) { $0.close() }
    case .uxd:
        let uxd = UXDPeer.Options(sendBufferSize: 4 << 20)
        let wires = try (
            UXDPeer(at: .temporary(name: "a"), options: uxd), UXDPeer(at: .temporary(name: "b"), options: uxd)
        )
        try wires.0.open()
        try wires.1.open()
        let places = (wires.0.address, wires.1.address)
        try run(options, wires, places) { $0.close(unlink: false) }
        wires.0.close()
        wires.1.close()
    }

    func run<Wire: DatagramTransport>(
        _ options: LoopbackOptions, _ wires: (Wire, Wire), _ places: (Address, Address), leave: (Wire) -> Void
    ) throws {
        switch options.mode {
        case .oneThread:
            _ = lbc_pin(0)
            let bed = try MemoBed(options, wires, places)
            if options.hasReference { print(try bed.compare(options)) } else { print(try bed.run().line(options)) }
            try bed.doist.exit()
        case .twoProcesses:
            let child = lbc_fork()
            guard child >= 0 else { throw UsageError("fork failed") }
            _ = lbc_pin(child == 0 ? 1 : 0)
            if child == 0 {
                leave(wires.0)
                try MemoTalker(options, wires.1, to: places.0, isAnswering: true).run()
                lbc_leave()
            }
            leave(wires.1)
            var result = try MemoTalker(options, wires.0, to: places.1, isAnswering: false).run()
            result.cpu += lbc_reap(child)
            print(result.line(options))
        }
    }
}

/// A memoer for the bench.
func benchMemoer(_ options: LoopbackOptions) throws -> Memoer {
    var memoer = try Memoer(
        kind: options.kind == .sure ? .sure : .plain, domain: options.isBinary ? .binary : .text, size: options.gram,
        maximum: max(options.gram, 1240), random: SplitMix64(seed: UInt64(lbc_process())))
    switch options.control {
    case .none: memoer.sureDefaults.control = .none(window: options.window)
    case .rate: memoer.sureDefaults.control = .rate(bytesPerSecond: 10_000_000_000)
    case .newreno: memoer.sureDefaults.control = .newReno
    case .delayreno: memoer.sureDefaults.control = .delayReno
    }
    return memoer
}

/// The bytes of every memo.
func benchMemo(_ options: LoopbackOptions) -> [UInt8] {
    (0..<options.size).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ 3) }
}

/// Both ends under one doist that is stepped by hand.
final class MemoBed<Wire: DatagramTransport> {
    let doist: Doist
    private let options: LoopbackOptions
    private let red, blu: CoreDoer<Memoer, Wire>
    private let places: (Address, Address)
    private let memo: [UInt8]
    private let reader: Reader

    /// Looks at memos in place.
    private final class Reader: MemoReader {
        let size: Int
        let last: UInt8
        var result = LoopbackResult()

        init(_ memo: [UInt8]) {
            size = memo.count
            last = memo.last ?? 0
        }

        func read(_ memo: RawSpan, _ head: MemoHead, at tyme: Tyme) {
            result.memos += 1
            guard memo.byteCount == size else { return result.bad += 1 }
            if unsafe memo.unsafeLoad(fromByteOffset: size - 1, as: UInt8.self) != last { result.bad += 1 }
        }
    }

    /// `watch` sees the doist before it enters.
    init(
        _ options: LoopbackOptions, _ wires: (Wire, Wire), _ places: (Address, Address),
        watch: (Doist) -> Void = { _ in }
    ) throws {
        self.options = options
        self.places = places
        let burst = Burst()
        red = CoreDoer(try benchMemoer(options), over: wires.0, burst: burst)
        blu = CoreDoer(try benchMemoer(options), over: wires.1, burst: burst)
        memo = benchMemo(options)
        reader = Reader(memo)
        if options.isInPlace { blu.core.reader = reader }
        // Outcomes wait until they are read, and are counted with what is queued.
        if options.kind == .sure, !options.isPingPong { red.onEvent = { _, _, _ in } }
        doist = try Doist(tock: Double(options.tick) * 1e-6, doers: [red, blu])
        watch(doist)
        try doist.enter()
    }

    /// Carries all memos, at most six seconds.
    func run() throws -> LoopbackResult {
        var result = LoopbackResult()
        let (start, cpu) = (lbc_now(), lbc_cpu())
        try options.isPingPong ? bounce(&result) : carry(&result)
        result.seconds = lbc_now() - start
        result.cpu = lbc_cpu() - cpu
        return result
    }

    private func carry(_ result: inout LoopbackResult) throws {
        let limit = lbc_now() + 6
        var (queued, lost, idle) = (0, 0, 0)
        while result.memos + lost < options.count, lbc_now() < limit {
            let room = options.window - (queued - result.memos - lost)
            queued += try queue(min(room, options.count - queued), in: &red.core)
            try doist.recur()
            let before = result.memos
            if options.isInPlace {
                result.memos += reader.result.memos
                result.bad += reader.result.bad
                reader.result = LoopbackResult()
            } else {
                take(from: &blu.core, &result)
            }
            idle = result.memos == before ? idle + 1 : 0
            // Plain memos that were lost do not come again.
            if idle == 1000 { lost = queued - result.memos }
        }
    }

    /// Queues so many memos under one access to the core: an access costs about as much as a memo.
    private func queue(_ count: Int, in memoer: inout Memoer) throws -> Int {
        for _ in 0..<max(0, count) { try memoer.memoit(memo, to: places.1) }
        return max(0, count)
    }

    private func take(from memoer: inout Memoer, _ result: inout LoopbackResult) {
        while var memo = memoer.inbox.popFirst() {
            if memo.bytes.count != options.size || memo.bytes.last != self.memo.last { result.bad += 1 }
            result.memos += 1
            memoer.give(&memo.bytes)
        }
    }

    /// A memo there and back, again and again. What comes is answered where it is told, in the pass that brought it, as
    /// a program would do it.
    private func bounce(_ result: inout LoopbackResult) throws {
        let limit = lbc_now() + 6
        let (ping, pong) = (Bounce(options, memo, isAsking: true), Bounce(options, memo, isAsking: false))
        red.onEvent = { [places] red, event, _ in ping.take(event, &red.core, to: places.1) }
        blu.onEvent = { [places] blu, event, _ in pong.take(event, &blu.core, to: places.0) }
        defer { (red.onEvent, blu.onEvent) = (nil, nil) }
        try red.core.memoit(memo, to: places.1)
        var idle = 0
        while ping.memos < options.count, idle < 1000, lbc_now() < limit {
            let before = ping.memos
            try doist.recur()
            idle = ping.memos == before ? idle + 1 : 0
        }
        result.memos = ping.memos
        result.bad = ping.bad + pong.bad
        result.roundTrips = ping.roundTrips
        // What is still under way belongs to no later run.
        for _ in 0..<10 { try doist.recur() }
    }

    /// One end of the round trips: answers memo by memo.
    private final class Bounce {
        private(set) var memos = 0
        private(set) var bad = 0
        private(set) var roundTrips: [Double] = []
        private let options: LoopbackOptions
        private let isAsking: Bool
        private let last: UInt8?
        private var sentAt = lbc_now()

        init(_ options: LoopbackOptions, _ memo: [UInt8], isAsking: Bool) {
            self.options = options
            self.isAsking = isAsking
            last = memo.last
            roundTrips.reserveCapacity(options.count)
        }

        func take(_ event: MemoerEvent, _ core: inout Memoer, to place: Address) {
            guard case .memo(let memo) = event else { return }
            memos += 1
            if memo.bytes.count != options.size || memo.bytes.last != last { bad += 1 }
            let now = lbc_now()
            if memos <= options.count { roundTrips.append(now - sentAt) }
            sentAt = now
            guard !isAsking || memos < options.count else { return }
            do { try core.memoit(memo.bytes, to: place) } catch { bad += 1 }
        }
    }

    /// Our rounds and the yardstick's in turn.
    func compare(_ options: LoopbackOptions) throws -> JSONLine {
        let yardstick = LoopbackYardstick(options)
        var results: [LoopbackResult] = []
        var (ours, theirs): ([Double], [Double]) = ([], [])
        _ = try run()
        _ = yardstick.run()
        for _ in 0..<options.rounds {
            theirs.append(yardstick.run())
            let result = try run()
            ours.append(Double(result.memos) / result.seconds)
            results.append(result)
        }
        let middle = results.sorted { $0.seconds < $1.seconds }[results.count / 2]
        var line = middle.line(options)
        line.add("rounds", LoopbackRounds.spread(ours))
        line.add(options.isPingPong ? "c_round_trips" : "c_gso_messages", LoopbackRounds.spread(theirs))
        line.add("ratio", LoopbackRounds.median(ours) / LoopbackRounds.median(theirs), digits: 3)
        return line
    }
}
