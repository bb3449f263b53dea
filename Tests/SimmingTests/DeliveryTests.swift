import Charting
import Doing
import Testing
import Wiring

@testable import Simming

@Suite("Delivery: when, in which order, to whom")
struct DeliveryTests {
    /// A doist with tock 1 ms over `doers`.
    func run(_ doers: [Doer], limit: Double = 1, skipsIdle: Bool = true) throws {
        try Doist(tock: 0.001, limit: limit, skipsIdle: skipsIdle, doers: doers).run()
    }

    @Test(
        "what is sent in a pass arrives in the next one, wherever sender and receiver stand", arguments: [false, true])
    func nextPass(isSenderFirst: Bool) throws {
        let net = SimNet()
        let receiver = Talker(net.host("blu").peer(port: 1))
        let sender = Talker(net.host("red").peer(port: 1), [(0.005, receiver.peer.address, [1])])
        try run([net] + (isSenderFirst ? [sender, receiver] : [receiver, sender]))
        #expect(receiver.heard.map(\.tyme).map(Micros.of) == [6000])
        #expect(receiver.heard.map(\.from) == [sender.peer.address])
    }

    @Test("a datagram arrives in the first pass that is not before it is due")
    func firstPassAfter() throws {
        for (delay, expected) in [(0.0, 1000), (0.0004, 1000), (0.001, 1000), (0.0011, 2000), (0.025, 25000)] {
            let net = SimNet(link: SimLink(delay: delay))
            let receiver = Talker(net.host("blu").peer(port: 1))
            let sender = Talker(net.host("red").peer(port: 1), [(0, receiver.peer.address, [1])])
            try run([net, sender, receiver])
            #expect(receiver.heard.map { Int(Micros.of($0.tyme)) } == [expected], "delay \(delay)")
        }
    }

    @Test("tocks that are no sums of powers of two keep that rule", arguments: [0.1, 0.03, 1 / 3.0, 1e-6])
    func oddTocks(tock: Double) throws {
        let trace = Trace()
        let net = SimNet(link: SimLink(jitter: 7 * tock), trace: trace)
        let receiver = Talker(net.host("blu").peer(port: 1))
        let sender = Talker(net.host("red").peer(port: 1))
        sender.plan = (0..<200).map { (Double($0) * 2.5 * tock, receiver.peer.address, [UInt8($0)]) }
        let doist = try Doist(tock: tock, limit: 520 * tock, doers: [net, sender, receiver])
        var passes: [Tyme] = []
        doist.skipsIdle = false
        doist.onPass = { passes.append($0.tyme) }
        try doist.run()
        #expect(receiver.heard.count == 200)
        for event in (0..<trace.count).map(trace.event) where event.kind == .sent {
            let due = Int64((event.due * 1e6).rounded())
            let expected = passes.first { $0 > event.tyme && Micros.of($0) >= due }
            let received = (0..<trace.count).map(trace.event).first {
                $0.kind == .received && $0.flight == event.flight
            }
            #expect(received?.tyme == expected)
        }
    }

    @Test("what is due at one microsecond arrives in the order of sending, from whomever it comes")
    func ties() throws {
        let net = SimNet(link: SimLink(delay: 0.01))
        let receiver = Talker(net.host("hub").peer(port: 1))
        let senders = (0..<9).map { number in
            Talker(
                net.host("h\(number)").peer(port: 1),
                (0..<3).map { (0.002, receiver.peer.address, [UInt8(number), $0]) })
        }
        try run([net, receiver] + senders)
        #expect(receiver.heard.map(\.bytes) == (0..<9).flatMap { sender in (0..<3).map { [UInt8(sender), $0] } })
    }

    @Test("without jitter datagrams of all lengths keep their order; with it the sooner one overtakes")
    func order() throws {
        for jitter in [0.0, 0.01] {
            let net = SimNet(seed: 3, link: SimLink(delay: 0.01, jitter: jitter))
            let receiver = Talker(net.host("blu").peer(port: 1))
            let sender = Talker(net.host("red").peer(port: 1))
            sender.plan = (0..<100).map { index in
                (Double(index) * 0.001, receiver.peer.address, [UInt8](repeating: UInt8(index), count: 1 + index * 13))
            }
            try run([net, sender, receiver])
            let numbers = receiver.heard.map { Int($0.bytes[0]) }
            #expect(numbers.sorted() == Array(0..<100))
            #expect((numbers == Array(0..<100)) == (jitter == 0))
            #expect(receiver.heard.allSatisfy { $0.bytes == sender.plan[Int($0.bytes[0])].2 })
        }
    }

