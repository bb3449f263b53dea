import Doing
import Wiring

/// One ordered record of everything that happened: when, who, what, which bytes, and what became of them.
///
/// A simulated network writes into it, a ``TraceTap`` does so for a real transport, doers add notes, and a doist tells
/// it what its doers did. It keeps what it can within a bound; its ``hash`` runs over everything, kept or not.
///
/// One thread owns a trace: that of its doist.
public final class Trace {
    /// Someone who does things: a host, a peer, a doer. Lanes of one trace are numbered in the order they were made.
    public struct Lane: Hashable, Sendable {
        /// The number, from 0.
        public let number: UInt32
    }

    /// A place in the record: what ``record(_:at:lane:peer:fate:marks:due:flight:bytes:)`` takes.
    public let limit: Int
    /// The names of the lanes, by number.
    public private(set) var lanes: [String] = []
    /// The hash over all events so far.
    public private(set) var hash = EventHash()
    private var heads: [Head] = []
    private var stored: [UInt8] = []
    /// Events that found no room; they are in the ``hash`` all the same.
    public private(set) var dropped: UInt64 = 0

    struct Head {
        var event: TraceEvent
        var start: Int
        var count: Int
    }

    /// An empty trace.
    ///
    /// - Parameter limit: bytes kept at most, an event counting its own and 96 more; 0 keeps the hash only.
    public init(limit: Int = 64 << 20) { self.limit = limit }

    /// A new lane of this name. Names need not be unique.
    public func lane(_ name: String) -> Lane {
        lanes.append(name)
        return Lane(number: UInt32(lanes.count - 1))
    }

    /// Adds an event. Its bytes are copied.
    public func record(_ event: TraceEvent, _ bytes: RawSpan = RawSpan()) {
        hash.add(event, bytes)
        guard (heads.count + 1) * 96 + stored.count + bytes.byteCount <= limit else {
            dropped += 1
            return
        }
        heads.append(Head(event: event, start: stored.count, count: bytes.byteCount))
        unsafe bytes.withUnsafeBytes { unsafe stored.append(contentsOf: $0) }
    }

    /// How many events are kept.
    public var count: Int { heads.count }

    /// The event with this index, from 0.
    public func event(_ index: Int) -> TraceEvent { heads[index].event }

    /// The bytes of the event with this index.
    public func bytes(_ index: Int) -> [UInt8] {
        let head = heads[index]
        return Array(stored[head.start..<head.start + head.count])
    }
}
