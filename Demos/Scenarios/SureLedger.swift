import Memoing

/// The account of sure memos: what a ``Ledger`` watches, and how each of them ended for its sender.
final class SureLedger {
    private struct Entry {
        let item: Ledger.Item
        let incarnation: Int
        let to: String
        var result: SureOutcome.Result?
    }

    let memos = Ledger()
    private var entries: [Mid: Entry] = [:]
    private(set) var ended = 0
    /// Those that ended when their host crashed, and nobody was left to be told.
    private(set) var orphaned = 0
    private var wrongEnd: String?
    /// Which incarnation of a host there is now.
    var incarnationOf: (String) -> Int = { _ in 1 }

    /// The first thing that was wrong.
    var wrong: String? { memos.wrong ?? wrongEnd }

    /// Notes a memo that is sent.
    func send(_ item: Ledger.Item, incarnation: Int, to: String, _ bytes: [UInt8], _ mid: Mid) {
        memos.send(item, to: to, bytes)
        if entries.updateValue(Entry(item: item, incarnation: incarnation, to: to), forKey: mid) != nil {
            complain("two memos have the mid \(mid)")
        }
    }

    /// Notes how a memo ended for its sender.
    func end(_ outcome: SureOutcome, of sender: String) {
        guard var entry = entries[outcome.mid], entry.item.from == sender else {
            return complain("\(sender) is told of a memo that it never sent")
        }
        guard entry.result == nil else {
            return complain("memo \(entry.item.number) of \(sender) ends twice: \(outcome.result)")
        }
        entry.result = outcome.result
        entries[outcome.mid] = entry
        ended += 1
        if outcome.result == .delivered, !memos.hasArrived(entry.item) {
            complain("memo \(entry.item.number) of \(sender) is delivered, they say, and nobody had it")
        }
        // Who refuses after a crash does not know what there was before.
        if !outcome.mayHaveArrived,
            memos.hasArrived(entry.item, at: incarnationOf(entry.to))
        {
            complain("memo \(entry.item.number) of \(sender) is \(outcome.result), and was delivered all the same")
        }
    }

    /// A host has lost its memory: its memos that are not over will have no end.
    func forget(_ sender: String, before incarnation: Int) {
        for (mid, entry) in entries where entry.item.from == sender && entry.incarnation < incarnation {
            guard entry.result == nil else { continue }
            entries[mid] = nil
            orphaned += 1
        }
    }

    /// How many are not over. Order matters nowhere: they are counted only.
    var unfinished: Int { entries.values.count { $0.result == nil } }

    private func complain(_ what: String) { if wrongEnd == nil { wrongEnd = what } }
}