    @Test("the trace is the same whether idle ticks are skipped or passed, and whoever stands behind")
    func skipping() throws {
        func trace(skips: Bool, idlers: Int) throws -> EventHash {
            let trace = Trace()
            let net = SimNet(seed: 7, link: SimLink(delay: 0.013, jitter: 0.02, loss: 0.2), trace: trace)
            let (red, blu) = (net.host("red"), net.host("blu"))
            let receiver = Talker(blu.peer(port: 1))
            let sender = Talker(red.peer(port: 1))
            sender.plan = (0..<300).map { (Double($0) * 0.0031, receiver.peer.address, [UInt8($0 & 255)]) }
            let idle = (0..<idlers).map { _ in doify { _ in .again } }
            try run([net, sender, receiver] + idle, limit: 2, skipsIdle: skips)
            return trace.hash
        }
        let first = try trace(skips: true, idlers: 0)
        #expect(first.count > 300)
        #expect(try trace(skips: false, idlers: 0) == first)
        #expect(try trace(skips: true, idlers: 3) == first)
    }

    @Test("a train is split when it is sent, and equal datagrams of one sender are joined when they are received")
    func trains() throws {
        let net = SimNet()
        let receiver = net.host("blu").peer(port: 1)
        let (red, grn) = (net.host("red").peer(port: 1), net.host("grn").peer(port: 1))
        for peer in [receiver, red, grn] { try peer.open(for: nil) }
        let bytes = (0..<250).map { UInt8($0) }
        _ = try red.send(bytes.span.bytes, Train(peer: receiver.address, segment: 100), at: 0)
        _ = try grn.send([UInt8]().span.bytes, Train(peer: receiver.address, segment: 100), at: 0)
        _ = try grn.send(([7] as [UInt8]).span.bytes, Train(peer: receiver.address, segment: 1), at: 0)
        _ = try red.send(([8, 9] as [UInt8]).span.bytes, Train(peer: receiver.address, segment: 1), at: 0)
        #expect(net.statistics.sent == 7)
        net.deliver(by: 0, at: 0)
        let first = try #require(try receiveTrain(receiver, at: 0))
        #expect(first.0 == Train(peer: red.address, segment: 100) && first.1 == bytes)
        let second = try #require(try receiveTrain(receiver, at: 0))
        #expect(second.0 == Train(peer: grn.address, segment: 1) && second.1.isEmpty)
        let third = try #require(try receiveTrain(receiver, at: 0))
        #expect(third.0 == Train(peer: grn.address, segment: 1) && third.1 == [7])
        let fourth = try #require(try receiveTrain(receiver, at: 0))
        #expect(fourth.0 == Train(peer: red.address, segment: 1) && fourth.1 == [8, 9])
        #expect(try receiveTrain(receiver, at: 0) == nil)
        #expect(receiver.statistics.received.datagrams == 7 && receiver.statistics.received.trains == 4)
    }

    @Test("a received train keeps to its limits")
    func trainLimits() throws {
        let net = SimNet()
        let (red, blu) = (net.host("red").peer(port: 1), net.host("blu").peer(port: 1))
        try red.open(for: nil)
        try blu.open(for: nil)
        for _ in 0..<100 { _ = try red.send(([1] as [UInt8]).span.bytes, Train(peer: blu.address, segment: 1), at: 0) }
        let large = [UInt8](repeating: 2, count: 40_000)
        for _ in 0..<3 { _ = try red.send(large.span.bytes, Train(peer: blu.address, segment: 40_000), at: 0) }
        net.deliver(by: 0, at: 0)
        var counts: [Int] = []
        while let (_, bytes) = try receiveTrain(blu, at: 0) { counts.append(bytes.count) }
        #expect(counts == [64, 36, 40_000, 40_000, 40_000])
    }

    @Test("a receive buffer that is full drops what comes, and says so")
    func buffer() throws {
        let net = SimNet()
        let (red, blu) = (net.host("red").peer(port: 1), net.host("blu").peer(port: 1, buffer: 1000))
        try red.open(for: nil)
        try blu.open(for: nil)
        for number in 0..<9 {
            let bytes = [UInt8](repeating: UInt8(number), count: 136)  // 200 with what a datagram counts beside
            _ = try red.send(bytes.span.bytes, Train(peer: blu.address, segment: 136), at: 0)
        }
        net.deliver(by: 0, at: 0)
        #expect(blu.bufferDrops == 4 && blu.bufferedBytes == 1000)
        #expect(net.statistics.bufferFull == 4 && net.statistics.waiting == 5)
        let (train, bytes) = try #require(try receiveTrain(blu, at: 0))
        #expect(train.count(of: bytes.count) == 5 && blu.bufferedBytes == 0)
        blu.close()
        _ = try red.send(([1] as [UInt8]).span.bytes, Train(peer: blu.address, segment: 1), at: 0)
        net.deliver(by: 0, at: 0)
        #expect(net.statistics.nobody == 1)
    }

