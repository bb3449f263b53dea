import Doing
import Testing

@testable import Wiring

@Suite("Events for several takers")
struct EventFeedTests {
    /// A doer whose datagrams of one byte, 0 and up, all arrive in the first pass and are told as events.
    private func source(_ count: Int) -> CoreDoer<Plain, Scripted> {
        var wire = Scripted()
        wire.incoming = (0..<count).map { (Train(peer: .host(1), segment: 1), [UInt8($0)]) }
        return CoreDoer(Plain(), over: wire)
    }

    private func names(_ numbers: Range<Int>) -> [String] { numbers.map { "heard [\($0)]" } }

    @Test("the slowest of three takers sets the speed; each gets every event once, in order, and the rest waits")
    func slowest() throws {
        let source = source(20)
        var (quick, slow, late): ([String], [String], [String]) = ([], [], [])
        var offers = 0
        let feed = EventFeed(
            source,
            to: [
                { event in
                    quick.append(event)
                    return true
                },
                { event in
                    offers += 1
                    guard offers % 3 == 0 else { return false }  // takes every third offer
                    slow.append(event)
                    return true
                },
                { event in
                    guard source.doist!.tyme >= 1 else { return false }
                    late.append(event)
                    return true
                },
            ])
        let doist = Doist([source, feed])
        try doist.enter()
        for _ in 0..<32 { try doist.recur() }
        // The third taker takes nothing before 1 s: one event is under way, all others are still in the core.
        #expect(quick == names(0..<1) && slow == names(0..<1) && late == [] && source.core.events.count == 19)
        for _ in 0..<100 where late.count < 20 || slow.count < 20 { try doist.recur() }
        #expect(quick == names(0..<20) && slow == names(0..<20) && late == names(0..<20))
        #expect(offers == 60)
        try doist.exit()
    }

    @Test("a refused event is offered again once a tick; a feed with nothing to hand on sleeps")
    func oncePerTick() throws {
        let source = source(1)
        source.wire.tellsEmpty = true
        var tymes: [Tyme] = []
        let feed = EventFeed(source) { _ in
            tymes.append(source.doist!.tyme)
            return tymes.count == 4
        }
        let doist = Doist([source, feed])
        try doist.run(limit: 1)
        #expect(tymes == [0, 0.03125, 0.0625, 0.09375])
        #expect(feed.outcome == .closed)
    }

    @Test("two inboxes of different size get the same; what the small one cannot hold waits, and the end closes both")
    func inboxes() throws {
        let source = source(100)
        let (small, large) = (Inbox<String>(limit: 2), Inbox<String>(limit: 1000))
        var (taken, ends): ([String], [Tyme]) = ([], [])
        let reader = doify { tyme in
            if let event = small.popFirst() { taken.append(event) }
            guard small.isClosed, small.count == 0 else { return .again }
            ends.append(tyme)
            return .done
        }
        let doist = Doist([source, EventFeed(source, into: small, large), reader])
        try doist.enter()
        for _ in 0..<10 { try doist.recur() }
        // The 12th event is under way: the large one has it, the small one waits for room.
        #expect(taken == names(0..<10) && large.count == 12 && source.core.events.count == 88)
        try doist.remove([source])  // the source is over: what it has told is still handed on
        for _ in 0..<200 where !doist.isDone { try doist.recur() }
        #expect(taken == names(0..<100) && ends.count == 1)
        #expect((0..<100).map { _ in large.popFirst()! } == names(0..<100))
        #expect(small.refused == 0 && large.refused == 0 && large.isClosed)
        try doist.exit()
    }

    @Test("a reader that closes its inbox holds up nobody")
    func closedReader() throws {
        let source = source(5)
        let (gone, stays) = (Inbox<String>(limit: 1), Inbox<String>())
        let doist = Doist([source, EventFeed(source, into: gone, stays)])
        try doist.enter()
        try doist.recur()
        #expect(gone.count == 1 && stays.count == 2)
        gone.close()
        try doist.recur()
        #expect(stays.count == 5 && gone.count == 1)
        try doist.exit()
    }

    @Test("a feed before its source hands on the last words that the source says when the doist ends")
    func lastWords() throws {
        let farewell = CoreDoer(Farewell(), over: Scripted())
        let inbox = Inbox<String>()
        try Doist([EventFeed(farewell, into: inbox), farewell]).run(limit: 1)
        #expect(inbox.popFirst() == "goodbye" && inbox.isClosed)
    }

    @Test("a source keeps no feed alive")
    func memory() {
        let source = source(0)
        do {
            let feed = EventFeed(source) { _ in true }
            #expect(source.listener === feed)
        }
        #expect(source.listener == nil)
    }
}

/// Says one word when its transport is about to close.
private struct Farewell: DatagramCore {
    private var word: String?
    var wakeTyme: Tyme? { nil }
    var hasEvents: Bool { word != nil }
    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {}
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? { nil }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {}
    mutating func closing(at tyme: Tyme) { word = "goodbye" }
    mutating func pollEvent() -> String? {
        defer { word = nil }
        return word
    }
}
