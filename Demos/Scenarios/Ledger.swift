import Memoing

/// Who sent what to whom, and what has arrived: the account that a scenario's invariants look at.
final class Ledger {
    /// A memo that was sent: by whom, and which of theirs.
    struct Item: Hashable {
        let from: String
        let number: Int
    }

    private struct Entry {
        let to: String
        let bytes: [UInt8]
        /// How often it has arrived, by incarnation of the receiver.
        var arrivals: [Int: Int] = [:]
    }

    private var entries: [Item: Entry] = [:]
    private(set) var sent = 0
    private(set) var arrived = 0
    /// The first thing that was wrong.
    private(set) var wrong: String?

    /// A memo's bytes, which say whose and which it is.
    static func bytes(_ item: Item, length: Int) -> [UInt8] {
        var bytes = Array("\(item.from) \(item.number) ".utf8)
        while bytes.count < length { bytes.append(UInt8(97 + (bytes.count * 7 + item.number) % 26)) }
        return bytes
    }

    /// Notes a memo that is sent.
    func send(_ item: Item, to: String, _ bytes: [UInt8]) {
        entries[item] = Entry(to: to, bytes: bytes)
        sent += 1
    }

    /// Notes a memo that has arrived, and what is wrong with it.
    func receive(_ memo: Memo, by name: String, incarnation: Int, from: String) {
        let words = String(decoding: memo.bytes.prefix(40), as: UTF8.self).split(separator: " ")
        guard words.count >= 2, let number = Int(words[1]), words[0] == from,
            var entry = entries[Item(from: from, number: number)], entry.to == name
        else { return complain("\(name) has a memo from \(from) that nobody sent to it: \(memo.bytes.count) bytes") }
        guard entry.bytes == memo.bytes else {
            return complain("\(name) has memo \(number) of \(from), altered")
        }
        let count = entry.arrivals[incarnation, default: 0] + 1
        entry.arrivals[incarnation] = count
        entries[Item(from: from, number: number)] = entry
        arrived += 1
        if count > 1 { complain("\(name) has memo \(number) of \(from) \(count) times") }
    }

    /// Whether a memo has arrived, at whichever incarnation of its receiver or at that one.
    func hasArrived(_ item: Item, at incarnation: Int? = nil) -> Bool {
        guard let arrivals = entries[item]?.arrivals else { return false }
        return incarnation.map { arrivals[$0] != nil } ?? !arrivals.isEmpty
    }

    /// How many of those sent have not arrived at all.
    var missing: Int { entries.values.count { $0.arrivals.isEmpty } }

    private func complain(_ what: String) { if wrong == nil { wrong = what } }
}
