import Doing
import Testing
import Wiring

@testable import Charting

@Suite("A trace")
struct TraceTests {
    @Test("the packet log says when, who, what and what became of it")
    func log() throws {
        let story = try Story()
        #expect(
            story.trace.text(describe: Story.describe) == """
                   0.000000  red    —  the memo is queued
                   0.000000  red:1  →  blu:1      48 B  plain 0                         arrives 0.250000
                   0.000000  red:1  ✗  blu:1      48 B  plain 1                         lost
                   0.000000  red:1  →  blu:1      40 B  plain 2                         altered, arrives 0.250000
                   0.000000  red:1  →  blu:1      48 B  plain 0                         a copy, arrives 0.500000
                   0.250000  blu:1  ←  red:1      48 B  plain 0
                   0.250000  blu:1  ←  red:1      40 B  plain 2                         altered
                   0.500000  blu:1  ←  red:1      48 B  plain 0                         a copy

                """)
    }

    /// Both values were computed from the definition alone, by another program.
    @Test("the hash never changes: it is defined word by word")
    func fixedHash() throws {
        #expect(Trace().hash.description == "74796d6973740001")
        #expect(try Story().trace.hash.description == "026c8d69f7bc8da4")
        #expect(try Story().trace.hash.count == 8)
    }

    @Test("the hash is the same whether events are kept or not, and whatever a lane's number is")
    func hashOfWhat() throws {
        let all = try Story().trace.hash
        #expect(try Story(limit: 0).trace.hash == all)
        #expect(try Story(limit: 500).trace.hash == all)
        let (one, other) = (Trace(), Trace())
        _ = other.lane("somebody else")
        one.note("hello", at: 1, lane: one.lane("red"))
        other.note("hello", at: 1, lane: other.lane("red"))
        #expect(one.hash == other.hash)
    }

    @Test("every field and every bit of the bytes matters to the hash")
    func sensitivity() {
        let base = TraceEvent(.sent, at: 1, lane: Trace.Lane(number: 0), local: .host(1), peer: .host(2))
        var events = [base]
        func vary(_ change: (inout TraceEvent) -> Void) {
            var event = base
            change(&event)
            events.append(event)
        }
        vary { $0.tyme = 2 }
        vary { $0.extra = 1 }
        vary { $0.kind = .received }
        vary { $0.fate = .lost }
        vary { $0.marks = .duplicate }
        vary { $0.local = .host(3) }
        vary { $0.peer = .host(1) }
        vary { $0.due = 1 }
        vary { $0.flight = 1 }
        func hash(_ event: TraceEvent, _ bytes: [UInt8], _ name: String = "red") -> UInt64 {
            let trace = Trace(limit: 0)
            _ = trace.lane(name)
            trace.record(event, bytes.span.bytes)
            return trace.hash.value
        }
        var hashes = events.map { hash($0, []) } + [hash(base, [], "blu")]
        let bytes = [UInt8](repeating: 0, count: 19)
        hashes.append(hash(base, bytes))
        hashes.append(hash(base, Array(bytes.dropLast())))
        for bit in 0..<bytes.count * 8 {
            var turned = bytes
            turned[bit / 8] ^= 1 << UInt8(bit % 8)
            hashes.append(hash(base, turned))
        }
        #expect(Set(hashes).count == hashes.count)
    }

    @Test("what doers do is kept, and disturbs no hash")
    func doers() throws {
        final class Nothing: Doer { override func recur(_ tyme: Tyme) throws -> Recurrence { .again } }
        let trace = Trace()
        let doist = try Doist(limit: 0.0625, doers: [Nothing()])
        trace.watch(doist)
        try doist.run()
        #expect(trace.hash == Trace().hash)
        #expect(
            trace.text(doers: true) == """
                   0.000000  Nothing  enter
                   0.000000  Nothing  recur again
                   0.031250  Nothing  recur again
                   0.062500  Nothing  cease
                   0.062500  Nothing  exit

                """)
        #expect(trace.text() == "")
    }

    @Test("a full trace keeps the newest events, and says how many it let go")
    func bounded() {
        let trace = Trace(limit: 100 * (Trace.eventCost + 8))
        let lane = trace.lane("red")
        for number in 0..<10_000 {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 8)
            trace.record(TraceEvent(.note, at: Double(number), lane: lane), bytes.span.bytes)
        }
        #expect(trace.count >= 49 && trace.count <= 100)
        #expect(trace.dropped == 10_000 - trace.count)
        #expect(trace.event(trace.count - 1).tyme == 9999)
        for index in 0..<trace.count {
            #expect(
                trace.bytes(index)
                    == [UInt8](repeating: UInt8(truncatingIfNeeded: Int(trace.event(index).tyme)), count: 8))
        }
        #expect(trace.hash.count == 10_000)
    }

    @Test("an event too large for the bound is let go alone")
    func tooLarge() {
        let trace = Trace(limit: 1000)
        let lane = trace.lane("red")
        trace.record(TraceEvent(.note, at: 0, lane: lane), [UInt8](repeating: 1, count: 5000).span.bytes)
        trace.note("small", at: 1, lane: lane)
        #expect(trace.count == 1)
        #expect(trace.text(0) == "small")
        #expect(trace.dropped == 1)
    }

    @Test("two runs are compared line by line: the first that differs is the first event that does")
    func hashLines() throws {
        let (one, other) = (try Story().trace, try Story().trace)
        one.note("here", at: 1, lane: Trace.Lane(number: 0))
        other.note("there", at: 1, lane: Trace.Lane(number: 0))
        let (first, second) = (one.hashLines(), other.hashLines())
        #expect(first.count == 9)
        #expect(first.prefix(8) == second.prefix(8))
        #expect(first[8] != second[8])
        #expect(first[8].hasPrefix("9 \(one.hash) "))
    }

    @Test("a tap writes each datagram of a train, both ways")
    func tap() throws {
        let trace = Trace()
        let tap = TraceTap(trace, "red", at: .ip4(0x7F00_0001, port: 5501))
        let bytes: [UInt8] = [1, 2, 3, 4, 5]
        let train = Train(peer: .ip4(0x7F00_0001, port: 5502), segment: 2)
        tap.see(bytes.span.bytes, train, .tx, at: 0.5)
        tap.see(bytes.span.bytes.extracting(0..<1), train, .rx, at: 1)
        #expect(
            trace.text() == """
                   0.500000  red  →  127.0.0.1:5502       2 B
                   0.500000  red  →  127.0.0.1:5502       2 B
                   0.500000  red  →  127.0.0.1:5502       1 B
                   1.000000  red  ←  127.0.0.1:5502       1 B

                """)
    }
}
