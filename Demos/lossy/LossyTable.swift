import DemoKit
import Memoing
import Rehearsing
import Signing
import Simming
import Wiring

/// Many runs over loss, size and kind: how many memos got through, what it cost, and how long it took.
///
/// The link is 50 ms away and orders 2 % of the datagrams anew and repeats 1 %, unless it is said otherwise.
struct LossyTable {
    static let losses = [0, 0.1, 0.3, 0.5]
    static let sizes = [1, 16, 256]

    /// What the runs of one row have come to.
    struct Row {
        let kind: MemoKind
        let grams: Int
        let loss: Double
        var runs = 0
        var delivered = 0
        /// Given up though the memo had arrived, and though it had not.
        var doubtful = 0
        var missing = 0
        var twice = 0
        var sends = 0
        var acks = 0
        var tymes: [Double] = []
    }

    private let options: LossyOptions
    private let runs: Int
    private let link: SimLink

    init(_ options: LossyOptions, runs: Int) {
        self.options = options
        self.runs = runs
        var link = options.link
        if link == LossyOptions.usual {
            link.reorder = 0.02
            link.duplicate = 0.01
        }
        self.link = link
    }

    /// True if nothing arrived twice, and nothing that was told delivered was missing.
    func print(to reporter: Reporter) throws -> Bool {
        reporter.say(
            JSONLine(),
            """
            | kind | grams | loss each way | delivered | given up, was there | given up, was not | sends a gram \
            | acks a gram | median s | p99 s |
            |---|---|---|---|---|---|---|---|---|---|
            """)
        var isGood = true
        for kind in [MemoKind.sure, .sureSigned] {
            for grams in Self.sizes {
                for loss in Self.losses {
                    let row = try row(kind, grams, loss)
                    isGood = isGood && row.twice == 0
                    say(row, to: reporter)
                }
            }
        }
        return isGood
    }

    func row(_ kind: MemoKind, _ grams: Int, _ loss: Double) throws -> Row {
        var row = Row(kind: kind, grams: grams, loss: loss)
        let bytes = [UInt8](repeating: 0x61, count: try Self.length(grams, kind, options.gram))
        for run in 0..<runs { try add(run, bytes, to: &row) }
        return row
    }

    /// Bytes of a memo that fills so many grams.
    private static func length(_ grams: Int, _ kind: MemoKind, _ gram: Int) throws -> Int {
        // Text heads: 32 and 32 with a number, 44 for the vid in the first one, 88 for a signature.
        let signature = kind.isSigned ? 88 : 0
        return gram - 32 - signature - (kind.isSigned ? 44 : 0) + (grams - 1) * (gram - 32 - signature)
    }

    private func add(_ run: Int, _ bytes: [UInt8], to row: inout Row) throws {
        var link = link
        link.loss = row.loss
        let world = try Rehearsal(
            seed: options.seed &+ UInt64(run), link: link, tock: LossyRun.tock, traceLimit: 0)
        let keys = try LossyKeys(row.kind, TestSigner())
        let red = try world.peer("red", keys.memoer("red", options, row.kind, random: world.random("red")))
        let blu = try world.peer("blu", keys.memoer("blu", options, row.kind, random: world.random("blu")))
        var arrivals = 0
        var (endedAt, result) = (0.0, SureOutcome.Result?.none)
        blu.onEvent = { _, event, _ in if case .memo(let memo) = event, memo.bytes == bytes { arrivals += 1 } }
        red.onEvent = { _, event, tyme in
            guard case .outcome(let outcome) = event else { return }
            (result, endedAt) = (outcome.result, tyme)
        }
        try red.core.memoit(bytes, to: blu.wire.address)
        try world.run(until: 1e5) { result != nil }
        try world.run(for: 1000) { world.net.statistics.inFlight + world.net.statistics.waiting == 0 }
        try world.exit()
        let (there, back) = (
            world.net.statistics(from: red.wire.host, to: blu.wire.host),
            world.net.statistics(from: blu.wire.host, to: red.wire.host)
        )
        row.runs += 1
        row.sends += there.sent
        row.acks += back.sent
        row.twice += arrivals > 1 ? 1 : 0
        switch result {
        case .delivered?:
            row.delivered += 1
            row.tymes.append(endedAt)
            if arrivals == 0 { row.twice += 1 }  // told what is not true: as bad as twice
        default:
            row.doubtful += arrivals > 0 ? 1 : 0
            row.missing += arrivals > 0 ? 0 : 1
        }
    }

    private func say(_ row: Row, to reporter: Reporter) {
        let tymes = row.tymes.sorted()
        func tyme(_ part: Double) -> Double {
            tymes.isEmpty ? .nan : tymes[min(tymes.count - 1, Int(Double(tymes.count) * part))]
        }
        let grams = Double(row.runs * row.grams)
        let (sends, acks) = (Double(row.sends) / grams, Double(row.acks) / grams)
        var line = JSONLine(event: "row")
        line.add("kind", row.kind.word)
        line.add("grams", row.grams)
        line.add("loss", row.loss, digits: 3)
        line.add("runs", row.runs)
        line.add("delivered", row.delivered)
        line.add("doubtful_arrived", row.doubtful)
        line.add("doubtful_missing", row.missing)
        line.add("wrong", row.twice)
        line.add("sends_per_gram", sends, digits: 4)
        line.add("acks_per_gram", acks, digits: 4)
        line.add("median_s", tyme(0.5), digits: 4)
        line.add("p99_s", tyme(0.99), digits: 4)
        let share = JSONLine.fixed(Double(row.delivered) * 100 / Double(row.runs), 2)
        func seconds(_ part: Double) -> String { tymes.isEmpty ? "–" : decimals(tyme(part)) }
        let words = [
            row.kind.word, "\(row.grams)", JSONLine.fixed(row.loss, 3), "\(share) %", "\(row.doubtful)",
            "\(row.missing)", decimals(sends), decimals(acks), seconds(0.5), seconds(0.99),
        ]
        reporter.say(line, "| " + words.joined(separator: " | ") + " |")
    }
}
