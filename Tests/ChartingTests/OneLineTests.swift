import Charting
import Testing
import Wiring

@Suite("Texts of a trace in which somebody put ends of lines")
struct OneLineTests {
    private func trace() -> (Trace, Trace.Describe) {
        let trace = Trace(limit: 1 << 16)
        let lane = trace.lane("red\r\nblu")
        trace.note("one\r\ntwo\u{1B}[2J; three\u{2028}#", at: 0, lane: lane)
        let bytes: [UInt8] = [1]
        let event = TraceEvent(.sent, at: 1, lane: lane, local: .host(1, port: 1), peer: .host(2, port: 1))
        trace.record(event, bytes.span.bytes)
        return (trace, { _ in "a\rb\nc\r\nd\u{85}é" })
    }

    @Test("the packet log has one line for each event all the same")
    func log() {
        let (trace, describe) = trace()
        let text = trace.text(describe: describe)
        #expect(text.split(whereSeparator: \.isNewline).count == 2 && text.hasSuffix("a·b·c··d·é\n"))
        #expect(text.contains("one··two·[2J; three·#") && text.contains("red··blu"))
        #expect(trace.hashLines(describe: describe).allSatisfy { !$0.contains(where: \.isNewline) })
    }

    @Test("a sequence diagram in Mermaid has one line for each arrow and note, and no end of a statement within")
    func mermaid() {
        let (trace, describe) = trace()
        let lines = trace.mermaid(describe: describe).split(whereSeparator: \.isNewline)
        #expect(lines.count == 1 + 2 + 2)
        #expect(lines.contains { $0.hasSuffix(": one··two·[2J, three·,") })
        #expect(lines.contains { $0.hasSuffix("1.000000 a·b·c··d·é") })
    }
}
