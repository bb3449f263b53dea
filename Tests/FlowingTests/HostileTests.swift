import Doing
import Testing
import Wiring

@testable import Flowing

@Suite("What strangers send")
struct HostileTests {
    static let friend = Address.ip4(0x7F00_0001, port: 3435)
    static let stranger = Address.ip4(0x7F00_0002, port: 3435)

    static func core(_ wire: FlowWire = .ouroborosUDP023, limits: FlowLimits? = nil) -> FlowCore {
        let core = FlowCore(wire, random: Xoshiro256(seed: 1), limits: limits)
        core.register("oecho")
        core.bind("oecho")
        return core
    }

    static func feed(_ core: FlowCore, _ bytes: [UInt8], from peer: Address = friend, at tyme: Tyme = 0) {
        core.handle(bytes.span.bytes, Train(peer: peer, segment: max(1, bytes.count)), at: tyme)
        core.expire(at: tyme)
    }

    /// All that it sends now.
    static func sent(_ core: FlowCore, at tyme: Tyme = 0) -> [[UInt8]] {
        var all: [[UInt8]] = []
        let burst = Burst()
        let limits = TrainLimits(segments: 64, bytes: 65_000, datagram: 65_000)
        for _ in 0..<1000 {
            let isMore = burst.lend { out in
                guard let train = core.poll(into: &out, limits, at: tyme) else { return false }
                train.forEachDatagram(of: out.bytes) { all.append([UInt8]($0)) }
                core.sent(Sending(taken: out.byteCount), train, at: tyme)
                return true
            }
            if !isMore { return all }
        }
        Issue.record("it never stops")
        return all
    }

    static func request(
        _ core: FlowCore, endpoint: UInt32 = 65, id: UInt64 = 1, ago: UInt64 = 0, name: String = "oecho"
    )
        -> [UInt8]
    {
        let code: FlowManagement.Code = core.wire == .own ? .ownRequest : .request
        let oap = OAPHeader(id: NameHash(high: 9, low: id), stamp: core.utc(0) &- ago).bytes
        return written {
            FlowManagement(code, source: endpoint, qos: .data).write(into: &$0)
            NameHash(name).write(into: &$0)
            $0.append(contentsOf: oap.span.bytes)
        }
    }

    @Test(
        "a request that is played again does nothing, from elsewhere neither; old and future ones are dropped"
    )
    func replay() throws {
        let core = Self.core()
        let request = Self.request(core)
        Self.feed(core, request)
        Self.feed(core, request)
        #expect(core.offered == 1 && core.flows == 1)
        Self.feed(core, request, from: Self.stranger)
        #expect(core.offered == 1 && core.statistics[.replayed] == 1)
        Self.feed(core, Self.request(core, endpoint: 66, id: 2, ago: 21_000_000_000))
        Self.feed(core, Self.request(core, endpoint: 66, id: 2, ago: UInt64(bitPattern: -200_000_000)))
        #expect(core.offered == 1 && core.statistics[.stale] == 2)
        Self.feed(core, Self.request(core, endpoint: 66, id: 3, name: "other"))
        #expect(core.statistics[.unknownName] == 1 && Self.sent(core).isEmpty)
    }

    @Test("an answer with a wrong hash, from elsewhere, or to nobody is dropped; the right one still counts")
    func answers() throws {
        let core = Self.core()
        let net = FlowNet()
        net.add(FlowLayer("x", core, over: LocalTransport(), directory: FlowDirectory { _ in Self.friend }))
        let flow = net.alloc("far")
        let request = try #require(Self.sent(core).first)
        let oap = try #require(OAPHeader(request[63...], isAnswer: false))
        func answer(_ hash: [UInt8], _ source: UInt32, id: NameHash) -> [UInt8] {
            let tail = OAPHeader(id: id, stamp: oap.stamp, requestHash: hash).bytes
            return written {
                FlowManagement(.reply, source: source, destination: 70).write(into: &$0)
                $0.append(contentsOf: tail.span.bytes)
            }
        }
        let head = oap.bytes
        let hash = SHA384.digest(head.span.bytes)
        var wrong = hash
        wrong[0] ^= 1
        let other = NameHash(high: 0, low: 0)
        Self.feed(core, answer(wrong, flow.endpoint, id: oap.id))
        Self.feed(core, answer(hash, flow.endpoint, id: other))
        Self.feed(core, answer(hash, flow.endpoint, id: oap.id), from: Self.stranger)
        Self.feed(core, answer(hash, 77, id: oap.id))
        #expect(flow.state == .pending)
        #expect(core.statistics[.badReply] == 2 && core.statistics[.stranger] == 1)
        #expect(core.statistics[.unknownEndpoint] == 1)
        Self.feed(core, answer(hash, flow.endpoint, id: oap.id))
        #expect(flow.isUp)
        Self.feed(core, answer(hash, flow.endpoint, id: oap.id))
        #expect(core.statistics[.lateReply] == 1)
        // Data from elsewhere, acknowledgements of what never left, and a header of another version.
        let head4 = written { $0.append(bigEndian: flow.endpoint) }
        Self.feed(core, head4 + [1, 2, 3], from: Self.stranger)
        #expect(core.statistics[.stranger] == 2 && flow.read() == nil)
    }

