import CoDoing
import Doing
import Simming
import Sockets
import Testing
import Wiring

@testable import LTP

/// Two proxies on a simulated network, in a doist.
final class Bed {
    let net: SimNet
    let one, two: LTPProxy<SimPeer>
    let doist: Doist

    init(
        link: SimLink = SimLink(delay: 0.25), tock: Double = 1.0 / 32, seed: UInt64 = 1, limit: Double = 3600,
        limits: LTPLimits = LTPLimits(), others: [Doer] = [], peer: (inout LTPPeer) -> Void = { _ in }
    ) throws {
        net = SimNet(seed: seed, link: link)
        let peers = [net.host("one").peer(port: 1113), net.host("two").peer(port: 1113)]
        var random = Xoshiro256(seed: seed)
        let proxies = try (0..<2).map { index in
            var other = LTPPeer(engine: UInt64(2 - index), address: peers[1 - index].address)
            other.lightTime = link.delay
            other.rate = nil
            peer(&other)
            return try LTPProxy(
                engine: UInt64(index + 1), over: peers[index], peers: [other], limits: limits, random: random.fork())
        }
        (one, two) = (proxies[0], proxies[1])
        doist = try Doist(tock: tock, limit: limit, doers: [net, one.doer, two.doer] + others)
    }

    /// Goes on until `isOver`, at most so many ticks.
    func run(ticks: Int = 200_000, until isOver: () -> Bool) throws {
        if !isEntered { try doist.enter() }
        isEntered = true
        for _ in 0..<ticks where !isOver() { try doist.recur() }
    }

    private var isEntered = false

    func seconds(_ seconds: Double) throws {
        let end = doist.tyme + seconds
        try run { doist.tyme >= end }
    }
}

@Suite("Proxies, access points, tickets")
struct ProxyTests {
    @Test("a block goes from one access point to another, and its ticket ends once")
    func whole() throws {
        let bed = try Bed()
        let here = try bed.one.open(5)
        let there = try bed.two.open(5)
        let block = pattern(50_000)
        let ticket = try here.send(block, to: 2)
        var arrivals: [LTPArrival] = []
        try bed.run {
            while let arrival = try? there.receive() { arrivals.append(arrival) }
            return ticket.isEnded
        }
        #expect(try ticket.outcome == .complete && ticket.isComplete())
        #expect(arrivals == [.red(LTPRed(session: ticket.session, client: 5, bytes: block, endsBlock: true))])
        // The request for a report arrives a delay later and the report another, each at a tick.
        #expect(bed.doist.tyme == 0.53125)
        #expect(bed.one.doer.core.openCount == 0)
    }

    @Test("ten light minutes with a fifth of loss: a picture arrives whole, in simulated tyme")
    func lightMinutes() throws {
        let bed = try Bed(link: SimLink(delay: 600, loss: 0.2), tock: 1, limit: 200_000) { $0.mtu = 1400 }
        let (here, there) = (try bed.one.open(1), try bed.two.open(1))
        let picture = pattern(300_000)
        let ticket = try here.send(picture, to: 2)
        var red: LTPRed?
        try bed.run {
            if case .red(let one)? = try? there.receive() { red = one }
            return ticket.isEnded
        }
        #expect(ticket.outcome == .complete && red?.bytes == picture)
        // Ten rounds of twenty minutes are many.
        #expect(bed.doist.tyme < 12_000)
    }

    @Test("an interrupted access point says so once and stays open; a closed one gives what waits, then says closed")
    func interrupt() throws {
        let bed = try Bed()
        let (here, there) = (try bed.one.open(1), try bed.two.open(1))
        there.interrupt()
        #expect(throws: LTPError.aborted) { try there.receive() }
        #expect(try there.receive() == nil && there.isOpen)
        let ticket = try here.send([1, 2, 3], to: 2)
        try bed.run { ticket.isEnded }
        there.close()
        #expect(!there.isOpen)
        #expect(try there.receive() != nil)
        #expect(throws: LTPError.closed) { try there.receive() }
        #expect(throws: LTPError.closed) { try there.send([1], to: 1) }
        let late = try here.send([4], to: 2)
        try bed.run { late.isEnded }
        #expect(late.outcome == .canceled(.unreachable, by: .peer))
        #expect(throws: LTPError.canceled(.unreachable, by: .peer)) { try late.isComplete() }
    }

