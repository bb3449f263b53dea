import CBench
import DemoKit
import Doing
import Memoing
import Sockets
import Wiring

/// One end of `bench loopback --mode 2p`: a peer and a doer that feeds it, in real time.
final class MemoTalker<Wire: DatagramTransport> {
    private let doist: Doist
    private let talk: Talk
    private let options: LoopbackOptions

    init(_ options: LoopbackOptions, _ wire: Wire, to place: Address, isAnswering: Bool) throws {
        self.options = options
        let peer = CoreDoer(try benchMemoer(options), over: wire)
        talk = Talk(options, peer, to: place, isAnswering: isAnswering)
        doist = try Doist(tock: Double(options.tick) * 1e-6, limit: 10, pace: RealPace(), doers: [peer, talk])
    }

    @discardableResult func run() throws -> LoopbackResult {
        let cpu = lbc_cpu()
        try doist.run()
        talk.result.cpu = lbc_cpu() - cpu
        return talk.result
    }

    /// The asking side keeps the window full, or one memo under way; the answering side echoes, or says how many came.
    private final class Talk: Doer {
        var result = LoopbackResult()
        private let options: LoopbackOptions
        private let peer: CoreDoer<Memoer, Wire>
        private let place: Address
        private let isAnswering: Bool
        private let memo: [UInt8]
        /// Asking: memos queued, and known to have come. Answering: those known to the other side.
        private var (queued, known) = (0, 0)
        private var (start, heard) = (0.0, 0.0)

        init(_ options: LoopbackOptions, _ peer: CoreDoer<Memoer, Wire>, to place: Address, isAnswering: Bool) {
            self.options = options
            self.peer = peer
            self.place = place
            self.isAnswering = isAnswering
            memo = benchMemo(options)
            super.init()
            // In the peer's own pass, before it sends: an answer leaves in the pass that brought the question.
            peer.onEvent = { [unowned self] _, event, _ in
                guard case .memo(let memo) = event else { return }
                do { try take(memo) } catch { result.bad += 1 }
            }
        }

        override func enter(_ tyme: Tyme) {
            start = lbc_now()
            heard = start
        }

        override func recur(_ tyme: Tyme) throws -> Recurrence {
            if isAnswering { return .again }
            if result.memos >= options.count || lbc_now() - heard > 1 {
                result.seconds = heard - start
                try peer.core.memoit([], to: place)  // the end
                isEnding += 1
                if isEnding > 1 {
                    try doist?.remove([peer])
                    return .done
                }
                return .again
            }
            try ask()
            return .again
        }

        private func ask() throws {
            let most = options.isPingPong ? 1 : options.window
            guard !isAnswering, queued < options.count, queued - known < most else { return }
            while queued < options.count, queued - known < most {
                try peer.core.memoit(memo, to: place)
                queued += 1
            }
            sentAt = lbc_now()
        }

        private var isEnding = 0
        private var sentAt = 0.0

        private func take(_ memo: Memo) throws {
            if isAnswering {
                if memo.bytes.isEmpty { return doist!.requestStop() }
                check(memo)
                if options.isPingPong { try peer.core.memoit(memo.bytes, to: memo.source) } else { try answer() }
            } else if options.isPingPong {
                check(memo)
                heard = lbc_now()
                result.roundTrips.append(heard - sentAt)
                known += 1
            } else {
                let count = memo.bytes.reduce(0) { $0 << 8 | Int($1) }
                if count > known { (known, heard, result.memos) = (count, lbc_now(), count) }
            }
            try ask()
            if !isAnswering, result.memos >= options.count { wake() }
        }

        private func check(_ memo: Memo) {
            if memo.bytes.count != options.size || memo.bytes.last != self.memo.last { result.bad += 1 }
            result.memos += 1
        }

        /// Credits the other side now and then: plain memos do not do that themselves.
        private func answer() throws {
            let isDue = result.memos - known >= max(1, options.window / 8) || result.memos >= options.count
            guard !options.isPingPong, isDue, result.memos > known else { return }
            known = result.memos
            try peer.core.memoit((0..<8).map { UInt8(truncatingIfNeeded: known >> (56 - 8 * $0)) }, to: place)
        }
    }
}
