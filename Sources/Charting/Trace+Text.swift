import Doing
import Wiring

/// The packet log.
extension Trace {
    /// What the bytes of a datagram mean, for people; nil where they mean nothing.
    public typealias Describe = (RawSpan) -> String?

    /// One line for each event that is kept:
    ///
    /// ```
    ///   0.000000  red:1     →  blu:1       232 B  plain 0 of 3, mid …Jq0w
    ///   0.000000  red:1     ✗  blu:1       232 B  plain 1, mid …Jq0w         lost
    ///   0.250000  blu:1     ←  red:1       232 B  plain 0 of 3, mid …Jq0w
    /// ```
    /// Control characters and ends of lines in names, notes and meanings stand there as `·`.
    /// `→` sent, `←` received, `✗` sent or on its way, and gone. Seconds of tyme, six digits.
    ///
    /// - Parameters:
    ///   - describe: what the bytes of a datagram mean.
    ///   - doers: whether what doers do is in it, if the doist is watched.
    public func text(describe: Describe? = nil, doers: Bool = false) -> String {
        let width = columns
        var text = ""
        for index in 0..<count where doers || event(index).kind.isHashed {
            text += line(index, describe, width) + "\n"
        }
        if dropped > 0, limit > 0 { text = "\(dropped) earlier events are not kept\n" + text }
        return text
    }

    /// The line of one event.
    public func line(_ index: Int, describe: Describe? = nil) -> String { line(index, describe, columns) }

    /// A line for each event that the hash takes in: its number, the hash up to it, and what it was.
    ///
    /// Two runs are compared by these: the first line that differs is the first event that does.
    public func hashLines(describe: Describe? = nil) -> [String] {
        var hash = EventHash()
        var lines: [String] = []
        let width = columns
        for index in 0..<count where event(index).kind.isHashed {
            withBytes(index) { hash.add(event(index), mark: mark(of: event(index).lane), $0) }
            lines.append("\(hash.count) \(hash) \(line(index, describe, width))")
        }
        return lines
    }

    /// How wide the names of those at either end are.
    private var columns: (who: Int, peer: Int) {
        var width = (who: 3, peer: 3)
        for index in 0..<count where event(index).kind.isHashed {
            let event = event(index)
            width.who = max(width.who, who(event).count)
            if event.kind.isDatagram { width.peer = max(width.peer, name(of: event.peer).count) }
        }
        return (min(width.who, 40), min(width.peer, 40))
    }

    private func line(_ index: Int, _ describe: Describe?, _ width: (who: Int, peer: Int)) -> String {
        let event = event(index)
        var line = "\(seconds(event.tyme).leftPadded(11))  \(who(event).padded(width.who))"
        if event.extra > 0 { line += "  +\(event.extra)" }
        guard event.kind.isDatagram else {
            let text = self.text(index)
            line += event.kind == .note ? "  \u{2014}  \(text)" : "  \(event.kind)\(text.isEmpty ? "" : " " + text)"
            return line.oneLine
        }
        line += "  \(arrow(event))  \(name(of: event.peer).padded(width.peer))"
        line += "  \(String(length(index)).leftPadded(6)) B"
        let meaning = describe.flatMap { describe in withBytes(index) { describe($0) } } ?? ""
        let fate = fate(of: event)
        if !meaning.isEmpty || !fate.isEmpty { line += "  " + (fate.isEmpty ? meaning : meaning.padded(30)) }
        if !fate.isEmpty { line += "  " + fate }
        return line.oneLine
    }

    private func arrow(_ event: TraceEvent) -> String {
        switch event.kind {
        case .received: "←"
        case .dropped, .refused: "✗"
        default: event.fate.isEnd ? "✗" : "→"
        }
    }

    /// What became of a datagram, and what happened to it, in words.
    public func fate(of event: TraceEvent) -> String {
        var words: [String] = []
        if event.marks.contains(.opens) { words.append("opens") }
        if event.marks.contains(.ends) { words.append("ends") }
        if event.marks.contains(.resets) { words.append("resets") }
        if event.marks.contains(.duplicate) { words.append("a copy") }
        if event.marks.contains(.corrupted) { words.append("altered") }
        if event.marks.contains(.truncated) { words.append("cut short") }
        if event.marks.contains(.delayed) { words.append("held up") }
        switch event.fate {
        case .none, .arrives: break
        default: words.append(event.fate.words)
        }
        if event.fate == .arrives, event.kind == .sent { words.append("arrives \(seconds(event.due))") }
        return words.joined(separator: ", ")
    }

    /// `value` with six digits behind the point.
    func seconds(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 9e12 else { return "\(value)" }
        let micros = Int64((value * 1e6).rounded())
        let (whole, rest) = (micros.magnitude / 1_000_000, micros.magnitude % 1_000_000)
        let digits = String(rest)
        return (micros < 0 ? "-" : "") + "\(whole)." + String(repeating: "0", count: 6 - digits.count) + digits
    }
}

extension TraceEvent.Kind {
    /// Whether it is about a datagram.
    public var isDatagram: Bool {
        switch self {
        case .sent, .received, .dropped, .refused: true
        case .note, .enter, .recur, .clean, .cease, .abort, .exit, .paused, .resumed, .crashed, .restarted: false
        }
    }
}

extension TraceEvent.Fate {
    /// Whether the datagram is gone by it.
    public var isEnd: Bool {
        switch self {
        case .none, .arrives, .held: false
        case .lost, .ruled, .queueFull, .cut, .tooLarge, .nobody, .bufferFull, .full, .peerFull, .down: true
        }
    }

    /// For people.
    public var words: String {
        switch self {
        case .none: ""
        case .arrives: "arrives"
        case .lost: "lost"
        case .ruled: "dropped by a rule"
        case .queueFull: "queue full"
        case .cut: "way cut"
        case .tooLarge: "too large"
        case .nobody: "nobody there"
        case .bufferFull: "buffer full"
        case .full: "no room"
        case .peerFull: "peer full"
        case .held: "held"
        case .down: "host down"
        }
    }
}

extension String {
    /// Itself with `·` for every character that could end a line or move a cursor.
    var oneLine: String {
        func isBad(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.value {
            case 0x20...0x7E: false
            case ...0x9F, 0x2028, 0x2029: true
            default: false
            }
        }
        guard unicodeScalars.contains(where: isBad) else { return self }
        var line = String.UnicodeScalarView()
        for scalar in unicodeScalars { line.append(isBad(scalar) ? "·" : scalar) }
        return String(line)
    }

    func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
