import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

/// A server of test cores, and clients of it, under one doist in real time.
private final class Bed {
    let server: StreamAcceptor<TCPListener>
    let doist: Doist
    private(set) var served: [TCPTestDoer] = []
    private var clients: [TCPTestDoer] = []
    var address: Address { server.source.address }

    init(limit: Int? = nil, options: StreamOptions = .init(), core: StreamTestCore = .init(echoes: true)) throws {
        let listener = try TCPListener(host: "127.0.0.1", port: 0, options: options)
        try listener.open()
        weak var bed: Bed?
        server = StreamAcceptor(listener, limit: limit) { stream in
            let doer = TCPTestDoer(core, over: stream)
            bed?.served.append(doer)
            return doer
        }
        doist = try Doist(pace: RealPace(), doers: [server])
        bed = self
        _ = try doist.turn()
    }

    func client(_ core: StreamTestCore = .init(), options: StreamOptions = .init()) throws -> TCPTestDoer {
        let client = TCPTestDoer(core, over: try TCPStream(to: [address], options: options))
        try doist.extend([client])
        clients.append(client)
        return client
    }

    func turn(_ what: String = "it", until isOver: () -> Bool) throws {
        let start = Date()
        while true {
            _ = try doist.turn()
            if isOver() { return }
            guard Date().timeIntervalSince(start) < 5 else {
                Issue.record("\(what) did not happen within 5 s")
                return
            }
            try doist.pace?.poll(until: Double(csk_now()) * 1e-9 + 0.01, block: true)
        }
    }
}