    @Test("a flood of requests fills the table of offers and no more; what was there before stays")
    func flood() throws {
        for wire in [FlowWire.own, .ouroborosUDP023] {
            var limits = FlowLimits()
            (limits.offers, limits.introductions) = (10, 50)
            let core = Self.core(wire, limits: limits)
            for number in 0..<1000 {
                Self.feed(core, Self.request(core, endpoint: UInt32(number + 1), id: UInt64(number)))
            }
            #expect(core.offered == 10 && core.flows == 10)
            #expect(core.statistics[.noRoom] == 990)
            #expect(Self.sent(core).count <= limits.strays)
            // They are given up after a while.
            core.expire(at: 61)
            #expect(core.offered == 0 && core.flows == 0)
        }
    }

    @Test(
        "garbage in any state, random bytes, frames with flipped bits and cut short: nothing traps, tables are bounded"
    )
    func fuzz() throws {
        for wire in [FlowWire.own, .ouroborosUDP023] {
            var random = Xoshiro256(seed: 11)
            var limits = FlowLimits()
            (limits.offers, limits.flows, limits.window) = (20, 40, 64)
            let core = Self.core(wire, limits: limits)
            let net = FlowNet()
            net.add(FlowLayer("x", core, over: LocalTransport(), directory: FlowDirectory { _ in Self.friend }))
            var flows: [Flow] = []
            var seeds: [[UInt8]] = [Self.request(core)]
            var tyme = 0.0
            for step in 0..<20_000 {
                var bytes: [UInt8]
                switch random.below(4) {
                case 0: bytes = (0..<random.below(80)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                case 1:  // a packet for one of the flows
                    let flow = flows.isEmpty ? nil : flows[random.below(flows.count)]
                    let (endpoint, flags) = (flow?.endpoint ?? 5, UInt32(random.below(128)) << 24)
                    let near = (flow?.receiver?.next ?? 0) &+ UInt32(random.below(100)) &- 20
                    let ack = (flow?.sender?.first ?? 0) &+ UInt32(random.below(20))
                    bytes = written {
                        for word in [endpoint, flags | UInt32(random.below(1 << 24)), near, ack] {
                            $0.append(bigEndian: word)
                        }
                        for _ in 0..<random.below(40) {
                            $0.append(UInt8(truncatingIfNeeded: random.next()), as: UInt8.self)
                        }
                    }
                default:
                    bytes = seeds[random.below(seeds.count)]
                    for _ in 0..<random.below(4) where !bytes.isEmpty {
                        bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
                    }
                    if random.below(4) == 0 { bytes = Array(bytes.prefix(random.below(bytes.count + 1))) }
                }
                Self.feed(core, bytes, from: random.below(8) == 0 ? Self.stranger : Self.friend, at: tyme)
                if step.isMultiple(of: 10) {
                    tyme += 0.01
                    core.tick(at: tyme)
                    if random.below(4) == 0 {
                        let kinds: [QoSSpec] = [.raw, .bestEffort, .video, .data, .rawNoErrors]
                        flows.append(net.alloc("far", qos: kinds[random.below(5)], timeout: 3))
                    }
                    if let flow = net.accept() { flows.append(flow) }
                    if !flows.isEmpty {
                        let index = random.below(flows.count)
                        flows[index].write(packet(step, random.below(200)))
                        _ = flows[index].read()
                        if random.below(6) == 0 { flows.remove(at: index).dealloc() }
                    }
                    core.expire(at: tyme)
                    let frames = Self.sent(core, at: tyme)
                    seeds = Array(
                        (seeds + frames + [Self.request(core, endpoint: UInt32(step), id: UInt64(step))]).suffix(40))
                    while core.pollEvent() != nil {}
                }
                if core.flows > limits.flows || core.offered > limits.offers { Issue.record("\(core.flows) flows") }
            }
            for flow in flows { flow.dealloc() }
            for second in 1...400 {
                core.expire(at: tyme + Double(second))
                _ = Self.sent(core, at: tyme + Double(second))
            }
            #expect(core.flows == 0 && core.deadlines.isEmpty && core.rxTotal == 0)
        }
    }
}
