import DemoKit
import Doing
import Framing
import Rehearsing
import Simming
import Wiring

/// Two clients say messages to one server, which says each of them again, while the network does its worst: streams
/// are reset and cut, hosts stand still, crash, and come up again without their memory.
///
/// What must hold at every tick: on each connection messages come whole, in order and once, and only those that were
/// said there; a connection comes up once and ends once, and nothing comes behind its end; no end blames the other for
/// what the network did; the server holds no more connections and bytes than it may. In the end, the faults being over,
/// every message of a client that lives has been said again, for it connects again until then; and of all connections
/// nothing is left.
enum FrameScenario {
    static let lengthType = Scenario(
        "frames", "length-type frames, two clients of a server that echoes; every fault of streams",
        hosts: ["red", "blu", "grn"], span: 20, faults: [.all, .resetting]
    ) { world in
        let fields = try world.options.choice("format", of: ["HB", "IH", "QQ"]).compactMap {
            FieldFormat(rawValue: String($0))
        }
        let messages = try LengthTypeProtocol(
            [FrameWord.self], LengthTypeFormat(length: fields[0], type: fields[1]))
        try FrameParty<LengthTypeCore>(
            world,
            server: { LengthTypeServer($0, messages, limits: $1, connections: $2) },
            client: { LengthTypeClient(messages, limits: $1, again: $0, over: $2) },
            words: FrameWords(bytes: { ($0 as? FrameWord)?.bytes ?? [] }, send: { try $0.send(FrameWord(bytes: $1)) })
        ).run()
    }

    static let handshake = Scenario(
        "handshakes", "handshaken frames, two clients of a server that echoes; every fault of streams",
        hosts: ["red", "blu", "grn"], span: 20, faults: [.all, .resetting]
    ) { world in
        try FrameParty<HandshakeCore>(
            world,
            server: { HandshakeServer($0, limits: $1, connections: $2) },
            client: { HandshakeClient(limits: $1, again: $0, over: $2) },
            words: FrameWords(bytes: { $0 }, send: { try $0.send($1) })
        ).run()
    }
}

/// A message that is its bytes.
private struct FrameWord: LengthTypeMessage {
    static let type: FrameType = 2
    var bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }
    init(unpacking body: [UInt8]) throws(BodyError) { bytes = body }
    func pack(into body: inout [UInt8]) { body += bytes }
}

/// How a protocol of frames carries plain bytes.
struct FrameWords<Core: FrameCore> {
    let bytes: (Core.Message) -> [UInt8]
    let send: (FrameConnection<Core, SimStream>, [UInt8]) throws -> Void
}

/// The hosts and their account: blu is the server.
private final class FrameParty<Core: FrameCore> {
    typealias Server = FrameServer<Core, SimListener>
    typealias Client = FrameClient<Core, SimStream>

    private let world: Rehearsal
    private let makeServer: ([SimListener], FrameLimits, Int) -> Server
    private let makeClient: (RetryTymer, FrameLimits, @escaping () throws -> SimStream) -> Client
    private let words: FrameWords<Core>
    private let clients = ["red", "grn"]
    private let count, largest, window, connections: Int
    private let gap: Double
    private let pipe: SimPipe
    private var limits = FrameLimits()
    private let ledger = FrameLedger()
    private var incarnations: [String: Int] = [:]
    private var server: Server?
    private var talkers: [String: FrameTalker<Core>] = [:]