@Suite("TCP under a doist in real time", .timeLimit(.minutes(5))) struct TCPUnderDoistTests {
    @Test("a client connects, its megabyte is echoed whole, and both ends end in order")
    func echo() throws {
        let bed = try Bed()
        let text = pattern(1 << 20)
        let client = try bed.client(.init(sending: text))
        try bed.turn("the echo") { client.core.received.count == text.count }
        #expect(client.core.received == text && client.core.isConnected)
        client.core.closing = .finish
        try bed.turn("the end") { client.ending != nil && bed.served[0].ending != nil }
        #expect(client.ending == .closed && bed.served[0].ending == .closed)
        #expect(client.isDone && bed.server.count == 0)
        try bed.doist.exit()
    }

    @Test("what is queued between passes leaves at once, without waiting for a tick")
    func queued() throws {
        let bed = try Bed()
        let client = try bed.client()
        try bed.turn("connected") { client.core.isConnected && bed.served.count == 1 }
        for round in 1...20 {
            client.core.output += [UInt8(round)]
            let start = Date()
            try bed.turn("an echo") { client.core.received.count == round }
            #expect(Date().timeIntervalSince(start) < 0.5)
        }
        #expect(client.core.received == (1...20).map { UInt8($0) })
        try bed.doist.exit()
    }

    @Test("half by half: an end that has sent its last still gets the answer", arguments: [true, false])
    func halfClose(clientBegins: Bool) throws {
        var core = StreamTestCore()
        core.closingAtEnd = .open
        let bed = try Bed(core: core)
        let client = try bed.client(core)
        try bed.turn("connected") { client.core.isConnected && bed.served.count == 1 }
        let (first, second) = clientBegins ? (client, bed.served[0]) : (bed.served[0], client)
        first.core.output = [1, 2, 3]
        first.core.closing = .finish
        try bed.turn("the end") { second.core.hasEnded }
        #expect(second.core.received == [1, 2, 3] && second.ending == nil && first.ending == nil)
        second.core.output = pattern(200_000)
        second.core.closing = .finish
        try bed.turn("both ends") { first.ending != nil && second.ending != nil }
        #expect(first.core.received == pattern(200_000))
        #expect(first.ending == .closed && second.ending == .closed)
        try bed.doist.exit()
    }

    @Test("a reset ends one doer, typed, and nobody else")
    func reset() throws {
        let bed = try Bed()
        let (one, two) = (try bed.client(), try bed.client())
        try bed.turn("connected") { bed.served.count == 2 }
        one.core.closing = .reset
        try bed.turn("the reset") { bed.server.count == 1 && one.ending != nil }
        #expect(one.ending == .reset)
        let loss = StreamLoss(.reset, code: ECONNRESET)
        #expect(bed.served.compactMap(\.ending) == [.lost(loss)] && bed.served.compactMap(\.core.loss) == [loss])
        two.core.output = [7]
        try bed.turn("an echo") { two.core.received == [7] }
        try bed.doist.exit()
    }

    @Test("a refused connection ends the doer with the reason, and does not end the run")
    func refused() throws {
        let bed = try Bed()
        let gone = try TCPListener(host: "127.0.0.1", port: 0)
        try gone.open()
        gone.close()
        let client = TCPTestDoer(.init(), over: try TCPStream(to: [gone.address]))
        var told: [StreamEnding] = []
        client.onEnd = { _, ending, _ in told.append(ending) }
        try bed.doist.extend([client])
        try bed.turn("the refusal") { client.ending != nil }
        let reason = TransportError.failed("connect", -ECONNREFUSED, "TCP stream main to \(gone.address)")
        #expect(client.ending == .failed(reason) && told == [.failed(reason)] && client.isDone)
        try bed.doist.exit()
    }

    @Test("the first of several addresses that takes the connection gets it, though descriptors are used anew")
    func several() throws {
        let bed = try Bed()
        let gone = try TCPListener(host: "127.0.0.1", port: 0)
        try gone.open()
        gone.close()
        let client = TCPTestDoer(
            .init(sending: [5]), over: try TCPStream(to: [gone.address, gone.address, bed.address]))
        try bed.doist.extend([client])
        try bed.turn("an echo") { client.core.received == [5] }
        #expect(client.wire.remote == bed.address && client.wire.failures.count == 2)
        try bed.doist.exit()
    }

    @Test("a core that takes no more stops the other end, turns no loop, and gets every byte when it goes on")
    func backPressure() throws {
        let small = StreamOptions(sendBufferSize: 32 << 10, receiveBufferSize: 32 << 10)
        var core = StreamTestCore()
        core.room = 1
        let bed = try Bed(options: small, core: core)
        let text = pattern(3 << 20)
        let client = try bed.client(.init(sending: text), options: small)
        try bed.turn("a stop") { bed.served.first?.nextTyme == .infinity && client.nextTyme == .infinity }
        var wakes = 0
        for _ in 0..<20 {  // what is under way settles: then nothing wakes anybody
            if waitReadable(try #require(bed.doist.pace).descriptor, 10_000_000) == 1 { wakes += 1 }
            _ = try bed.doist.turn()
        }
        #expect(wakes < 10)
        let held = bed.served[0].core.received.count
        #expect(held < 2 << 20 && !client.core.output.isEmpty)
        let passes = bed.doist.statistics.passes
        for _ in 0..<10 { _ = try bed.doist.turn() }
        #expect(bed.doist.statistics.passes - passes <= 10 && bed.served[0].core.received.count == held)
        bed.served[0].core.room = .max
        try bed.turn("all of it") { bed.served[0].core.received.count == text.count }
        #expect(bed.served[0].core.received == text)
        try bed.doist.exit()
    }

    @Test("idle connections are parked: no pass runs them, and the poller is quiet")
    func idle() throws {
        let bed = try Bed()
        let clients = try (0..<100).map { _ in try bed.client() }
        try bed.turn("all connected") { bed.served.count == 100 && clients.allSatisfy { $0.core.isConnected } }
        try bed.turn("quiet") { (clients + bed.served).allSatisfy { $0.nextTyme == .infinity } }
        #expect(waitReadable(try #require(bed.doist.pace).descriptor, 0) == 0)
        #expect(bed.server.nextTyme == .infinity)
        clients[42].core.output = [1]
        try bed.turn("one echo") { clients[42].core.received == [1] }
        #expect(bed.served.filter { $0.core.handles > 0 }.count == 1)
        try bed.doist.exit()
        #expect(clients.allSatisfy { $0.ending == .cut })
    }

    @Test("no more connections live at once than the limit says; those that wait are served when others go")
    func limit() throws {
        let bed = try Bed(limit: 3)
        let clients = try (0..<5).map { try bed.client(.init(sending: [UInt8($0)])) }
        try bed.turn("three echoes") { clients.filter { $0.core.received.count == 1 }.count == 3 }
        for _ in 0..<5 { _ = try bed.doist.turn() }
        #expect(bed.server.count == 3 && bed.served.count == 3)
        #expect(waitReadable(try #require(bed.doist.pace).descriptor, 0) == 0)  // those that wait turn no loop
        for client in clients where client.core.received.count == 1 { client.core.closing = .close }
        try bed.turn("five echoes") { clients.allSatisfy { $0.core.received.count == 1 } }
        #expect(bed.served.count == 5)
        try bed.doist.exit()
    }

    @Test("a burst of connections is taken in bounded steps, and doers that have ended are dropped")
    func churn() throws {
        let bed = try Bed()
        bed.server.budget = 4
        for round in 0..<10 {
            let clients = try (0..<20).map { try bed.client(.init(sending: [UInt8($0)])) }
            try bed.turn("twenty echoes") { clients.allSatisfy { $0.core.received.count == 1 } }
            for client in clients { client.core.closing = .close }
            try bed.turn("their ends") { bed.server.count == 0 }
            #expect(bed.served.count == 20 * (round + 1))
        }
        #expect(bed.server.doers.count <= 40)
        #expect(bed.server.source.statistics.accepted == 200)
        try bed.doist.exit()
    }

    @Test("the exit closes everything, and the port can be opened again at once")
    func exit() throws {
        let bed = try Bed()
        let client = try bed.client(.init(sending: [1]))
        try bed.turn("an echo") { client.core.received == [1] }
        let address = bed.address
        try bed.doist.exit()
        #expect(!bed.server.source.isOpen && client.wire.descriptor == nil && bed.served[0].wire.descriptor == nil)
        let again = try TCPListener(address)
        try again.open()
    }
}
