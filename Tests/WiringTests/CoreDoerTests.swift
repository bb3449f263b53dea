import Doing
import Testing

@testable import Wiring

/// Sends queued datagrams of one size, keeps what arrives, and obeys what it is told of its sendings.
struct Plain: DatagramCore {
    var queue: [(peer: Address, bytes: [UInt8])] = []
    var heard: [[UInt8]] = []
    var blocked: Set<Address> = []
    var refused: [Refusal] = []
    var events: [String] = []
    var wakeTyme: Tyme?
    var echoes = false

    var isBlocked: Bool { !blocked.isEmpty }
    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        train.forEachDatagram(of: bytes) { datagram in
            let bytes = (0..<datagram.byteCount).map { datagram.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
            heard.append(bytes)
            events.append("heard \(bytes)")
            if echoes { queue.append((train.peer, bytes)) }
        }
    }
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        guard let first = queue.first(where: { !blocked.contains($0.peer) }) else { return nil }
        var count = 0
        for next in queue where next.peer == first.peer && next.bytes.count == first.bytes.count {
            guard count < limits.segments, out.byteCount + next.bytes.count <= limits.bytes else { break }
            out.append(contentsOf: next.bytes.span.bytes)
            count += 1
        }
        return Train(peer: first.peer, segment: first.bytes.count)
    }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        for _ in 0..<(sending.taken / max(train.segment, 1)) {
            queue.remove(at: queue.firstIndex { $0.peer == train.peer }!)
        }
        switch sending.outcome {
        case .sent, .full: break
        case .peerFull: blocked.insert(train.peer)
        case .refused(let refusal):
            refused.append(refusal)
            queue.remove(at: queue.firstIndex { $0.peer == train.peer }!)
        }
    }
    mutating func unblock() { blocked = [] }
    var hasEvents: Bool { !events.isEmpty }
    mutating func pollEvent() -> String? { events.isEmpty ? nil : events.removeFirst() }
}

@Suite("One doer drives every core")
struct CoreDoerTests {
    let a = Address.host(1)
    let b = Address.host(2)

    func run(_ doer: CoreDoer<Plain, Scripted>, passes: Int) throws -> Doist {
        let doist = Doist([doer])
        try doist.enter()
        for _ in 0..<passes { try doist.recur() }
        return doist
    }

    @Test("an echo leaves in the pass in which its datagram came")
    func echo() throws {
        var wire = Scripted()
        wire.incoming = [(Train(peer: a, segment: 2), [1, 2, 3, 4])]
        let doer = CoreDoer(Plain(echoes: true), over: wire)
        var told: [String] = []
        doer.onEvent = { _, event, tyme in told.append("\(tyme) \(event)") }
        let doist = try run(doer, passes: 1)
        #expect(doer.wire.sentTrains == [[1, 2, 3, 4]])
        #expect(told == ["0.0 heard [1, 2]", "0.0 heard [3, 4]"])
        #expect(doer.wire.isOpen)
        try doist.exit()
        #expect(!doer.wire.isOpen)
    }

    @Test("a transport that tells when it is empty is not asked in vain, and the same comes of it")
    func empty() throws {
        for (tellsEmpty, looks) in [(false, [2, 3, 6]), (true, [1, 1, 3])] {
            var wire = Scripted()
            wire.tellsEmpty = tellsEmpty
            wire.incoming = [(Train(peer: a, segment: 1), [1])]
            let doer = CoreDoer(Plain(echoes: true), over: wire)
            let doist = try run(doer, passes: 1)
            #expect(doer.wire.looks == looks[0])
            try doist.recur()
            #expect(doer.wire.looks == looks[1])
            doer.wire.incoming = [(Train(peer: a, segment: 1), [2]), (Train(peer: b, segment: 1), [3])]
            try doist.recur()
            #expect(doer.wire.looks == looks[2])
            #expect(doer.core.heard == [[1], [2], [3]])
            #expect(doer.wire.sentTrains == [[1], [2], [3]])
        }
    }

    @Test("an event's closure may use the core, and what it queues leaves in the same pass")
    func closure() throws {
        var wire = Scripted()
        wire.incoming = [(Train(peer: a, segment: 1), [1])]
        let doer = CoreDoer(Plain(), over: wire)
        doer.onEvent = { doer, _, _ in doer.core.queue.append((b, [7, 7])) }
        _ = try run(doer, passes: 1)
        #expect(doer.wire.sentTrains == [[7, 7]])
    }

    @Test("a full transport keeps the rest for the next pass, and loses nothing")
    func full() throws {
        var wire = Scripted()
        wire.sendings = [Sending(taken: 2, .full), Sending(taken: 0, .full)]
        let doer = CoreDoer(Plain(queue: (1...3).map { (a, [$0, $0]) }), over: wire)
        let doist = try run(doer, passes: 1)
        #expect(doer.wire.sentTrains == [[1, 1]])
        try doist.recur()
        #expect(doer.wire.sentTrains == [[1, 1], []])
        try doist.recur()
        #expect(doer.wire.sentTrains == [[1, 1], [], [2, 2, 3, 3]])
    }

    @Test("a peer that is full blocks no other, and is tried again in the next pass")
    func peerFull() throws {
        var wire = Scripted()
        wire.sendings = [Sending(taken: 0, .peerFull)]
        let doer = CoreDoer(Plain(queue: [(a, [1]), (b, [2]), (a, [3])]), over: wire)
        let doist = try run(doer, passes: 1)
        #expect(doer.wire.sentTrains == [[], [2]])
        try doist.recur()
        #expect(doer.wire.sentTrains == [[], [2], [1, 3]])
    }

