import Doing
import Framing
import Wiring

/// The application of `frame-peer`: sends what it was told to, prints what arrives, and knows when it is done.
final class FrameTalk<Core: FrameCore, Wire: StreamTransport>: Doer {
    typealias Connection = FrameConnection<Core, Wire>

    /// Where it stands, or connects to.
    var addresses: [String] = []
    /// Ends the client for good.
    var hangUp: (() -> Void)?
    private let options: FramePeerOptions
    private let bytes: (Core.Message) -> [UInt8]
    private let send: (Connection, [UInt8]) throws -> Void
    private let reporter: Reporter
    private var isServer: Bool { options.mode == .server }

    /// What was sent to a connection and not sent yet: its number, how many messages it has got, how many came.
    private var open: [(connection: Connection, sent: Int, received: Int)] = []
    private var sent = 0
    private var received = 0
    private var failures = 0
    private var isFinished = false

    init(
        _ options: FramePeerOptions, _ reporter: Reporter, bytes: @escaping (Core.Message) -> [UInt8],
        send: @escaping (Connection, [UInt8]) throws -> Void
    ) {
        self.options = options
        self.bytes = bytes
        self.send = send
        self.reporter = reporter
        super.init()
    }

    func attach(_ hooks: FrameHooks<Core, Wire>) {
        hooks.up = { [unowned self] connection, _ in up(connection) }
        hooks.message = { [unowned self] connection, message, _ in hear(bytes(message), from: connection) }
        hooks.unknown = { [unowned self] connection, type, length, _ in
            var line = JSONLine(event: "unknown")
            line.add("peer", connection.name)
            line.add("type", "\(type)")
            line.add("length", length)
            reporter.say(line, "\(connection.name): \(length) bytes of unknown type \(type)")
        }
        hooks.down = { [unowned self] connection, ending, _ in down(connection, ending) }
    }

    override func enter(_ tyme: Tyme) throws {
        for address in addresses {
            var line = JSONLine(event: "open")
            line.add("address", address)
            reporter.say(line, "\(options.mode) at \(address)")
        }
    }

    /// Goes on with connections that had no room; at the end what is to be sent still goes.
    override func recur(_ tyme: Tyme) throws -> Recurrence {
        var isMore = false
        for place in open.indices where try pump(place) { isMore = true }
        if isFinished, !isMore {
            if isServer { for entry in open { entry.connection.close() } }
            if !isServer || open.isEmpty { doist?.requestStop() }
        }
        return isMore ? .again : .park(until: .infinity)
    }

    // MARK: What happens

    private func up(_ connection: Connection) {
        var line = JSONLine(event: "connected")
        line.add("peer", connection.name)
        reporter.say(line, "connected with \(connection.name)")
        open.append((connection, 0, 0))
        wake()
    }

    private func hear(_ message: [UInt8], from connection: Connection) {
        received += 1
        var line = JSONLine(event: "message")
        line.add("peer", connection.name)
        if options.wire == .lengthType { line.add("type", Int(clamping: options.type.value)) }
        line.add("length", message.count)
        let digest = SHA256.hex(message)
        line.add("sha256", digest)
        reporter.say(line, "\(connection.name): \(message.count) bytes \(digest.prefix(16))…")
        guard let place = open.firstIndex(where: { $0.connection === connection }) else { return }
        if isServer {
            if options.echoes { answer(message, connection) }
            if let count = options.count, received >= count { settle() }
        } else if options.echoes, message != Self.content(open[place].received, options) {
            fail("message \(open[place].received) came back changed")
        }
        open[place].received += 1
        wake()
    }

    private func answer(_ message: [UInt8], _ connection: Connection) {
        do {
            try send(connection, message)
            sent += 1
        } catch {
            fail("no echo to \(connection.name): \(error)")
            connection.close()
        }
    }

    private func down(_ connection: Connection, _ ending: FrameEnding) {
        let place = open.firstIndex { $0.connection === connection }
        let entry = place.map { open.remove(at: $0) }
        var line = JSONLine(event: "disconnected")
        line.add("peer", ending.wasUp ? connection.name : addresses.first ?? "")
        line.add("reason", ending.code)
        reporter.say(line, "disconnected: \(ending.words)")
        guard !isServer else { return wake() }
        let isDone = entry.map { isComplete($0.sent, $0.received) } ?? false
        if isDone, ending.error == nil, ending.unsent == 0 {
            hangUp?()
            settle()
        } else if options.again == nil {
            failures += 1
            settle()
        }
    }

    private func fail(_ text: String) {
        failures += 1
        var line = JSONLine(event: "failed")
        line.add("reason", text)
        reporter.say(line, text)
    }

    private func settle() {
        isFinished = true
        wake()
    }

    // MARK: Sending

    private static func content(_ number: Int, _ options: FramePeerOptions) -> [UInt8] {
        Array(memoText(number: number, length: options.messageSize).utf8)
    }

    private func isComplete(_ sent: Int, _ received: Int) -> Bool {
        sent >= options.count ?? 1 && received >= max(options.expected, options.echoes ? sent : 0)
    }

    /// Sends what may be sent now; true if there is more as soon as there is room.
    private func pump(_ place: Int) throws -> Bool {
        let connection = open[place].connection
        let total = isServer ? options.push : options.count ?? 1
        while open[place].sent < total {
            if !isServer, options.echoes, open[place].received < open[place].sent { return false }
            do {
                try send(connection, Self.content(open[place].sent, options))
            } catch FrameError.outputFull {
                return true
            } catch {
                fail("not sent: \(error)")
                connection.close()
                return false
            }
            open[place].sent += 1
            sent += 1
        }
        if !isServer, isComplete(open[place].sent, open[place].received) { connection.close() }
        return false
    }

    /// The last line; true if all was done.
    func report() -> Bool {
        var line = JSONLine(event: "end")
        line.add("sent", sent)
        line.add("received", received)
        reporter.say(line, "sent \(sent), received \(received)")
        let isShort = isServer ? received < options.count ?? 0 : !isFinished
        return failures == 0 && !isShort
    }
}
