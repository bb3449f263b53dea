import DemoKit
import Memoing
import Simming

/// Both runs side by side, against what a link without faults would need.
struct LossySummary {
    private let options: LossyOptions
    private let plain, sure: LossyRun
    private let counts: (plain: LossyCount, sure: LossyCount)

    init(_ options: LossyOptions, _ plain: LossyRun, _ sure: LossyRun) {
        self.options = options
        self.plain = plain
        self.sure = sure
        counts = (LossyCount(plain.witness.trace), LossyCount(sure.witness.trace))
    }

    /// Seconds until the memo would be there if nothing were lost or late: its grams sent once, one behind the other.
    private var ideal: Double {
        let link = options.link
        let bits = Double(counts.sure.neededBytes + 28 * counts.sure.needed) * 8
        return link.delay + (link.rate > 0 ? bits / link.rate : 0)
    }

    func print(to reporter: Reporter) {
        if reporter.json {
            say(plain, counts.plain, reporter)
            say(sure, counts.sure, reporter)
        } else {
            for row in rows { reporter.say(JSONLine(), row) }
        }
        let lostShare = 1 / max(1e-9, 1 - options.link.loss)
        var line = JSONLine(event: "end")
        line.add("intact", sure.witness.isIntactOnce)
        line.add("ideal_ms", ideal * 1e3, digits: 3)
        reporter.say(line, "\n" + verdict(leastSends: Double(counts.sure.needed) * lostShare))
    }

    private var rows: [String] {
        func row(_ name: String, _ plain: String, _ sure: String) -> String {
            padded(name, 24) + padded(plain, 22, right: true) + padded(sure, 22, right: true)
        }
        func milliseconds(_ tyme: Double?) -> String { tyme.map { decimals($0 * 1e3) + " ms" } ?? "never" }
        let (a, b) = (counts.plain, counts.sure)
        func lost(_ all: Int, _ lost: Int) -> String { "\(grouped(all)), \(grouped(lost)) lost" }
        return [
            row("\n", plain.kind.word, sure.kind.word),
            row("it arrived", arrival(plain), arrival(sure)),
            row("  after", milliseconds(plain.witness.arrivals.first?.tyme), milliseconds(firstArrival)),
            row("  with nothing lost", milliseconds(ideal), milliseconds(ideal)),
            row("the sender was told", "nothing", told),
            row("  after", "", milliseconds(sure.witness.endedAt)),
            row("grams of the memo", grouped(a.needed), grouped(b.needed)),
            row("grams sent", lost(a.grams, a.lost), lost(b.grams, b.lost)),
            row("  of them again", grouped(a.again), grouped(b.again)),
            row("acks sent", a.acks == 0 ? "none" : lost(a.acks, a.lostAcks), lost(b.acks, b.lostAcks)),
            row("timers that ran out", "", grouped(sure.statistics.timeouts)),
            row("bytes, both ways", grouped(a.bytes), grouped(b.bytes)),
        ]
    }

    private var firstArrival: Double? { sure.witness.arrivals.first?.tyme }
    private var told: String { sure.witness.outcome?.word ?? "nothing" }

    private func arrival(_ run: LossyRun) -> String {
        let arrivals = run.witness.arrivals
        guard let first = arrivals.first else { return "no" }
        guard first.isIntact else { return "NOT intact" }
        return arrivals.count == 1 ? "intact, once" : "\(arrivals.count) TIMES"
    }

    private func verdict(leastSends: Double) -> String {
        guard sure.witness.isIntactOnce else { return "The sure memo did not arrive intact and once." }
        let count = counts.sure
        let least = JSONLine.fixed(leastSends, 1)
        let sent = "these were \(grouped(count.grams))"
        return """
            The sure memo arrived intact and once. Over such a link \(grouped(count.needed)) grams take \(least)
            sendings on average if nothing is sent in vain; \(sent).
            """
    }

    private func say(_ run: LossyRun, _ count: LossyCount, _ reporter: Reporter) {
        var line = JSONLine(event: "summary")
        line.add("kind", run.kind.word)
        line.add("arrivals", run.witness.arrivals.count)
        line.add("intact", run.witness.isIntactOnce)
        line.add("arrived_ms", run.witness.arrivals.first.map { $0.tyme * 1e3 } ?? .nan, digits: 3)
        line.add("outcome", run.witness.outcome?.word)
        line.add("told_ms", run.witness.endedAt.map { $0 * 1e3 } ?? .nan, digits: 3)
        line.add("grams", count.needed)
        line.add("sent", count.grams)
        line.add("again", count.again)
        line.add("lost", count.lost)
        line.add("acks", count.acks)
        line.add("acks_lost", count.lostAcks)
        line.add("bytes", count.bytes)
        line.add("timeouts", run.statistics.timeouts)
        reporter.say(line, "")
    }
}
