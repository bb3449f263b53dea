import Doing
import Wiring

/// What the two kinds of chart are drawn from: who takes part, and each datagram with where it started and ended.
struct Chart {
    struct Arrow {
        var from: Int
        var to: Int
        var start: Row
        /// Nil for one that never came in.
        var end: Row?
        var label: String
        var fate: String
        var isBad: Bool
        var isHeld: Bool
        /// It was on its way when the trace ended.
        var isUnderWay = false
        /// Its bytes, for people: shown where a pointer rests on it.
        var bytes = ""
        /// How many alike stand for this one: a refusal is repeated every tick.
        var times = 1
        /// How many datagrams in the midst of a long run stand for this one; 0 for an arrow of one datagram.
        var alike = 0
        var fateWords: String { times > 1 ? "\(fate) × \(times)" : fate }
        var words: String {
            alike > 1 ? "… \(alike) more alike …" : [label, fateWords].filter { !$0.isEmpty }.joined(separator: ", ")
        }
    }
    struct Note {
        /// Who is concerned.
        var at: Int
        var row: Row
        var text: String
    }
    /// A place on the axis: the number of the event's line.
    typealias Row = Int

    var names: [String] = []
    var arrows: [Arrow] = []
    var notes: [Note] = []
    /// When each row is.
    var tymes: [Tyme] = []
    /// Events behind the last row that were left out.
    var more = 0
    /// Events before the first row that were left out.
    var earlier = 0

    /// - Parameters:
    ///   - trace: what is drawn.
    ///   - limit: rows at most.
    ///   - span: events of which tymes.
    ///   - showsEnd: the last rows, and not the first, where there are too many.
    ///   - describe: what the bytes of a datagram mean.
    init(
        _ trace: Trace, limit: Int, in span: ClosedRange<Tyme> = -.infinity...(.infinity), showsEnd: Bool = false,
        describe: Trace.Describe?
    ) {
        var columns: [String: Int] = [:]
        // A lane and the addresses that it has spoken from are one line of the chart.
        var owners: [Address: Trace.Lane] = [:]
        for index in 0..<trace.count where !trace.event(index).local.isNone {
            owners[trace.event(index).local] = trace.event(index).lane
        }
        func title(_ address: Address) -> String {
            owners[address].map { trace.lanes[Int($0.number)] } ?? trace.name(of: address)
        }
        let flights = Flights(trace)
        var open: [UInt64: [Int]] = [:]
        // The arrow that stands for the datagrams in the midst of a run.
        var many: (run: Int, arrow: Int)?
        func column(_ name: String, _ names: inout [String]) -> Int {
            if let column = columns[name] { return column }
            names.append(name)
            columns[name] = names.count - 1
            return names.count - 1
        }
        var refused: TraceEvent?
        let all = (0..<trace.count).filter { trace.event($0).kind.isHashed }
        var indices = all.filter { span.contains(trace.event($0).tyme) }
        if showsEnd { indices = Array(indices.suffix(limit)) }
        earlier = indices.first.map { first in all.prefix { $0 < first }.count } ?? 0
        for index in indices {
            let event = trace.event(index)
            if event.kind == .refused, let before = refused, event.isLike(before), !arrows.isEmpty {
                arrows[arrows.count - 1].times += 1
                continue
            }
            refused = event.kind == .refused ? event : nil
            let flight = flights.number(index)
            let isAlike = event.kind == .sent || event.kind == .received && flight == 0
            if isAlike, let run = flights.midst[index] {
                if let many, many.run == run {
                    arrows[many.arrow].alike += 1
                    if flight > 0 { open[flight, default: []].append(many.arrow) }
                    continue
                }
                if tymes.count < limit { many = (run, arrows.count) }
            } else if event.kind == .received, let arrow = open[flight]?.first, arrows[arrow].alike > 0,
                arrows[arrow].end != nil
            {
                open[flight]?.removeFirst()
                continue
            }
            guard tymes.count < limit else {
                more += 1
                continue
            }
            let who = column(trace.lanes[Int(event.lane.number)], &names)
            let row = tymes.count
            tymes.append(event.tyme)
            guard event.kind.isDatagram else {
                let text = event.kind == .note ? trace.text(index) : "\(event.kind)"
                notes.append(Note(at: who, row: row, text: text))
                continue
            }
            let peer = column(title(event.peer), &names)
            let meaning = describe.flatMap { describe in trace.withBytes(index) { describe($0) } }
            let label = meaning ?? "\(trace.length(index)) B"
            let fate = trace.fate(of: event)
            switch event.kind {
            case .sent, .refused:
                let isBad = event.fate.isEnd || event.kind == .refused
                if flight > 0, !isBad { open[flight, default: []].append(arrows.count) }
                let shown =
                    event.fate == .arrives
                    ? event.marks.subtracting(.stream).isEmpty ? "" : String(fate.prefix { $0 != "," }) : fate
                let endless = event.flight == 0 && !isBad
                arrows.append(
                    Arrow(
                        from: who, to: peer, start: row, end: endless && flight == 0 ? row : nil, label: label,
                        fate: shown, isBad: isBad, isHeld: event.fate == .held || endless,
                        isUnderWay: event.fate == .arrives, bytes: Self.front(trace, index),
                        alike: event.kind == .sent && flights.midst[index] != nil ? 1 : 0))
            case .received, .dropped:
                guard let found = open[flight]?.first else {
                    arrows.append(
                        Arrow(
                            from: peer, to: who, start: row, end: row, label: label, fate: fate,
                            isBad: event.kind == .dropped, isHeld: false, bytes: Self.front(trace, index),
                            alike: flight == 0 && flights.midst[index] != nil ? 1 : 0))
                    continue
                }
                arrows[found].isUnderWay = false
                open[flight]?.removeFirst()
                arrows[found].end = row
                if event.kind == .dropped { arrows[found].isBad = true }
                if !fate.isEmpty { arrows[found].fate = fate }
            default: break
            }
        }
        more += all.count - earlier - indices.count
    }

