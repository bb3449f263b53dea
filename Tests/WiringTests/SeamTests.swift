import Doing
import Testing

@testable import Wiring

/// Writes down every call, one word each.
struct Diary: DatagramCore {
    var lines: [String] = []
    var queue: [UInt8] = []
    var wish: Tyme?
    var goodbye: UInt8?
    var events: [String] = []
    var keepsRefused = false

    mutating func opened(_ limits: TrainLimits, at tyme: Tyme) { lines.append("\(tyme) opened \(limits.datagram)") }
    mutating func tick(at tyme: Tyme) { lines.append("\(tyme) tick") }
    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        lines.append("\(tyme) handle \([UInt8](bytes))")
    }
    mutating func expire(at tyme: Tyme) {
        lines.append("\(tyme) expire")
        if let wish, wish <= tyme { self.wish = nil }
    }
    mutating func closing(at tyme: Tyme) {
        lines.append("\(tyme) closing")
        if let goodbye { queue.append(goodbye) }
        if goodbye != nil { events.append("gone") }
    }
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        guard let first = queue.first else { return nil }
        out.append(first)
        return Train(peer: .host(1), segment: 1)
    }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        if sending.taken > 0 || !keepsRefused { queue.removeFirst() }
        lines.append("\(tyme) sent \(sending.taken)")
    }
    mutating func pollEvent() -> String? { events.isEmpty ? nil : events.removeFirst() }
    var hasEvents: Bool { !events.isEmpty }
    var wakeTyme: Tyme? { queue.isEmpty ? wish : -.infinity }
}

@Suite("What a core is told")
struct SeamTests {
    func doer(_ core: Diary = Diary(), _ change: (inout Scripted) -> Void = { _ in }) -> CoreDoer<Diary, Scripted> {
        var wire = Scripted()
        wire.readiness = .wakes
        change(&wire)
        return CoreDoer(core, over: wire)
    }

