import Doing
import Wiring

/// A flow: packets to and from whoever serves a name, with what was promised about them.
///
/// ```swift
/// let flow = net.alloc("oecho")               // pending; up a round trip later
/// flow.write("Hello")                         // once it is up
/// while let packet = flow.read() { … }        // nil: nothing there now
/// flow.dealloc()
/// ```
/// Nothing here blocks. Look when you like; let ``reader`` be woken; be called by ``onEvent``; watch many in a
/// ``FlowSet``; or `await` in linear code: all are views of the same object.
///
/// One thread owns it: that of its doist.
public final class Flow {
    /// Where a flow is in its life.
    public enum State: Hashable, Sendable {
        /// Not allocated yet.
        case idle
        /// Asked for, and not answered yet; or asked for by a peer, and not accepted yet.
        case pending
        /// Open both ways.
        case up
        /// Over, and why. What had come before can still be read.
        case down(FlowEnd)
    }

    /// What goes on beneath ``state``.
    enum Phase {
        case idle, asking, offered, up
        /// Deallocated here; what was written still leaves.
        case draining
        /// The peer is told that it is over, until it says that it knows.
        case telling
        case over
    }

    /// What must be sent beside data.
    struct Debts: OptionSet {
        var rawValue: UInt16
        static let request = Debts(rawValue: 1)
        static let reply = Debts(rawValue: 2)
        static let refusal = Debts(rawValue: 4)
        static let close = Debts(rawValue: 8)
        static let ack = Debts(rawValue: 16)
        static let rendezvous = Debts(rawValue: 32)
        static let alive = Debts(rawValue: 64)
        static let management: Debts = [.request, .reply, .refusal, .close]
    }

    // Swift checks none of the fields that a packet touches for exclusive access: one thread owns them, and each is
    // read and written in one place at a time.

    /// Where it is in its life.
    @exclusivity(unchecked) public internal(set) var state = State.idle
    /// What was promised.
    @exclusivity(unchecked) public internal(set) var qos = QoSSpec.raw
    /// The name that it was asked for by, where it is known.
    @exclusivity(unchecked) public internal(set) var name = ""
    /// Where the peer is.
    @exclusivity(unchecked) public internal(set) var peer = Address.none
    /// What came with the request, or with the answer to ours.
    @exclusivity(unchecked) public internal(set) var data: [UInt8] = []
    /// What may be done with it. A change of ``FlowFlags/down`` is an event.
    @exclusivity(unchecked) public var flags: FlowFlags = [] {
        didSet {
            if flags.contains(.down) != oldValue.contains(.down) { post(flags.contains(.down) ? .down : .up) }
        }
    }
    /// Seconds that linear code waits to write; nil for as long as it takes.
    public private(set) var sendTimeout: Double?
    /// Seconds that linear code waits to read; nil for as long as it takes.
    public private(set) var receiveTimeout: Double?
    /// Called after an event, outside of any parsing; read until there is nothing. One call may stand for several
    /// packets.
    public var onEvent: ((Flow, FlowEventType) -> Void)? { didSet { core?.hasCallbacks = true } }
    /// Woken at every event.
    public weak var reader: Doer? { didSet { hasReader = reader != nil } }

    /// A flow that can be allocated, again and again: ``alloc(_:qos:timeout:data:)``.
    public init() {}

    /// A flow of `net`, not allocated yet.
    public init(of net: FlowNet) { self.net = net }

    // MARK: Within

    /// Where it lives: nil before and behind that. Not counted, since each packet asks; whoever goes first tells.
    @exclusivity(unchecked) unowned(unsafe) var core: FlowCore?
    weak var net: FlowNet?
    @exclusivity(unchecked) var phase = Phase.idle
    @exclusivity(unchecked) var endpoint: UInt32 = 0
    @exclusivity(unchecked) var peerEndpoint: UInt32 = 0
    @exclusivity(unchecked) var hasReader = false
    @exclusivity(unchecked) var sets: [FlowSet] = []
    /// Tells linear code that there is something to read, and that there is room to write. Made when first awaited.
    @exclusivity(unchecked) var arrivals: Inbox<FlowEventType>?
    @exclusivity(unchecked) var departures: Inbox<Bool>?

    /// What its user wrote and is not done with, and what its user has to read.
    @exclusivity(unchecked) var tx = PacketQueue()
    @exclusivity(unchecked) var rx = PacketQueue()
    @exclusivity(unchecked) var sender: RunSender?
    @exclusivity(unchecked) var receiver: RunReceiver?
    @exclusivity(unchecked) var bucket: TokenBucket?
    /// The number of the next packet of a flow that is ordered and may lose packets.
    @exclusivity(unchecked) var nextNumber: UInt32 = 0
    @exclusivity(unchecked) var seal: (any FlowSealing)?

    @exclusivity(unchecked) var debts: Debts = []
    @exclusivity(unchecked) var isQueued = false
    @exclusivity(unchecked) var isBlocked = false
    /// Where packets must not be longer.
    @exclusivity(unchecked) var longest = 0
    @exclusivity(unchecked) var mostQueued = 0
    /// The bytes that `rx` and what is held count in the layer's.
    @exclusivity(unchecked) var charged = 0

