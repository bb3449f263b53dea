import CoDoing
import Doing
import Memoing
import Simming
import Testing
import Wiring

@testable import Flowing

@Suite("Many flows, broadcasts, and other ways to ride")
struct ManyTests {
    @Test("a set tells which flows have something, as the same objects, in the order in which it came")
    func set() throws {
        let world = try World()
        let set = FlowSet()
        let queue = FlowEventQueue()
        let flows = (0..<3).map { _ in world.client.alloc("oecho") }
        for flow in flows { set.add(flow) }
        var others: [Flow] = []
        try world.run(
            until: {
                while let flow = world.server.accept() { others.append(flow) }
                return flows.allSatisfy(\.isUp)
            }, within: 1)
        #expect(set.count == 3 && set.wait(queue))
        for flow in flows { #expect(queue.next().map { $0.flow === flow && $0.type == .alloc } == true) }
        #expect(queue.next() == nil && !set.wait(queue))
        for index in [2, 0, 2] { others[index].write("x") }
        others[1].dealloc()
        try world.run(0.03)
        set.wait(queue)
        var seen: [String] = []
        while let (flow, type) = queue.next() {
            seen.append("\(flows.firstIndex(of: flow)!) \(type)")
            if type == .packet { #expect(flow.read() != nil) }
        }
        // Flow 2 had its turn with both packets.
        #expect(seen == ["2 packet", "2 packet", "0 packet", "1 dealloc"])
        flows[0].flags = .down
        flows[0].flags = []
        set.wait(queue)
        #expect(queue.next()?.type == .down && queue.next()?.type == .up && queue.next() == nil)
        set.remove(flows[0])
        set.zero()
        #expect(set.count == 0 && flows.allSatisfy { $0.sets.isEmpty })
    }

    @Test("ten thousand flows in a set: allocated, idle for a minute, and one event costs one event")
    func tenThousand() throws {
        let net = FlowNet([.local()])
        try net.serve("oecho")
        let doist = Doist(tock: 1.0 / 32)
        try doist.enter(net.doers)
        let set = FlowSet()
        let queue = FlowEventQueue()
        var flows: [Flow] = []
        var others: [Flow] = []
        for round in 0..<20 {
            for _ in 0..<500 {
                let flow = net.alloc("oecho", qos: round.isMultiple(of: 2) ? .raw : .data)
                flows.append(flow)
                set.add(flow)
            }
            // A pass has a budget of 64 trains each way.
            for _ in 0..<24 {
                try doist.recur()
                while let other = net.accept() { others.append(other) }
            }
        }
        for _ in 0..<4 { try doist.recur() }
        try #require(others.count == 10_000 && flows.allSatisfy(\.isUp))
        set.wait(queue)
        while queue.next() != nil {}
        // In a minute each end says twice that it is there, and is looked at for that only: not in each of 1,920 ticks.
        let core = net.layers[0].core
        let (looks, alive) = (core.looks, core.statistics.keepAlives)
        let idle = doist.tyme + 60
        while doist.tyme < idle { try doist.recur() }
        #expect(set.eventCount == 0 && flows.allSatisfy(\.isUp))
        let said = core.statistics.keepAlives - alive
        #expect((30_000...60_000).contains(said) && core.looks - looks <= 4 * said, "\(core.looks - looks), \(said)")
        // In a minute of nothing but ticks between, nothing is looked at at all.
        let (still, next) = (core.looks, core.deadlines.first ?? 0)
        while doist.tyme + 1.0 / 16 < next { try doist.recur() }
        #expect(core.looks == still)
        others[7777].write("here")
        for _ in 0..<3 { try doist.recur() }
        set.wait(queue)
        let event = queue.next()
        #expect(event?.flow === flows.first { $0.rxQueueLength > 0 } && event?.type == .packet && queue.next() == nil)
        for flow in flows { flow.dealloc() }
        for _ in 0..<1000 where net.layers[0].core.flows > 0 { try doist.recur() }
        #expect(net.layers[0].core.flows == 0)
    }

    @Test("broadcast: every member hears every packet of the others once, and members come and go")
    func broadcast() throws {
        let net = SimNet(seed: 1, link: SimLink(delay: 0.01, loss: 0.1))
        var random = Xoshiro256(seed: 1)
        let peers = (0..<4).map { net.host("host\($0)").peer(port: 1) }
        let nets = peers.map { peer in
            FlowNet([
                FlowLayer(
                    "net", FlowCore(.own, random: random.fork()), over: peer,
                    directory: FlowDirectory { _ in peers[0].address })
            ])
        }
        try nets[0].registerBroadcast("news")
        let doist = Doist(tock: 1.0 / 256)
        try doist.enter([net] + nets.flatMap(\.doers))
        var members = nets.map { $0.join("news", qos: .data) }
        func run(_ seconds: Double) throws {
            let end = doist.tyme + seconds
            while doist.tyme < end { try doist.recur() }
        }
        func numbers(_ flow: Flow) -> [Int] {
            var numbers: [Int] = []
            while let packet = flow.read() { numbers.append(number(packet)) }
            return numbers.sorted()
        }
        try run(5)
        for (index, member) in members.enumerated() { #expect(member.write(packet(index)) == .written(4)) }
        try run(5)
        for (index, member) in members.enumerated() {
            #expect(numbers(member) == (0..<4).filter { $0 != index })
        }
        members[2].dealloc()
        try run(3)
        members[1].write(packet(7))
        try run(3)
        #expect(numbers(members[0]) == [7] && numbers(members[3]) == [7] && numbers(members[2]) == [])
        members[2] = nets[2].join("news", qos: .data)
        try run(3)
        members[0].write(packet(8))
        try run(3)
        for member in members[1...] { #expect(numbers(member) == [8]) }
        #expect(nets[0].alloc("news").state == .pending)
        let refused = nets[1].join("unknown")
        try run(3)
        #expect(refused.end == .refused(.unknownName))
        for member in members { member.dealloc() }
        try run(20)
        #expect(nets.allSatisfy { $0.layers[0].core.flows == 0 })
    }

    @Test("over memos: reliable flows over plain memos at 20 % loss, packets longer than a gram, and the end is told")
    func memos() throws {
        let net = SimNet(seed: 5, link: SimLink(delay: 0.01, loss: 0.2))
        var random = Xoshiro256(seed: 5)
        let peers = ["red", "blu"].map { net.host($0).peer(port: 1) }
        let nets = try (0..<2).map { index in
            let core = FlowCore(.own, random: random.fork())
            let over = try OverMemos(core, by: Memoer(random: SplitMix64(seed: UInt64(index))))
            return FlowNet([
                FlowLayer(
                    "memo", core, drivenBy: CoreDoer(over, over: peers[index]),
                    directory: FlowDirectory { _ in peers[1 - index].address })
            ])
        }
        try nets[1].serve("oecho")
        let doist = Doist(tock: 1.0 / 256)
        try doist.enter([net] + nets.flatMap(\.doers))
        let flow = nets[0].alloc("oecho", qos: .data)
        var other: Flow?
        var got: [[UInt8]] = []
        var written = 0
        while doist.tyme < 60, got.count < 100 {
            if flow.isUp, written < 100, case .written = flow.write(packet(written, 50 + 80 * written)) { written += 1 }
            if other == nil { other = nets[1].accept() }
            if let packet = other?.read() { got.append(packet) }
            try doist.recur()
        }
        #expect(got == (0..<100).map { packet($0, 50 + 80 * $0) }, "\(got.count) at \(doist.tyme)")
        flow.dealloc()
        while doist.tyme < 100 { try doist.recur() }
        #expect(other?.end == .peerClosed && nets.allSatisfy { $0.layers[0].core.flows == 0 })
    }

    /// oecho's two halves as linear code.
    final class Client: CoDoer {
        let net: FlowNet
        var reply = ""
        var failure: FlowEnd?
        var isTimedOut = false
        init(_ net: FlowNet) {
            self.net = net
            super.init()
        }
        override nonisolated(nonsending) func perform() async throws {
            reply = try await net.withFlow("oecho", qos: .data) { flow in
                try await flow.write(Array("Hello".utf8))
                return try await flow.readline() ?? ""
            }
            do { _ = try await net.alloc("nowhere") } catch let end as FlowEnd { failure = end }
            let flow = try await net.alloc("oecho")
            try flow.setReceiveTimeout(0.5)
            isTimedOut = try await flow.read() == nil
            flow.dealloc()
        }
    }
    final class Server: CoDoer {
        let net: FlowNet
        init(_ net: FlowNet) {
            self.net = net
            super.init()
        }
        override nonisolated(nonsending) func perform() async throws {
            guard let flow = try await net.accept() else { return }
            if let packet = try await flow.read() { try await flow.write(packet) }
            _ = try await net.accept(timeout: 10)
        }
    }

    @Test("linear code: alloc, accept, read and write are awaited, and time out")
    func linear() throws {
        let world = try World()
        let (client, server) = (Client(world.client), Server(world.server))
        try world.doist.extend([client, server])
        try world.run(5)
        #expect(client.isDone && server.isDone)
        #expect(client.reply == "Hello" && client.failure == .refused(.unknownName) && client.isTimedOut)
    }

    @Test("callbacks: an echo of one line answers in the pass that brought the packet")
    func callbacks() throws {
        let world = try World()
        world.server.onOffer = { net in
            while let flow = net.accept() {
                flow.onEvent = { flow, _ in while let packet = flow.read() { flow.write(packet) } }
            }
        }
        let flow = world.client.alloc("oecho", qos: .data)
        try world.run(0.06)
        #expect(flow.isUp)
        let start = world.doist.tyme
        flow.write("ping")
        try world.run(until: { flow.rxQueueLength == 1 }, within: 1)
        #expect(world.doist.tyme - start <= 0.05 + 3.0 / 1024)
        #expect(flow.readline() == "ping")
        // The echo's packet carried the acknowledgement: nothing else was sent.
        try world.run(0.1)
        #expect(world.serverCore.statistics.acks == 0 && flow.txQueueLength == 0)
    }
}
