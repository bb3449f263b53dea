import Charting
import Doing
import Testing

@testable import Simming

@Suite("Plans of faults: their text, their draws, their bounds")
struct FaultPlanTests {
    @Test(
        "a plan is read and written",
        arguments: [
            "loss 0.3 red>blu 0..5; cut red|blu 1..2; drop 1 ack blu>red; crash blu 3..4",
            "burst 0.01 0.25 1 *>blu; duplicate 0.5; reorder 0.1 0.05; corrupt 1e-05; truncate 0.25 red>*",
            "delay 0.02 0.003 2..; hold red>blu 0..1.5; mtu 576; rate 1000000 65536; full red; enobufs 1..2",
            "peerfull a|b; unreachable x-1>x_2; slow 100 datagrams blu; slow 2000 bytes; pause blu 0..0.001 #9",
            "loss 1 #2; loss 0.5 #1", "cut #77", "",
        ])
    func text(text: String) throws {
        let plan = try FaultPlan(parsing: text)
        #expect(try FaultPlan(parsing: plan.description) == plan)
        #expect(FaultPlan(plan.description) == plan)
        #expect(plan.description == text.replacing(" 0..", with: " 0.."))
    }

    @Test("lines and semicolons part faults, blanks do not matter, * is everywhere, and ..N begins at 0")
    func loose() throws {
        let plan = try FaultPlan(parsing: "  loss   .5 *  ..3 ;;\n\n cut *>* 0..;")
        #expect(plan.description == "loss 0.5 0..3; cut")
        #expect(plan.faults[0] == Fault(.loss(0.5), until: 3, number: 1))
        #expect(Fault("crash blu 3..4") == Fault(.crash, .host("blu"), from: 3, until: 4))
        #expect(Fault("crash blu 3..4 #5")?.description == "crash blu 3..4 #5" && Fault("boom") == nil)
    }

    @Test(
        "what is no fault is refused with the word that is wrong",
        arguments: [
            ("boom", "\"boom\" is no fault: expected loss, burst,"),
            ("loss", "\"loss\": probability is missing"),
            ("loss 1.5", "\"loss 1.5\": probability \"1.5\": expected a probability from 0 to 1"),
            ("loss nan", "probability \"nan\""), ("loss -0.1", "probability \"-0.1\""), ("loss red>blu", "\"red>blu\""),
            ("delay inf 0", "delay \"inf\": expected seconds from 0 to 1000000"),
            ("cut red>blu 2..1", "window \"2..1\": expected FROM..UNTIL"),
            ("cut red>blu 1..1", "window \"1..1\""), ("cut 1..inf", "window \"1..inf\""), ("cut nan..1", "window"),
            ("cut -1..1", "window \"-1..1\""), ("cut 0..1e300", "window"), ("cut a..b", "window \"a..b\""),
            ("cut red>blu 0..1 #0", "number \"#0\""), ("cut #1 #2", "\"cut #1 #2\": what is \"#2\"?"),
            ("cut red>bl\u{E9} 0..1", "host \"bl\u{E9}\": expected a name"), ("cut >", "host \"\""),
            ("cut a>b>c", "host \"b>c\""), ("crash red>blu", "place \"red>blu\": expected a host"),
            ("drop 0 ack", "count \"0\": expected a whole number from 1 to 1000000000"),
            ("drop 99999999999999999999 ack", "count \"99999999999999999999\""), ("drop 1", "kind is missing"),
            ("slow 5 cats blu", "measure \"cats\": expected bytes or datagrams"), ("slow 0 bytes", "rate \"0\""),
            ("rate 0 5", "rate \"0\""), ("rate 5 -1", "queue \"-1\""), ("mtu 0", "mtu \"0\""),
            ("mtu 1e3", "mtu \"1e3\""),
            ("loss 0 #3; cut #3", "#3 stands there twice"), ("cut #2; cut", "#2 stands there twice"),
            (String(repeating: "cut;", count: 1025), "1025 faults: expected at most 1024"),
            (String(repeating: " ", count: 65_537), "a plan of 65537 bytes: expected at most 65536"),
        ])
    func wrong(text: String, message: String) {
        do {
            let plan = try FaultPlan(parsing: text)
            Issue.record("\(plan) was read")
        } catch { #expect("\(error)".contains(message), "\(error)") }
        #expect(FaultPlan(text) == nil)
    }

    @Test("no text makes the parser trap")
    func fuzz() {
        var random = SplitMix64(seed: 77)
        let words = [
            "loss", "drop", "slow", "burst", "cut", "rate", "0.5", "1..2", "..", "...", ">", "|", "a>b", "*", "#", "#1",
            ";",
            "-1", "1e308", "nan", "0x1p1023", "\u{0}", "\u{1F600}", "any", "99999999999999999999", "1..", "..1", "b|b",
        ]
        var read = 0
        for _ in 0..<20_000 {
            let text = (0..<1 + random.below(6)).map { _ in words[random.below(words.count)] }.joined(separator: " ")
            guard let plan = try? FaultPlan(parsing: text) else { continue }
            read += 1
            #expect(FaultPlan(plan.description) == plan, "\(text)")
        }
        #expect(read > 100)
    }

    @Test("faults made by hand are checked like those of a text")
    func checked() {
        #expect(throws: FaultError.self) { try FaultPlan([Fault(.loss(.nan))]) }
        #expect(throws: FaultError.self) { try FaultPlan([Fault(.cut, .way(from: "a b", to: nil))]) }
        #expect(throws: FaultError.self) { try FaultPlan([Fault(.cut, from: 2, until: 1)]) }
        #expect(throws: FaultError.self) { try FaultPlan([Fault(.pause, .between("a", "b"))]) }
        #expect(throws: FaultError.doubleNumber(4)) {
            try FaultPlan([Fault(.cut, number: 4), Fault(.hold, number: 4)])
        }
    }

