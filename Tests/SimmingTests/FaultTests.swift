import Charting
import Doing
import Testing
import Wiring

@testable import Simming

@Suite("Faults: what each of them does")
struct FaultTests {
    @Test("loss takes about its share, in its window only, and in its direction only")
    func loss() throws {
        let stream = try Stream(1000, plan: "loss 0.3 red>blu 0.2..0.7; loss 1 blu>red")
        try stream.run(limit: 2)
        let lost = stream.fates.indices.filter { stream.fates[$0] == .lost }
        #expect((120...180).contains(lost.count))
        #expect(lost.allSatisfy { (200..<700).contains($0) })
        #expect(stream.heard == (0..<1000).filter { !lost.contains($0) })
        #expect(stream.net.statistics.lost == lost.count)
    }

    @Test("a burst loses runs of datagrams")
    func burst() throws {
        let stream = try Stream(2000, plan: "burst 0.02 0.2 1")
        try stream.run(limit: 3)
        let lost = stream.fates.map { $0 == .lost }
        let starts = (1..<2000).filter { lost[$0] && !lost[$0 - 1] }.count
        let total = lost.filter { $0 }.count
        #expect((90...270).contains(total), "\(total) lost, about 182 expected")
        #expect((3.0...8.0).contains(Double(total) / Double(starts)), "\(total) in \(starts) bursts, 5 each expected")
    }

    @Test("a copy arrives as well, with the number of its original")
    func duplicate() throws {
        let stream = try Stream(plan: "duplicate 0.5; corrupt 1")
        try stream.run()
        let copies = stream.events(.sent).filter { $0.marks.contains(.duplicate) }
        #expect((70...130).contains(copies.count))
        #expect(stream.net.statistics.copies == copies.count && stream.receiver.heard.count == 200 + copies.count)
        #expect(copies.allSatisfy { copy in stream.events(.received).filter { $0.flight == copy.flight }.count == 2 })
        #expect(copies.allSatisfy { $0.marks == .duplicate })
    }

    @Test("reorder holds datagrams up, so that later ones overtake them")
    func reorder() throws {
        let stream = try Stream(plan: "reorder 0.2 0.0105")
        try stream.run()
        #expect(stream.heard.sorted() == Array(0..<200) && stream.heard != Array(0..<200))
        for event in stream.events(.sent) {
            #expect(Int((event.due - event.tyme) * 1e6 + 0.5) == (event.marks.contains(.delayed) ? 10_500 : 0))
        }
        #expect((20...60).contains(stream.events(.sent).filter { $0.marks == .delayed }.count))
    }

