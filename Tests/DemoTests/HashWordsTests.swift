import Foundation
import Testing

@testable import Commanding
@testable import Scenarios

@Suite("The words of rehearse hash")
struct HashWordsTests {
    private static let main = RehearseMain(Scenarios.all, unlisted: [Scenarios.fragile])

    private func refusal(_ words: [String]) -> String? {
        var arguments = Arguments(["hash"] + words)
        return #expect(throws: UsageError.self) { try Self.main.perform(&arguments) }?.description
    }

    @Test(
        "refuse what would be without effect", arguments: ["--jobs 2", "--log", "--time 1", "--pcap x", "--no-shrink"])
    func others(words: String) {
        let flag = words.prefix { $0 != " " }
        #expect(refusal(words.split(separator: " ").map(String.init)) == "\(flag) is not for hash")
    }

    @Test("refuse --json where lines are for people")
    func json() {
        let words = ["--scenario", "memos", "--seed", "1", "--json"]
        #expect(refusal(words + ["--events"]) == "--json is not for --events and --against")
        #expect(refusal(words + ["--against", "true"]) == "--json is not for --events and --against")
    }

    @Test("hand the plan and the options on to the other command")
    func against() throws {
        let path = NSTemporaryDirectory() + "tymist-hash-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var arguments = Arguments([
            "hash", "--scenario", "fragile", "--seed", "1", "--plan", "loss 0.5 red>blu 0..1", "--set", "words=3",
            "--against", "f() { printf '%s\\n' \"$@\" >'\(path)'; false; }; f",
        ])
        #expect(throws: (any Error).self) { try Self.main.perform(&arguments) }  // the other one ends with status 1
        let words = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(
            words == [
                "hash", "--scenario", "fragile", "--seeds", "1..1", "--plan", "loss 0.5 red>blu 0..1", "--set",
                "words=3",
            ])
    }
}
