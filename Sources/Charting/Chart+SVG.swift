import Doing
import Wiring

extension Trace {
    /// A message sequence chart as an SVG picture: a line down for everyone, an arrow for every datagram from where it
    /// was sent to where it came in, and a cross where it was lost.
    ///
    /// Time runs down. Every event has a line of its own, so that what happens at one tyme can be read, and between two
    /// tymes stands a little more room the longer the wait was; the tymes are written at the left. Of eight or more
    /// datagrams that leave at one tyme on one way and come in at one tyme, the first and the last have arrows of their
    /// own, and one arrow stands for those between them.
    ///
    /// A datagram that was still under way when the trace ended has a dashed arrow. Where a pointer rests on an arrow,
    /// its tymes and its first bytes are shown.
    ///
    /// - Parameters:
    ///   - title: written above; say which run it is, and its seed.
    ///   - limit: events drawn at most.
    ///   - from: tyme of the first event that is drawn.
    ///   - until: tyme of the last event that is drawn.
    ///   - showsEnd: where there are more than `limit`, the last events are drawn and not the first.
    ///   - describe: what the bytes of a datagram mean.
    public func svg(
        title: String = "", limit: Int = 400, from: Tyme = -.infinity, until: Tyme = .infinity, showsEnd: Bool = false,
        describe: Describe? = nil
    ) -> String {
        let span = from...max(from, until)
        return Drawing(Chart(self, limit: limit, in: span, showsEnd: showsEnd, describe: describe), title) {
            self.shortSeconds($0)
        }.svg
    }

    /// `value` with three to six digits behind the point.
    private func shortSeconds(_ value: Double) -> String {
        var text = seconds(value)
        guard let point = text.firstIndex(of: ".") else { return text }
        while text.hasSuffix("0"), text.distance(from: point, to: text.endIndex) > 4 { text.removeLast() }
        return text
    }
}

/// A chart on its way to a picture.
private struct Drawing {
    let chart: Chart
    let title: String
    let seconds: (Tyme) -> String
    /// The height of each row.
    let heights: [Double]
    let top: Double
    let step: Double
    let left = 96.0
    /// Characters of a name that are shown.
    static let longestName = 40

    init(_ chart: Chart, _ title: String, _ seconds: @escaping (Tyme) -> String) {
        self.chart = chart
        self.title = title
        self.seconds = seconds
        top = title.isEmpty ? 56 : 84
        let longest = chart.arrows.map { $0.label.count + ($0.fate.isEmpty ? 0 : $0.fate.count + 3) }.max() ?? 0
        let names = chart.names.map { min($0.count, Self.longestName) }.max() ?? 0
        step = max(Double(min(max(200, longest * 7 + 56), 460)), Double(names) * 8 + 40)
        var y = top + (chart.earlier > 0 ? 54 : 34)
        var heights: [Double] = []
        for (index, tyme) in chart.tymes.enumerated() {
            if index > 0 {
                let wait = tyme - chart.tymes[index - 1]
                y += 20
                // Room that grows with the wait, but ever more slowly, to four lines at most.
                if wait > 0 { y += 6 + min(74, 74 * wait / (wait + 0.5)) }
            }
            heights.append(y)
        }
        self.heights = heights
    }

    private var width: Double { left + step * Double(max(1, chart.names.count)) }
    private var height: Double { (heights.last ?? top) + (chart.more > 0 ? 80 : 52) }
    private func x(_ column: Int) -> Double { left + step * (Double(column) + 0.5) }