    /// The length of a datagram and its first bytes in hex, 16 a line.
    private static func front(_ trace: Trace, _ index: Int) -> String {
        let bytes = trace.bytes(index)
        let lines = stride(from: 0, to: min(bytes.count, 64), by: 16).map { start in
            bytes[start..<min(start + 16, bytes.count, 64)].map {
                ($0 < 16 ? "0" : "") + String($0, radix: 16)
            }.joined(separator: " ")
        }
        return "\(bytes.count) bytes\n" + lines.joined(separator: "\n") + (bytes.count > 64 ? " …" : "")
    }
}

extension Trace {
    /// A sequence diagram in Mermaid's text form, which many pages of documentation show as a picture.
    ///
    /// Arrows stand where the datagram was sent; one that was lost ends in a cross, with the reason. One that was still
    /// under way when the trace ended is dashed.
    ///
    /// - Parameters:
    ///   - limit: events drawn at most, the first ones.
    ///   - describe: what the bytes of a datagram mean.
    public func mermaid(limit: Int = 200, describe: Describe? = nil) -> String {
        let chart = Chart(self, limit: limit, describe: describe)
        func plain(_ text: String) -> String {
            String(text.oneLine.map { $0 == ";" || $0 == "#" ? "," : $0 })
        }
        var lines = ["sequenceDiagram"]
        for (index, name) in chart.names.enumerated() { lines.append("    participant p\(index) as \(plain(name))") }
        var rows: [(row: Int, text: String)] = []
        for arrow in chart.arrows {
            let isLost = arrow.isBad || arrow.end == nil && !arrow.isUnderWay
            let line = isLost ? "-x" : arrow.end == nil && arrow.isUnderWay ? "-->>" : "->>"
            let text = "\(seconds(chart.tymes[arrow.start])) \(plain(arrow.words))"
            rows.append((arrow.start, "    p\(arrow.from)\(line)p\(arrow.to): \(text)"))
        }
        for note in chart.notes { rows.append((note.row, "    Note over p\(note.at): \(plain(note.text))")) }
        lines += rows.sorted { $0.row < $1.row }.map(\.text)
        if chart.more > 0, !chart.names.isEmpty { lines.append("    Note over p0: … \(chart.more) more events") }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension TraceEvent {
    /// Whether it says the same of the same two, at whatever tyme.
    fileprivate func isLike(_ other: TraceEvent) -> Bool {
        kind == other.kind && lane == other.lane && local == other.local && peer == other.peer && fate == other.fate
    }
}
