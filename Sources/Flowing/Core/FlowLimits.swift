/// Bounds of a layer. What goes beyond is refused, or dropped and counted.
public struct FlowLimits: Hashable, Sendable {
    /// Flows at one time, at most 65,535.
    public var flows = 65_535
    /// Requests that wait to be accepted.
    public var offers = 1024
    /// Seconds that a request waits to be accepted.
    public var offerPatience = 60.0
    /// Bytes of a packet: 8,980, as in 0.23.
    public var packet = 8980
    /// Bytes that wait to be read from one flow, a packet counting 64 more; beyond it an unreliable flow drops.
    public var rxBytes = 8 << 20
    /// The same of all flows together.
    public var rxTotal = 256 << 20
    /// Bytes that wait to be sent, or acknowledged, on one flow, a packet counting 64 more.
    public var txBytes = 8 << 20
    /// Bytes that may go with a request or an answer.
    public var data = 1024
    /// Packets that a reliable flow takes ahead of those read: 256 in 0.23, a power of two.
    public var window = 256
    /// Introductions remembered against replays, twice this number at most.
    public var introductions = 4096
    /// Seconds in which an introduction is taken, and remembered.
    public var introductionAge = 20.0
    /// Answers to frames that belong to no flow, that wait to be sent.
    public var strays = 256
    /// Members of a broadcast.
    public var members = 1024

    /// The bounds of 0.23 where it has them.
    public static let ouroboros = FlowLimits()
    /// Those of our own layers: a window of 1,024 packets.
    public static let own: FlowLimits = {
        var limits = FlowLimits()
        limits.window = 1024
        return limits
    }()
}

/// Why something from outside was dropped.
public enum FlowDrop: Int, Hashable, Sendable, CaseIterable {
    /// Fewer bytes than its head needs.
    case short
    /// A management frame of a code that this layer does not speak.
    case unknownCode
    /// No flow has this endpoint, or its flow is over.
    case unknownEndpoint
    /// From another address than the flow's peer.
    case stranger
    /// A request whose introduction cannot be read.
    case badIntroduction
    /// A request whose introduction was seen before, or a sealed packet that was opened before.
    case replayed
    /// A request whose introduction is too old, or of the future.
    case stale
    /// A request for a name that nobody registered here.
    case unknownName
    /// No room for another flow or another offer.
    case noRoom
    /// An answer that does not fit the request.
    case badReply
    /// An answer to what is answered already.
    case lateReply
    /// A wrong checksum, or a seal that does not hold.
    case flippedBits
    /// A header of another version, or one that cannot be read.
    case badHeader
    /// An acknowledgement of what never left.
    case absurdAck
    /// A packet that was had already, or is late.
    case duplicate
    /// A packet beyond the window.
    case beyondWindow
    /// A packet of a run that has not begun.
    case noRun
    /// A packet that its user's queue had no room for.
    case queueFull
    /// A packet that the transport refused.
    case refused
    /// A packet that its flow does not take: it is write-only, or pending.
    case unwanted
}

/// What a layer has done.
public struct FlowStatistics: Hashable, Sendable {
    /// Packets handed to users.
    public var received = 0
    /// Packets that left, each counted once.
    public var sent = 0
    /// Packets that left again.
    public var repeats = 0
    /// Acknowledgements that left without a packet.
    public var acks = 0
    /// Keep-alives that left.
    public var keepAlives = 0
    /// Flows that came up.
    public var opened = 0
    /// Flows that ended, of those.
    public var ended = 0
    private var counts = [Int](repeating: 0, count: FlowDrop.allCases.count)

    /// How often something was dropped for this reason.
    public subscript(reason: FlowDrop) -> Int { counts[reason.rawValue] }

    /// All that were dropped at all, in the order of their declaration.
    public var drops: [(reason: FlowDrop, count: Int)] {
        FlowDrop.allCases.compactMap { counts[$0.rawValue] > 0 ? ($0, counts[$0.rawValue]) : nil }
    }

    mutating func drop(_ reason: FlowDrop, _ count: Int = 1) { counts[reason.rawValue] += count }
}
