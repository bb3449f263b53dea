import Doing
import Wiring

extension Trace {
    /// A timeline for ui.perfetto.dev or chrome://tracing: a lane for every host, peer and doer, a slice for a doer's
    /// life, a mark for each recur and each datagram, and an arrow from where a datagram was sent to where it came in.
    /// Counters show how many datagrams of a lane are in flight, and what ``count(_:_:at:lane:)`` was told.
    ///
    /// Times are tymes, in microseconds. For the lanes of doers, ``watch(_:)`` the doist before it enters.
    ///
    /// - Parameter describe: what the bytes of a datagram mean.
    /// - Source: Trace Event Format, the JSON of Chrome's tracing.
    public func timeline(describe: Describe? = nil) -> String {
        var lines: [String] = []
        for (number, name) in lanes.enumerated() {
            lines.append(
                #"{"ph":"M","pid":1,"tid":\#(number + 1),"name":"thread_name","args":{"name":\#(quoted(name))}}"#)
        }
        for index in 0..<count { lines += timelineEvents(index, describe) }
        lines += flightCounts()
        for counter in counters {
            lines.append(
                counterEvent("\(lanes[Int(counter.lane.number)]) \(counter.name)", counter.tyme, counter.value))
        }
        return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + lines.joined(separator: ",\n") + "\n]}\n"
    }

    /// How many datagrams of each lane are on their way, as a counter.
    private func flightCounts() -> [String] {
        var lines: [String] = []
        var senders: [UInt64: Lane] = [:]
        var counts: [Lane: Int] = [:]
        func add(_ change: Int, _ lane: Lane, _ tyme: Tyme) {
            counts[lane, default: 0] += change
            lines.append(
                counterEvent("\(lanes[Int(lane.number)]) in flight", tyme, Double(max(0, counts[lane, default: 0]))))
        }
        for index in 0..<count where event(index).flight > 0 {
            let event = event(index)
            if event.kind == .sent, event.fate == .arrives, !event.marks.contains(.duplicate) {
                senders[event.flight] = event.lane
                add(1, event.lane, event.tyme)
            } else if event.kind != .sent, let lane = senders.removeValue(forKey: event.flight) {
                add(-1, lane, event.tyme)
            }
        }
        return lines
    }

    private func counterEvent(_ name: String, _ tyme: Tyme, _ value: Double) -> String {
        let value = value.isFinite ? value : 0
        return #"{"ph":"C","pid":1,"tid":0,"ts":\#(micros(tyme)),"name":\#(quoted(name)),"args":{"value":\#(value)}}"#
    }

    private func timelineEvents(_ index: Int, _ describe: Describe?) -> [String] {
        let event = event(index)
        let place = #""pid":1,"tid":\#(event.lane.number + 1),"ts":\#(micros(event.tyme))"#
        func mark(_ name: String, _ arguments: String = "") -> String {
            let more = arguments.isEmpty ? "" : ",\"args\":{\(arguments)}"
            return #"{"ph":"i","s":"t",\#(place),"name":\#(quoted(name))\#(more)}"#
        }
        switch event.kind {
        case .enter: return [#"{"ph":"B",\#(place),"name":"alive"}"#]
        case .exit: return [mark("exit"), #"{"ph":"E",\#(place),"name":"alive"}"#]
        case .recur: return [mark("recur", #""verdict":\#(quoted(text(index)))"#)]
        case .note: return [mark(text(index))]
        case .clean, .cease, .abort, .paused, .resumed, .crashed, .restarted: return [mark("\(event.kind)")]
        case .sent, .received, .dropped, .refused: break
        }
        let meaning = describe.flatMap { describe in withBytes(index) { describe($0) } } ?? "\(length(index)) B"
        let fate = fate(of: event)
        let arguments = #""peer":\#(quoted(name(of: event.peer))),"bytes":\#(length(index)),"fate":\#(quoted(fate))"#
        // An arrow needs something to be fixed to: a slice of no length would not be drawn.
        var lines = [
            #"{"ph":"X",\#(place),"dur":1,"name":\#(quoted("\(event.kind) \(meaning)")),"args":{\#(arguments)}}"#
        ]
        guard event.flight > 0 else { return lines }
        let flow = #""cat":"datagram","name":"datagram","id":\#(event.flight)"#
        if event.kind == .sent, event.fate == .arrives { lines.append(#"{"ph":"s",\#(place),\#(flow)}"#) }
        if event.kind == .received { lines.append(#"{"ph":"f","bp":"e",\#(place),\#(flow)}"#) }
        return lines
    }

    /// Microseconds with three digits behind the point.
    private func micros(_ tyme: Tyme) -> String {
        let nanos = (tyme * 1e9).rounded()
        guard nanos.magnitude < 9e18 else { return "0.000" }  // JSON has no infinity
        let (whole, rest) = Int64(nanos.magnitude).quotientAndRemainder(dividingBy: 1000)
        let digits = String(rest)
        return "\(nanos < 0 ? "-" : "")\(whole).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
    }

    /// In JSON's quotes.
    func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