    // Timers: when something was, or is due; infinity for never.
    @exclusivity(unchecked) var armed = Tyme.infinity
    @exclusivity(unchecked) var heardAt: Tyme = 0
    /// When the first request, or the first answer, left.
    @exclusivity(unchecked) var openedAt = Tyme.infinity
    @exclusivity(unchecked) var sentAt: Tyme = 0
    @exclusivity(unchecked) var ackAt = Tyme.infinity
    @exclusivity(unchecked) var lastDataAt: Tyme = 0
    @exclusivity(unchecked) var unacknowledged = 0
    /// Whether what has come since is acknowledged once more, where acknowledgements may be lost.
    @exclusivity(unchecked) var owesCopy = false
    @exclusivity(unchecked) var hasSentData = false
    @exclusivity(unchecked) var rendezvousAt = Tyme.infinity
    /// The window's edge that the peer was told last.
    @exclusivity(unchecked) var toldEdge: UInt32 = 0
    @exclusivity(unchecked) var repeatAt = Tyme.infinity
    @exclusivity(unchecked) var repeats = 0
    @exclusivity(unchecked) var giveUpAt = Tyme.infinity

    // How it was asked for.
    @exclusivity(unchecked) var nameHash = NameHash(high: 0, low: 0)
    @exclusivity(unchecked) var introduction: [UInt8] = []
    @exclusivity(unchecked) var oap: OAPHeader?
    @exclusivity(unchecked) var introductionID = NameHash(high: 0, low: 0)
    /// Our share of a key, and what makes the key of the peer's.
    @exclusivity(unchecked) var answerKey: [UInt8] = []
    @exclusivity(unchecked) var agree: ((_ peer: [UInt8], _ isAsker: Bool) -> (any FlowSealing)?)?
    @exclusivity(unchecked) var isAsker = false
    @exclusivity(unchecked) var isJoining = false
    @exclusivity(unchecked) var isHeard = false
    @exclusivity(unchecked) var group: FlowGroup?
}

extension Flow {
    /// Asks for `name` with this object, which is not in use: what `f.alloc(name)` is in Python.
    ///
    /// It is a flow of the same net as before, or of the one that it was made for.
    ///
    /// - Throws: ``FlowEnd/refused(_:)`` if it is in use, ``FlowEnd/layerClosed`` if it has no net.
    public func alloc(
        _ name: String, qos: QoSSpec = .raw, timeout: Double = FlowNet.patience, data: [UInt8] = []
    ) throws(FlowEnd) {
        guard phase == .idle || phase == .over else { throw .refused(.inUse) }
        guard let net else { throw .layerClosed }
        net.alloc(self, name, qos: qos, timeout: timeout, data: data)
    }

    /// Ends the flow; harmless at any time. What was written still leaves, and on our own layers the peer is told.
    public func dealloc() { core?.dealloc(self, .closed) }

    /// Whether it is up.
    public var isUp: Bool { state == .up }

    /// Why it is over; nil while it is not.
    public var end: FlowEnd? { if case .down(let end) = state { end } else { nil } }

    /// Whether nothing of it is left to be done: after a dealloc, once what was written has left and the peer knows.
    public var isSettled: Bool { phase == .idle || phase == .over }

    /// Packets that wait to be read.
    public var rxQueueLength: Int { rx.count }

    /// Packets that wait to be sent, or to be acknowledged.
    public var txQueueLength: Int { tx.count }

    /// Numbers that an ordered flow passed over, since their packets did not come in time.
    public var skipped: Int { receiver?.skipped ?? 0 }

    /// Bytes of the longest packet; 0 before it is up.
    public var longestPacket: Int { longest }

    /// Sets how long linear code waits to write.
    ///
    /// - Throws: `TymeError` unless nil, or finite and not negative.
    public func setSendTimeout(_ seconds: Double?) throws(TymeError) { sendTimeout = try Self.check(seconds) }

    /// Sets how long linear code waits to read.
    ///
    /// - Throws: `TymeError` unless nil, or finite and not negative.
    public func setReceiveTimeout(_ seconds: Double?) throws(TymeError) { receiveTimeout = try Self.check(seconds) }

    private static func check(_ seconds: Double?) throws(TymeError) -> Double? {
        if let seconds, !(seconds >= 0 && seconds.isFinite) { throw .tock(seconds) }
        return seconds
    }

    /// Tells everyone who wants to know.
    func post(_ type: FlowEventType, count: Int = 1) {
        for set in sets { set.post(self, type, count) }
        if onEvent != nil { core?.notices.append(FlowNotice(flow: self, type: type)) }
        if hasReader { reader?.wake() }
        arrivals?.send(type)
        if type != .packet { departures?.send(true) }
    }

    /// It is over for its user, who reads what there is.
    func finish(_ end: FlowEnd, _ type: FlowEventType) {
        if case .down = state { return }
        state = .down(end)
        post(type)
    }
}

/// Two flows are the same if they are one object.
extension Flow: Hashable {
    public static func == (one: Flow, other: Flow) -> Bool { one === other }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
