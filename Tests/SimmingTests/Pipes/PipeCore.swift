import Charting
import Doing
import Simming
import Wiring

/// A protocol of plain bytes: keeps what comes, sends what it is told, and can send back all that comes.
struct PipeCore: StreamCore {
    typealias Event = Int

    var received: [UInt8] = []
    var output: [UInt8] = []
    var echoes = false
    var closing = StreamClosing.open
    /// What to do when the other end has sent its last.
    var closingAtEnd = StreamClosing.close
    /// Takes no more than this before it is taken out.
    var room = Int.max
    /// What happened, in order.
    var story: [String] = []
    /// The same in ticks of a millisecond.
    var ticks: [String: Int] = [:]
    var sizes: [Int] = []
    var loss: StreamLoss?

    init(sending output: [UInt8] = [], echoes: Bool = false) {
        self.output = output
        self.echoes = echoes
    }

    mutating func connected(at tyme: Tyme) { note("connected", tyme) }
    mutating func handle(_ bytes: RawSpan, at tyme: Tyme) {
        sizes.append(bytes.byteCount)
        let copy = bytes.withUnsafeBytes { Array($0) }
        if echoes { output += copy } else { received += copy }
    }
    mutating func ended(at tyme: Tyme) {
        note("ended", tyme)
        if closing == .open { closing = closingAtEnd }
    }
    mutating func lost(_ loss: StreamLoss, at tyme: Tyme) {
        note("lost", tyme)
        self.loss = loss
    }
    private mutating func note(_ what: String, _ tyme: Tyme) {
        story.append(what)
        ticks[what] = Int((tyme * 1000).rounded())
    }
    var wantsInput: Bool { received.count < room && output.count < 1 << 20 }
    func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R { try body(output.span.bytes) }
    mutating func sent(_ count: Int, at tyme: Tyme) { output.removeFirst(count) }
    mutating func pollEvent() -> Int? { nil }
    var hasEvents: Bool { false }
    var wakeTyme: Tyme? { nil }
}

typealias PipeDoer = StreamDoer<PipeCore, SimStream>

/// Bytes that tell where they stand.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

/// A host red that connects to a server at host blu, in ticks of a millisecond.
final class PipeBed {
    let trace = Trace()
    let net: SimNet
    let red, blu: SimHost
    let server: StreamAcceptor<SimListener>
    let client: PipeDoer
    let doist: Doist
    private let box = Box()

    final class Box {
        var served: [PipeDoer] = []
    }

    var served: [PipeDoer] { box.served }

    init(
        seed: UInt64 = 1, link: SimLink = SimLink(), plan: String = "", pipe: SimPipe = SimPipe(),
        serverPipe: SimPipe = SimPipe(), core: PipeCore = PipeCore(echoes: true), client: PipeCore = PipeCore(),
        backlog: Int = 8, limit: Int? = nil, port: UInt16 = 7
    ) throws {
        net = SimNet(seed: seed, link: link, trace: trace)
        net.plan = try FaultPlan(parsing: plan)
        (red, blu) = (net.host("red"), net.host("blu"))
        let box = self.box
        let listener = blu.listener(port: 7, backlog: backlog, pipe: serverPipe)
        server = StreamAcceptor(listener, limit: limit) { stream in
            let doer = PipeDoer(core, over: stream)
            box.served.append(doer)
            return doer
        }
        self.client = PipeDoer(client, over: red.stream(to: blu.address(port: port), pipe: pipe))
        let (server, first) = (self.server, self.client)
        blu.boot { _ in [server] }
        doist = try Doist(tock: 0.001, doers: [net, blu, first])
        try doist.enter()
    }

    /// All that was sent, in order.
    var sent: [TraceEvent] { (0..<trace.count).map(trace.event).filter { $0.kind == .sent } }

    /// Runs until all timers are over, and tells whether the network has forgotten every connection.
    func leavesNothing() throws -> Bool {
        try run(3)
        return net.connectionCount == 0
    }

    /// Runs until it is so, or `limit` seconds are over.
    func run(_ limit: Tyme = 100, until isOver: () -> Bool = { false }) throws {
        let end = doist.tyme + limit - 0.0005
        while doist.tyme < end, !isOver() { _ = try doist.recur() }
    }
}
