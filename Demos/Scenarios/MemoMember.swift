import Doing
import Memoing
import Simming
import Wiring

/// One host's application: sends a memo every gap, and accounts for what arrives and how memos end.
final class MemoMember: Doer {
    /// How many memos it sends, of how many bytes at most, how many seconds apart.
    struct Talk {
        let count, largest: Int
        let gap: Double
    }

    private let peer: CoreDoer<Memoer, SimPeer>
    private let title: String
    private let incarnation: Int
    private let talk: Talk
    private let ledger: SureLedger
    private let others: [(name: String, address: Address)]
    private var random: Xoshiro256
    private var next = 0
    private var due: Tyme = 0

    init(
        _ peer: CoreDoer<Memoer, SimPeer>, name: String, incarnation: Int, _ talk: Talk, _ ledger: SureLedger,
        random: Xoshiro256, to others: [(name: String, address: Address)]
    ) {
        self.peer = peer
        title = name
        self.incarnation = incarnation
        self.talk = talk
        self.ledger = ledger
        self.random = random
        self.others = others
        super.init()
    }

    /// Which table is beyond its bound.
    var overfull: String? {
        let (counts, limits) = (peer.core.statistics, peer.core.limits)
        if counts.openMemos > limits.open { return "has \(counts.openMemos) memos open" }
        if counts.openBytes > limits.bytes { return "holds \(counts.openBytes) bytes" }
        let sure = peer.core.sureStatistics
        if sure.remembered > 2 * limits.sureFinished { return "remembers \(sure.remembered) memos" }
        if sure.inFlight > SureControl.mostInFlight { return "has \(sure.inFlight) grams under way" }
        peer.core.checkSureInvariants()
        return nil
    }

    /// What is left in the end, where nothing should be.
    var leftover: String? {
        let (counts, sure) = (peer.core.statistics, peer.core.sureStatistics)
        guard counts.openMemos > 0 || counts.openBytes > 0 || counts.queuedMemos > 0 || sure.unfinished > 0 else {
            return nil
        }
        return "\(counts.openMemos) open, \(counts.queuedMemos) queued, \(sure.unfinished) unfinished"
    }

    /// Memos that it has given up since nothing more of them came for too long.
    var expired: Int { peer.core.statistics.drops[.expired] }

    override func enter(_ tyme: Tyme) throws { due = tyme }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while let event = peer.pollEvent() {
            switch event {
            case .memo(let memo):
                let from = others.first { $0.address == memo.source }?.name ?? "nobody"
                ledger.memos.receive(memo, by: title, incarnation: incarnation, from: from)
            case .outcome(let outcome): ledger.end(outcome, of: title)
            case .sent, .failed, .room, .silent, .answers: break
            }
        }
        while next < talk.count, due <= tyme {
            let item = Ledger.Item(from: title, number: incarnation * 1000 + next)
            let other = others[random.below(others.count)]
            let bytes = Ledger.bytes(item, length: 1 + random.below(talk.largest))
            let mid = try peer.core.memoit(bytes, to: other.address)
            ledger.send(item, incarnation: incarnation, to: other.name, bytes, mid)
            next += 1
            due += talk.gap
        }
        return .park(until: next < talk.count ? due : .infinity)
    }
}
