import CoDoing
import Doing
import Framing
import Simming
import Testing
import Wiring

@Suite("servers and clients of frames") struct DoerTests {
    static func lengthType(
        _ limits: FrameLimits = FrameLimits(), connections: Int? = nil, pipe: SimPipe = SimPipe()
    ) throws -> Bed<LengthTypeCore> {
        let messages = try words(LengthTypeFormat(length: .uint32))
        return try Bed(pipe: pipe) { LengthTypeServer($0, messages, limits: limits, connections: connections) }
    }

    static func client(
        _ bed: Bed<LengthTypeCore>, port: UInt16 = 7, again: RetryTymer? = nil, pipe: SimPipe = SimPipe()
    ) throws -> LengthTypeClient<SimStream> {
        let messages = try words(LengthTypeFormat(length: .uint32))
        return try bed.add(
            LengthTypeClient(messages, again: again) {
                bed.red.stream(to: bed.blu.address(port: port), pipe: pipe)
            })
    }

    @Test("to one and to all, at two addresses, connections by number, and a clean end")
    func server() throws {
        let bed = try Self.lengthType()
        let clients = try [7, 8, 7].map { try Self.client(bed, port: $0) }
        var come: [Int: [UInt32]] = [:]
        for (place, client) in clients.enumerated() {
            client.on.message = { _, message, _ in come[place, default: []].append((message as! NumMessage).value) }
        }
        bed.server.on.message = { connection, message, _ in
            try! connection.send(NumMessage((message as! NumMessage).value + 1))
        }
        #expect(
            try bed.run(until: { bed.server.activeConnections.count == 3 && clients.allSatisfy { $0.connection!.isUp } }
            ))
        #expect(bed.server.activeConnections.map(\.id) == [1, 2, 3])
        try clients[1].connection?.send(NumMessage(41))
        try bed.run(1)
        let left = try bed.server.sendToAll(NumMessage(7))
        #expect(left.isEmpty)
        try bed.run(1)
        let second = bed.server.activeConnections.first { $0.id == bed.server.activeConnections[1].id }
        try second?.send(NumMessage(8))
        try bed.run(1)
        let counts = (0..<3).map { come[$0] ?? [] }
        #expect(counts[1].first == 42 && counts.allSatisfy { $0.contains(7) })
        #expect(counts.filter { $0.contains(8) }.count == 1)
        clients[0].connection?.close()
        #expect(try bed.run(until: { bed.server.activeConnections.count == 2 && clients[0].isDone }))
        #expect(bed.story.filter { $0.contains("down") }.sorted() == ["client 1 down clean", "server down 1 clean"])
        #expect(bed.server.connection(1) == nil && bed.server.connection(2)?.id == 2)
        #expect(bed.server.memory.held == 0)
    }

    @Test("bad input closes the connection with its error; the others live")
    func bad() throws {
        let bed = try Self.lengthType()
        let good = try Self.client(bed)
        let bad = try bed.add(
            LengthTypeClient(try words(LengthTypeFormat(length: .uint8))) {
                bed.red.stream(to: bed.blu.address(port: 8))
            })
        try bed.run(1)
        try bad.connection?.send(StrMessage(""))
        try bad.connection?.send(StrMessage(""))
        try bad.connection?.send(StrMessage(""))
        try bed.run(5)
        #expect(good.connection?.isUp == true && bed.server.activeConnections.count == 1)
        #expect(bed.story.contains { $0.hasPrefix("server down") && $0.contains("tooLarge") })
    }

    @Test("a client connects again after seeded waits, starts over when it stood, and stops")
    func again() throws {
        let bed = try Self.lengthType()
        var tymer = try RetryTymer.reconnecting(seed: 3)
        let client = try Self.client(bed, port: 9, again: tymer)
        var waits: [Double] = []
        while waits.count < 4 {
            try bed.run(until: { client.attempts > 0 && client.retryTyme != nil })
            waits.append(client.retryTyme! - bed.doist.tyme)
            let attempts = client.attempts
            try bed.run(200, until: { client.attempts > attempts })
        }
        try tymer.restart(at: 0)  // as the client does when it enters
        for wait in waits {
            #expect(abs(tymer.span - wait) < 0.01)
            _ = tymer.turn(at: tymer.deadline)
        }
        let listener = bed.blu.listener(port: 9)
        let late = LengthTypeServer([listener], try words(LengthTypeFormat(length: .uint32)))
        try bed.doist.extend([late])
        #expect(try bed.run(1000, until: { client.connection?.isUp == true }))
        try bed.doist.remove([late])
        #expect(try bed.run(until: { client.retryTyme != nil }))
        let first = client.retryTyme! - bed.doist.tyme
        #expect(first > 1.5 && first < 4)
        client.stop()
        #expect(try bed.run(until: { client.isDone }))
    }

    @Test("waits grow by e up to an hour, scatter by a fifth, and are the same for the same seed")
    func reconnecting() throws {
        func waits(_ seed: UInt64) throws -> [Double] {
            var tymer = try RetryTymer.reconnecting(seed: seed)
            return (0..<30).map { _ in
                defer { _ = tymer.turn(at: tymer.deadline) }
                return tymer.span
            }
        }
        let one = try waits(1)
        #expect(try one == waits(1) && one != waits(2))
        for (number, wait) in one.prefix(7).enumerated() {
            let mean = (0...number).reduce(1.0) { mean, _ in mean * 2.718281828459045 }
            #expect((0.8...1.2).contains(wait / mean), "wait \(number) is \(wait), about \(mean)")
        }
        #expect(one.suffix(20).allSatisfy { $0 > 2880 && $0 <= 3600 })
        var sum = 0.0
        for seed in 0..<2000 { sum += try RetryTymer.reconnecting(seed: UInt64(seed)).span }
        #expect(abs(sum / 2000 - 2.718) < 0.05)
        #expect(throws: TymeError.tries(-1)) { try RetryTymer.reconnecting(seed: 1, tries: -1) }
    }

    @Test("a client gives up after so many attempts in vain", arguments: [0, 1, 3])
    func givesUp(_ tries: Int) throws {
        let bed = try Self.lengthType()
        let client = try Self.client(bed, port: 9, again: .reconnecting(seed: 3, tries: tries))
        #expect(try bed.run(1000, until: { client.isDone }))
        #expect(client.attempts == 1 + tries)
    }

    @Test("a peer that takes no answers is not read; nothing more is held, and all comes when it reads again")
    func slowPeer() throws {
        let bed = try Self.lengthType(pipe: SimPipe(buffer: 10_000))
        bed.server.on.message = { connection, message, _ in try! connection.send(message as! StrMessage) }
        var limits = FrameLimits.client
        limits.input = 1
        let messages = try words(LengthTypeFormat(length: .uint32))
        let (client, inbox) = (
            try bed.add(
                LengthTypeClient(messages, limits: limits) {
                    bed.red.stream(to: bed.blu.address(port: 7), pipe: SimPipe(buffer: 10_000))
                }),
            Box<StrMessage>()
        )
        client.serve = { connection in
            [
                EventFeed(connection) { event in
                    guard inbox.isOpen || inbox.elements.isEmpty else { return false }
                    if case .message(let message) = event { inbox.elements.append(message as! StrMessage) }
                    return true
                }
            ]
        }
        try bed.run(until: { client.connection?.isUp == true })
        let total = 400
        var sent = 0
        try bed.run(20) {
            while sent < total, (try? client.connection?.send(StrMessage(bytes: pattern(10_000)))) != nil { sent += 1 }
            return false
        }
        // The server reads no more once 1 MiB waits; the rest waits at the client, whose output has its own bound.
        #expect(inbox.elements.count == 1 && bed.server.memory.held < 1_300_000)
        inbox.isOpen = true
        #expect(
            try bed.run(200) {
                while sent < total, (try? client.connection?.send(StrMessage(bytes: pattern(10_000)))) != nil {
                    sent += 1
                }
                return inbox.elements.count == total
            })
        #expect(inbox.elements.allSatisfy { $0.bytes == pattern(10_000) })
    }

    final class Box<Element> {
        var elements: [Element] = []
        var isOpen = false
    }

    static func handshake(
        connections: Int? = nil, limits: FrameLimits = FrameLimits(), transforms: [any FrameTransform] = []
    ) throws -> Bed<HandshakeCore> {
        try Bed {
            HandshakeServer($0, transforms: transforms, limits: limits, connections: connections)
        }
    }

    static func client(
        _ bed: Bed<HandshakeCore>, port: UInt16 = 7, transforms: [any FrameTransform] = []
    ) throws -> HandshakeClient<SimStream> {
        try bed.add(
            HandshakeClient(transforms: transforms) { bed.red.stream(to: bed.blu.address(port: port)) })
    }

    @Test("beyond the limit a client is told so, the server goes on, and a place that is free is taken")
    func limit() throws {
        let bed = try Self.handshake(connections: 1)
        let first = try Self.client(bed)
        try bed.run(1)
        let second = try Self.client(bed, port: 8)
        try bed.run(1)
        #expect(first.connection?.isUp == true && second.isDone && bed.server.refused == 1)
        #expect(bed.story.contains { $0.hasPrefix("client 2 down") && $0.contains("connectionLimit") })
        first.connection?.close()
        try bed.run(1)
        let third = try Self.client(bed)
        try bed.run(1)
        #expect(third.connection?.isUp == true && bed.server.activeConnections.map(\.id) == [2])
    }

    @Test("a connection that does not come about is an error at the client")
    func refused() throws {
        let bed = try Self.handshake()
        let client = try Self.client(bed, port: 99)
        #expect(try bed.run(until: { client.isDone }))
        #expect(bed.story.count == 1 && bed.story[0].contains("client 1 down") && bed.story[0].contains("connect"))
    }

    /// Echoes in linear code until the connection is over.
    final class AsyncEcho: CoDoer {
        let inbox = Inbox<FrameEvent<[UInt8]>>(limit: 2)
        let connection: FrameConnection<HandshakeCore, SimStream>
        let story: Box<String>

        init(_ connection: FrameConnection<HandshakeCore, SimStream>, _ story: Box<String>) {
            (self.connection, self.story) = (connection, story)
            super.init()
        }

        override nonisolated(nonsending) func perform() async throws {
            story.elements.append("begins")
            while true {
                switch try await inbox.next() {
                case .message(let message):
                    try await sleep(for: 0.01)
                    try connection.send(message)
                case .down(let ending):
                    story.elements.append("ends \(ending.isClean)")
                    return
                case .up, .unknown: break
                }
            }
        }
    }

    @Test("async bodies serve connections: what comes waits for them, and the last event is the end")
    func async() throws {
        let bed = try Self.handshake()
        let story = Box<String>()
        bed.server.serve = { connection in
            let echo = AsyncEcho(connection, story)
            return [EventFeed(connection, into: echo.inbox), echo]
        }
        let client = try Self.client(bed)
        var come: [[UInt8]] = []
        client.on.message = { _, message, _ in come.append(message) }
        try bed.run(until: { client.connection?.isUp == true })
        let messages = (0..<20).map { pattern($0 * 100) }
        for message in messages { try client.connection?.send(message) }
        #expect(try bed.run(until: { come.count == 20 }))
        #expect(come == messages)
        client.connection?.close()
        #expect(try bed.run(until: { story.elements == ["begins", "ends true"] }))
    }
}
