import Charting
import DemoKit
import Memoing
import Wiring

/// What a run has come to, counted from its trace.
struct LossyCount {
    /// Grams that the memo is cut into.
    var needed = 0
    /// Grams sent, again ones among them.
    var grams = 0
    /// Of these, sent before.
    var again = 0
    /// Of these, lost on the way.
    var lost = 0
    var acks = 0
    var lostAcks = 0
    /// Bytes of all of it.
    var bytes = 0
    /// Bytes of each gram sent once.
    var neededBytes = 0

    init(_ trace: Trace) {
        var seen: Set<Int> = []
        for index in 0..<trace.count where Self.isSending(trace.event(index)) {
            let isLost = trace.event(index).fate.isEnd
            bytes += trace.length(index)
            guard let gram = trace.withBytes(index, { try? pick($0) }) else {
                acks += 1
                lostAcks += isLost ? 1 : 0
                continue
            }
            grams += 1
            lost += isLost ? 1 : 0
            if let count = gram.count { needed = count }
            if seen.insert(gram.number).inserted {
                neededBytes += trace.length(index)
            } else {
                again += 1
            }
        }
    }

    /// A second copy is the network's doing.
    private static func isSending(_ event: TraceEvent) -> Bool {
        event.kind == .sent && !event.marks.contains(.duplicate)
    }
}