    @Test("hosts and kinds that nobody knows are named when the net enters")
    func unknown() throws {
        #expect(throws: FaultError.unknownHost("grn", fault: "cut red>grn #1")) {
            try Stream(plan: "cut red>grn").run()
        }
        #expect(throws: FaultError.unknownKind("ack", fault: "drop 1 ack #1")) { try Stream(plan: "drop 1 ack").run() }
    }

    @Test("removing one fault leaves the draws of the others alone")
    func independence() throws {
        let text =
            "loss 0.2 red>blu; duplicate 0.2; corrupt 0.2 0..0.3; reorder 0.3 0.01; truncate 0.1; delay 0.001 0.02"
        let plan = try FaultPlan(parsing: text)
        func marks(_ plan: FaultPlan, _ mark: TraceEvent.Marks) throws -> [UInt64: Double] {
            let stream = try Stream(400, plan: plan.description)
            try stream.run()
            let events = stream.events(.sent).filter { mark.isEmpty ? $0.fate == .lost : $0.marks.contains(mark) }
            return Dictionary(events.map { ($0.flight, $0.due) }, uniquingKeysWith: { first, _ in first })
        }
        // Without loss, every datagram that was duplicated still is; and so on round the plan.
        for (index, mark) in [TraceEvent.Marks(), .duplicate, .corrupted, .delayed, .truncated].enumerated() {
            let before = try marks(plan, mark)
            for out in plan.faults.indices where out != index && !(mark == .delayed && out == 5) {
                let after = try marks(plan.removing(at: out), mark)
                if out == 0 {
                    #expect(Set(before.keys).isSubset(of: after.keys))
                } else {
                    #expect(Set(before.keys) == Set(after.keys), "\(plan.faults[index]) without \(plan.faults[out])")
                }
            }
        }
    }

    @Test("a plan that was cut down says by itself which draws its faults have")
    func shrunk() throws {
        let plan = try FaultPlan(parsing: "cut 5..6; loss 0.4 red>blu; duplicate 0.1 7..8")
        let rest = plan.removing(at: 0).removing(where: { $0.number == 3 })
        #expect(rest.description == "loss 0.4 red>blu #2")
        func fates(_ plan: String) throws -> [TraceEvent.Fate] {
            let stream = try Stream(plan: plan)
            try stream.run()
            return stream.fates
        }
        #expect(try fates(rest.description) == fates(plan.description))
        #expect(try fates("loss 0.4 red>blu") != fates(plan.description))
    }

    @Test("random plans are the same for ever, end in time, and can be read")
    func random() throws {
        let first = FaultPlan.random(seed: 4, hosts: ["red", "blu"], until: 2, crashes: true)
        #expect(first == FaultPlan.random(seed: 4, hosts: ["red", "blu"], until: 2, crashes: true))
        var effects: Set<Substring> = []
        for seed in 0..<2000 {
            let plan = FaultPlan.random(seed: UInt64(seed), hosts: ["red", "blu", "grn"], until: 1, crashes: true)
            #expect((1...6).contains(plan.faults.count) && FaultPlan(plan.description) == plan)
            for fault in plan.faults {
                #expect(fault.from < fault.until && fault.until <= 1)
                effects.insert(fault.description.prefix { $0 != " " })
            }
        }
        #expect(effects.count == 16)
        let mild = (0..<300).flatMap {
            FaultPlan.random(seed: $0, hosts: ["a"], until: 1, refusals: false).faults.map(\.effect)
        }
        #expect(!mild.contains { $0.isOfHosts || $0 == .full || $0 == .peerFull || $0 == .enobufs })
    }
}
