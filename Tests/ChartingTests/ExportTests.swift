import Doing
import Foundation
import Testing
import Wiring

@testable import Charting

@Suite("What is made of a trace")
struct ExportTests {
    static let dissector = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Demos/wireshark/memogram.lua").path

    static func fields(_ file: URL, _ names: [String]) throws -> [[String]] {
        var words = ["-n", "-X", "lua_script:\(dissector)", "-r", file.path, "-T", "fields", "-E", "separator=|"]
        for name in names { words += ["-e", name] }
        let (status, output) = try Tool.run("tshark", words)
        #expect(status == 0)
        return output.split(separator: "\n").map { $0.components(separatedBy: "|") }
    }

    @Test(
        "tshark reads the capture: addresses, times, comments, and with the dissector the grams",
        .enabled(if: Tool.runs("tshark")))
    func tshark() throws {
        let file = try Tool.temporary(try Story().trace.pcapng(describe: Story.describe), "story.pcapng")
        let lines = try Self.fields(
            file,
            [
                "frame.time_epoch", "ip.src", "ip.dst", "udp.srcport", "udp.length", "memogram.kind",
                "memogram.number", "memogram.count", "memogram.length", "frame.comment",
            ])
        let sent = ["10.0.0.1", "10.0.0.2", "1"]
        #expect(
            lines == [
                ["0.000000000"] + sent + ["56", "plain", "", "3", "16", "plain 0; arrives 0.250000"],
                ["0.000000000"] + sent + ["56", "plain", "1", "", "16", "plain 1; lost"],
                ["0.000000000"] + sent + ["48", "plain", "2", "", "8", "plain 2; altered, arrives 0.250000"],
                ["0.000000000"] + sent + ["56", "plain", "", "3", "16", "plain 0; a copy, arrives 0.500000"],
                ["0.250000000"] + sent + ["48", "plain", "2", "", "8", "plain 2; altered"],
            ])
        let (_, names) = try Tool.run("tshark", ["-r", file.path, "-N", "n", "-T", "fields", "-e", "ip.src_host"])
        #expect(names.split(separator: "\n").first == "red:1")
    }

    @Test("tshark finds nothing wrong with IPv4, IPv6 and Unix datagrams", .enabled(if: Tool.runs("tshark")))
    func families() throws {
        var file: [UInt8] = []
        let writer = PcapngWriter { file += $0 }
        let pairs: [(Address, Address)] = [
            (.ip4(0x7F00_0001, port: 9), .ip4(0x7F00_0002, port: 10)),
            (.ip6(0, 1, port: 9), .ip6(0xFE80 << 48, 2, port: 10)), (.unix(7), .unix(8)),
        ]
        writer.name(.unix(7), "/tmp/red.uxd")
        for (index, (from, to)) in pairs.enumerated() {
            for length in [0, 1, 1241] {
                let bytes = [UInt8](repeating: 0xA5, count: length)
                writer.add(bytes.span.bytes, from: from, to: to, at: Double(index) + 0.000_000_001)
            }
        }
        let lines = try Self.fields(
            try Tool.temporary(file, "families.pcapng"),
            ["frame.time_epoch", "ip.src", "ipv6.src", "udp.length", "udp.checksum.status", "_ws.malformed"])
        #expect(lines.count == 9)
        #expect(lines[0] == ["0.000000001", "127.0.0.1", "", "8", "3", ""])
        #expect(lines[3...5].map { $0[3] } == ["8", "9", "1249"])
        #expect(lines[6][1] == "10.128.0.7")
        let words = ["-o", "udp.check_checksum:TRUE", "-r", try Tool.temporary(file, "sum.pcapng").path]
        let (_, sums) = try Tool.run("tshark", words + ["-Y", "ipv6", "-T", "fields", "-e", "udp.checksum.status"])
        #expect(sums.split(separator: "\n") == ["1", "1", "1"])
    }

    @Test(
        "the chart is a picture that a rasteriser takes, with an arrow for each datagram and a cross for the lost one",
        .enabled(if: Tool.runs("rsvg-convert")))
    func svg() throws {
        let svg = try Story().trace.svg(title: "a <story> & more", describe: Story.describe)
        let file = try Tool.temporary(Array(svg.utf8), "story.svg")
        let picture = file.deletingLastPathComponent().appending(path: "story.png")
        let (status, _) = try Tool.run("rsvg-convert", [file.path, "-o", picture.path])
        #expect(status == 0)
        #expect(try Data(contentsOf: picture).count > 2000)
        #expect(svg.components(separatedBy: "marker-end").count - 1 == 3)
        #expect(svg.components(separatedBy: "class=\"lost way\"").count - 1 == 1)
        #expect(svg.contains("a &lt;story&gt; &amp; more"))
    }

    @Test("the chart for Mermaid")
    func mermaid() throws {
        #expect(
            try Story().trace.mermaid(describe: Story.describe) == """
                sequenceDiagram
                    participant p0 as red
                    participant p1 as blu
                    Note over p0: the memo is queued
                    p0->>p1: 0.000000 plain 0
                    p0-xp1: 0.000000 plain 1, lost
                    p0->>p1: 0.000000 plain 2, altered
                    p0->>p1: 0.000000 plain 0, a copy

                """)
    }

    @Test("a chart of too many events draws the first ones and says how many there are more")
    func limited() throws {
        let trace = try Story().trace
        #expect(trace.mermaid(limit: 2).contains("… 6 more events"))
        #expect(trace.svg(limit: 2).contains("… 6 more events"))
    }

    private struct Timeline: Decodable {
        struct Event: Decodable {
            let ph: String
            let tid: Int
            let ts: Double?
            let name: String?
            let id: Int?
        }
        let traceEvents: [Event]
    }

    @Test("the timeline is JSON with a lane each, a slice for each datagram and arrows that begin and end")
    func timeline() throws {
        let json = try Story().trace.timeline(describe: Story.describe)
        let events = try JSONDecoder().decode(Timeline.self, from: Data(json.utf8)).traceEvents
        #expect(events.filter { $0.ph == "M" }.count == 2)
        #expect(events.filter { $0.ph == "X" }.count == 7)
        #expect(events.filter { $0.ph == "s" }.map(\.id) == [1, 3, 1])
        #expect(events.filter { $0.ph == "f" }.map(\.ts) == [250_000, 250_000, 500_000])
        #expect(events.filter { $0.ph == "i" }.map(\.name) == ["the memo is queued"])
    }

    @Test("the lanes of doers in a timeline open and close")
    func doerLanes() throws {
        final class Nothing: Doer { override func recur(_ tyme: Tyme) throws -> Recurrence { .again } }
        let trace = Trace()
        let doist = try Doist(limit: 0.0625, doers: [Nothing()])
        trace.watch(doist)
        try doist.run()
        let events = try JSONDecoder().decode(Timeline.self, from: Data(trace.timeline().utf8)).traceEvents
        #expect(events.map(\.ph) == ["M", "B", "i", "i", "i", "i", "E"])
    }

    @Test("a hostile name and note break neither the picture nor the timeline")
    func hostile() throws {
        let trace = Trace()
        let lane = trace.lane("\"<&>\u{0}\u{7}")
        trace.note("]]></svg>\\\"\n;#", at: .infinity, lane: lane)
        let svg = trace.svg()
        #expect(XMLCheck.isWellFormed(svg))
        _ = try JSONSerialization.jsonObject(with: Data(trace.timeline().utf8))
    }
}

#if canImport(FoundationXML)
    import FoundationXML
#endif

enum XMLCheck {
    static func isWellFormed(_ text: String) -> Bool { XMLParser(data: Data(text.utf8)).parse() }
}