    var svg: String {
        var parts = [head]
        if !title.isEmpty { parts.append(text(title, 20, 36, "title")) }
        for (column, name) in chart.names.enumerated() {
            let x = x(column)
            let name = name.count > Self.longestName ? name.prefix(Self.longestName - 1) + "…" : name
            parts.append(#"<line class="life" x1="\#(x)" y1="\#(top)" x2="\#(x)" y2="\#(height - 20)"/>"#)
            let box = Double(max(name.count * 8 + 24, 64))
            parts.append(
                #"<rect class="box" x="\#(x - box / 2)" y="\#(top - 30)" width="\#(box)" height="28" rx="6"/>"#)
            parts.append(text(name, x, top - 11, "name"))
        }
        var last: Tyme?
        for (row, tyme) in chart.tymes.enumerated() where tyme != last {
            let y = heights[row]
            parts.append(#"<line class="tick" x1="\#(left - 8)" y1="\#(y)" x2="\#(width - 12)" y2="\#(y)"/>"#)
            parts.append(text("\(seconds(tyme)) s", left - 14, heights[row] + 4, "tyme"))
            last = tyme
        }
        // Labels above all lines, each in the row of its event: so no two are in one place.
        parts += chart.arrows.map(line)
        parts += chart.arrows.map(label)
        parts += chart.notes.map(note)
        if chart.earlier > 0 { parts.append(text("… \(chart.earlier) events before these", left, top + 22, "more")) }
        if chart.more > 0 { parts.append(text("… \(chart.more) more events", left, height - 36, "more")) }
        return parts.joined(separator: "\n") + "\n</svg>\n"
    }

    private var head: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)">
        <defs>
        <marker id="ok" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto">
        <path d="M0 0.5 L8 4 L0 7.5 z" fill="#2563eb"/></marker>
        </defs>
        <style>
        text { font: 11px ui-monospace, 'DejaVu Sans Mono', monospace; fill: #334155 }
        .title { font: bold 16px system-ui, 'DejaVu Sans', sans-serif; fill: #0f172a }
        .name { font: bold 13px system-ui, 'DejaVu Sans', sans-serif; fill: #0f172a; text-anchor: middle }
        .tyme { fill: #64748b; text-anchor: end } .more { fill: #64748b }
        .mid { text-anchor: middle } .bad { fill: #b91c1c }
        .box { fill: #e2e8f0; stroke: #94a3b8 } .life { stroke: #94a3b8; stroke-width: 1.5 }
        .tick { stroke: #e2e8f0; stroke-dasharray: 2 4 }
        .ok { stroke: #2563eb; stroke-width: 1.6; fill: none } .lost { stroke: #dc2626; stroke-width: 1.6; fill: none }
        .lost.way { stroke-dasharray: 5 4 } .under { stroke-dasharray: 2 4 } .note { fill: #fef3c7; stroke: #d97706 }
        .back { fill: #ffffff; fill-opacity: 0.82 }
        </style>
        <rect width="\(width)" height="\(height)" fill="#ffffff"/>
        """
    }

    private func isLost(_ arrow: Chart.Arrow) -> Bool {
        arrow.isBad || arrow.end == nil && !arrow.isHeld && !arrow.isUnderWay
    }

    /// What is shown where a pointer rests on an arrow.
    private func tip(_ arrow: Chart.Arrow) -> String {
        let start = seconds(chart.tymes[arrow.start])
        let end = arrow.end.map { ", in at \(seconds(chart.tymes[$0])) s" } ?? (arrow.isUnderWay ? ", under way" : "")
        let names = "\(chart.names[arrow.from]) → \(chart.names[arrow.to])"
        let lines = ["\(names), \(start) s\(end)", arrow.words] + arrow.bytes.split(separator: "\n").map(String.init)
        return "<title>\(lines.map(escaped).joined(separator: "&#10;"))</title>"
    }

    private func line(_ arrow: Chart.Arrow) -> String {
        let (x1, y1) = (x(arrow.from), heights[arrow.start])
        var (x2, y2) = (x(arrow.to), heights[arrow.end ?? arrow.start])
        let isLost = isLost(arrow)
        let tip = tip(arrow)
        if arrow.from == arrow.to {
            return #"<path class="\#(isLost ? "lost" : "ok")" d="M\#(x1) \#(y1) h34 v12 h-32" marker-end="url(#ok)">"#
                + "\(tip)</path>"
        }
        if !isLost, arrow.end == nil, arrow.isUnderWay {
            (x2, y2) = (x1 + (x2 - x1) * 0.85, height - 34)
        }
        guard isLost else {
            let way = arrow.end == nil && arrow.isUnderWay ? "ok under" : "ok"
            return #"<line class="\#(way)" x1="\#(x1)" y1="\#(y1)" x2="\#(x2)" y2="\#(y2)" marker-end="url(#ok)">"#
                + "\(tip)</line>"
        }
        if arrow.end == nil {
            // It never came near: half the way.
            x2 = x1 + (x2 - x1) * 0.62
            y2 = y1 + 8
        }
        let cross = "M\(x2 - 5) \(y2 - 5) L\(x2 + 5) \(y2 + 5) M\(x2 - 5) \(y2 + 5) L\(x2 + 5) \(y2 - 5)"
        let way = #"<line class="lost way" x1="\#(x1)" y1="\#(y1)" x2="\#(x2)" y2="\#(y2)">\#(tip)</line>"#
        return way + #"<path class="lost" d="\#(cross)"/>"#
    }

    /// The words of an arrow, above its start and on its side.
    private func label(_ arrow: Chart.Arrow) -> String {
        let most = Int((step - 32) / 6.7)
        let shown = arrow.words.count > most ? arrow.words.prefix(max(1, most - 1)) + "…" : arrow.words[...]
        let width = Double(shown.count) * 6.7
        let y = heights[arrow.start] - 4
        let isToLeft = arrow.to < arrow.from
        let x = arrow.from == arrow.to ? x(arrow.from) + 40 : x(arrow.from) + (isToLeft ? -12 : 12)
        let start = isToLeft ? x - width : x
        let back = #"<rect class="back" x="\#(start - 2)" y="\#(y - 9)" width="\#(width + 4)" height="12"/>"#
        let anchor = isToLeft ? "end" : "start"
        let style = isLost(arrow) ? "bad" : "word"
        return back
            + #"<text class="\#(style)" text-anchor="\#(anchor)" x="\#(x)" y="\#(y)">\#(escaped(String(shown)))</text>"#
    }

    private func note(_ note: Chart.Note) -> String {
        let width = Double(min(note.text.count, 60)) * 6.7 + 16
        let (x, y) = (x(note.at), heights[note.row])
        let shown = note.text.count > 60 ? note.text.prefix(59) + "…" : note.text[...]
        return #"<rect class="note" x="\#(x - width / 2)" y="\#(y - 9)" width="\#(width)" height="18" rx="4"/>"#
            + text(String(shown), x, y + 4, "mid")
    }

    private func text(_ words: String, _ x: Double, _ y: Double, _ style: String) -> String {
        #"<text class="\#(style)" x="\#(x)" y="\#(y)">\#(escaped(words))</text>"#
    }

    private func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            case "\"": escaped += "&quot;"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: escaped += "·"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
