import Doing
import Testing

@testable import Wiring

/// A core whose user comes back in the middle of its handling, or of its polling for events.
private struct Touchy: DatagramCore {
    var onHandle: (() -> Void)?
    var events: [String] = []
    var wakeTyme: Tyme? { nil }
    var isBlocked: Bool { false }
    var hasEvents: Bool { !events.isEmpty }
    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        onHandle?()
        events.append("\(bytes.byteCount)")
    }
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? { nil }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {}
    mutating func unblock() {}
    mutating func pollEvent() -> String? { events.isEmpty ? nil : events.removeFirst() }
}

@Suite("Core and transport of a doer are changed by one at a time")
struct LeaseTests {
    private static func doer() -> CoreDoer<Touchy, Scripted> {
        var wire = Scripted()
        wire.incoming = [(Train(peer: .host(1), segment: 2), [1, 2])]
        return CoreDoer(Touchy(), over: wire)
    }

    private static func expect(_ result: ExitTest.Result?, _ message: String) {
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains(message), "\(text)")
    }

    @Test("to read the core in the middle of a pass is stopped")
    func readInPass() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let doer = LeaseTests.doer()
            doer.core.onHandle = { [unowned doer] in _ = doer.core.events.count }
            try Doist([doer]).recurOnce()
        }
        Self.expect(result, "overlapping accesses to the core of a CoreDoer")
    }

    @Test("to change the transport in the middle of a pass is stopped")
    func changeInPass() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let doer = LeaseTests.doer()
            doer.core.onHandle = { [unowned doer] in doer.wire.incoming = [] }
            try Doist([doer]).recurOnce()
        }
        Self.expect(result, "overlapping accesses to the wire of a CoreDoer")
    }

    @Test("to change the core while it is changed is stopped")
    func changeInChange() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let doer = LeaseTests.doer()
            func twice(_ core: inout Touchy) { doer.core.events = [] }
            twice(&doer.core)
        }
        Self.expect(result, "overlapping accesses to the core of a CoreDoer")
    }

    @Test("readers share; the transport may be used while the core is changed, and all is free again afterwards")
    func sharing() throws {
        let doer = Self.doer()
        func look(_ core: borrowing Touchy) -> Int { core.events.count + doer.core.events.count }
        #expect(look(doer.core) == 0)
        func change(_ core: inout Touchy) { core.events = doer.wire.incoming.map { "\($0.bytes)" } }
        change(&doer.core)
        #expect((doer.coreLease.holders, doer.wireLease.holders) == (0, 0))
        #expect(doer.pollEvent() == "[1, 2]")
        #expect(doer.pollEvent() == nil)
        var told: [String] = []
        doer.onEvent = { doer, event, _ in told.append("\(event) \(doer.core.events) \(doer.wire.isOpen)") }
        try Doist([doer]).recurOnce()
        #expect(told == ["2 [] true"])
        #expect((doer.coreLease.holders, doer.wireLease.holders) == (0, 0))
    }

    @Test("a change that throws ends too")
    func throwing() throws {
        struct Refusal: Error {}
        let doer = Self.doer()
        func refuse(_ core: inout Touchy) throws { throw Refusal() }
        #expect(throws: Refusal.self) { try refuse(&doer.core) }
        #expect(doer.coreLease.holders == 0)
    }
}

extension Doist {
    fileprivate func recurOnce() throws {
        try enter()
        try recur()
        try exit()
    }
}
