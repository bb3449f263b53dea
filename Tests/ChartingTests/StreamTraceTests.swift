import Doing
import Foundation
import Simming
import Testing
import Wiring

@testable import Charting

/// Says something, and ends its half; what it hears it keeps.
private struct Speaker: StreamCore {
    var output: [UInt8]
    var heard: [UInt8] = []
    var hasEnded = false
    var waits: Bool

    init(_ output: [UInt8], waits: Bool) { (self.output, self.waits) = (output, waits) }

    mutating func handle(_ bytes: RawSpan, at tyme: Tyme) { heard += bytes.withUnsafeBytes { Array($0) } }
    mutating func ended(at tyme: Tyme) { hasEnded = true }
    var wantsInput: Bool { true }
    func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        let none: [UInt8] = []
        return try waits && !hasEnded ? body(none.span.bytes) : body(output.span.bytes)
    }
    mutating func sent(_ count: Int, at tyme: Tyme) { output.removeFirst(count) }
    var closing: StreamClosing { waits && !hasEnded ? .open : .finish }
    mutating func pollEvent() -> Never? { nil }
    var hasEvents: Bool { false }
    var wakeTyme: Tyme? { nil }
}

@Suite("Streams in a trace") struct StreamTraceTests {
    private func story(_ question: Int, _ answer: Int, link: SimLink, plan: String = "") throws -> Trace {
        let trace = Trace()
        let net = SimNet(seed: 3, link: link, trace: trace)
        net.plan = try FaultPlan(parsing: plan)
        let (red, blu) = (net.host("red"), net.host("blu"))
        let bytes = { (count: Int) in (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) } }
        let server = StreamAcceptor(blu.listener(port: 80)) {
            StreamDoer(Speaker(bytes(answer), waits: true), over: $0)
        }
        let client = StreamDoer(Speaker(bytes(question), waits: false), over: red.stream(to: blu.address(port: 80)))
        try Doist(tock: 0.001, doers: [net, server, client]).run(limit: 5)
        #expect(client.core.heard == bytes(answer) && client.ending == .closed)
        return trace
    }

    @Test("the log tells a connection's beginning, its bytes and its end")
    func log() throws {
        let trace = try story(4, 2, link: SimLink(delay: 0.010))
        let lines = trace.text().split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
        #expect(
            lines == [
                "0.000000 red:49152 → blu:80 0 B opens, arrives 0.010000",
                "0.010000 blu:80 ← red:49152 0 B opens",
                "0.010000 blu:80 → red:49152 0 B opens, arrives 0.020000",
                "0.020000 red:49152 ← blu:80 0 B opens",
                "0.020000 red:49152 → blu:80 4 B arrives 0.030000",
                "0.020000 red:49152 → blu:80 0 B ends, arrives 0.030000",
                "0.030000 blu:80 ← red:49152 4 B",
                "0.030000 blu:80 ← red:49152 0 B ends",
                "0.031000 blu:80 → red:49152 2 B arrives 0.041000",
                "0.031000 blu:80 → red:49152 0 B ends, arrives 0.041000",
                "0.041000 red:49152 ← blu:80 2 B",
                "0.041000 red:49152 ← blu:80 0 B ends",
            ])
        #expect(trace.mermaid().contains("p0->>p1: 0.020000 4 B"))
    }

    @Test("tshark joins both halves of a stream, and sees what was sent again", .enabled(if: Tool.runs("tshark")))
    func tshark() throws {
        let trace = try story(5000, 3000, link: SimLink(delay: 0.010, loss: 0.2))
        let file = try Tool.temporary(trace.pcapng(), "stream.pcapng")
        let (status, raw) = try Tool.run("tshark", ["-r", file.path, "-q", "-z", "follow,tcp,raw,0"])
        #expect(status == 0)
        // Half by half; the answers stand behind a tab.
        let lines = raw.split(separator: "\n").filter { $0.allSatisfy { $0.isHexDigit || $0 == "\t" } }
        let question = lines.filter { !$0.hasPrefix("\t") }.joined().count / 2
        let answer = lines.filter { $0.hasPrefix("\t") }.map { $0.dropFirst() }.joined().count / 2
        #expect(question == 5000 && answer == 3000)
        let (_, flags) = try Tool.run(
            "tshark", ["-o", "tcp.check_checksum:TRUE", "-r", file.path, "-T", "fields", "-e", "tcp.flags.str"])
        #expect(flags.contains("··········S·") && flags.contains("·······A··S·"))
        let (_, bad) = try Tool.run(
            "tshark",
            [
                "-o", "tcp.check_checksum:TRUE", "-r", file.path, "-Y",
                "tcp.checksum.status == 0 or _ws.malformed or tcp.analysis.ack_lost_segment",
            ])
        #expect(bad == "")
        let sent = (0..<trace.count).map(trace.event).filter { $0.kind == .sent }
        #expect(sent.contains { $0.fate == .lost })
    }

    @Test("a tap on a stream sees what is read and what is taken, and the capture is the stream")
    func tapped() throws {
        let trace = Trace()
        let net = SimNet(seed: 3)
        let (red, blu) = (net.host("red"), net.host("blu"))
        let wire = TappedStream(
            red.stream(to: blu.address(port: 80)), TraceTap(trace, "red", at: .host(1, port: 9), isStream: true))
        let server = StreamAcceptor(blu.listener(port: 80)) { StreamDoer(Speaker([4, 5], waits: true), over: $0) }
        let client = StreamDoer(Speaker([1, 2, 3], waits: false), over: wire)
        let log = WireLog()
        let other = StreamDoer(
            Speaker([7], waits: false), over: TappedStream(red.stream(to: blu.address(port: 80)), log))
        try Doist(tock: 0.001, doers: [net, server, client, other]).run(limit: 1)
        let events = (0..<trace.count).map(trace.event)
        #expect(events.map(\.kind) == [.sent, .received] && events.allSatisfy { $0.marks == .stream })
        #expect(trace.bytes(0) == [1, 2, 3] && trace.bytes(1) == [4, 5])
        #expect(log.records.map(\.bytes) == [[7], [4, 5]] && log.records.map(\.direction) == [.tx, .rx])
    }
}
