import Doing
import Framing
import Simming
import Testing
import Wiring

/// Both protocols on random pipes under random plans: what must hold whatever goes wrong.
@Suite("frames on pipes, whatever happens") struct FaultTests {
    private func pipe(_ random: inout SplitMix64) -> SimPipe {
        var pipe = SimPipe(buffer: 300 + random.below(8000))
        pipe.segment = 100 + random.below(1400)
        if random.below(2) == 0 { pipe.reads = 1...(1 + random.below(500)) }
        if random.below(2) == 0 { pipe.writes = 1...(1 + random.below(500)) }
        if random.below(3) == 0 { pipe.resetAfter = random.below(6000) }
        pipe.patience = 5
        return pipe
    }

    /// Messages both ways over one connection, in order, whole, and all of them unless something went wrong.
    private func run<Core: FrameCore>(
        _ seed: UInt64, _ random: inout SplitMix64, _ bed: Bed<Core>, _ client: FrameClient<Core, SimStream>,
        bytes: @escaping (Core.Message) -> [UInt8],
        send: @escaping (FrameConnection<Core, SimStream>, [UInt8]) throws -> Void
    ) throws {
        var lists: [[[UInt8]]] = [[], []]
        for side in 0..<2 { lists[side] = (0..<random.below(12)).map { _ in pattern(random.below(1500)) } }
        let sent = lists
        var come: [[[UInt8]]] = [[], []]
        var failures: [FrameError] = []
        client.on.message = { _, message, _ in come[1].append(bytes(message)) }
        bed.server.on.message = { _, message, _ in come[0].append(bytes(message)) }
        let (told, toldServer) = (client.on.down, bed.server.on.down)
        client.on.down = {
            failures += $1.error.map { [$0] } ?? []; told?($0, $1, $2)
        }
        bed.server.on.down = {
            failures += $1.error.map { [$0] } ?? []; toldServer?($0, $1, $2)
        }
        client.on.up = { connection, _ in for message in sent[0] { try? send(connection, message) } }
        bed.server.on.up = { connection, _ in for message in sent[1] { try? send(connection, message) } }
        try bed.run(30, until: { client.isDone || come == sent })
        client.connection?.close()
        try bed.run(30, until: { client.isDone && bed.server.activeConnections.isEmpty })
        for side in 0..<2 {
            #expect(come[side] == Array(sent[side].prefix(come[side].count)), "seed \(seed)")
        }
        // Without a reset on the way both ended in order: then all has come.
        let isClean = bed.story.filter { $0.contains("down") }.allSatisfy { $0.hasSuffix("clean") }
        if isClean, bed.story.contains(where: { $0.contains("down") }) { #expect(come == sent, "seed \(seed)") }
        // Neither end ever blames the other for what a pipe did, but for silence and an end amid a message.
        for failure in failures {
            switch failure {
            case .truncated, .timeout, .refused(0): break
            default: Issue.record("seed \(seed): \(failure)")
            }
        }
        #expect(bed.server.activeConnections.isEmpty ? bed.server.memory.held == 0 : true, "seed \(seed)")
    }

    private func plan(_ seed: UInt64) -> FaultPlan {
        FaultPlan.random(seed: seed, hosts: ["red", "blu"], until: 2, crashes: false, resets: true)
            .removing { $0.effect == .pause }
    }

    private func link(_ random: inout SplitMix64) -> SimLink {
        SimLink(
            delay: random.unit() * 0.05, jitter: random.unit() * 0.05, loss: random.unit() * 0.1,
            rate: random.below(2) == 0 ? 0 : 1e5 + random.unit() * 1e6)
    }

    @Test("length-type frames", arguments: 0..<150)
    func lengthType(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let messages = try words()
        let (mine, theirs) = (pipe(&random), pipe(&random))
        let bed = try Bed(seed: seed, link: link(&random), pipe: theirs, plan: plan(seed)) {
            LengthTypeServer($0, messages)
        }
        let client = try bed.add(
            LengthTypeClient(messages) { bed.red.stream(to: bed.blu.address(port: 7), pipe: mine) })
        try run(
            seed, &random, bed, client, bytes: { ($0 as? StrMessage)?.bytes ?? [] },
            send: { try $0.send(StrMessage(bytes: $1)) })
    }

    @Test("handshaken frames, both ends sending at once", arguments: 0..<150)
    func handshake(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let (mine, theirs) = (pipe(&random), pipe(&random))
        let bed = try Bed(seed: seed, link: link(&random), pipe: theirs, plan: plan(seed)) { HandshakeServer($0) }
        let client = try bed.add(
            HandshakeClient { bed.red.stream(to: bed.blu.address(port: 7), pipe: mine) })
        try run(seed, &random, bed, client, bytes: { $0 }, send: { try $0.send($1) })
    }
}
