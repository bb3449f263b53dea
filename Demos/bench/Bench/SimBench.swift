import CBench
import DemoKit
import Doing
import Memoing
import Simming
import Wiring

/// `bench sim`: memos over a simulated link; the keys are those of the reports that other protocols gave over the same
/// model of a network. Sure memos have the figures of ``SimIdeal`` beside them: one line a seed, and the medians.
func benchSim(_ arguments: [String]) throws {
    var options = try SimOptions(arguments)
    var runs: (ours: [SimFigures], ideal: [SimFigures]) = ([], [])
    for _ in 0..<options.seeds {
        let bench = try SimBench(options)
        var line = try bench.run()
        if options.kind == .sure {
            runs.ours.append(bench.figures)
            runs.ideal.append(try SimIdeal(options).run())
            SimFigures.compare(runs.ours[runs.ours.count - 1], runs.ideal[runs.ideal.count - 1], in: &line)
        }
        print(line)
        options.seed &+= 1
    }
    guard runs.ours.count > 1 else { return }
    var line = JSONLine()
    line.add("medians_of_seeds", options.seeds)
    let (ours, ideal) = (SimFigures.median(runs.ours), SimFigures.median(runs.ideal))
    for figure in ours.values { line.add(figure.key, figure.value, digits: figure.digits) }
    SimFigures.compare(ours, ideal, in: &line)
    print(line)
}

/// Two memo peers at the two ends of a simulated link.
final class SimBench {
    private let options: SimOptions
    private let net: SimNet
    private let red, blu: SimHost
    private let a: CoreDoer<Memoer, SimPeer>
    private let source: SimSource
    private let sink: SimSink
    private let doist: Doist
    /// What the run came to.
    private(set) var figures = SimFigures()

    init(_ options: SimOptions) throws {
        self.options = options
        net = SimNet(seed: UInt64(options.seed), link: options.link, memoryLimit: 4 << 30)
        (red, blu) = (net.host("red"), net.host("blu"))
        net.reseed(red, blu, seed: UInt64(options.seed))
        let burst = Burst()
        func peer(_ host: SimHost, seed: UInt64) throws -> CoreDoer<Memoer, SimPeer> {
            var memoer = try Memoer(
                kind: options.kind == .sure ? .sure : .plain, domain: options.isBinary ? .binary : .text,
                size: options.gram, maximum: max(options.gram, 1240), random: SplitMix64(seed: seed))
            memoer.sureDefaults.control = options.sureControl
            return CoreDoer(memoer, over: host.peer(port: 1, buffer: 1 << 30), burst: burst)
        }
        let (a, b) = (try peer(red, seed: 1), try peer(blu, seed: 2))
        source = SimSource(options, a, to: b.wire.address)
        sink = SimSink(options)
        doist = try Doist(
            tock: Double(options.tick) * 1e-6, limit: Double(options.limit) * 1e-3, skipsIdle: options.skips,
            doers: [net, source, a, b])
        b.onEvent = { [sink, source, unowned doist] _, event, tyme in
            guard case .memo(let memo) = event else { return }
            sink.take(memo.bytes, tyme, source)
            if sink.got == options.count { doist.requestStop() }
        }
        self.a = a
        source.isOver = { [unowned net, unowned a, options] in
            if options.kind == .sure { return a.core.sureStatistics.unfinished == 0 }
            let counts = net.statistics
            return counts.inFlight + counts.waiting + a.core.statistics.queuedMemos == 0
        }
    }

    func run() throws -> JSONLine {
        let (start, cpu) = (lbc_now(), lbc_cpu())
        try doist.run()
        let (seconds, used) = (lbc_now() - start, lbc_cpu() - cpu)
        var line = JSONLine()
        addOptions(to: &line)
        line.add("complete", sink.got == options.count)
        line.add("got", sink.got)
        line.add("corrupt", sink.bad)
        line.add("done_ms", sink.got == options.count ? sink.doneAt * 1e3 : -1, digits: 3)
        let latencies = sink.latencies.filter { $0 > 0 }.sorted()
        func latency(_ part: Double) -> Double {
            latencies.isEmpty ? 0 : latencies[min(latencies.count - 1, Int(Double(latencies.count) * part))] * 1e3
        }
        let (forth, back) = (net.statistics(from: red, to: blu), net.statistics(from: blu, to: red))
        figures = SimFigures(
            doneAt: sink.got == options.count ? sink.doneAt : nil, slow: latency(0.99) * 1e-3,
            datagrams: forth.sent + back.sent, bytes: forth.sentBytes + back.sentBytes)
        line.add("lat_p50_ms", latency(0.5), digits: 3)
        line.add("lat_p99_ms", latency(0.99), digits: 3)
        line.add("lat_max_ms", latency(1), digits: 3)
        addTraffic(to: &line)
        if options.kind == .sure { addSure(to: &line) }
        line.add("cpu_ms", used * 1e3, digits: 3)
        line.add("sim_per_wall", doist.tyme / seconds, digits: 0)
        line.add("datagrams_per_s", Double(net.statistics.sent) / seconds, digits: 0)
        line.add("ticks", Int(doist.statistics.passes))
        line.add("skipped", Int(doist.statistics.skippedTicks))
        return line
    }

    private func addSure(to line: inout JSONLine) {
        let counts = a.core.sureStatistics
        line.add("retransmissions", counts.retransmissions)
        line.add("spurious", counts.spurious)
        line.add("timeouts", counts.timeouts)
        line.add("srtt_ms", (a.core.roundTrip(to: .host(2, port: 1)) ?? 0) * 1e3, digits: 3)
    }

    private func addOptions(to line: inout JSONLine) {
        line.add(
            "proto", options.kind == .plain ? "tymist-plain" : "tymist-sure-\(options.control.rawValue)")
        line.add("count", options.count)
        line.add("size", options.size)
        line.add("gap_ms", Double(options.gap) * 1e-3, digits: 3)
        line.add("seed", options.seed)
        line.add("loss", options.link.loss, digits: 3)
        line.add("delay_ms", options.link.delay * 1e3, digits: 1)
        line.add("jitter_ms", options.link.jitter * 1e3, digits: 1)
        line.add("rate_mbps", options.link.rate * 1e-6, digits: 1)
        line.add("tick_ms", Double(options.tick) * 1e-3, digits: 3)
    }

    private func addTraffic(to line: inout JSONLine) {
        let (forth, back) = (net.statistics(from: red, to: blu), net.statistics(from: blu, to: red))
        let bytes = Double(forth.sentBytes + back.sentBytes)
        let heads = 28 * Double(forth.sent + back.sent)
        let memos = Double(options.count) * Double(options.size)
        line.add("fwd_pkts", forth.sent)
        line.add("fwd_bytes", forth.sentBytes)
        line.add("back_pkts", back.sent)
        line.add("back_bytes", back.sentBytes)
        line.add("overhead", bytes / memos, digits: 4)
        line.add("overhead_ip", (bytes + heads) / memos, digits: 4)
        line.add("qdrop", forth.queueFull + back.queueFull)
    }
}
