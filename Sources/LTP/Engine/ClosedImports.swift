import Containers
import Doing

/// The sessions of others that have ended, for a while: late segments must not open them anew.
///
/// An engine that restarts may use its numbers again (HDTN does once in 128 starts). Its checkpoints then have other
/// serial numbers, since these are random; so a first checkpoint that is far from those of the old session is no late
/// one, and the memory gives way.
struct ClosedImports {
    struct Entry {
        var checkpoints: (first: UInt64, last: UInt64)
        var until: Tyme
    }

    private var entries: [LTPSession: Entry] = [:]
    private var order = Fifo<(session: LTPSession, until: Tyme)>()

    var count: Int { entries.count }

    mutating func remember(_ session: LTPSession, _ checkpoints: (first: UInt64, last: UInt64), until: Tyme, most: Int)
    {
        entries[session] = Entry(checkpoints: checkpoints, until: until)
        order.append((session, until))
        while entries.count > most || order.count > 2 * most { forgetFirst() }
    }

    mutating func prune(at tyme: Tyme) { while let first = order.first, first.until <= tyme { forgetFirst() } }

    private mutating func forgetFirst() {
        guard let first = order.popFirst() else { return }
        // Only what was not remembered anew since.
        if let entry = entries[first.session], entry.until <= first.until { entries[first.session] = nil }
    }

    /// Whether a data segment of this session is late; one that begins a new session makes the old one forgotten.
    mutating func isLate(_ view: SegmentView) -> Bool {
        guard let entry = entries[view.id] else { return false }
        guard view.isCheckpoint, view.report == 0, entry.checkpoints.first != 0 else { return true }
        let (first, last) = entry.checkpoints
        let near: UInt64 = 1024
        guard view.checkpoint > last &+ near || view.checkpoint &+ near < first else { return true }
        entries[view.id] = nil
        return false
    }
}
