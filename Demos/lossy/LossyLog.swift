import Charting
import DemoKit
import Memoing
import Wiring

/// The packet log of a run for people and programs: what was sent together is one line.
struct LossyLog {
    /// Lines printed at most; of a longer log the midst is left out.
    static let mostLines = 200

    /// What left one end at one moment.
    private struct Volley {
        var tyme: Double
        var from: String
        var numbers: [Int] = []
        var lost: [Int] = []
        var tries: [Int] = []
        var count: Int?
    }

    private var lines: [(line: JSONLine, text: String)] = []
    private var volley: Volley?
    private var tries: [Int: Int] = [:]
    private var count: Int?

    init(_ trace: Trace) {
        for index in 0..<trace.count {
            let event = trace.event(index)
            let who = trace.lanes[Int(event.lane.number)]
            switch event.kind {
            case .sent where !event.marks.contains(.duplicate):
                if let gram = trace.withBytes(index, { try? pick($0) }) {
                    add(gram, event, who)
                } else if let ack = try? Ack(trace.bytes(index)) {
                    add(ack, event, who)
                }
            case .note: add(note: trace.text(index), event, who)
            default: break
            }
        }
        flush()
    }

    func print(to reporter: Reporter) {
        let half = Self.mostLines / 2
        for (index, line) in lines.enumerated() {
            if reporter.json || lines.count <= Self.mostLines || index < half || index >= lines.count - half {
                reporter.say(line.line, line.text)
            } else if index == half {
                reporter.say(JSONLine(), "          … \(lines.count - 2 * half) lines more …")
            }
        }
    }

    private mutating func add(_ gram: GramView, _ event: TraceEvent, _ who: String) {
        if volley?.tyme != event.tyme || volley?.from != who { flush() }
        var next = volley ?? Volley(tyme: event.tyme, from: who)
        tries[gram.number, default: 0] += 1
        if let count = gram.count { self.count = count }
        next.count = count
        next.numbers.append(gram.number)
        next.tries.append(tries[gram.number] ?? 1)
        if event.fate.isEnd { next.lost.append(gram.number) }
        volley = next
    }

    private mutating func add(_ ack: Ack, _ event: TraceEvent, _ who: String) {
        flush()
        let isLost = event.fate.isEnd
        var line = Self.line("ack", event.tyme, from: who)
        line.add("of", ack.trigger)
        line.add("says", describe(ack))
        line.add("lost", isLost)
        append(line, event.tyme, Self.arrow(from: who, isLost), describe(ack) + (isLost ? "; LOST" : ""))
    }

    private mutating func add(note: String, _ event: TraceEvent, _ who: String) {
        flush()
        var line = Self.line("note", event.tyme, from: who)
        line.add("says", note)
        append(line, event.tyme, who == "red" ? "red        " : "        blu", note)
    }

    private mutating func flush() {
        guard let volley else { return }
        self.volley = nil
        var line = Self.line("grams", volley.tyme, from: volley.from)
        line.add("numbers", ranges(volley.numbers.sorted()))
        line.add("again", volley.tries.count { $0 > 1 })
        line.add("lost", volley.lost.isEmpty ? "" : ranges(volley.lost.sorted()))
        append(
            line, volley.tyme, Self.arrow(from: volley.from, volley.lost.count == volley.numbers.count),
            Self.words(volley))
    }

    private static func words(_ volley: Volley) -> String {
        let isOne = volley.numbers.count == 1
        var text = (isOne ? "gram " : "grams ") + ranges(volley.numbers.sorted())
        if let count = volley.count, volley.tries.allSatisfy({ $0 == 1 }) { text += " of \(count)" }
        if let most = volley.tries.max(), most > 1 {
            if isOne {
                text += " again, for the \(ordinal(most)) time"
            } else if volley.tries.allSatisfy({ $0 > 1 }) {
                text += " again"
            } else {
                let old = zip(volley.numbers, volley.tries).filter { $0.1 > 1 }.map(\.0)
                text += ", among them \(ranges(old.sorted())) again"
            }
        }
        if volley.lost.isEmpty { return text }
        return text + (volley.lost.count == volley.numbers.count ? "; LOST" : "; LOST: \(ranges(volley.lost.sorted()))")
    }

    private static func arrow(from who: String, _ isLost: Bool) -> String {
        who == "red" ? isLost ? "red ─✗  blu" : "red ──▶ blu" : isLost ? "red  ✗─ blu" : "red ◀── blu"
    }

    private static func line(_ event: String, _ tyme: Double, from who: String) -> JSONLine {
        var line = JSONLine(event: event)
        line.add("ms", tyme * 1e3, digits: 3)
        line.add("from", who)
        return line
    }

    private mutating func append(_ line: JSONLine, _ tyme: Double, _ who: String, _ what: String) {
        lines.append((line, padded(decimals(tyme * 1e3), 10, right: true) + "  \(who)  \(what)"))
    }
}
