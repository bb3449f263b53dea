import Framing

/// The account of connections of frames: what was said, what the server heard on which of them, and how they ended.
final class FrameLedger {
    private struct Line {
        /// The number of the last message that came there.
        var last = -1
        var isUp = false
        var isOver = false
    }

    private var said: [Ledger.Item: [UInt8]] = [:]
    private var lines: [String: Line] = [:]
    private(set) var heard = 0
    /// The first thing that was wrong.
    private(set) var wrong: String?

    /// Notes a message that is said, for the first time or again.
    func say(_ bytes: [UInt8]) {
        if let item = Self.item(bytes) { said[item] = bytes }
    }

    func up(_ line: String) {
        guard lines[line] == nil else { return complain("\(line) comes up a second time") }
        lines[line] = Line(isUp: true)
    }

    /// Notes a message that has come to the server from a client, and what is wrong with it.
    func hear(_ bytes: [UInt8], at line: String, from name: String) {
        heard += 1
        guard echo(line) else { return }
        guard let item = Self.item(bytes), name.hasPrefix(item.from + ":"), let real = said[item] else {
            return complain("\(line) hears \(bytes.count) bytes from \(name) that nobody said")
        }
        guard real == bytes else { return complain("\(line) hears message \(item.number) of \(item.from), altered") }
        // A client says what it has not heard again in order, with none left out, in each of its connections.
        if let last = lines[line]?.last, last >= 0, item.number != last + 1 {
            complain("\(line) hears message \(item.number) of \(item.from) behind \(last)")
        }
        lines[line]?.last = item.number
    }

    /// Notes that something has come on a connection: false if nothing can have.
    @discardableResult func echo(_ line: String) -> Bool {
        guard let entry = lines[line], entry.isUp, !entry.isOver else {
            complain("\(line) hears something and \(lines[line] == nil ? "never came up" : "is over")")
            return false
        }
        return true
    }

    /// Notes how a connection ended, and whether that is an end that the network can be to blame for.
    func down(_ line: String, _ ending: FrameEnding) {
        if lines[line]?.isOver == true { complain("\(line) ends twice") }
        if ending.wasUp != (lines[line]?.isUp ?? false) { complain("\(line) ends, up \(ending.wasUp), told otherwise") }
        lines[line, default: Line()].isOver = true
        switch ending.error {
        case nil, .truncated, .timeout, .refused(0), .connectionLimit: break
        case let error?: complain("\(line) ends with \(error)")
        }
    }

    func complain(_ what: String) { if wrong == nil { wrong = what } }

    private static func item(_ bytes: [UInt8]) -> Ledger.Item? {
        let words = String(decoding: bytes.prefix(40), as: UTF8.self).split(separator: " ")
        guard words.count >= 2, let number = Int(words[1]) else { return nil }
        return Ledger.Item(from: String(words[0]), number: number)
    }
}
