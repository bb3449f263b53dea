import DemoKit
import Memoing
import Simming

/// What `lossy` was told to do.
struct LossyOptions {
    enum Kind: String, CaseIterable {
        case sure
        case sureSigned = "sure-signed"
    }
    enum Control: String, CaseIterable { case newreno, delayreno, rate, none }
    enum Place { case simulated, udp, uxd }

    /// What goes wrong where nothing else is said.
    static var usual: SimLink { SimLink(delay: 0.05, loss: 0.3) }

    let kind: MemoKind
    let size: Int
    let gram: Int
    let control: SureControl
    let place: Place
    let time: Double
    let table: Int?
    let json: Bool
    let flags: WireFlags

    var link: SimLink { flags.link ?? Self.usual }
    var seed: UInt64 { flags.seed }
    /// The kind of the run that the sure one is held against.
    var plainKind: MemoKind { kind == .sureSigned ? .signed : .plain }

    init(_ words: inout Arguments) throws {
        kind = try words.choice("--kind", of: Kind.self) == .sureSigned ? .sureSigned : .sure
        size = try words.integer("--size", in: 0...(16 << 20)) ?? 24_000
        gram = try words.integer("--gram", in: 200...65_507) ?? GramSize.udp
        let control = try words.choice("--control", of: Control.self) ?? .newreno
        switch (words.has("--udp"), words.has("--uxd")) {
        case (true, true): throw UsageError("--udp and --uxd: one of them, not both")
        case (true, false): place = .udp
        case (false, true): place = .uxd
        case (false, false): place = .simulated
        }
        time = try words.number("--time", in: 0.1...31_536_000) ?? (place == .simulated ? 3600 : 120)
        let runs = try words.integer("--runs", in: 1...1_000_000)
        table = words.has("--table") ? runs ?? 1000 : nil
        json = words.has("--json")
        flags = try WireFlags(&words, usual: Self.usual)
        try words.finish()
        switch control {
        case .newreno: self.control = .newReno
        case .delayreno: self.control = .delayReno
        case .none: self.control = .none(window: 64)
        case .rate:
            guard let rate = flags.link?.rate, rate > 0 else { throw UsageError("--control rate needs --rate") }
            self.control = .rate(bytesPerSecond: max(1, Int(rate / 8)))
        }
        if table != nil {
            guard place == .simulated, flags.trace == nil else {
                throw UsageError("--table is simulated, and writes no files")
            }
        } else if runs != nil {
            throw UsageError("--runs is for --table")
        }
    }
}

extension MemoKind {
    /// The kind as command lines have it.
    var word: String { self == .sureSigned ? LossyOptions.Kind.sureSigned.rawValue : rawValue }
}
