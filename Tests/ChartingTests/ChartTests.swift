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

    @Test("eight that come in together are folded too, where the sender is not in the trace")
    func receivedRun() {
        let all = (0..<9).map { (index: $0, tyme: 2.0) }
        #expect(
            lines(trace(sends: 0, received: all)) == [
                "p1->>p0: 2.000000 1 B", "p1->>p0: 2.000000 … 7 more alike …", "p1->>p0: 2.000000 9 B",
            ])
    }

    /// Red sends five datagrams, a second apart, that take a second; the trace ends before the last has come in.
    private func timed() -> Trace {
        let trace = Trace()
        let (near, far) = (trace.lane("red"), trace.lane("blu"))
        trace.name(red, "red")
        trace.name(blu, "blu")
        for number in 0..<5 {
            let bytes = [UInt8](repeating: UInt8(number), count: 3)
            let tyme = Double(number)
            if number > 0 {
                trace.record(
                    TraceEvent(.received, at: tyme, lane: far, local: blu, peer: red, flight: UInt64(number)),
                    bytes.span.bytes)
            }
            trace.record(
                TraceEvent(
                    .sent, at: tyme, lane: near, local: red, peer: blu, fate: .arrives, due: tyme + 1,
                    flight: UInt64(number + 1)), bytes.span.bytes)
        }
        return trace
    }

    @Test("what is under way when the trace ends is not lost")
    func underWay() {
        let trace = timed()
        #expect(lines(trace).last == "p0-->>p1: 4.000000 3 B")
        #expect(!trace.mermaid().contains("-x"))
        let svg = trace.svg()
        #expect(svg.components(separatedBy: "class=\"ok under\"").count - 1 == 1)
        #expect(!svg.contains("class=\"lost"))
    }

    @Test("a part of the time, or the end, is drawn, and what is left out is said")
    func parts() {
        let trace = timed()
        let middle = trace.svg(from: 1, until: 2)
        #expect(middle.contains("… 1 events before these") && middle.contains("… 4 more events"))
        let end = trace.svg(limit: 2, showsEnd: true)
        #expect(end.contains("… 7 events before these") && !end.contains("more events"))
        #expect(end.contains(">4.000 s<") && !end.contains(">0.000 s<"))
    }

    @Test("each label is in a row of its own, and a pointer shows tymes and bytes")
    func labels() {
        let svg = timed().svg()
        let rows = svg.matches(of: /class="word" text-anchor="start" x="[0-9.]+" y="([0-9.]+)"/).map { $0.output.1 }
        #expect(rows.count == 5 && Set(rows).count == 5)
        #expect(svg.contains("<title>red → blu, 1.000 s, in at 2.000 s&#10;3 B&#10;3 bytes&#10;01 01 01</title>"))
    }

    @Test("the timeline counts what is in flight, and what it is told")
    func counters() {
        let trace = timed()
        trace.count("window", 12, at: 2, lane: trace.lane("red"))
        let timeline = trace.timeline()
        let flight = #"{"ph":"C","pid":1,"tid":0,"ts":4000000.000,"name":"red in flight","args":{"value":"#
        #expect(timeline.contains(flight + "0.0}}") && timeline.contains(flight + "1.0}}"))
        let window = #"{"ph":"C","pid":1,"tid":0,"ts":2000000.000,"name":"red window","args":{"value":12.0}}"#
        #expect(timeline.contains(window))
    }
}
