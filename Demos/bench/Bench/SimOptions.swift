import DemoKit
import Memoing
import Simming

/// What `bench sim` was asked for.
struct SimOptions {
    enum Control: String, CaseIterable { case rate, newreno, delayreno, none }

    /// Memos, and bytes of each; the first four say which it is.
    var count = 1000
    var size = 1024
    /// Microseconds between two memos; 0 for all at once.
    var gap = 0
    var seed = 1
    /// Seeds from ``seed`` on, a run each.
    var seeds = 1
    var link = SimLink(delay: 0.025)
    /// Microseconds of a tick.
    var tick = 1000
    /// Simulated milliseconds after which it ends in any case.
    var limit = 120_000
    /// Bytes of a gram.
    var gram = 1240
    /// Whether ticks in which nothing is due are jumped over.
    var skips = true
    /// Plain memos, or sure ones under a control.
    var kind = Kind.plain
    var control = Control.rate
    /// Bytes a second of the control `rate`; 0 for the link's, or 1 GB/s on one without.
    var pace = 0
    /// Grams under way at most under the control `none`.
    var window = 1024
    var isBinary = false
    enum Kind: String, CaseIterable { case plain, sure }

    enum Words: String, CaseIterable { case text, binary }

    /// How sure memos are held back.
    var sureControl: SureControl {
        switch control {
        case .newreno: .newReno
        case .delayreno: .delayReno
        case .none: .none(window: window)
        case .rate: .rate(bytesPerSecond: pace > 0 ? pace : link.rate > 0 ? Int(link.rate / 8) : 1_000_000_000)
        }
    }

    init(_ arguments: [String]) throws {
        var words = Arguments(arguments)
        count = try words.integer("--count", in: 1...100_000_000) ?? count
        size = try words.integer("--size", in: 4...1 << 24) ?? size
        gap = try words.integer("--gap-us", in: 0...1_000_000_000) ?? gap
        seed = try words.integer("--seed", in: 0...Int.max) ?? seed
        seeds = try words.integer("--seeds", in: 1...10_000) ?? seeds
        guard seed <= Int.max - (seeds - 1) else { throw UsageError("--seed \(seed): too large for \(seeds) seeds") }
        link.loss = try words.number("--loss", in: 0...1) ?? link.loss
        link.delay = try words.integer("--delay-us", in: 0...1_000_000_000).map { Double($0) / 1e6 } ?? link.delay
        link.jitter = try words.integer("--jitter-us", in: 0...1_000_000_000).map { Double($0) / 1e6 } ?? link.jitter
        link.rate = try words.number("--rate-bps", in: 0...1e15) ?? link.rate
        link.queueBytes = try words.integer("--queue-bytes", in: 0...1 << 40) ?? link.queueBytes
        guard link.rate == 0 || link.rate >= 1 else {
            throw UsageError("--rate-bps \(link.rate): expected 0, or 1 and more")
        }
        tick = try words.integer("--tick-us", in: 1...10_000_000) ?? tick
        limit = try words.integer("--limit-ms", in: 1...1_000_000_000_000) ?? limit
        gram = try words.integer("--mtu", in: 64...65_507) ?? gram
        skips = try words.integer("--skip", in: 0...1).map { $0 == 1 } ?? skips
        kind = try words.choice("--kind", of: Kind.self) ?? kind
        let control = try words.choice("--control", of: Control.self)
        guard control == nil || kind == .sure else { throw UsageError("--control needs --kind sure") }
        self.control = control ?? self.control
        pace = try words.integer("--pace", in: 0...Int.max) ?? pace
        window = try words.integer("--window", in: 1...1 << 16) ?? window
        isBinary = try words.choice("--domain", of: Words.self) == .binary
        try words.finish()
    }
}
