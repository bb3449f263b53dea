import DemoKit
import Doing
import LTP
import Wiring

/// The application of `ltp-peer`: sends what it was told to, prints what arrives, and knows when it is done.
final class LTPTalk<Wire: DatagramTransport>: Doer {
    private let proxy: LTPProxy<Wire>
    private let options: LTPPeerOptions
    private let point: LTPAccessPoint
    private let place: String
    private let reporter: Reporter
    private var tickets: [LTPTicket] = []
    private var toSend: Int
    private var blocks = 0
    private var wasCanceled = false
    private var wasInterrupted = false
    /// When it ends; nil while there is something to do.
    private var end: Tyme?
    /// Green segments of blocks whose end has not come.
    private var greens: [LTPSession: [(offset: UInt64, bytes: [UInt8])]] = [:]

    init(_ proxy: LTPProxy<Wire>, _ options: LTPPeerOptions, at place: String) throws {
        self.proxy = proxy
        self.options = options
        self.place = place
        point = try proxy.open(options.service)
        reporter = Reporter(json: options.json, to: options.sink)
        toSend = options.mode == .send ? options.count : 0
        super.init()
        point.inbox.reader = self
    }

    override func enter(_ tyme: Tyme) throws {
        var line = JSONLine(event: "ready")
        line.add("engine", "\(options.engine)")
        line.add("address", place)
        reporter.say(line, "engine \(options.engine) at \(place), service \(options.service)")
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while toSend > 0 { try send() }
        while let arrival = try point.receive() { hear(arrival) }
        for ticket in tickets where ticket.isEnded { conclude(ticket) }
        tickets.removeAll(where: \.isEnded)
        let isDone = options.mode == .send ? tickets.isEmpty : blocks >= options.count
        if isDone, end == nil { end = tyme + options.linger }
        guard let end else { return .park(until: .infinity) }
        if tyme >= end { doist?.requestStop() }
        return .park(until: end)
    }

    private func send() throws {
        toSend -= 1
        let ticket = try point.send(options.file, to: options.peers[0].engine, red: options.red)
        ticket.end.waker = self
        tickets.append(ticket)
        var line = JSONLine(event: "sent")
        line.add(ticket.session)
        line.add("length", options.file.count)
        line.add("red", options.red ?? options.file.count)
        line.add("sha256", SHA256.hex(options.file))
        reporter.say(line, "sending \(options.file.count) bytes as session \(ticket.session)")
    }

    private func conclude(_ ticket: LTPTicket) {
        switch ticket.outcome {
        case nil: break
        case .complete:
            var line = JSONLine(event: "export_complete")
            line.add(ticket.session)
            reporter.say(line, "session \(ticket.session) is complete")
        case .canceled(let reason, let party):
            wasCanceled = true
            var line = JSONLine(event: "export_canceled")
            line.add(ticket.session)
            line.add("reason", Int(reason.rawValue))
            line.add("by", party.rawValue)
            reporter.say(line, "session \(ticket.session) was cancelled by \(party.rawValue): \(reason)")
        }
    }

    private func hear(_ arrival: LTPArrival) {
        switch arrival {
        case .red(let red):
            blocks += 1
            var line = JSONLine(event: "red")
            line.add("source", Int(clamping: red.session.engine))
            line.add(red.session)
            line.add("length", red.bytes.count)
            let digest = SHA256.hex(red.bytes)
            line.add("sha256", digest)
            line.add("eob", red.endsBlock ? 1 : 0)
            reporter.say(line, "\(red.session): \(red.bytes.count) red bytes \(digest.prefix(16))…")
            point.give(red.bytes)
        case .green(let green): hear(green)
        case .canceled(let session, let reason, let party):
            greens[session] = nil
            var line = JSONLine(event: "import_canceled")
            line.add("source", Int(clamping: session.engine))
            line.add(session)
            line.add("reason", Int(reason.rawValue))
            line.add("by", party.rawValue)
            reporter.say(line, "\(session) was cancelled by \(party.rawValue): \(reason)")
        }
    }

    private func hear(_ green: LTPGreen) {
        var line = JSONLine(event: "green")
        line.add("source", Int(clamping: green.session.engine))
        line.add(green.session)
        line.add("offset", Int(green.offset))
        line.add("length", green.bytes.count)
        line.add("eob", green.endsBlock ? 1 : 0)
        reporter.say(line, "\(green.session): \(green.bytes.count) green bytes at \(green.offset)")
        greens[green.session, default: []].append((green.offset, green.bytes))
        guard green.endsBlock, let pieces = greens.removeValue(forKey: green.session) else { return }
        blocks += 1
        let sorted = pieces.sorted { $0.offset < $1.offset }
        let bytes = sorted.flatMap(\.bytes)
        var block = JSONLine(event: "green_block")
        block.add("source", Int(clamping: green.session.engine))
        block.add(green.session)
        block.add("offset", Int(sorted[0].offset))
        block.add("length", Int(green.offset - sorted[0].offset) + green.bytes.count)
        block.add("received", bytes.count)
        let digest = SHA256.hex(bytes)
        block.add("sha256", digest)
        reporter.say(block, "\(green.session): the green part had \(bytes.count) bytes here \(digest.prefix(16))…")
    }

    /// Prints what has passed; true if everything was done.
    func report() -> Bool {
        for row in proxy.doer.core.closedRows { say(row) }
        var line = JSONLine(event: "end")
        line.add("blocks", blocks)
        for peer in options.peers {
            guard let counters = try? proxy.doer.core.counters(peer.engine) else { continue }
            line.add("peer_\(peer.engine)", LTPTalk.line(counters))
        }
        reporter.say(line, "\(blocks) blocks arrived")
        let isDone = options.mode == .send ? tickets.isEmpty && toSend == 0 && !wasCanceled : blocks >= options.count
        return isDone || wasInterrupted
    }

    /// A signal ends a demo in order, whatever was left.
    override func exit(_ tyme: Tyme) throws { wasInterrupted = doist?.pace?.isStopRequested ?? false }

    private func say(_ row: LTPSessionRow) {
        guard options.json else { return }
        var line = JSONLine(event: "session")
        line.add("source", Int(clamping: row.session.engine))
        line.add(row.session)
        line.add("end", row.end.rawValue)
        line.add("state", "\(row.state)")
        line.add("length", Int(clamping: row.length))
        line.add("red", Int(clamping: row.red))
        line.add("held", Int(clamping: row.held))
        line.add("repeats", row.repeats)
        reporter.say(line, "")
    }

    /// Counts that are not 0, by their names; bytes where they count something else.
    private static func line(_ counters: LTPCounters) -> JSONLine {
        var line = JSONLine()
        for child in Mirror(reflecting: counters).children {
            guard let name = child.label, let count = child.value as? LTPCount, count.count > 0 else { continue }
            var both = JSONLine()
            both.add("count", count.count)
            both.add("bytes", count.bytes)
            line.add(name, both)
        }
        return line
    }
}

extension JSONLine {
    /// The number of a session.
    mutating func add(_ session: LTPSession) { add("session", Int(clamping: session.number)) }
}
