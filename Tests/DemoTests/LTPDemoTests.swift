import Testing

@testable import Commanding
@testable import DemoKit
@testable import light_minutes
@testable import ltp_peer

@Suite("ltp-peer and light-minutes")
struct LTPDemoTests {
    private func words(_ text: String) -> Arguments { Arguments(text.split(separator: " ").map(String.init)) }

    @Test("a picture crosses ten light minutes of loss unchanged, and the same seed tells the same story")
    func lightMinutes() throws {
        func story(_ text: String) throws -> [String] {
            var (lines, arguments) = ([String](), words(text))
            let isWhole = try LightMinutes.run(&arguments) { lines.append($0) }
            #expect(isWhole)
            return lines
        }
        let lines = try story("--seed 3 --loss 0.2 --size 20000 --json")
        #expect(lines.last?.contains("\"intact\":true") == true && lines.count > 5)
        #expect(try story("--seed 3 --loss 0.2 --size 20000 --json") == lines)
        #expect(try story("--minutes 0.5 --loss 0 --size 500").last?.contains("after 0.5 minutes") == true)
    }

    @Test(
        "words that cannot be meant are refused by name",
        arguments: [
            ("", "say recv or send"), ("fly", "what is \"fly\"? Expected recv or send"),
            ("recv", "--engine is missing"), ("recv --engine 1", "--listen is missing"),
            ("recv --engine 1 --listen 127.0.0.1:0", "--peer ENGINE=HOST:PORT is missing"),
            ("recv --engine 1 --listen 127.0.0.1:0 --peer 2", "--peer 2: expected ENGINE=HOST:PORT"),
            ("send --engine 1 --listen 127.0.0.1:0 --peer 2=127.0.0.1:9", "send needs --file FILE"),
            (
                "recv --engine 1 --listen 127.0.0.1:0 --peer 2=127.0.0.1:9 --mtu 10",
                "--mtu 10: expected a whole number from 32 to 65507"
            ),
        ])
    func refusals(text: String, reason: String) {
        var arguments = words(text)
        let error = #expect(throws: UsageError.self) { try LTPPeerOptions(&arguments) }
        #expect(error?.description == reason)
    }
}
