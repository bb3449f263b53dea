import Doing
import Wiring

/// One ordered record of everything that happened: when, who, what, which bytes, and what became of them.
///
/// A simulated network writes into it, a ``TraceTap`` does so for a real transport, doers add remarks, and a doist that
/// is watched tells what its doers do. What comes of it: a packet log for people, a capture for Wireshark, a sequence
/// chart, a timeline, and the ``hash``.
///
/// It keeps the newest events within a bound of bytes; the hash runs over all of them. Lanes and names stand beside
/// that bound and are kept to the end: make as many as there are hosts and peers, not one for every connection. One
/// thread owns a trace: that of its doist.
public final class Trace {
    /// Someone who does things: a host, a peer, a doer.
    public struct Lane: Hashable, Sendable {
        /// The number, from 0, in the order in which lanes were made.
        public let number: UInt32
    }

    /// What an event counts beside its bytes.
    public static let eventCost = 128
    /// Changes of counted values that are kept at most; later ones are left out.
    public static let mostCounts = 1 << 18
    /// A counted value from a tyme on.
    struct Count {
        let name: String
        let value: Double
        let tyme: Tyme
        let lane: Lane
    }
    private(set) var counters: [Count] = []

    /// Bytes kept at most, an event counting its own and ``eventCost`` more; 0 keeps nothing but the hash.
    public let limit: Int
    /// The names of the lanes, by number.
    public private(set) var lanes: [String] = []
    /// The hash over all events so far, kept or not.
    public private(set) var hash = EventHash()
    /// Events that had to make room for later ones, or found none.
    public private(set) var dropped = 0

    private var marks: [UInt64] = []
    private var heads: [Head] = []
    private var stored: [UInt8] = []
    private var names: [Address: String] = [:]
    /// How many extra passes there were at this tyme.
    var extra: UInt32 = 0
    /// The lanes of doers, by path; looked up only.
    var doerLanes: [String: Lane] = [:]

    private struct Head {
        var event: TraceEvent
        var end: Int
    }

    /// An empty trace.
    ///
    /// - Parameter limit: bytes kept at most; 0 keeps nothing but the hash, which is the fastest.
    public init(limit: Int = 64 << 20) { self.limit = limit }

    // MARK: - Names

    /// A new lane of this name. Names need not be unique; the hash takes in the name, not the number.
    public func lane(_ name: String) -> Lane {
        lanes.append(name)
        marks.append(EventHash.mark(of: name))
        return Lane(number: UInt32(lanes.count - 1))
    }

    /// Gives an address a name for logs and charts. A name without a port holds for every port of a host.
    public func name(_ address: Address, _ text: String) { names[address] = text }

    /// The name of an address: the one given, else what the address says of itself.
    public func name(of address: Address) -> String {
        if let name = names[address] { return name }
        if address.port > 0, let host = names[address.with(port: 0)] { return "\(host):\(address.port)" }
        return address.isNone ? "nobody" : address.description
    }

    /// Who an event is about: the name of its own address, else that of its lane.
    public func who(_ event: TraceEvent) -> String {
        event.local.isNone ? lanes[Int(event.lane.number)] : name(of: event.local)
    }

    // MARK: - Writing

    /// Adds an event. Its bytes are copied.
    ///
    /// - Complexity: linear in the bytes; constant, amortised, in what is kept.
    public func record(_ event: TraceEvent, _ bytes: RawSpan = RawSpan()) {
        var event = event
        if event.extra == 0 { event.extra = extra }
        if event.kind.isHashed { hash.add(event, mark: marks[Int(event.lane.number)], bytes) }
        guard limit > 0 else { return dropped += 1 }
        heads.append(Head(event: event, end: stored.count + bytes.byteCount))
        unsafe bytes.withUnsafeBytes { unsafe stored.append(contentsOf: $0) }
        if heads.count * Self.eventCost + stored.count > limit { makeRoom() }
    }

    /// Adds a remark.
    public func note(_ text: String, at tyme: Tyme, lane: Lane) {
        let utf8 = Array(text.utf8)
        unsafe record(TraceEvent(.note, at: tyme, lane: lane), utf8.span.bytes)
    }

    /// Lets go of the older half, so that each event is moved once at most.
    /// A value that changes with tyme, such as the bytes in a queue or the size of a window, for the timeline. It is no
    /// event: neither the log nor the hash has it.
    ///
    /// - Parameters:
    ///   - name: what is counted, for people.
    ///   - value: how much it is from now on.
    ///   - tyme: now.
    ///   - lane: whose value it is.
    public func count(_ name: String, _ value: Double, at tyme: Tyme, lane: Lane) {
        guard limit > 0, counters.count < Self.mostCounts else { return }
        counters.append(Count(name: name, value: value, tyme: tyme, lane: lane))
    }

    private func makeRoom() {
        var gone = 0
        var left = heads.count * Self.eventCost + stored.count
        while gone < heads.count, left > limit / 2 {
            left -= Self.eventCost + heads[gone].end - (gone > 0 ? heads[gone - 1].end : 0)
            gone += 1
        }
        let bytes = heads[gone - 1].end
        heads.removeFirst(gone)
        for index in heads.indices { heads[index].end -= bytes }
        stored.removeFirst(bytes)
        dropped += gone
    }

    // MARK: - Reading

    /// How many events are kept.
    public var count: Int { heads.count }

    /// The event with this index, from 0 for the oldest that is kept.
    public func event(_ index: Int) -> TraceEvent { heads[index].event }

    /// The bytes of the event with this index.
    public func bytes(_ index: Int) -> [UInt8] { Array(stored[range(index)]) }

    /// Lends the bytes of the event with this index.
    public func withBytes<R>(_ index: Int, _ body: (RawSpan) -> R) -> R {
        let range = range(index)
        return unsafe stored.withUnsafeBytes { all in
            unsafe body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: all[range])))
        }
    }

    /// How many bytes the event with this index has.
    public func length(_ index: Int) -> Int { range(index).count }

    /// The text of a remark, or of anything else that is UTF-8.
    public func text(_ index: Int) -> String { String(decoding: stored[range(index)], as: UTF8.self) }

    private func range(_ index: Int) -> Range<Int> { (index > 0 ? heads[index - 1].end : 0)..<heads[index].end }

    /// The hash of a lane's name.
    func mark(of lane: Lane) -> UInt64 { marks[Int(lane.number)] }
}
