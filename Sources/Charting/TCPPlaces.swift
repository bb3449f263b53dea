import Wiring

/// Where segments of byte streams stand in the numbers of TCP, which a capture needs and a trace does not have.
///
/// Each direction counts from 0, which is its opening; the first byte is number 1. A segment that got lost and is sent
/// again has the number that it had.
struct TCPPlaces {
    /// The head of a segment.
    struct Head {
        var sequence: UInt32
        /// What the sender has got so far; nil before it got anything.
        var acknowledged: UInt32?
        var flags: UInt8
    }

    private struct Way: Hashable {
        let from, to: Address
    }

    /// The next number of each direction, and up to where its receiver got it. Looked up only.
    private var next: [Way: UInt32] = [:]
    private var got: [Way: UInt32] = [:]
    /// Numbers of segments that are on their way: first, and behind the last.
    private var places: [UInt64: (from: UInt32, to: UInt32)] = [:]

    /// The head of a segment that is sent.
    mutating func send(_ event: TraceEvent, from: Address, to: Address, length: Int) -> Head {
        let way = Way(from: from, to: to)
        let opens = event.marks.contains(.opens)
        let sequence = opens ? 0 : next[way] ?? 1
        let span = UInt32(truncatingIfNeeded: length) + (opens || event.marks.contains(.ends) ? 1 : 0)
        let end = sequence &+ span
        let arrives = event.fate == .arrives || event.fate == .none
        if arrives || opens { next[way] = end }
        if event.flight > 0, arrives { places[event.flight] = (sequence, end) }
        let acknowledged = got[Way(from: to, to: from)]
        var flags: UInt8 = acknowledged == nil ? 0 : 0x10
        if opens { flags |= 0x02 }
        if event.marks.contains(.ends) { flags |= 0x01 }
        if event.marks.contains(.resets) { flags |= 0x04 }
        if length > 0 { flags |= 0x08 }
        return Head(sequence: sequence, acknowledged: acknowledged, flags: flags)
    }

    /// A segment has come in.
    mutating func receive(_ event: TraceEvent) {
        guard let place = places.removeValue(forKey: event.flight) else { return }
        got[Way(from: event.peer, to: event.local)] = place.to
    }

    /// A segment was on its way and is gone: it will be sent again, and all behind it.
    mutating func drop(_ event: TraceEvent) {
        guard let place = places.removeValue(forKey: event.flight), place.to != place.from else { return }
        let way = Way(from: event.peer, to: event.local)
        if let next = next[way], place.from < next { self.next[way] = place.from }
    }
}