    @Test("the network drops and counts what it has no memory for")
    func memory() throws {
        let net = SimNet(memoryLimit: 1 << 18)
        let (red, blu) = (net.host("red").peer(port: 1), net.host("blu").peer(port: 1))
        try red.open(for: nil)
        try blu.open(for: nil)
        for _ in 0..<5000 { _ = try red.send(([1] as [UInt8]).span.bytes, Train(peer: blu.address, segment: 1), at: 0) }
        #expect(net.statistics.noMemory == 5000 - 4096 && net.statistics.inFlight == 4096)
        net.deliver(by: 0, at: 0)
        while try receiveTrain(blu, at: 0) != nil {}
        _ = try red.send(([1] as [UInt8]).span.bytes, Train(peer: blu.address, segment: 1), at: 0)
        #expect(net.statistics.noMemory == 5000 - 4096 && net.statistics.inFlight == 1)
    }

    @Test("strangers, too long datagrams and closed peers are refused with a reason")
    func refusals() throws {
        let net = SimNet()
        let red = net.host("red").peer(port: 1)
        #expect(throws: TransportError.notOpen(subject: "red:1")) {
            _ = try red.send(([1] as [UInt8]).span.bytes, Train(peer: .host(1, port: 1), segment: 1), at: 0)
        }
        try red.open(for: nil)
        try red.open(for: nil)
        func outcome(_ address: Address, _ count: Int = 1) throws -> Sending {
            let bytes = [UInt8](repeating: 0, count: count)
            return try red.send(bytes.span.bytes, Train(peer: address, segment: count), at: 0)
        }
        #expect(try outcome(.ip4(1, port: 1)) == Sending(taken: 0, .refused(Refusal(.badAddress))))
        #expect(try outcome(.host(2, port: 1)) == Sending(taken: 0, .refused(Refusal(.unreachable))))
        #expect(try outcome(.host(0, port: 1)) == Sending(taken: 0, .refused(Refusal(.unreachable))))
        #expect(try outcome(.host(1, port: 1), 65_508) == Sending(taken: 0, .refused(Refusal(.tooLarge))))
        #expect(try outcome(.host(1, port: 1), 65_507) == Sending(taken: 65_507))
        #expect(red.statistics.refused == 4)
        #expect(throws: TransportError.self) { try net.host("red").peer(port: 1).open(for: nil) }
        red.close()
        try net.host("red").peer(port: 1).open(for: nil)
    }

    @Test("a host is found again by its name, and port 0 is one that nobody has")
    func names() throws {
        let net = SimNet()
        let red = net.host("red")
        #expect(red === net.host("red") && red.number == 1 && net.host("blu").number == 2)
        let ports = (0..<3).map { _ in red.peer().address.port }
        #expect(ports == [49_152, 49_153, 49_154])
        #expect(net.describe(.host(2, port: 9)) == "blu:9" && net.describe(.host(3, port: 9)) == "host3:9")
        #expect(red.peer(port: 4).description == "red:4")
    }

    @Test("the net must be the first doer at the root")
    func place() throws {
        let net = SimNet()
        #expect(throws: SimError.netNotFirst) { try Doist([Doer(), net]).run() }
        // A peer in front of its net would wait for it for ever, and is the first to say so.
        #expect(throws: TransportError.self) { try Doist([Talker(net.host("red").peer()), net]).run() }
        #expect(throws: SimError.netNotFirst) { try Doist([DoDoer(doers: [net])]).run() }
        try Doist([net]).run(limit: 1)
    }

    @Test("the least tyme of a microsecond is the least that is not before it")
    func micros() {
        var random = SplitMix64(seed: 11)
        var cases: [Int64] = [0, 1, -1, 25_000, 1_000_000, 4_503_599_627_370_497, Micros.limit - 1, Micros.limit]
        cases += (0..<2000).map { _ in Int64(bitPattern: random.next() >> (12 + random.below(UInt64(40)))) }
        for micros in cases where micros <= Micros.limit {
            let tyme = Micros.tyme(of: micros)
            #expect(Micros.of(tyme) >= micros && Micros.of(tyme.nextDown) < micros, "\(micros)")
        }
        #expect(Micros.tyme(of: Micros.never) == .infinity)
        #expect(Micros.of(1e300) == Micros.limit && Micros.of(-1e300) == -Micros.limit)
    }
}
