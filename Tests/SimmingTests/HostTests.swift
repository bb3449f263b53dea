import Charting
import Doing
import Memoing
import Testing
import Wiring

@testable import Simming

@Suite("Hosts: boot, pause, crash, restart, clocks of their own")
struct HostTests {
    /// Counts what the doers of a host lived through.
    final class Diary {
        var lines: [String] = []
    }

    /// Ticks, and writes down its life.
    final class Resident: Doer {
        let diary: Diary
        let boot: Int
        var runs = 0
        init(_ diary: Diary, _ boot: Int) {
            self.diary = diary
            self.boot = boot
            super.init()
        }
        func note(_ word: String, _ tyme: Tyme) { diary.lines.append("\(word) \(boot) at \(Micros.of(tyme) / 1000)") }
        override func enter(_ tyme: Tyme) { note("enter", tyme) }
        override func recur(_ tyme: Tyme) -> Recurrence {
            runs += 1
            if runs == 1 { note("recur", tyme) }
            return .again
        }
        override func cease(_ tyme: Tyme) { note("cease", tyme) }
        override func exit(_ tyme: Tyme) { note("exit", tyme) }
    }

    @Test("a crash closes the doers, a restart boots new ones in the same pass, and the trace tells")
    func crash() throws {
        let (trace, diary) = (Trace(), Diary())
        let net = SimNet(trace: trace)
        let blu = net.host("blu").boot { host in [Resident(diary, host.boots)] }
        net.plan = try FaultPlan(parsing: "crash blu 0.01..0.02; crash blu 0.03..")
        try Doist(tock: 0.001, limit: 1, doers: [net, blu]).run()
        #expect(
            diary.lines == [
                "enter 1 at 0", "recur 1 at 0", "cease 1 at 10", "exit 1 at 10", "enter 2 at 20", "recur 2 at 20",
                "cease 2 at 30", "exit 2 at 30",
            ])
        #expect((0..<trace.count).map { trace.event($0).kind } == [.crashed, .restarted, .crashed])
        #expect((0..<trace.count).map { Micros.of(trace.event($0).tyme) } == [10_000, 20_000, 30_000])
        #expect(blu.isDone)
    }

    @Test("what a crashed host had not received is lost, what comes meanwhile is dropped, and what comes later arrives")
    func crashedTraffic() throws {
        let stream = try Stream(50, link: SimLink(delay: 0.0005))
        var boots: [Talker] = []
        let grn = stream.net.host("grn").boot { host in
            boots.append(Talker(host.peer(port: 1)))
            return [boots.last!]
        }
        stream.sender.plan = stream.sender.plan.map { ($0.0, .host(3, port: 1), $0.2) }
        stream.net.plan = try FaultPlan(parsing: "crash grn 0.01..0.02")
        try stream.run([grn])
        // Sent at 9 ms it would arrive at 10 ms, when the host is down; sent at 19 ms it arrives with the boot at 20,
        // before anybody is there.
        #expect(boots.map { $0.heard.map { Int($0.bytes[0]) } } == [Array(0..<9), Array(19..<50)])
        #expect(stream.net.statistics.down == 10 && stream.net.statistics.nobody == 0)
        #expect(grn.boots == 2)
    }

    @Test("a paused host stands still while its buffers fill, and then goes on with all of it")
    func pause() throws {
        let stream = try Stream(50)
        var resident: Talker?
        let grn = stream.net.host("grn").boot { host in
            resident = Talker(host.peer(port: 1))
            return [resident!]
        }
        stream.sender.plan = stream.sender.plan.map { ($0.0, .host(3, port: 1), $0.2) }
        stream.net.plan = try FaultPlan(parsing: "pause grn 0.01..0.03")
        try stream.run([grn])
        let talker = try #require(resident)
        #expect(talker.heard.map { Int($0.bytes[0]) } == Array(0..<50))
        #expect(talker.heard.allSatisfy { Micros.of($0.tyme) < 10_000 || Micros.of($0.tyme) >= 30_000 })
        #expect(talker.heard.filter { Micros.of($0.tyme) == 30_000 }.count == 21)
    }

    @Test("timers of a paused host that were missed are due when it goes on")
    func pausedTimers() throws {
        let net = SimNet()
        var runs: [Int64] = []
        let red = net.host("red").boot { _ in
            [
                try doify(name: "timer", tock: 0.25) {
                    runs.append(Micros.of($0)); return .again
                }
            ]
        }
        net.plan = try FaultPlan(parsing: "pause red 0.3..0.9")
        try Doist(tock: 0.125, limit: 1.5, doers: [net, red]).run()
        #expect(runs == [0, 250_000, 1_000_000, 1_125_000, 1_250_000, 1_375_000])
    }

    @Test("a plan for a host that schedules nobody is an error that says so")
    func unscheduled() throws {
        let stream = try Stream(plan: "crash blu 0.01..0.02")
        #expect(throws: SimError.hostNotScheduled(host: "blu")) { try stream.run() }
    }

    @Test("what the closing doers of a crashing host send is refused")
    func lastWords() throws {
        final class Farewell: Doer {
            let peer: SimPeer
            var sending: Sending?
            init(_ peer: SimPeer) {
                self.peer = peer
                super.init()
            }
            override func enter(_ tyme: Tyme) throws { try peer.open(for: self) }
            override func recur(_ tyme: Tyme) -> Recurrence { .park(until: .infinity) }
            override func cease(_ tyme: Tyme) throws {
                sending = try peer.send(([1] as [UInt8]).span.bytes, Train(peer: peer.address, segment: 1), at: tyme)
            }
            override func exit(_ tyme: Tyme) { peer.close() }
        }
        let net = SimNet()
        var doers: [Farewell] = []
        let red = net.host("red").boot { host in
            doers.append(Farewell(host.peer(port: 1)))
            return [doers.last!]
        }
        net.plan = try FaultPlan(parsing: "crash red 0.01..0.02")
        try Doist(tock: 0.001, limit: 0.1, doers: [net, red]).run()
        #expect(doers.count == 2)
        #expect(doers[0].sending == Sending(taken: 0, .refused(Refusal(.unreachable))))
        #expect(doers[1].sending == Sending(taken: 1))
    }

    @Test("a host is run again with fresh doers, and lives as long as they do")
    func again() throws {
        let net = SimNet()
        var boots = 0
        let red = net.host("red").boot { host in
            boots += 1
            return [doify { _ in .done }]
        }
        let doist = Doist([net, red])
        for run in 1...3 {
            try doist.run(limit: 1)
            #expect(boots == run && red.isDone && red.doers.isEmpty)
        }
    }

    @Test("crash and restart by hand; random differs from boot to boot and not from run to run")
    func byHand() throws {
        func words() throws -> [UInt64] {
            let net = SimNet(seed: 3)
            var drawn: [UInt64] = []
            let (red, blu) = (net.host("red"), net.host("blu"))
            for host in [red, blu] {
                host.boot {
                    drawn.append($0.random.next())
                    return [doify { _ in .park(until: .infinity) }]
                }
            }
            let doist = try Doist(limit: 1, doers: [net, red, blu])
            try doist.enter()
            try doist.recur()
            try red.crash()
            try red.crash()
            try doist.recur()
            #expect(red.isDown && red.deedCount == 0)
            try red.restart()
            try red.restart()
            try doist.recur()
            #expect(!red.isDown && red.deedCount == 1)
            try doist.exit()
            #expect(throws: SimError.hostNotScheduled(host: "red")) {
                try red.crash()
                try red.restart()
            }
            return drawn
        }
        let first = try words()
        #expect(first.count == 3 && Set(first).count == 3)
        #expect(try words() == first)
    }

    @Test("a host with a tock of its own runs on that")
    func ownTock() throws {
        let net = SimNet()
        var runs: [Int64] = []
        let red = net.host("red").boot { _ in
            [
                doify {
                    runs.append(Micros.of($0)); return .again
                }
            ]
        }
        red.tock = 0.25
        try Doist(tock: 0.0625, limit: 1, doers: [net, red]).run()
        #expect(runs == [0, 250_000, 500_000, 750_000])
    }

    @Test("a skewed core sees its own clock, is woken when that says so, and else is as it was")
    func skew() throws {
        let memoer = Memoer(random: SplitMix64(seed: 1))
        let skewed = Skewed(memoer, rate: 2, offset: 100)
        #expect(skewed.local(3) == 106 && skewed.wakeTyme == nil)
        for (rate, offset) in [(2.0, 100.0), (0.3, 1e9), (1.0001, -7), (1e-3, 1e12)] {
            let skewed = Skewed(memoer, rate: rate, offset: offset)
            for wish in [0.1, 1 / 3.0, 1000.7, 1e6] {
                let local = skewed.local(wish)
                let tyme = skewed.tyme(local: local)
                #expect(skewed.local(tyme) >= local && tyme <= wish + 2 * local.ulp / rate + wish.ulp)
            }
            #expect(skewed.tyme(local: .infinity) == .infinity)
        }
        /// Asks to be woken at local 101, 102 … and writes down tyme as it sees it.
        struct Ticker: DatagramCore {
            var seen: [Tyme] = []
            mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {}
            mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
                seen.append(tyme)
                return nil
            }
            mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {}
            var wakeTyme: Tyme? { (seen.last ?? 100) + 1 }
        }
        let net = SimNet()
        let doer = CoreDoer(Skewed(Ticker(), rate: 2, offset: 100), over: net.host("red").peer())
        try Doist(tock: 0.125, limit: 3, doers: [net, doer]).run()
        // The last is the goodbye at the end of the run.
        #expect(doer.core.base.seen == [100, 101, 102, 103, 104, 105, 106])
    }
}
