import Charting
import Doing
import Testing
import Wiring

@Suite("Charts of long and of real exchanges")
struct ChartTests {
    private let red = Address.host(1, port: 1)
    private let blu = Address.host(2, port: 1)

    /// What red sends, and when blu receives it, as the taps of two real peers see it.
    private func trace(
        sends: Int, received: [(index: Int, tyme: Tyme)], length: (Int) -> Int = { $0 + 1 }
    ) -> Trace {
        let trace = Trace()
        let (near, far) = (TraceTap(trace, "red", at: red), TraceTap(trace, "blu", at: blu))
        func bytes(_ index: Int) -> [UInt8] { [UInt8](repeating: UInt8(index), count: length(index)) }
        for index in 0..<sends {
            let all = bytes(index)
            near.see(all.span.bytes, Train(peer: blu, segment: all.count), .tx, at: 1)
        }
        for (index, tyme) in received {
            let all = bytes(index)
            far.see(all.span.bytes, Train(peer: red, segment: all.count), .rx, at: tyme)
        }
        return trace
    }

    private func lines(_ trace: Trace) -> [String] {
        trace.mermaid().split(separator: "\n").dropFirst(3).map { String($0.drop { $0 == " " }) }
    }

    @Test("with both ends of a real link in the trace a datagram is one arrow")
    func joined() {
        let trace = trace(sends: 3, received: [(0, 2), (2, 2), (1, 3)])
        #expect(lines(trace) == ["p0->>p1: 1.000000 1 B", "p0->>p1: 1.000000 2 B", "p0->>p1: 1.000000 3 B"])
        #expect(trace.svg().components(separatedBy: "marker-end").count - 1 == 3)
    }

    @Test(
        "equal datagrams are joined in the order in which they were sent, and one more is an arrow of its own"
    )
    func equal() {
        let trace = trace(sends: 2, received: [(0, 2), (0, 3), (0, 4)], length: { _ in 5 })
        #expect(lines(trace).count == 4)  // two were sent; the second copy and the third are no datagrams of red's
    }

    @Test("of eight datagrams that go and come in together the first and the last are drawn, and one for the others")
    func run() {
        let all = (0..<8).map { (index: $0, tyme: 2.0) }
        #expect(
            lines(trace(sends: 8, received: all)) == [
                "p0->>p1: 1.000000 1 B", "p0->>p1: 1.000000 … 6 more alike …", "p0->>p1: 1.000000 8 B",
            ])
        #expect(lines(trace(sends: 8, received: [])).count == 3)
        #expect(lines(trace(sends: 7, received: Array(all.prefix(7)))).count == 7)
    }

    @Test("a run breaks where a datagram is lost, or comes in at another tyme")
    func breaks() {
        func lines(_ change: (Int, inout TraceEvent) -> Void) -> [String] {
            let trace = Trace()
            let lane = trace.lane("red")
            for index in 0..<9 {
                var event = TraceEvent(
                    .sent, at: 0, lane: lane, local: red, peer: blu, fate: .arrives, due: 1, flight: UInt64(index + 1))
                change(index, &event)
                trace.record(event, [UInt8](repeating: 0, count: index + 1).span.bytes)
            }
            return self.lines(trace)
        }
        #expect(lines { _, _ in }.count == 3)
        #expect(lines { index, event in if index == 4 { event.fate = .lost } }.count == 9)
        #expect(lines { index, event in if index == 4 { event.due = 2 } }.count == 9)
        #expect(lines { index, event in if index == 8 { event.fate = .lost } }.count == 4)
    }
}
