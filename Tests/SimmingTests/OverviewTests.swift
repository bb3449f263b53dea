import Charting
import Doing
import Memoing
import Simming
import Testing
import Wiring

/// The programs of the documentation, word for word.
@Suite("What the documentation shows works")
struct OverviewTests {
    @Test("two memo peers over a link that loses a tenth")
    func memos() throws {
        let net = SimNet(seed: 1, link: SimLink(delay: 0.025, loss: 0.1))
        let red = net.host("red"), blu = net.host("blu")
        let a = CoreDoer(Memoer(random: red.random.fork()), over: red.peer(port: 1))
        let b = CoreDoer(Memoer(random: blu.random.fork()), over: blu.peer(port: 1))
        var heard: [Tyme] = []
        b.onEvent = { _, event, tyme in
            if case .memo = event { heard.append(tyme) }
        }
        for _ in 0..<100 { try a.core.memoit("hello", to: b.wire.address) }
        try Doist([net, a, b]).run(limit: 1)
        #expect(heard.count == 87 && Set(heard) == [0.03125])
    }

    @Test("a host that boots, and crashes by plan")
    func hosts() throws {
        let trace = Trace()
        let net = SimNet(seed: 1, link: SimLink(delay: 0.025), trace: trace)
        let red = net.host("red"), blu = net.host("blu")
        let a = CoreDoer(Memoer(random: red.random.fork()), over: red.peer(port: 1))
        blu.boot { host in [CoreDoer(Memoer(random: host.random.fork()), over: host.peer(port: 1))] }
        net.plan = try FaultPlan(parsing: "loss 0.3 red>blu 0..5; crash blu 3..4")
        try Doist([net, a, blu]).run(limit: 10)
        #expect(blu.boots == 2)
        #expect((0..<trace.count).map { trace.event($0).tyme } == [3, 4])
    }

    @Test("a rule that loses the first ack")
    func rule() throws {
        let net = SimNet()
        let red = net.host("red").peer(port: 1), blu = net.host("blu").peer(port: 1)
        net.kinds = [DatagramKind("ack") { $0.byteCount == 52 }]
        net.rule { $0.kind == "ack" && $0.numberOfKind == 0 ? .drop : .deliver }
        let acks = (0..<3).map { [UInt8](repeating: $0, count: 52) }
        let receiver = Talker(blu)
        let sender = Talker(red, acks.map { (0, blu.address, $0) })
        try Doist([net, sender, receiver]).run(limit: 1)
        #expect(receiver.heard.map(\.bytes) == Array(acks[1...]))
    }
}
