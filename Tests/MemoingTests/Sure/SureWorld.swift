import Doing
import Wiring

@testable import Memoing

// The world of the tests that read like packet logs: memoers with names, and datagrams in the hands of the test.

extension Address {
    static let red = Address.host(1, port: 7)
    static let blu = Address.host(2, port: 7)
    static let grn = Address.host(3, port: 7)
}

/// Who is who in these tests.
enum SureWorld {
    static let everybody: [Address] = [.red, .blu, .grn]

    static func keys(of address: Address) throws -> KeyPair {
        try KeyPair(seed: Seed(raw: [UInt8](repeating: UInt8(address.lo), count: 32)), signer: TestSigner())
    }

    static func vid(of address: Address) throws -> Vid { Vid(try keys(of: address).verifyKey) }

    /// The memoer of `address`, which sends sure memos where nothing else is said, and signs them as itself.
    ///
    /// - Parameters:
    ///   - size: bytes of a gram.
    ///   - knows: whose keys it keeps, beside its own.
    static func memoer(
        _ address: Address, size: Int = 100, domain: Domain = .text, signer: any Signer = TestSigner(),
        knows: [Address] = everybody, limits: MemoerLimits = MemoerLimits(), options: SureOptions = SureOptions()
    ) throws -> Memoer {
        var keep = TableKeep()
        for other in knows + [address] { keep[try vid(of: other)] = try keys(of: other) }
        var memoer = try Memoer(
            kind: .sure, domain: domain, size: size, vid: vid(of: address), keep: keep, signer: signer,
            limits: limits, random: SplitMix64(seed: address.lo))
        memoer.sureDefaults = options
        return memoer
    }

    /// The defaults, sent as fast as `window` grams under way allow.
    static func options(window: Int, _ change: (inout SureOptions) -> Void = { _ in }) -> SureOptions {
        var options = SureOptions()
        options.control = .none(window: window)
        change(&options)
        return options
    }

    /// A body that fills `grams` grams of a text memo at the size of 100, the last with ten bytes.
    static func body(_ grams: Int) -> [UInt8] { MemoerTests.bytes((grams - 1) * 68 + 10, seed: UInt64(grams)) }

    /// The same for a signed memo at the size of 300, which holds 136 bytes on its first gram and 180 on the others;
    /// the last has 100.
    static func signedBody(_ grams: Int) -> [UInt8] {
        MemoerTests.bytes(136 + (grams - 2) * 180 + 100, seed: UInt64(grams))
    }

    /// What an ack of `mid` looks like.
    static func ack(_ mid: Mid, _ trigger: Int, _ body: Ack.Body? = nil) -> [UInt8] {
        Ack(mid: mid, trigger: trigger, body: body).bytes(in: .text)
    }

    /// The same, signed by the memoer of `address`.
    static func ack(_ mid: Mid, _ trigger: Int, _ body: Ack.Body? = nil, by address: Address) throws -> [UInt8] {
        try Ack(mid: mid, trigger: trigger, body: body).bytes(
            in: .text, as: vid(of: address), keys: keys(of: address), signer: TestSigner())
    }
}

extension Memoer {
    /// All that leaves at `tyme`, whoever it goes to; the tables are checked before and after.
    mutating func out(at tyme: Tyme) -> [[UInt8]] {
        checkSureInvariants()
        let grams = drain(at: tyme).map(\.gram)
        checkSureInvariants()
        return grams
    }

    /// What leaves when something is due, after `count` grams have, or after ten looks.
    mutating func outWhenDue(_ count: Int = 1) -> [[UInt8]] {
        var grams: [[UInt8]] = []
        for _ in 0..<10 where grams.count < count {
            guard let due = wakeTyme else { break }
            grams += out(at: due)
        }
        return grams
    }

    /// What leaves at `tyme`, as lines of a log.
    mutating func log(at tyme: Tyme) -> [String] { out(at: tyme).map(line) }

    /// The same with who each goes to.
    mutating func addressedLog(at tyme: Tyme) -> [String] {
        let names: [Address: String] = [.red: "red", .blu: "blu", .grn: "grn"]
        return drain(at: tyme).map { "to \(names[$0.to] ?? "\($0.to)"): \(line($0.gram))" }
    }

    /// How memos ended since this was asked last.
    mutating func outcomes() -> [SureOutcome] {
        var outcomes: [SureOutcome] = []
        for case .outcome(let outcome) in events() { outcomes.append(outcome) }
        return outcomes
    }

    /// The microsecond at which something is due.
    var wakeMicros: Micros? { wakeTyme.map { Micros(tyme: $0) } }

    /// The reasons of what was dropped, and how often.
    var dropped: [DropReason: Int] {
        Dictionary(uniqueKeysWithValues: statistics.drops.occurred.map { ($0.reason, $0.count) })
    }
}

/// The mid of a gram.
func mid(of gram: [UInt8]) throws -> Mid { try pick(gram).view.mid }

/// A datagram as a line: `sure 0 of 3`, `sure 1`, `ack 1: base 2, credit 8194, heard 2`, `ack 2: done`.
func line(_ gram: [UInt8]) -> String {
    if case .success(let read) = Ack.read(gram.span.bytes) { return line(read.ack, isSigned: read.vid != nil) }
    guard let view = try? pick(gram.span.bytes), let kind = view.code.kind else { return "\(gram.count) bytes" }
    let body = gram[view.body]
    let word = !body.isEmpty && body.count <= 8 ? " \(String(decoding: body, as: UTF8.self))" : ""
    return "\(kind.rawValue) \(view.number)" + (view.count.map { " of \($0)" } ?? "") + word
}

private func line(_ ack: Ack, isSigned: Bool) -> String {
    let head = (isSigned ? "signed ack " : "ack ") + "\(ack.trigger)"
    guard let body = ack.body else { return head }
    var line = head + ": "
    switch body.status {
    case .more:
        line += "base \(body.base), credit \(body.credit)"
        let held = (0..<24 * body.held.count).filter { body.held[$0 / 24] >> UInt32(23 - $0 % 24) & 1 == 1 }
        if !held.isEmpty { line += ", holds \(held.map { "\(body.base + 1 + $0)" }.joined(separator: " "))" }
    case .done: line += "done \(body.base)"
    case .refused: line += "refused, \(SureWord.refusal(body.reason))"
    case .stale: line += "stale"
    }
    line += ", heard \(body.heard)"
    if body.isDuplicate { line += ", again" }
    if !body.further.isEmpty { line += ", and \(body.further.count) more" }
    return line
}

private enum SureWord {
    static func refusal(_ reason: UInt8) -> String {
        ["", "not text", "too large", "too many grams", "no room", "expired"][Int(min(reason, 5))]
    }
}
