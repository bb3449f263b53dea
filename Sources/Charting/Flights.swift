import Wiring

/// What a chart needs to know of the datagrams of a trace before it draws the first: which event of receiving belongs
/// to which of sending, and which stand in the midst of a long run of their like.
struct Flights {
    /// Shorter runs are drawn datagram by datagram.
    static let shortest = 8

    /// For an event in the midst of a run the event that begins it.
    private(set) var midst: [Int: Int] = [:]
    /// Numbers for datagrams of real networks, which have none, if both ends are in the trace.
    private var numbers: [Int: UInt64] = [:]
    private let trace: Trace

    init(_ trace: Trace) {
        self.trace = trace
        join()
        findRuns()
    }

    /// What joins the event with its other end; 0 if nothing does.
    func number(_ index: Int) -> UInt64 { numbers[index] ?? trace.event(index).flight }

    private struct Way: Hashable {
        let from, to: Address
    }

    /// What was sent on a way and has not been seen to come in.
    private struct Waiting {
        /// How far one datagram may have overtaken others; those further behind count as lost.
        static let reach = 64
        var events: [Int?] = []
        var first = 0

        mutating func take(where isIt: (Int) -> Bool) -> Int? {
            for place in first..<min(first + Self.reach, events.count) {
                guard let event = events[place], isIt(event) else { continue }
                events[place] = nil
                first = max(first, place - Self.reach / 2)
                while first < events.count, events[first] == nil { first += 1 }
                return event
            }
            return nil
        }
    }

    /// Joins what was received with the first datagram of the same bytes that was sent on that way.
    private mutating func join() {
        var sent: [Way: Waiting] = [:]
        // Far above the numbers that networks give.
        var next = UInt64(1) << 63
        for index in 0..<trace.count {
            let event = trace.event(index)
            guard event.flight == 0 else { continue }
            if event.kind == .sent {
                sent[Way(from: event.local, to: event.peer), default: Waiting()].events.append(index)
            }
            guard event.kind == .received else { continue }
            let found = sent[Way(from: event.peer, to: event.local)]?.take { candidate in
                trace.length(candidate) == trace.length(index) && trace.bytes(candidate) == trace.bytes(index)
            }
            guard let found else { continue }
            numbers[found] = next
            numbers[index] = next
            next += 1
        }
    }

    private mutating func findRuns() {
        var start = 0
        while start < trace.count {
            var end = start + 1
            if trace.event(start).mayRun {
                while end < trace.count, trace.event(end).goesWith(trace.event(start)) { end += 1 }
                if end - start >= Flights.shortest { for index in start + 1..<end - 1 { midst[index] = start } }
            }
            start = end
        }
    }
}

extension TraceEvent {
    /// Whether it was sent or received and nothing else happens to it.
    fileprivate var mayRun: Bool {
        (kind == .sent || kind == .received) && marks.isSubset(of: .stream) && (fate == .none || fate == .arrives)
    }

    /// Whether it left and comes in together with another.
    fileprivate func goesWith(_ other: TraceEvent) -> Bool {
        mayRun && kind == other.kind && tyme == other.tyme && lane == other.lane && local == other.local
            && peer == other.peer
            && fate == other.fate && due == other.due
    }
}
