import Doing
import Memoing
import Simming
import Testing
import Wiring

/// Asks with a number, is answered with the same number, and tells: a protocol that knows nothing of memos.
private struct Asker: DatagramCore {
    var queue = DatagramQueue()
    var answers = false
    var heard: [[UInt8]] = []

    mutating func opened(_ limits: TrainLimits, at tyme: Tyme) { queue.opened(limits) }
    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        train.forEachDatagram(of: bytes) { datagram in
            heard.append([UInt8](datagram))
            if answers { queue.append(datagram, to: train.peer) }
        }
    }
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        queue.poll(into: &out, limits)
    }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) { queue.sent(sending, train) }
    mutating func unblock() { queue.unblock() }
    mutating func pollEvent() -> [UInt8]? { heard.isEmpty ? nil : heard.removeFirst() }
    var hasEvents: Bool { !heard.isEmpty }
    var wakeTyme: Tyme? { queue.isReady ? -.infinity : nil }
    var isBlocked: Bool { queue.isBlocked }
}

@Suite("Cores over memos")
struct OverMemosTests {
    @Test(
        "datagrams longer than the link carries arrive whole, each once, over a link that loses; answers leave at once"
    )
    func overLoss() throws {
        let net = SimNet(seed: 3)
        let (red, blu) = (net.host("red"), net.host("blu"))
        net.connect(red, blu, SimLink(delay: 0.125, loss: 0.2))
        let random = SplitMix64(seed: 1)
        let asker = CoreDoer(
            try OverMemos(Asker(), by: Memoer(kind: .sure, random: random)), over: red.peer(port: 7))
        let answerer = CoreDoer(
            try OverMemos(Asker(answers: true), by: Memoer(kind: .sure, random: SplitMix64(seed: 2))),
            over: blu.peer(port: 7))
        var told: [Int] = []
        var first: Tyme?
        asker.onEvent = { _, event, tyme in
            told.append(event.count)
            first = first ?? tyme
        }
        let sizes = [1, 60_000, 0, 1240, 5000, 1]
        let doist = try Doist(limit: 60, doers: [net, asker, answerer])
        try doist.enter()
        for size in sizes {
            let bytes = [UInt8](repeating: UInt8(size % 251), count: size)
            asker.core.upper.queue.append(bytes.span.bytes, to: blu.address(port: 7))
        }
        while doist.tyme < 60, told.count < sizes.count { try doist.recur() }
        #expect(told.sorted() == sizes.sorted())
        #expect(asker.core.upper.queue.isEmpty && asker.core.memoer.statistics.queuedMemos == 0)
        // There and back without a tick between: twice the delay, and the ticks that the net takes.
        #expect(first! <= 0.25 + 4 * 0.03125)
        try doist.exit()
    }

    @Test("a memoer without room tells the upper core, which goes on when there is room: nothing is lost")
    func noRoom() throws {
        var limits = MemoerLimits()
        limits.queuedMemosPerPeer = 3
        let net = SimNet(seed: 1)
        let (red, blu) = (net.host("red"), net.host("blu"))
        net.connect(red, blu, SimLink(delay: 0.03125))
        let asker = CoreDoer(
            try OverMemos(Asker(), by: Memoer(limits: limits, random: SplitMix64(seed: 1))), over: red.peer(port: 7))
        let hearer = CoreDoer(
            try OverMemos(Asker(), by: Memoer(random: SplitMix64(seed: 2))), over: blu.peer(port: 7))
        var told: [UInt8] = []
        hearer.onEvent = { _, event, _ in told.append(event[0]) }
        let doist = try Doist(limit: 10, doers: [net, asker, hearer])
        try doist.enter()
        for number in 0..<50 {
            asker.core.upper.queue.append([UInt8(number), UInt8(number)].span.bytes, to: blu.address(port: 7))
        }
        while doist.tyme < 10, told.count < 50 { try doist.recur() }
        #expect(told == Array(0..<50))
        try doist.exit()
    }

    @Test("a size that cannot be is refused with its name")
    func sizes() throws {
        #expect(throws: TransportError.self) {
            try OverMemos(Asker(), by: Memoer(random: SplitMix64(seed: 1)), datagram: 0)
        }
    }
}
