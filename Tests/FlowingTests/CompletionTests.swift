import Doing
import Memoing
import Simming
import Testing
import Wiring

@testable import Flowing

@Suite("How long it takes until all has arrived")
struct CompletionTests {
    static let megabyte = 1 << 20
    static let losses = [0, 0.01, 0.05, 0.1]

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// Seconds for a MiB in packets of 1,200 bytes over a reliable flow, 25 ms away.
    static func flow(_ bandwidth: UInt64, loss: Double, seed: UInt64) throws -> Double {
        let world = try World(.own, SimLink(delay: 0.025, loss: loss), seed: seed)
        let (flow, other) = try world.connect(QoSSpec(bandwidth: bandwidth, loss: 0, inOrder: true), within: 60)
        let start = world.doist.tyme
        var (written, read) = (0, 0)
        while written < megabyte {
            let size = min(1200, megabyte - written)
            #expect(flow.write(packet(written, size)) == .written(size))
            written += size
        }
        let isAll = try world.run(
            until: {
                while let packet = other.read() {
                    #expect(number(packet) == read)
                    read += packet.count
                }
                return read == megabyte
            }, within: 30)
        #expect(isAll, "seed \(seed), loss \(loss): \(read)")
        return world.doist.tyme - start
    }

    /// Seconds for the same as one sure memo.
    static func memo(_ control: SureControl, loss: Double, seed: UInt64) throws -> Double {
        let net = SimNet(seed: seed, link: SimLink(delay: 0.025, loss: loss))
        let peers = ["red", "blu"].map { net.host($0).peer(port: 1) }
        let doers = try peers.map { peer in
            var memoer = try Memoer(kind: .sure, size: 1240, maximum: 1240, random: SplitMix64(seed: seed))
            memoer.sureDefaults.control = control
            return CoreDoer(memoer, over: peer)
        }
        var isThere = false
        doers[1].onEvent = { _, event, _ in if case .memo = event { isThere = true } }
        let doist = try Doist(tock: 1.0 / 1024, doers: [])
        try doist.enter([net] + doers)
        for _ in 0..<50 { try doist.recur() }
        let start = doist.tyme
        try doers[0].core.memoit([UInt8](repeating: 65, count: megabyte), to: peers[1].address)
        while !isThere, doist.tyme < start + 30 { try doist.recur() }
        #expect(isThere)
        return doist.tyme - start
    }

    @Test(
        "a MiB over a way whose bandwidth is promised takes as long as a sure memo whose rate is known, within 10 %",
        arguments: losses)
    func promised(_ loss: Double) throws {
        let seeds = 1...9 as ClosedRange<UInt64>
        let ours = Self.median(try seeds.map { try Self.flow(8_000_000_000, loss: loss, seed: $0) })
        let sure = Self.median(
            try seeds.map { try Self.memo(.rate(bytesPerSecond: 1_000_000_000), loss: loss, seed: $0) })
        #expect(ours <= sure * 1.1 + 0.002, "\(ours) beside \(sure)")
        // 25 ms there, and a round trip for each time that something is lost again.
        #expect(ours <= [0.028, 0.082, 0.14, 0.2][Self.losses.firstIndex(of: loss)!], "\(ours)")
    }

    @Test(
        "a MiB over a way that nobody knows takes as long as a sure memo that finds it out by delay, within 10 %",
        arguments: losses)
    func unknown(_ loss: Double) throws {
        let seeds = 1...9 as ClosedRange<UInt64>
        let ours = Self.median(try seeds.map { try Self.flow(0, loss: loss, seed: $0) })
        let sure = Self.median(try seeds.map { try Self.memo(.delayReno, loss: loss, seed: $0) })
        #expect(ours <= sure * 1.1 + 0.002, "\(ours) beside \(sure)")
    }

    @Test(
        "where 20 and 30 % are lost each way, thirty packets come back, each once, soon",
        arguments: [FlowWire.own, .ouroborosUDP023], [0.2, 0.3])
    func echoed(_ wire: FlowWire, _ loss: Double) throws {
        var times: [Double] = []
        for seed: UInt64 in 1...15 {
            let world = try World(wire, SimLink(delay: 0.005, loss: loss), seed: seed)
            let qos = QoSSpec(loss: 0, bitErrors: 0, inOrder: true)
            let (flow, other) = try world.connect(qos, within: 60)
            let start = world.doist.tyme
            for number in 0..<30 { flow.write(packet(number, 20)) }
            var got: [Int] = []
            let isAll = try world.run(
                until: {
                    while let bytes = other.read() { other.write(bytes) }
                    while let bytes = flow.read() { got.append(number(bytes)) }
                    return got.count >= 30
                }, within: 20)
            times.append(world.doist.tyme - start)
            try world.run(1)
            while let bytes = flow.read() { got.append(number(bytes)) }
            #expect(isAll && got == Array(0..<30), "seed \(seed): \(got.count)")
        }
        // Four or five round trips of 10 ms; a peer without bitmaps waits 15 ms with each of its acknowledgements.
        let most = wire == .own ? (middle: 0.2, last: 0.5) : (middle: 0.8, last: 2.5)
        #expect(Self.median(times) <= most.middle && times.max()! <= most.last, "\(times.sorted())")
    }