    init(
        _ world: Rehearsal, server: @escaping ([SimListener], FrameLimits, Int) -> Server,
        client: @escaping (RetryTymer, FrameLimits, @escaping () throws -> SimStream) -> Client, words: FrameWords<Core>
    ) throws {
        self.world = world
        self.words = words
        (makeServer, makeClient) = (server, client)
        count = try world.options.number("count", in: 1...24)
        let asked = try world.options.choice("largest", of: [1, 100, 5000, 60000])
        window = try world.options.choice("window", of: [1, 3, 24])
        connections = try world.options.choice("connections", of: [1, 8])
        gap = Double(try world.options.number("gap-ms", in: 1...500)) / 1000
        limits.idle = Double(try world.options.choice("idle", of: [10, 30]))
        var pipe = SimPipe(buffer: try world.options.choice("buffer", of: [600, 9000, 262_144]))
        pipe.segment = try world.options.choice("segment", of: [60, 536, 1460])
        let chunk = try world.options.choice("chunk", of: [0, 40, 1000])
        if chunk > 0 { (pipe.reads, pipe.writes) = (1...chunk, 1...chunk) }
        self.pipe = pipe
        // A pipe that moves a few bytes at a time would need hours for long messages.
        largest = pipe.segment == 60 || chunk == 40 ? min(asked, 2000) : asked
        let link = try SimLink(
            delay: Double(world.options.number("delay-ms", in: 0...200)) / 1000,
            jitter: Double(world.options.number("jitter-ms", in: 0...100)) / 1000,
            loss: Double(world.options.choice("loss-percent", of: [0, 0, 2, 10])) / 100)
        world.describe = { describeBytes($0) }
        for name in clients { world.net.connect(world.net.host("blu"), world.net.host(name), link) }
    }

    func run() throws {
        let host = world.net.host("blu")
        host.boot { [unowned self] host in serve(on: host) }
        try world.add(host)
        for name in clients {
            let host = world.net.host(name)
            host.boot { [unowned self] host in talk(name, on: host) }
            try world.add(host)
        }
        world.invariant("messages come whole, in order and once; connections end once") { [ledger] in ledger.wrong }
        world.invariant("the server holds what it may") { [unowned self] in overfull() }
        try world.run(until: 60)
        // Faults have ended: who connects again and again is heard.
        guard try world.run(until: 3000, { [unowned self] in talkers.values.allSatisfy(\.isOver) }) else {
            let open = clients.map { "\(talkers[$0]?.unheard ?? 0) of \($0)" }.joined(separator: ", ")
            throw RehearsalError.missing(what: "the end of the clients (echoes missing: \(open))", tyme: world.tyme)
        }
        guard try world.run(for: 600, { [unowned self] in server?.activeConnections.isEmpty ?? true }) else {
            throw RehearsalError.missing(what: "the end of all connections", tyme: world.tyme)
        }
        if let held = server?.memory.held, held > 0 {
            throw RehearsalError.missing(what: "the end of \(held) bytes", tyme: world.tyme)
        }
        // One more pass, so that an end which comes late is seen.
        try world.run(for: 1)
    }

    /// What the server does when it starts, the first time or after a crash.
    private func serve(on host: SimHost) -> [Doer] {
        incarnations["blu", default: 0] += 1
        let title = "blu \(incarnations["blu"] ?? 0)"
        let server = makeServer([host.listener(port: 7000, pipe: pipe)], limits, connections)
        server.on.up = { [ledger] connection, _ in ledger.up("\(title) #\(connection.id)") }
        server.on.message = { [ledger, words] connection, message, _ in
            let bytes = words.bytes(message)
            ledger.hear(bytes, at: "\(title) #\(connection.id)", from: connection.name)
            do { try words.send(connection, bytes) } catch { ledger.complain("\(title) cannot answer: \(error)") }
        }
        server.on.down = { [ledger] connection, ending, _ in ledger.down("\(title) #\(connection.id)", ending) }
        self.server = server
        return [server]
    }

    /// What a client does when it starts, the first time or after a crash.
    private func talk(_ name: String, on host: SimHost) -> [Doer] {
        let incarnation = incarnations[name, default: 0] + 1
        incarnations[name] = incarnation
        var random = world.random("talk of \(name) \(incarnation)")
        let again = try! RetryTymer.reconnecting(seed: random.next(), cap: 10)  // values that are never refused
        var limits = limits
        limits.backlog = nil
        let address = world.net.host("blu").address(port: 7000)
        let client = makeClient(again, limits) { [pipe] in host.stream(to: address, pipe: pipe) }
        let talker = FrameTalker(
            client, words, ledger, name: name, incarnation: incarnation, count: count, largest: largest,
            window: window, gap: gap, random: random)
        talkers[name] = talker
        return [client, talker]
    }

    private func overfull() -> String? {
        guard let server else { return nil }
        if server.activeConnections.count > connections { return "\(server.activeConnections.count) connections" }
        if server.memory.held > server.memory.limit { return "\(server.memory.held) bytes" }
        return nil
    }
}
