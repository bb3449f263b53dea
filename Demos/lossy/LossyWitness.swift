import Charting
import DemoKit
import Doing
import Memoing

/// What became of the one memo: what the receiver had, and what the sender was told.
final class LossyWitness {
    let bytes: [UInt8]
    let trace: Trace
    private let red, blu: Trace.Lane
    /// When a memo was delivered, and whether it was the one that was sent.
    private(set) var arrivals: [(tyme: Tyme, isIntact: Bool)] = []
    private(set) var outcome: SureOutcome.Result?
    private(set) var endedAt: Tyme?
    /// Called with everything that is learnt.
    var onNews: () -> Void = {}

    init(_ bytes: [UInt8], _ trace: Trace) {
        self.bytes = bytes
        self.trace = trace
        red = trace.lane("red")
        blu = trace.lane("blu")
    }

    /// Whether it has arrived as it was, and no second time.
    var isIntactOnce: Bool { arrivals.count == 1 && arrivals[0].isIntact }

    /// Something came to the receiver.
    func hear(_ event: MemoerEvent, at tyme: Tyme) {
        guard case .memo(let memo) = event else { return }
        let isIntact = memo.bytes == bytes
        arrivals.append((tyme, isIntact))
        let times = arrivals.count == 1 ? "" : ", for the \(ordinal(arrivals.count)) time"
        trace.note("has the memo, \(isIntact ? "intact" : "NOT as it was sent")\(times)", at: tyme, lane: blu)
        onNews()
    }

    /// Something came of the sending.
    func conclude(_ event: MemoerEvent, at tyme: Tyme) {
        switch event {
        case .outcome(let outcome):
            self.outcome = outcome.result
            endedAt = tyme
            trace.note("is told: \(Self.words(outcome))", at: tyme, lane: red)
        case .failed(let failure): trace.note("not sent: \(failure.reason)", at: tyme, lane: red)
        case .silent: trace.note("hears no answer", at: tyme, lane: red)
        case .answers: trace.note("is answered again", at: tyme, lane: red)
        case .memo, .sent, .room: break
        }
        onNews()
    }

    /// An outcome in words.
    static func words(_ outcome: SureOutcome) -> String {
        outcome.isIndeterminate ? "\(outcome.result.word) (it may have arrived)" : outcome.result.word
    }
}

/// `2nd`
func ordinal(_ number: Int) -> String {
    switch (number % 100, number % 10) {
    case (11...13, _): "\(number)th"
    case (_, 1): "\(number)st"
    case (_, 2): "\(number)nd"
    case (_, 3): "\(number)rd"
    default: "\(number)th"
    }
}