    @Test("a core is told that its transport is open and what it carries, the tyme first in every pass, and the end")
    func life() throws {
        let doer = doer(Diary(goodbye: 7)) { $0.incoming = [(Train(peer: .host(1), segment: 1), [5])] }
        var told: [String] = []
        doer.onEvent = { _, event, tyme in told.append("\(tyme) \(event)") }
        doer.onEnd = { doer, ending, tyme in told.append("\(tyme) \(ending) \(doer.wire.isOpen)") }
        let doist = Doist([doer])
        try doist.enter()
        try doist.recur()
        try doist.exit()
        #expect(
            doer.core.lines == [
                "0.0 tick", "0.0 opened 16", "0.0 tick", "0.0 handle [5]", "0.03125 tick", "0.03125 closing",
                "0.03125 sent 1",
            ])
        #expect(doer.wire.sentTrains == [[7]])
        #expect(told == ["0.03125 gone", "0.03125 closed false"])
        #expect(doer.ending == .closed)
    }

    @Test("timers run after what has arrived was taken in, all of it, and answers leave before that")
    func timersLast() throws {
        let doer = doer(Diary(wish: 0)) {
            $0.incoming = [(Train(peer: .host(1), segment: 1), [5]), (Train(peer: .host(2), segment: 1), [6])]
        }
        let doist = Doist([doer])
        try doist.enter()
        try doist.recur()
        #expect(
            doer.core.lines.dropFirst(2)
                == ["0.0 tick", "0.0 handle [5]", "0.0 handle [6]", "0.0 expire"])
        try doist.exit()
    }

    @Test(
        "a core that is touched between passes knows the tyme, however long its doer has slept, and is served at once")
    func touched() throws {
        let doer = doer()
        let late = doify { [unowned doer] tyme in
            guard tyme >= 6 else { return .again }
            doer.core.queue.append(9)
            return .done
        }
        let doist = Doist([late, doer])
        try doist.enter()
        while doist.tyme <= 6 { try doist.recur() }
        #expect(doer.core.lines.suffix(4) == ["6.0 tick", "6.0 tick", "6.0 expire", "6.0 sent 1"])
        #expect(doer.wire.sentTrains == [[9]])
        try doist.exit()
    }

    @Test("what an event's closure queues after the sending leaves in the same pass, and buys no other")
    func lateAnswer() throws {
        var core = Diary(queue: [1])
        core.events = []
        let doer = doer(core)
        doer.core.events = ["first"]
        doer.onEvent = { doer, _, _ in
            if doer.core.queue.count < 2, doer.core.lines.count < 9 { doer.core.queue.append(2) }
        }
        let doist = Doist([doer])
        try doist.enter()
        try doist.recur()
        #expect(doer.wire.sentTrains == [[1], [2]])
        #expect(doer.nextTyme == .infinity)
        try doist.exit()
    }

    @Test("what an event's closure throws, the doer throws at the end of the pass; what was to be sent is sent")
    func throwing() throws {
        struct Trouble: Error {}
        let doer = doer(Diary(queue: [1], events: ["e", "f"]))
        doer.onEvent = { _, event, _ in if event == "e" { throw Trouble() } }
        let doist = Doist([doer])
        try doist.enter()
        #expect(throws: Trouble.self) { try doist.recur() }
        #expect(doer.wire.sentTrains == [[1]] && doer.ending == .closed && !doer.wire.isOpen)
    }

    @Test("a transport that breaks ends its doer and tells why; the doist and the others live on")
    func breaks() throws {
        let error = TransportError.system(call: "recvmsg", code: 9, reason: "Bad file descriptor", subject: "x")
        let doer = doer { $0.receiveError = error }
        var told: [DatagramEnding] = []
        doer.onEnd = { _, ending, _ in told.append(ending) }
        var runs = 0
        let doist = Doist([
            doer,
            doify { _ in
                runs += 1
                return .again
            },
        ])
        try doist.enter()
        for _ in 0..<3 { try doist.recur() }
        #expect(runs == 3 && told == [.failed(error)] && doer.ending == .failed(error) && doer.isDone)
        #expect(!doer.wire.isOpen)
        try doist.exit()
        #expect(told.count == 1)
    }

    @Test("a core that yields the same refused train for ever is not polled for ever, and the doer tries every tick")
    func stuck() throws {
        let doer = doer(Diary(queue: [1], keepsRefused: true)) {
            $0.sendings = (0..<200).map { _ in Sending(taken: 0, .refused(Refusal(.unreachable))) }
        }
        let doist = Doist([doer])
        try doist.enter()
        try doist.recur()
        #expect(doer.wire.sentTrains.count == 17)
        #expect(doer.nextTyme == doist.tyme)
        try doist.exit()
    }

    @Test("a budget is for the whole pass: what is left over runs in the next")
    func budget() throws {
        let doer = doer { $0.incoming = (1...3).map { (Train(peer: .host(1), segment: 1), [$0]) } }
        doer.budget = .init(datagrams: 1, trains: 1)
        let doist = Doist([doer])
        try doist.enter()
        try doist.recur()
        #expect(doer.core.lines.filter { $0.contains("handle") } == ["0.0 handle [1]"])
        for _ in 0..<3 { try doist.recur() }
        #expect(doer.core.lines.filter { $0.contains("handle") }.count == 3)
        try doist.exit()
    }

    @Test("a doer that goes away without an exit closes its transport")
    func dropped() throws {
        final class Shared: @unchecked Sendable { var isOpen = false }
        struct Wire: DatagramTransport {
            let shared: Shared
            var limits: TrainLimits { TrainLimits(segments: 1, bytes: 100, datagram: 100) }
            var readiness: Readiness { .wakes }
            var statistics: TransportStatistics { TransportStatistics() }
            mutating func open(for doer: Doer?) { shared.isOpen = true }
            mutating func close() { shared.isOpen = false }
            mutating func receive(into out: inout OutputRawSpan, at tyme: Tyme) -> Train? { nil }
            mutating func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) -> Sending {
                Sending(taken: bytes.byteCount)
            }
        }
        let shared = Shared()
        do {
            let doist = Doist([CoreDoer(Diary(), over: Wire(shared: shared))])
            try doist.enter()
            try doist.recur()
            #expect(shared.isOpen)
        }
        #expect(!shared.isOpen)
    }

    @Test("a wrapped core and a wrapped transport state only what they change")
    func wrapped() throws {
        struct Counting: WrappedCore {
            typealias Event = String
            var base: Diary
            var bytes = 0
            mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
                self.bytes += bytes.byteCount
                base.handle(bytes, train, at: tyme)
            }
        }
        struct Narrow: WrappedTransport {
            var base: Scripted
            var limits: TrainLimits { TrainLimits(segments: 1, bytes: 8, datagram: 8) }
        }
        var wire = Scripted()
        wire.incoming = [(Train(peer: .host(1), segment: 2), [5, 6])]
        let doer = CoreDoer(Counting(base: Diary(queue: [1])), over: Narrow(base: wire))
        let doist = Doist([doer])
        try doist.enter()
        try doist.recur()
        #expect(doer.core.bytes == 2 && doer.core.base.lines[1] == "0.0 opened 8")
        #expect(doer.wire.base.sentTrains == [[1]])
        try doist.exit()
    }

    @Test("two protocols share a transport: a train is cut where the route changes, and both send in turn")
    func forked() throws {
        var wire = Scripted()
        wire.incoming = [(Train(peer: .host(1), segment: 2), [0, 1, 0, 2, 9, 3, 0, 4])]
        let core = Forked(Diary(queue: [1, 2], events: ["a"]), Diary(queue: [8, 9], wish: 5, events: ["b"])) {
            datagram, _ in
            datagram.byte(at: 0) == 9 ? .second : .first
        }
        let doer = CoreDoer(core, over: wire)
        var told: [ForkedEvent<String, String>] = []
        doer.onEvent = { _, event, _ in told.append(event) }
        let doist = Doist([doer])
        try doist.enter()
        #expect(core.wakeTyme == -.infinity)
        try doist.recur()
        #expect(
            doer.core.first.lines.filter { $0.contains("handle") } == ["0.0 handle [0, 1, 0, 2]", "0.0 handle [0, 4]"])
        #expect(doer.core.second.lines.filter { $0.contains("handle") } == ["0.0 handle [9, 3]"])
        #expect(doer.wire.sentTrains == [[1], [8], [2], [9]])
        #expect(told == [.first("a"), .second("b")])
        #expect(doer.core.wakeTyme == 5)
        try doist.exit()
    }

    @Test("integers are read and written most significant byte first, and a read past the end is nil")
    func integers() {
        let bytes: [UInt8] = [0x12, 0x34, 0x56, 0x78, 0x9A]
        let span = bytes.span.bytes
        #expect(span.bigEndian(UInt16.self, at: 1) == 0x3456 && span.bigEndian(UInt32.self, at: 1) == 0x3456_789A)
        #expect(span.bigEndian(UInt32.self, at: 2) == nil && span.bigEndian(UInt8.self, at: -1) == nil)
        #expect(span.bigEndian(UInt16.self, at: .max) == nil && span.byte(at: 4) == 0x9A && span.byte(at: 5) == nil)
        let written: [UInt8] = Burst(capacity: 16).lend { out in
            out.append(bigEndian: UInt16(0x1234))
            out.append(bigEndian: UInt64(1))
            return [UInt8](out.bytes)
        }
        #expect(written == [0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 1])
    }
}