    @Test("an access point in a scope is closed at its end, also when that throws; open twice is an error")
    func scoped() throws {
        struct Oops: Error {}
        let bed = try Bed()
        var kept: LTPAccessPoint?
        #expect(throws: Oops.self) {
            try bed.one.withOpen(3) { point in
                kept = point
                #expect(throws: LTPError.alreadyOpen(client: 3)) { try bed.one.open(3) }
                throw Oops()
            }
        }
        #expect(kept?.isOpen == false)
        #expect(try bed.one.open(3).isOpen)
    }

    @Test("a ticket cancels its block; a doer that ends cancels all, and tells both ends")
    func cancels() throws {
        let bed = try Bed { $0.rate = 1000 }
        let (here, there) = (try bed.one.open(1), try bed.two.open(1))
        let first = try here.send(pattern(100_000), to: 2)
        let second = try here.send(pattern(100_000), to: 2)
        try bed.seconds(2)
        first.cancel()
        #expect(!first.isEnded)
        try bed.seconds(0.1)
        #expect(first.outcome == .canceled(.user, by: .us) && !second.isEnded)
        try bed.seconds(1)
        try bed.doist.remove([bed.one.doer])
        #expect(second.outcome == .canceled(.user, by: .us) && !here.isOpen)
        #expect(throws: LTPError.closed) { try bed.one.open(9) }
        try bed.seconds(1)
        var reasons: [LTPReason] = []
        while case .canceled(_, let reason, .peer)? = try there.receive() { reasons.append(reason) }
        #expect(reasons == [.user, .user] && bed.two.doer.core.openCount == 0)
    }

    @Test("who does not read is not flooded: with so many unread blocks no more are begun, and each arrives in the end")
    func unread() throws {
        var limits = LTPLimits()
        limits.unread = 3
        let bed = try Bed(limits: limits)
        let (here, there) = (try bed.one.open(1), try bed.two.open(1))
        var tickets: [LTPTicket] = []
        for number in 0..<12 {
            tickets.append(try here.send(pattern(10, number), to: 2))
            try bed.seconds(0.05)
        }
        try bed.seconds(3)
        #expect(there.count >= 3 && there.count < 12)
        var got = 0
        try bed.run {
            if (try? there.receive()) ?? nil != nil { got += 1 }
            return tickets.allSatisfy(\.isEnded) && there.count == 0
        }
        #expect(got == 12 && tickets.allSatisfy { $0.outcome == .complete })
    }

    @Test("a block that is given between passes leaves in the next one, after a long idle, too")
    func idle() throws {
        let bed = try Bed()
        let (here, there) = (try bed.one.open(1), try bed.two.open(1))
        try bed.seconds(500)
        let start = bed.doist.tyme
        let ticket = try here.send(pattern(10), to: 2)
        try bed.run { there.count == 1 }
        #expect(bed.doist.tyme - start <= 0.25 + 2.0 / 32)
        try bed.run { ticket.isEnded }
        #expect(ticket.outcome == .complete)
    }

    @Test("linear code awaits a ticket and an arrival, and an interrupt ends its waiting with aborted")
    func linear() throws {
        let bed = try Bed()
        let (here, there) = (try bed.one.open(1), try bed.two.open(1))
        var lines: [String] = []
        let sender = LinearDoer { _ in
            let ticket = try here.send([1, 2, 3], to: 2)
            lines.append("\(try await ticket.end.get())")
        }
        let receiver = LinearDoer { _ in
            if case .red(let red) = try await there.inbox.next().get() { lines.append("\(red.bytes)") }
            do { _ = try await there.inbox.next().get() } catch { lines.append("\(error)") }
            do { _ = try await there.inbox.next() } catch { lines.append("\(type(of: error))") }
        }
        try bed.seconds(0.1)
        try bed.doist.extend([sender, receiver])
        try bed.seconds(1)
        there.interrupt()
        try bed.seconds(0.1)
        #expect(lines == ["[1, 2, 3]", "complete", "aborted"] && there.isOpen)
        there.close()
        try bed.seconds(0.1)
        #expect(lines.last == "InboxClosed" && sender.isDone && receiver.isDone)
    }
}

@Suite("LTP over real sockets", .timeLimit(.minutes(5)))
struct SocketTests {
    @Test("blocks of all sizes cross loopback in one doist, both ways, and in trains")
    func loopback() throws {
        let options = UDPPeer.Options(maximumDatagramSize: UDPPeer.largest)
        let wires = try (UDPPeer(port: 0, options: options), UDPPeer(port: 0, options: options))
        try wires.0.open()
        try wires.1.open()
        func proxy(_ engine: UInt64, _ wire: UDPPeer, _ other: Address, _ mtu: Int) throws -> LTPProxy<UDPPeer> {
            var peer = LTPPeer(engine: 3 - engine, address: other)
            (peer.mtu, peer.rate) = (mtu, 200_000_000)
            return try LTPProxy(engine: engine, over: wire, peers: [peer], random: Xoshiro256(seed: engine))
        }
        let one = try proxy(1, wires.0, wires.1.address, 1400)
        let two = try proxy(2, wires.1, wires.0.address, 60_000)
        let (here, there) = (try one.open(1), try two.open(1))
        let blocks = [1, 1391, 1392, 100_000, 3_000_000].map { pattern($0) }
        var tickets = try blocks.map { try here.send($0, to: 2) }
        tickets += try blocks.map { try there.send($0, to: 1) }
        var heard: [[UInt8]] = []
        let user = doify { _ in
            for point in [here, there] {
                while case .red(let red)? = try point.receive() { heard.append(red.bytes) }
            }
            return tickets.allSatisfy(\.isEnded) && heard.count == 10 ? .done : .again
        }
        try Doist([one.doer, two.doer, user]).run(limit: 20, pace: .real)
        #expect(tickets.allSatisfy { $0.outcome == .complete })
        #expect(heard.sorted { $0.count < $1.count } == blocks.flatMap { [$0, $0] })
        #expect(wires.0.statistics.sent.datagrams > 4 * wires.0.statistics.sent.trains)
    }
}
