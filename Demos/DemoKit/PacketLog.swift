import Memoing
import Wiring

/// The packet log of the demo: what was sent, what arrived, and at the end whether it was all.
final class PacketLog {
    private let reporter: Reporter
    private let clock = ContinuousClock()
    private var start: ContinuousClock.Instant
    var exchanges: [Exchange] = []
    private var grams: [String: Int] = [:]
    private var bytes: [String: Int] = [:]

    init(_ reporter: Reporter) {
        self.reporter = reporter
        start = clock.now
    }

    /// Milliseconds since the beginning.
    var now: Double { (clock.now - start) / .milliseconds(1) }

    func begin() {
        start = clock.now
        reporter.say(JSONLine(event: "begin"), "     ms  wire  from → to   what")
    }

    func lacks(_ error: SignerError) {
        var line = JSONLine(event: "lacks")
        line.add("what", "signatures")
        line.add("reason", "\(error)")
        reporter.say(line, "Signed memos are left out: \(error).\n")
    }

    /// A train was sent.
    func sent(_ bytes: RawSpan, _ train: Train, _ wire: String, _ from: String, _ to: String) {
        let count = train.count(of: bytes.byteCount)
        guard let gram = try? pick(bytes.extracting(first: count == 1 ? bytes.byteCount : train.segment)) else {
            return
        }
        let kind = gram.code.kind?.rawValue ?? "?"
        grams["\(wire) \(kind)", default: 0] += count
        self.bytes["\(wire) \(kind)", default: 0] += bytes.byteCount
        var line = JSONLine(event: "train")
        line.add("ms", now, digits: 3)
        line.add("wire", wire)
        line.add("from", from)
        line.add("to", to)
        line.add("kind", kind)
        line.add("grams", count)
        line.add("bytes", bytes.byteCount)
        let size = sizes(bytes.byteCount, train.segment, count)
        let numbers = count == 1 ? "\(gram.number)" : "\(gram.number)–\(gram.number + count - 1)"
        let whole = gram.count.map { " of a memo of \($0)" } ?? ""
        reporter.say(line, row(wire, "\(from) → \(to)", "\(size): \(kind) \(numbers)\(whole)"))
    }

    /// A memo has arrived.
    func heard(_ memo: Memo, _ wire: String, by who: String, _ isIntact: Bool) {
        var line = JSONLine(event: "memo")
        line.add("ms", now, digits: 3)
        line.add("wire", wire)
        line.add("by", who)
        line.add("length", memo.bytes.count)
        if reporter.json { line.add("sha256", SHA256.hex(memo.bytes)) }
        line.add("vid", memo.vid?.text)
        line.add("intact", isIntact)
        let signed = memo.vid.map { ", signed by \($0.text.prefix(8))…" } ?? ""
        let verdict = isIntact ? "intact" : "NOT what was sent"
        reporter.say(
            line, row(wire, "      \(who)", "has a memo of \(grouped(memo.bytes.count)) B\(signed): \(verdict)"))
    }

    /// Prints the table; true if everything came back.
    func summarise(hasSigner: Bool) -> Bool {
        reporter.say(
            JSONLine(event: "summary"), "\nwire  kind      there and back    grams      bytes   round trip (median)")
        var all = true
        for exchange in exchanges {
            let key = "\(exchange.wireName) \(exchange.kind.rawValue)"
            let isWhole = exchange.intact == Showcase.sizes.count
            all = all && isWhole
            let sorted = exchange.roundTrips.sorted()
            let median = sorted.isEmpty ? .nan : sorted[sorted.count / 2]
            var line = JSONLine(event: "exchange")
            line.add("wire", exchange.wireName)
            line.add("kind", exchange.kind.rawValue)
            line.add("memos", Showcase.sizes.count)
            line.add("intact", exchange.intact)
            line.add("grams", grams[key] ?? 0)
            line.add("bytes", bytes[key] ?? 0)
            line.add("round_trip_ms", median, digits: 3)
            let count = "\(exchange.intact) of \(Showcase.sizes.count) intact"
            let words = [
                padded(exchange.wireName, 6), padded(exchange.kind.rawValue, 8), padded(count, 16, right: true),
                padded(grouped(grams[key] ?? 0), 9, right: true), padded(grouped(bytes[key] ?? 0), 11, right: true),
                padded(decimals(median) + " ms", 12, right: true),
            ]
            reporter.say(line, words.joined())
        }
        var line = JSONLine(event: "end")
        line.add("intact", all)
        line.add("signed", hasSigner)
        let memos = exchanges.count * Showcase.sizes.count
        let verdict = "\(memos) memos went there and back, all intact, on one thread"
        reporter.say(
            line, all ? "\n\(verdict), in \(JSONLine.fixed(now, 1)) ms." : "\nNot every memo came back intact.")
        return all
    }

    private func sizes(_ bytes: Int, _ segment: Int, _ count: Int) -> String {
        let last = bytes - (count - 1) * segment
        if count == 1 { return "1 gram of \(grouped(bytes)) B" }
        if last == segment { return "\(count) grams of \(grouped(segment)) B" }
        return "\(count - 1) gram\(count == 2 ? "" : "s") of \(grouped(segment)) B and 1 of \(grouped(last)) B"
    }

    private func row(_ wire: String, _ who: String, _ what: String) -> String {
        padded(decimals(now), 7, right: true) + "  " + padded(wire, 6) + padded(who, 13) + what
    }
}

/// Shows the log what a peer sends.
final class TrainTap: Tap {
    private let log: PacketLog
    private let wire, name, other: String

    init(_ log: PacketLog, _ wire: String, _ name: String, _ other: String) {
        self.log = log
        self.wire = wire
        self.name = name
        self.other = other
    }

    func see(_ bytes: RawSpan, _ train: Train, _ direction: TapDirection, at tyme: Double) {
        if direction == .tx { log.sent(bytes, train, wire, name, other) }
    }
}