    @Test("corrupt turns one to four bits; what was sent stays in the trace as it was")
    func corrupt() throws {
        let stream = try Stream(plan: "corrupt 1")
        try stream.run()
        var turned: [Int: Int] = [:]
        for (heard, sent) in zip(stream.receiver.heard, stream.sender.plan) {
            turned[zip(heard.bytes, sent.2).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }, default: 0] += 1
        }
        #expect(turned.keys.sorted() == [1, 2, 3, 4])
        for index in 0..<stream.trace.count where stream.trace.event(index).kind == .sent {
            #expect(stream.trace.bytes(index) == stream.sender.plan[Int(stream.trace.event(index).flight) - 1].2)
            #expect(stream.trace.event(index).marks == .corrupted)
        }
    }

    @Test("truncate cuts to every length that is less")
    func truncate() throws {
        let stream = try Stream(400, plan: "truncate 1", size: 10)
        try stream.run()
        #expect(Set(stream.receiver.heard.map(\.bytes.count)) == Set(0..<10))
        #expect(
            stream.receiver.heard.allSatisfy { heard in stream.sender.plan.contains { $0.2.starts(with: heard.bytes) } }
        )
    }

    @Test("delay adds its seconds and its jitter")
    func delay() throws {
        let stream = try Stream(link: SimLink(delay: 0.01), plan: "delay 0.02 0.03")
        try stream.run()
        let spans = stream.events(.sent).map { Int((($0.due - $0.tyme) * 1e6).rounded()) }
        #expect(spans.allSatisfy { (30_000..<60_000).contains($0) })
        #expect(spans.min()! < 33_000 && spans.max()! > 57_000)
    }

    @Test("a cut drops what is sent and what would arrive, one way or both")
    func cut() throws {
        let stream = try Stream(link: SimLink(delay: 0.0055), plan: "cut red>blu 0.05..0.1")
        try stream.run()
        // Sent from 45 ms on it would arrive after 50 ms; what is sent at 94 ms would arrive at 99.5 ms.
        #expect(stream.heard == Array(0..<45) + Array(100..<200))
        #expect(stream.count(.cut) == 50 && stream.events(.dropped).map(\.fate) == Array(repeating: .cut, count: 5))
        #expect(stream.net.statistics.cut == 55)
        let other = try Stream(plan: "cut blu>red 0..1")
        try other.run()
        #expect(other.heard == Array(0..<200))
        let both = try Stream(plan: "cut blu|red 0..1")
        try both.run()
        #expect(both.heard.isEmpty && both.net.statistics.cut == 200)
    }

    @Test("what is held arrives when the window ends, in order; in a window without end never")
    func hold() throws {
        let stream = try Stream(plan: "hold red>blu 0.05..0.1")
        try stream.run()
        #expect(stream.heard == Array(0..<200))
        #expect(stream.receiver.heard[50..<100].allSatisfy { Micros.of($0.tyme) == 100_000 })
        let ever = try Stream(plan: "hold red>blu 0.1..")
        try ever.run()
        #expect(ever.heard == Array(0..<100) && ever.count(.held) == 100 && ever.net.statistics.inFlight == 100)
    }

    @Test("cut and heal, hold and release work by hand too")
    func byHand() throws {
        let stream = try Stream()
        let hand = doify { tyme in
            switch Micros.of(tyme) {
            case 50_000: stream.net.cut(stream.red, stream.blu)
            case 60_000: stream.net.heal(stream.red, stream.blu)
            case 100_000: stream.net.hold(from: stream.red, to: stream.blu)
            case 120_000: stream.net.release(from: stream.red, to: stream.blu)
            default: break
            }
            return .again
        }
        try stream.run([hand])
        // The hand stands behind the sender. What is on its way when the way is cut does not arrive.
        #expect(stream.heard == Array(0..<50) + Array(61..<200))
        let late = stream.receiver.heard.filter { Micros.of($0.tyme) == 121_000 }
        #expect(late.count == 20 && stream.count(.held) == 20)
        #expect(stream.net.statistics.inFlight == 0)
    }

    @Test("drop names the k-th datagram of a kind, counted in its window and over its place")
    func drop() throws {
        let stream = try Stream(plan: "drop 3 odd red>blu; drop 1 odd 0.1..; drop 7 any red>blu")
        stream.net.kinds = [
            DatagramKind("odd") { unsafe $0.unsafeLoad(as: UInt8.self) & 1 == 1 }
        ]
        try stream.run()
        #expect(stream.fates.indices.filter { stream.fates[$0] == .ruled } == [5, 6, 101])
        #expect(stream.net.statistics.ruled == 3)
    }

    @Test("mtu and rate bound what gets through")
    func bounds() throws {
        let stream = try Stream(plan: "mtu 19 0.1..0.15; rate 8000 100 0.15..0.2")
        try stream.run()
        #expect(stream.count(.tooLarge) == 50)
        // 48 bytes with their heads take 48 ms; the queue has room for two, and for the third after 44 ms.
        #expect(stream.fates[150..<200].filter { $0 == .arrives }.count == 3 && stream.count(.queueFull) == 47)
    }

    @Test(
        "refusals: full and ENOBUFS come back as full, peerfull and unreachable as what they are",
        arguments: [
            ("full", Sending.Outcome.full, TraceEvent.Fate.full), ("enobufs red", .full, .full),
            ("peerfull red>blu", .peerFull, .peerFull),
            ("unreachable red>blu", .refused(Refusal(.unreachable)), .nobody),
        ])
    func refusals(plan: String, outcome: Sending.Outcome, fate: TraceEvent.Fate) throws {
        let stream = try Stream(plan: plan + " 0.05..0.06")
        try stream.run()
        let sendings = stream.sender.sendings
        #expect(sendings[50..<60].allSatisfy { $0 == Sending(taken: 0, outcome) })
        #expect((sendings[..<50] + sendings[60...]).allSatisfy { $0 == Sending(taken: 20) })
        #expect(stream.events(.refused).map(\.fate) == Array(repeating: fate, count: 10))
        #expect(stream.net.statistics.sent == 190)
    }

    @Test("a sender that was full learns when to try again")
    func roomAgain() throws {
        let net = SimNet()
        let receiver = Talker(net.host("blu").peer(port: 1))
        let sender = Talker(net.host("red").peer(port: 1), [(0.02, receiver.peer.address, [1])])
        net.plan = try FaultPlan(parsing: "full red 0.01..0.5")
        try Doist(tock: 0.001, limit: 1, doers: [net, sender, receiver]).run()
        #expect(sender.runs.map(Micros.of) == [0, 20_000, 500_000])
    }

    @Test(
        "a slow reader takes so many datagrams, or bytes, a second",
        arguments: [
            ("slow 100 datagrams blu 0..1", 100), ("slow 2000 bytes blu 0..1", 100),
            ("slow 5000 datagrams blu 0..1", 1000),
        ])
    func slow(plan: String, expected: Int) throws {
        let stream = try Stream(1000, plan: plan)
        try stream.run(limit: 2)
        let inTime = stream.receiver.heard.filter { $0.tyme < 0.9995 }.count
        #expect((expected - 2...expected + 1).contains(inTime), "\(inTime) in the first second")
        #expect(stream.heard == Array(0..<1000))
        #expect(stream.receiver.runs.count < 2000)
    }

    @Test("a link does by itself what a plan can do to it, and one more fault moves no draw of another")
    func links() throws {
        var link = SimLink(delay: 0.01, jitter: 0.005, loss: 0.1)
        link.duplicate = 0.1
        link.corrupt = 0.1
        let first = try Stream(500, link: link)
        try first.run()
        link.truncate = 0.2
        link.reorder = 0.2
        link.burst = BurstLoss(enter: 0.03, leave: 0.3)
        link.mtu = 500
        let second = try Stream(500, link: link)
        try second.run()
        let (a, b) = (first.events(.sent), second.events(.sent))
        let survivors = Set(b.filter { $0.fate == .arrives }.map(\.flight))
        for flight in survivors {
            let (before, after) = (a.filter { $0.flight == flight }, b.filter { $0.flight == flight })
            #expect(before.map(\.fate) == after.map(\.fate))
            #expect(before.map { $0.marks } == after.map { $0.marks.subtracting([.truncated, .delayed]) })
        }
        #expect(survivors.count > 300 && second.count(.lost) > first.count(.lost))
    }

    @Test("rules decide on the datagram they name, and leave the draws of the others alone")
    func rules() throws {
        let link = SimLink(delay: 0.01, jitter: 0.01, loss: 0.1)
        let plain = try Stream(link: link)
        try plain.run()
        let stream = try Stream(link: link)
        stream.net.kinds = [DatagramKind("even") { unsafe $0.unsafeLoad(as: UInt8.self) & 1 == 0 }]
        var seen: [SimDatagram] = []
        stream.net.rule { datagram in
            seen.append(datagram)
            switch datagram.number {
            case 30: return .drop
            case 31: return .delay(0.1)
            case 32: return .duplicate
            case 33: return .corrupt
            case 34: return .truncate(3)
            default: return datagram.kind == "even" && datagram.numberOfKind == 20 ? .drop : .deliver
            }
        }
        stream.net.rule { $0.number == 30 ? .deliver : $0.number == 35 ? .drop : .deliver }
        try stream.run()
        #expect(seen.count == 200 && seen[7].numberOfKind == 7 && seen[8].numberOfKind == 4 && seen[8].kind == "even")
        #expect(seen[9].from == stream.sender.peer.address && seen[9].bytes == stream.sender.plan[9].2)
        for (flight, fate) in plain.fates.enumerated() where ![30, 35, 40].contains(flight) {
            #expect(stream.fates[flight] == fate)
        }
        #expect([30, 35, 40].allSatisfy { stream.fates[$0] == .ruled })
        let marked = stream.events(.sent).filter { !$0.marks.isEmpty }.map {
            [Int($0.flight) - 1, Int($0.marks.rawValue)]
        }
        #expect(marked == [[31, 8], [32, 1], [33, 2], [34, 4]].filter { plain.fates[$0[0]] == .arrives })
    }
}