    @Test("an answer from 0.23 whose first packet is lost thrice: what had come before it is had at once when it comes")
    func firstLost() throws {
        var receiver = RunReceiver(window: 64, isReliable: true, maxGap: nil)
        func take(_ number: UInt32, first: Bool = false, _ tyme: Tyme) -> RunReceiver.Verdict {
            let bytes = packet(Int(number))
            return receiver.handle(number, bytes.span.bytes, startsRun: first, mayForget: true, room: 64, at: tyme)
        }
        for number in 8...30 as ClosedRange<UInt32> { #expect(take(number, 0) == .ahead) }
        #expect(take(9, 0.25) == .stranger)
        #expect(receiver.heldCharge == 23 * 68 && !receiver.isActive)
        #expect(take(7, first: true, 0.75) == .deliver)
        var got: [Int] = []
        while let early = receiver.popHeld() { got.append(number(early)) }
        #expect(got == Array(8...30) && receiver.heldCharge == 0 && receiver.next == 31)
        // A stranger cannot make it keep more than a window.
        receiver = RunReceiver(window: 64, isReliable: true, maxGap: nil)
        for number in 0..<1000 as Range<UInt32> { _ = take(number * 3, 0) }
        #expect(receiver.heldCharge == 64 * 68)
        #expect(take(3, first: true, 1) == .deliver && receiver.heldCharge <= 64 * 68)
    }

    @Test("a peer that stood still for ten seconds: what is lost afterwards is not waited for as long")
    func stoodStill() throws {
        let world = try World(.own, SimLink(delay: 0.025))
        let (flow, other) = try world.connect(QoSSpec(loss: 0, inOrder: true))
        flow.write(packet(0))
        world.blu.pause()
        try world.run(10)
        world.blu.resume()
        try world.run(0.2)
        #expect(other.read() != nil && flow.txQueueLength == 0)
        world.net.connect(world.red, world.blu, SimLink(delay: 0.025, loss: 1))
        flow.write(packet(1))
        try world.run(1)
        world.net.connect(world.red, world.blu, SimLink(delay: 0.025))
        #expect(try world.run(until: { other.rxQueueLength == 1 }, within: 6.2))
    }

    @Test("a narrow way: one flow fills it, two share it, and little is sent for nothing")
    func narrow() throws {
        // 10 Mbit/s and a queue of 50 ms.
        var link = SimLink(delay: 0.025)
        (link.rate, link.queueBytes) = (10_000_000, 62_500)
        for count in 1...2 {
            let world = try World(.own, link, seed: 1)
            var pairs: [(Flow, Flow)] = []
            for _ in 0..<count { pairs.append(try world.connect(QoSSpec(loss: 0, inOrder: true))) }
            var bytes = [Int](repeating: 0, count: count)
            let start = world.doist.tyme
            while world.doist.tyme < start + 20 {
                for (index, (flow, other)) in pairs.enumerated() {
                    while flow.txQueueLength < 2000 { flow.write(packet(0, 1200)) }
                    while let packet = other.read() { bytes[index] += packet.count }
                }
                try world.doist.recur()
            }
            let carried = Double(bytes.reduce(0, +)) * 8 / 20
            #expect(carried >= 0.85 * link.rate, "\(bytes)")
            #expect(bytes.min()! * 4 >= bytes.max()!, "\(bytes)")
            let counts = world.net.statistics(from: world.red, to: world.blu)
            #expect(counts.queueFull * 50 <= counts.sent, "\(counts.queueFull) of \(counts.sent) found no room")
        }
    }

    @Test("a way with hardly a queue does not collapse: what arrives is most of what it carries")
    func shallow() throws {
        var link = SimLink(delay: 0.025)
        (link.rate, link.queueBytes) = (4_000_000, 6000)
        let world = try World(.own, link, seed: 2)
        let (flow, other) = try world.connect(QoSSpec(loss: 0, inOrder: true))
        var bytes = 0
        let start = world.doist.tyme
        while world.doist.tyme < start + 20 {
            while flow.txQueueLength < 2000 { flow.write(packet(0, 1200)) }
            while let packet = other.read() { bytes += packet.count }
            try world.doist.recur()
        }
        #expect(Double(bytes) * 8 / 20 >= 0.6 * link.rate, "\(bytes)")
        let counts = world.net.statistics(from: world.red, to: world.blu)
        #expect(counts.queueFull * 2 <= counts.sent, "\(counts.queueFull) of \(counts.sent) found no room")
    }
}