    @Test("a refusal reaches the core and the rest goes on")
    func refused() throws {
        var wire = Scripted()
        wire.sendings = [Sending(taken: 1, .refused(Refusal(.tooLarge, code: 90)))]
        let doer = CoreDoer(Plain(queue: [(a, [1]), (a, [2]), (a, [3])]), over: wire)
        _ = try run(doer, passes: 1)
        #expect(doer.core.refused == [Refusal(.tooLarge, code: 90)])
        #expect(doer.wire.sentTrains == [[1], [3]])
    }

    @Test("a flood is taken in by the budget's measure, and sending goes on beside it")
    func flood() throws {
        var wire = Scripted()
        wire.incoming = (0..<100).map { (Train(peer: a, segment: 1), [UInt8($0)]) }
        let doer = CoreDoer(Plain(queue: [(b, [9])]), over: wire, budget: .init(datagrams: 8, trains: 8))
        _ = try run(doer, passes: 1)
        #expect(doer.core.heard.count == 8)
        #expect(doer.wire.sentTrains == [[9]])
    }

    @Test("a pacing lets a burst leave at once, and then its rate, at any tock")
    func paced() throws {
        for tock in [0.03125, 1.0 / 1024] {
            let doer = CoreDoer(Plain(queue: (1...250).map { (a, [$0, $0]) }), over: Scripted())
            doer.pacing = try DatagramPacing(bytesPerSecond: 64, burst: 20)
            let doist = try Doist(tock: tock, doers: [doer])
            try doist.enter()
            try doist.recur()
            #expect((20...24).contains(doer.wire.sentTrains.joined().count))
            while doist.tyme <= 4 { try doist.recur() }
            // 20 at once and 64 a second for 4 s; what is begun is sent whole: 4 bytes here.
            #expect((276...280).contains(doer.wire.sentTrains.joined().count))
            while doist.tyme <= 10 { try doist.recur() }
            #expect(doer.core.queue.isEmpty)
            try doist.exit()
        }
    }

    @Test("a datagram costs the pacing its overhead, too, and one that is larger than the burst goes all the same")
    func overhead() throws {
        let doer = CoreDoer(Plain(queue: (1...9).map { (a, [$0, $0]) }), over: Scripted())
        doer.pacing = try DatagramPacing(bytesPerSecond: 32, burst: 30, overhead: 8)
        let doist = try run(doer, passes: 1)
        // Three of 2 + 8 bytes are the burst; then one credit of 32 * 1/32 s = 1 byte a tick.
        #expect(doer.wire.sentTrains.joined().count == 6)
        for _ in 0..<10 { try doist.recur() }
        #expect(doer.wire.sentTrains.joined().count == 8)
        doer.pacing = try DatagramPacing(bytesPerSecond: 1, burst: 1)
        while doist.tyme < 20, !doer.core.queue.isEmpty { try doist.recur() }
        #expect(doer.core.queue.isEmpty)
        try doist.exit()
        #expect(throws: TransportError.self) { try DatagramPacing(bytesPerSecond: .nan) }
        #expect(throws: TransportError.self) { try DatagramPacing(bytesPerSecond: 1, burst: 0) }
    }

    @Test("a transport that wakes its doer lets it sleep until the core's next tyme")
    func parks() throws {
        var wire = Scripted()
        wire.readiness = .wakes
        let doer = CoreDoer(Plain(wakeTyme: 2.0), over: wire)
        let doist = try run(doer, passes: 1)
        #expect(doer.nextTyme == 2.0)
        doer.core.wakeTyme = nil
        try doist.recur()
        #expect(doer.nextTyme == .infinity)
        doer.core.queue.append((a, [5]))
        try doist.recur()
        #expect(doer.wire.sentTrains == [[5]])
    }

    @Test("a listener that parks is woken by what arrives")
    func listener() throws {
        var wire = Scripted()
        wire.incoming = [(Train(peer: a, segment: 1), [1])]
        let doer = CoreDoer(Plain(), over: wire)
        var woken: [String] = []
        let listener = doify { [unowned doer] tyme in
            woken.append("\(tyme) \(doer.pollEvent() ?? "nothing")")
            return .park(until: .infinity)
        }
        doer.listener = listener
        let doist = Doist([listener, doer])
        try doist.enter()
        for _ in 0..<4 { try doist.recur() }
        #expect(woken == ["0.0 nothing", "0.03125 heard [1]"])
    }

    @Test("a transport that cannot open ends the enter with its error, and nothing stays open")
    func cannotOpen() throws {
        var wire = Scripted()
        let error = TransportError.system(call: "bind", code: 98, reason: "Address already in use", subject: "x:1")
        wire.openError = error
        let doer = CoreDoer(Plain(), over: wire)
        let doist = Doist([doer])
        #expect(throws: error) { try doist.enter() }
        #expect(!doer.wire.isOpen && !doer.isDone)
        #expect(error.description == "x:1: bind: Address already in use (errno 98)")
    }

    @Test("without a doist, a core is serviced by hand, all at once or a train at a time")
    func service() throws {
        var wire = Scripted()
        wire.incoming = [(Train(peer: a, segment: 1), [1]), (Train(peer: a, segment: 1), [2])]
        var core = Plain(echoes: true)
        let once = try core.service(0, over: &wire, by: Burst(), budget: .init(datagrams: 1, trains: 1))
        #expect(once && core.heard == [[1]] && wire.sentTrains == [[1]])
        let again = try core.service(0.5, over: &wire, by: Burst())
        #expect(!again && core.heard == [[1], [2]] && wire.sentTrains == [[1], [2]])
    }
}
