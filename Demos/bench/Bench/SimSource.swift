import Doing
import Memoing
import Simming
import Wiring

/// Hands over the memos of `bench sim` when they are due.
final class SimSource: Doer {
    private let options: SimOptions
    private let peer: CoreDoer<Memoer, SimPeer>
    private let place: Address
    // What Swift's checks of exclusive access would cost here is no cost of what is measured.

    /// The next memo; written over as soon as nobody else has it.
    @exclusivity(unchecked) private var memo: [UInt8]
    /// When each memo was handed over.
    @exclusivity(unchecked) private(set) var sentAt: [Tyme] = []
    /// Whether nothing is under way any more.
    @exclusivity(unchecked) var isOver: () -> Bool = { true }

    init(_ options: SimOptions, _ peer: CoreDoer<Memoer, SimPeer>, to place: Address) {
        self.options = options
        self.peer = peer
        self.place = place
        memo = (0..<options.size).map { UInt8(truncatingIfNeeded: $0 &* 131) }
        sentAt.reserveCapacity(options.count)
        super.init()
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        let isSending = isDue(at: tyme)
        if isSending { try send(at: tyme, with: &peer.core) }
        guard sentAt.count == options.count else {
            // Half a microsecond early: a tick may be a hair below the number that it stands for.
            return .park(until: (Double(sentAt.count * options.gap) - 0.5) * 1e-6)
        }
        if !isSending, isOver() {
            doist?.requestStop()
            return .done
        }
        return .park(until: tyme + max(options.link.delay + options.link.jitter, Double(options.tick) * 1e-6))
    }

    /// Whether there is a memo to hand over.
    private func isDue(at tyme: Tyme) -> Bool {
        sentAt.count < options.count && sentAt.count * options.gap <= Int(tyme * 1e6 + 0.5)
    }

    private func send(at tyme: Tyme, with memoer: inout Memoer) throws {
        repeat {
            let index = UInt32(truncatingIfNeeded: sentAt.count).littleEndian
            memo.withUnsafeMutableBytes { $0.storeBytes(of: index, as: UInt32.self) }
            try memoer.memoit(memo, to: place)
            sentAt.append(tyme)
        } while isDue(at: tyme)
    }
}

/// Counts and checks what arrives.
final class SimSink {
    private let options: SimOptions
    private let last: UInt8
    @exclusivity(unchecked) private(set) var got = 0
    @exclusivity(unchecked) private(set) var bad = 0
    /// Seconds from handing over to arrival of each memo; 0 where it has not arrived.
    @exclusivity(unchecked) private(set) var latencies: [Double]
    @exclusivity(unchecked) private(set) var doneAt: Tyme = -1

    init(_ options: SimOptions) {
        self.options = options
        last = UInt8(truncatingIfNeeded: (options.size - 1) &* 131)
        latencies = Array(repeating: 0, count: options.count)
    }

    func take(_ bytes: [UInt8], _ tyme: Tyme, _ source: SimSource) {
        guard bytes.count == options.size else { return bad += 1 }
        let index = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        guard index < source.sentAt.count, latencies[index] == 0, bytes.count == 4 || bytes.last == last else {
            return bad += 1
        }
        latencies[index] = max(tyme - source.sentAt[index], 1e-6)
        got += 1
        doneAt = tyme
    }
}
