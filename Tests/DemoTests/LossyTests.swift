import Memoing
import Testing

@testable import Commanding
@testable import DemoKit
@testable import lossy

@Suite("The demo lossy")
struct LossyTests {
    /// The lines that it prints for programs, and what it returns.
    static func run(_ words: String) throws -> (isGood: Bool, lines: [String]) {
        var arguments = Arguments(words.split(separator: " ").map(String.init) + ["--json"])
        let options = try LossyOptions(&arguments)
        var lines: [String] = []
        let isGood = try Lossy.run(options, Reporter(json: true) { lines.append($0) })
        return (isGood, lines)
    }

    @Test(
        "a sure memo survives what a plain one does not, and its sender knows",
        arguments: [
            "", "--kind sure-signed", "--seed 3", "--size 300000 --loss 0.5 --control none", "--jitter 0.03",
        ])
    func survives(words: String) throws {
        let run = try Self.run(words)
        #expect(run.isGood)
        let summaries = run.lines.filter { $0.hasPrefix(#"{"event":"summary""#) }
        try #require(summaries.count == 2)
        #expect(summaries[0].contains(#""arrivals":0,"intact":false"#))
        #expect(summaries[1].contains(#""arrivals":1,"intact":true"#))
        #expect(summaries[1].contains(#""outcome":"delivered""#))
        #expect(run.lines.last?.hasPrefix(#"{"event":"end","intact":true"#) == true)
    }

    @Test("the same seed gives the same lines, another one others")
    func same() throws {
        let (first, second, third) = (try Self.run("--seed 7"), try Self.run("--seed 7"), try Self.run("--seed 8"))
        #expect(first.lines == second.lines)
        #expect(first.lines != third.lines)
    }

    @Test("without loss nothing is sent twice, and both arrive after one way")
    func lossless() throws {
        let run = try Self.run("--loss 0 --size 5000")
        #expect(run.isGood)
        for summary in run.lines where summary.hasPrefix(#"{"event":"summary""#) {
            #expect(summary.contains(#""arrived_ms":50,"#) && summary.contains(#""again":0,"lost":0"#), "\(summary)")
        }
    }

    @Test("where nothing gets through the sender is told that nobody was heard, and the status is bad")
    func hopeless() throws {
        let run = try Self.run("--loss 1")
        #expect(!run.isGood)
        #expect(run.lines.contains { $0.contains(#""outcome":"neverHeard""#) })
    }

    @Test("a small window that loss has halved does not hold a timer's probe back")
    func probes() throws {
        let run = try Self.run("--seed 3")
        let told = try #require(run.lines.first { $0.contains(#""summary","kind":"sure""#) })
        let milliseconds = try #require(told.firstMatch(of: /"told_ms":([0-9.]+)/).flatMap { Double($0.output.1) })
        #expect(milliseconds < 5000)
    }

    @Test(
        "wrong words are refused with the word",
        arguments: [
            ("--kind plain", "--kind plain: expected sure, sure-signed"),
            ("--udp --uxd", "--udp and --uxd: one of them"),
            ("--loss 2", "--loss 2: expected"), ("--control rate", "--control rate needs --rate"),
            ("--runs 5", "--runs is for --table"), ("--table --udp", "--table is simulated"),
            ("--nosuch", "unknown flag --nosuch"),
        ])
    func refused(words: String, message: String) {
        var arguments = Arguments(words.split(separator: " ").map(String.init))
        let error = #expect(throws: UsageError.self) { try LossyOptions(&arguments) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test("grams are named as ranges")
    func rangeWords() {
        #expect(ranges([]) == "none")
        #expect(ranges([3]) == "3")
        #expect(ranges([0, 1, 2, 5]) == "0–2 and 5")
        #expect(ranges([0, 2, 4, 5]) == "0, 2 and 4–5")
        #expect(
            [1, 2, 3, 4, 11, 12, 13, 21].map(ordinal) == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st"])
    }

    @Test("acks are told in words")
    func ackWords() throws {
        let bytes = Array("bAAIAAAJ0AAAAQIDBAUGBwgJCgsMDQ4PAAAAAAADAAMDAAAIAATidAAA".utf8)
        #expect(describe(try Ack(bytes)) == "ack of 9: has 0–2, 5–7 and 9")
        #expect(describe(Ack(mid: try Ack(bytes).mid, trigger: 4)) == "ack of 4")
    }
}

@Suite("memo-peer and sure memos")
struct SurePeerTests {
    @Test("probes, deadline and window are for sure memos only, and in range")
    func words() throws {
        func options(_ words: String) throws -> MemoPeerOptions {
            var arguments = Arguments(
                "send --udp 127.0.0.1:0 --to 127.0.0.1:9 \(words)".split(separator: " ").map(String.init))
            return try MemoPeerOptions(&arguments)
        }
        let sure = try options("--kind sure --probes 0 --deadline 2.5 --window 64")
        #expect(sure.probes == 0 && sure.deadline == 2.5 && sure.window == 64 && sure.isSure && !sure.isSigned)
        #expect(throws: UsageError.self) { try options("--probes 1") }
        #expect(throws: UsageError.self) { try options("--kind sure --window 0") }
        #expect(throws: UsageError.self) { try options("--kind sure-signed") }
    }
}
