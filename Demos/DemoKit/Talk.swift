import Doing
import Memoing
import Wiring

/// The application of `memo-peer`: sends what it was told to, prints what arrives, and knows when it is done.
package final class Talk<Wire: DatagramTransport>: Doer {
    private let peer: CoreDoer<Memoer, Wire>
    private let options: MemoPeerOptions
    private let destination: Address?
    private let address: () -> String
    private let reporter: Reporter

    private var next = 0
    private var onTheirWay: [Mid: (length: Int, sha256: String)] = [:]
    private var sent = 0
    private var received = 0
    private var failed = 0
    private var lines: [String] = []
    private var hasHungUp = false
    private var isFinished = false
    private var wasInterrupted = false
    /// Until when a sender that expects nothing waits for word of a closed port.
    private var lastTyme: Tyme?

    package init(
        _ peer: CoreDoer<Memoer, Wire>, _ options: MemoPeerOptions, to destination: Address?,
        reporter: Reporter? = nil, address: @escaping () -> String
    ) {
        self.peer = peer
        self.options = options
        self.destination = destination
        self.address = address
        self.reporter = reporter ?? Reporter(json: options.json)
        super.init()
    }

    /// A line to send.
    func say(_ line: String) {
        lines.append(line)
        wake()
    }

    /// A line that cannot be sent.
    func refuse(_ why: String) {
        failed += 1
        var line = JSONLine(event: "failed")
        line.add("reason", why)
        reporter.say(line, why)
    }

    /// No more lines will come.
    func hangUp() {
        hasHungUp = true
        wake()
    }

    package override func enter(_ tyme: Tyme) throws {
        let address = address()
        var line = JSONLine(event: "open")
        line.add("address", address)
        reporter.say(line, "\(options.mode) at \(address)")
    }

    package override func recur(_ tyme: Tyme) throws -> Recurrence {
        while let event = peer.pollEvent() { try take(event) }
        try sendMore()
        isFinished = isDone(at: tyme)
        if isFinished { doist?.requestStop() }
        return .park(until: min(peer.wire.wakeTyme ?? .infinity, isFinished ? .infinity : lastTyme ?? .infinity))
    }

    private func take(_ event: MemoerEvent) throws {
        switch event {
        case .memo(let memo): try hear(memo)
        case .sent(let mid, let to): confirm(mid, to)
        case .outcome(let outcome): conclude(outcome)
        case .failed(let failure):
            failed += 1
            onTheirWay[failure.mid] = nil
            var line = JSONLine(event: "failed")
            line.add("mid", failure.mid.text)
            line.add("to", peer.wire.describe(failure.destination))
            line.add("reason", "\(failure.reason)")
            reporter.say(line, "not sent to \(peer.wire.describe(failure.destination)): \(failure.reason.words)")
        case .silent(let address), .answers(let address):
            let isSilent = event == .silent(address)
            var line = JSONLine(event: isSilent ? "silent" : "answers")
            line.add("to", peer.wire.describe(address))
            reporter.say(line, peer.wire.describe(address) + (isSilent ? " does not answer" : " answers again"))
        case .room: break
        }
    }

    /// A sure memo is over.
    private func conclude(_ outcome: SureOutcome) {
        if outcome.result == .delivered { confirm(outcome.mid, outcome.destination) }
        onTheirWay[outcome.mid] = nil
        // What a signal has cut off has not failed.
        if outcome.result != .delivered, !(outcome.result == .closed && wasInterrupted) { failed += 1 }
        var line = JSONLine(event: "outcome")
        line.add("mid", outcome.mid.text)
        line.add("result", outcome.result.word)
        line.add("indeterminate", outcome.isIndeterminate)
        switch outcome.result {
        case .refused(let refusal): line.add("reason", "\(refusal)")
        case .localError(let reason): line.add("reason", "\(reason)")
        case .delivered, .timedOut, .neverHeard, .closed, .cancelled, .superseded: break
        }
        let doubt = outcome.isIndeterminate ? "; it may have arrived all the same" : ""
        reporter.say(line, "\(peer.wire.describe(outcome.destination)): \(outcome.result.word)\(doubt)")
    }

    private func hear(_ memo: Memo) throws {
        received += 1
        let source = peer.wire.describe(memo.source)
        var line = JSONLine(event: "memo")
        line.add("from", source)
        line.add("length", memo.bytes.count)
        line.add("sha256", SHA256.hex(memo.bytes))
        line.add("vid", memo.vid?.text)
        line.add("mid", memo.mid.text)
        let signed = memo.vid.map { ", signed by \($0)" } ?? ""
        reporter.say(line, "\(printable(source)): \(preview(memo)) (\(memo.bytes.count) bytes\(signed))")
        if options.echoes, !memo.source.isNone { try send(memo.bytes, to: memo.source) }
    }

    private func preview(_ memo: Memo) -> String {
        guard let text = memo.text else { return "not text" }
        let first = String(String.UnicodeScalarView(text.unicodeScalars.prefix(60)))
        return printable(first) + (text.unicodeScalars.count > 60 ? "…" : "")
    }

    private func send(_ bytes: [UInt8], to destination: Address) throws {
        let mid = try peer.core.memoit(bytes, to: destination)
        onTheirWay[mid] = (bytes.count, SHA256.hex(bytes))
    }

    private func confirm(_ mid: Mid, _ to: Address) {
        guard let memo = onTheirWay.removeValue(forKey: mid) else { return }
        sent += 1
        var line = JSONLine(event: "sent")
        line.add("to", peer.wire.describe(to))
        line.add("length", memo.length)
        line.add("sha256", memo.sha256)
        line.add("mid", mid.text)
        reporter.say(line, options.mode == .chat ? "" : "sent \(memo.length) bytes to \(peer.wire.describe(to))")
    }

    /// Keeps a few memos on their way, so that a count of a billion needs no memory.
    private func sendMore() throws {
        guard let destination else { return }
        while options.mode == .send, next < options.count ?? 1, onTheirWay.count < 16 {
            try send(options.content.bytes(number: next), to: destination)
            next += 1
        }
        while !lines.isEmpty, onTheirWay.count < 16 { try send(Array(lines.removeFirst().utf8), to: destination) }
    }

    private func isDone(at tyme: Tyme) -> Bool {
        // What a bad link holds back has still to leave.
        guard onTheirWay.isEmpty, peer.wire.wakeTyme == nil else { return false }
        switch options.mode {
        case .listen: return options.count.map { received >= $0 } ?? false
        case .send:
            guard next == options.count ?? 1, received >= options.expected ?? 0 else { return false }
            guard options.expected == nil, !options.isSure, case .udp = options.place else { return true }
            // A closed port is told a moment after the last datagram.
            let end = lastTyme ?? tyme + 0.05
            lastTyme = end
            return tyme >= end
        case .chat: return hasHungUp && lines.isEmpty && received >= options.expected ?? 0
        }
    }

    /// Prints the last line; true if everything was done.
    package func report() -> Bool {
        // What is still under way ends too, so that every sure memo has its outcome.
        peer.core.closeSure()
        while let event = peer.pollEvent() {
            if case .outcome(let outcome) = event { conclude(outcome) }
        }
        if options.mode == .send, received == 0, peer.wire.statistics.receiveErrors > 0 {
            refuse("nobody listens at \(destination.map { peer.wire.describe($0) } ?? "the destination")")
        }
        let statistics = peer.core.statistics
        var drops = JSONLine()
        for (reason, count) in statistics.drops.occurred { drops.add(reason.rawValue, count) }
        if peer.wire.statistics.truncated > 0 { drops.add("cutShort", peer.wire.statistics.truncated) }
        var line = JSONLine(event: "end")
        line.add("sent", sent)
        line.add("received", received)
        line.add("drops", drops)
        line.add("retransmissions", peer.core.sureStatistics.retransmissions)
        line.add("acks", peer.core.sureStatistics.acksSent)
        let dropped = statistics.drops.occurred.map { "\($0.count) \($0.reason.rawValue)" }.joined(separator: ", ")
        reporter.say(line, "\(sent) sent, \(received) received" + (dropped.isEmpty ? "" : ", dropped: \(dropped)"))
        let wantsMore = !isFinished && (options.mode == .send || options.count != nil || options.expected != nil)
        return failed == 0 && !wantsMore
    }

    /// A signal ends a demo in order; what it has cut off is not done, and the status says so.
    package override func exit(_ tyme: Tyme) throws { wasInterrupted = doist?.pace?.isStopRequested ?? false }
}
