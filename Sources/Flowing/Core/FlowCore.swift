import Containers
import Doing
import Wiring

/// A layer of flows as a sans-io protocol: names are asked for and answered, packets are numbered, repeated, checked.
///
/// It speaks one of two wires. ``FlowWire/ouroborosUDP023`` is that of `ipcpd-udp4` of Ouroboros 0.23.0 and of no other
/// version. ``FlowWire/own`` has the same frames, and adds what 0.23 lacks: refusals, closes, broadcasts, bitmaps of
/// what arrived beyond a gap.
///
/// It is an object, unlike other cores, since its flows are objects that their users hold and touch at any time. One
/// thread owns them all. ``FlowNet`` is the face in front of it.
///
/// - Complexity: constant for each datagram; a timer costs O(log n) in flows; an idle flow costs nothing.
public final class FlowCore: DatagramCore {
    /// Which wire it speaks.
    public let wire: FlowWire
    /// Its bounds.
    public let limits: FlowLimits
    /// What it did so far.
    @exclusivity(unchecked) public internal(set) var statistics = FlowStatistics()
    /// Nanoseconds of UTC at a tyme, for the stamps of introductions. By default tyme 0 is 2023-11-14 22:13:20.
    ///
    /// Set it where the peer has a clock.
    public var utc: (Tyme) -> UInt64 = { 1_700_000_000_000_000_000 + UInt64(max(0, $0) * 1e9) }
    /// Makes keys for flows that ask for them; nil refuses those.
    public var cipher: (any FlowCipher)?
    /// The doer that drives it: woken when there is something to send.
    public internal(set) weak var owner: Doer?

    @exclusivity(unchecked) var random: Xoshiro256
    @exclusivity(unchecked) var tyme: Tyme = 0
    @exclusivity(unchecked) var datagram = 65_507

    // Flows by the low half of their endpoints.
    @exclusivity(unchecked) var rows: [Flow?] = [nil]
    @exclusivity(unchecked) var freeRows: [Int] = []
    @exclusivity(unchecked) var flowCount = 0
    /// Members of broadcasts whose hub is here, without a place in the table.
    var here: [Flow] = []
    @exclusivity(unchecked) var asked: [FlowAsker: Flow] = [:]
    @exclusivity(unchecked) var names: [NameHash: FlowName] = [:]
    @exclusivity(unchecked) var offers = Fifo<Flow>()
    @exclusivity(unchecked) var offerCount = 0
    @exclusivity(unchecked) var introductions = Introductions()

    @exclusivity(unchecked) var notices = Fifo<FlowNotice>()
    @exclusivity(unchecked) var hasCallbacks = false
    @exclusivity(unchecked) var isTelling = false
    /// Called when a request waits to be accepted, outside of any parsing.
    var onOffer: (() -> Void)?

    @exclusivity(unchecked) var ready = Fifo<Flow>()
    @exclusivity(unchecked) var blocked: [Flow] = []
    @exclusivity(unchecked) var deadlines = Deadlines<UInt32>()
    @exclusivity(unchecked) var strays: DatagramQueue
    @exclusivity(unchecked) var polled = Polled.nothing
    @exclusivity(unchecked) var rxTotal = 0
    /// How often a flow was looked at, by a timer or for something to send: for tests that count work.
    @exclusivity(unchecked) var looks = 0
    @exclusivity(unchecked) var scratch: [UInt8] = []
    @exclusivity(unchecked) var repeatList: [Int] = []

    // The flow that the last datagram was for, and what it brought.
    @exclusivity(unchecked) var current: Flow?
    @exclusivity(unchecked) var currentPackets = 0

    /// A layer without flows.
    ///
    /// - Parameters:
    ///   - wire: what its peers speak.
    ///   - random: where its endpoints, numbers and introductions come from; seed it from the system where strangers
    ///     may send.
    ///   - limits: its bounds; nil for those of the wire.
    public init(_ wire: FlowWire, random: Xoshiro256, limits: FlowLimits? = nil) {
        self.wire = wire
        self.random = random
        self.limits = limits ?? (wire == .own ? .own : .ouroboros)
        precondition(self.limits.flows <= 65_535 && self.limits.window & (self.limits.window - 1) == 0)
        strays = DatagramQueue(
            limits: try! .init(bytes: 512 * self.limits.strays, bytesPerPeer: 4096, peers: self.limits.strays))
    }

    deinit {
        for flow in rows { flow?.core = nil }
        for member in here { member.core = nil }
    }

    /// The flows that are not over, those included that nobody holds any more.
    public var flows: Int { flowCount }

    /// Requests that wait to be accepted.
    public var offered: Int { offerCount }

    /// The tyme that counts now, inside a pass or outside.
    var now: Tyme { max(tyme, owner?.doist?.tyme ?? tyme) }

    // MARK: As a core

    public func opened(_ limits: TrainLimits, at tyme: Tyme) {
        datagram = limits.datagram
        strays.opened(limits)
        self.tyme = tyme
    }

    public func tick(at tyme: Tyme) { self.tyme = tyme }

    public func unblock() {
        strays.unblock()
        guard !blocked.isEmpty else { return }
        for flow in blocked {
            flow.isBlocked = false
            if !flow.isQueued, hasWork(flow) { enqueue(flow) }
        }
        blocked.removeAll(keepingCapacity: true)
    }

    public var isBlocked: Bool { !blocked.isEmpty || strays.isBlocked }

    public func pollEvent() -> FlowNotice? { notices.popFirst() }

    public var hasEvents: Bool { !notices.isEmpty }

    public var wakeTyme: Tyme? { ready.isEmpty && !strays.isReady ? deadlines.first : -.infinity }

    /// Every flow ends; on our own layers each peer is told, once.
    public func closing(at tyme: Tyme) {
        self.tyme = tyme
        for flow in rows.lazy.compactMap({ $0 }) {
            let wasUp = flow.phase == .up || flow.phase == .draining
            flow.finish(.layerClosed, .down)
            if wasUp, wire == .own {
                flow.phase = .telling
                flow.debts = [.close]
                (flow.repeats, flow.repeatAt) = (Self.closeTries, .infinity)
                queue(flow)
            } else {
                release(flow)
            }
        }
        for name in names.values where name.group != nil {
            for member in name.group!.members where member.endpoint == 0 { member.finish(.layerClosed, .down) }
        }
    }

    // MARK: The table

    /// The flow with this endpoint.
    @inline(__always) func flow(_ endpoint: UInt32) -> Flow? {
        let row = Int(endpoint & 0xFFFF)
        guard row < rows.count, let flow = rows[row], flow.endpoint == endpoint else { return nil }
        return flow
    }

    /// A place in the table and an endpoint that nobody can guess; false if there is no room.
    func place(_ flow: Flow) -> Bool {
        guard flowCount < limits.flows else { return false }
        let row = freeRows.popLast() ?? rows.count
        if row == rows.count { rows.append(flow) } else { rows[row] = flow }
        flow.endpoint = UInt32(1 + random.below(65_535)) << 16 | UInt32(row)
        flow.core = self
        flowCount += 1
        flow.reset()
        return true
    }

    /// Takes a flow out of the table: it is over, and what its user has not read stays.
    func release(_ flow: Flow) {
        let row = Int(flow.endpoint & 0xFFFF)
        if flow.endpoint != 0, rows[row] === flow {
            rows[row] = nil
            freeRows.append(row)
            flowCount -= 1
            deadlines.cancel(flow.endpoint)
            if !flow.isAsker { asked[FlowAsker(peer: flow.peer, endpoint: flow.peerEndpoint)] = nil }
        }
        if current === flow { settleCurrent() }
        if flow.phase == .offered { offerCount -= 1 }
        if flow.phase != .asking, flow.phase != .offered, flow.phase != .over { statistics.ended += 1 }
        flow.group?.remove(flow)
        if flow.endpoint == 0, flow.core != nil { here.removeAll { $0 === flow } }
        rxTotal -= flow.charged
        flow.charged = 0
        flow.phase = .over
        flow.debts = []
        flow.tx.removeAll()
        (flow.sender, flow.receiver, flow.bucket, flow.seal, flow.group) = (nil, nil, nil, nil, nil)
        flow.core = nil
        flow.endpoint = 0
    }

    // MARK: Who has something to send

    /// Lets `flow` be polled, and wakes the doer.
    func queue(_ flow: Flow) {
        guard !flow.isQueued, !flow.isBlocked else { return }
        enqueue(flow)
        if !isTelling { owner?.wake() }
    }

    @inline(__always) func enqueue(_ flow: Flow) {
        flow.isQueued = true
        ready.append(flow)
    }

    /// Whether it has something to send, as far as that can be said without the tyme.
    func hasWork(_ flow: Flow) -> Bool {
        if !flow.debts.isEmpty { return true }
        guard flow.phase == .up || flow.phase == .draining else { return false }
        if flow.sender != nil {
            return flow.sender!.repeatAllowance > 0 || flow.tx.count > flow.sender!.count && flow.sender!.canSend
        }
        return !flow.tx.isEmpty
    }

    /// Its user took a packet: there is room for another one.
    func didRead(_ flow: Flow) {
        recharge(flow)
        guard flow.qos.isReliable, flow.phase == .up, flow.receiver?.isActive == true else { return }
        let edge = windowEdge(flow)
        let told = Int(Int32(bitPattern: edge &- flow.toldEdge))
        let wasShut = !(flow.receiver!.next).isBefore(flow.toldEdge)
        if told >= limits.window / 2 || told > 0 && wasShut {
            flow.debts.insert(.ack)
            queue(flow)
        }
    }

    /// The first number that the peer must not send yet.
    func windowEdge(_ flow: Flow) -> UInt32 {
        guard let receiver = flow.receiver else { return 0 }
        let room = receiver.isReliable ? max(0, limits.window - flow.rx.count) : limits.window
        return receiver.next &+ UInt32(room)
    }

    /// Brings the bytes that are counted up to date.
    func recharge(_ flow: Flow) {
        let charge = flow.rx.charge + (flow.receiver?.heldCharge ?? 0)
        rxTotal += charge - flow.charged
        flow.charged = charge
    }
}

/// Which wire a layer speaks.
public enum FlowWire: Hashable, Sendable {
    /// That of `ipcpd-udp4` of Ouroboros 0.23.0, without encryption.
    case ouroborosUDP023
    /// Our own: the same frames, and refusals, closes, broadcasts, seals.
    case own
}

/// Who asked for a flow.
struct FlowAsker: Hashable {
    var peer: Address
    var endpoint: UInt32
}

/// A name that is served here.
struct FlowName {
    var text: String
    /// Whether somebody accepts its flows.
    var isBound = false
    /// Who takes part, if it is the name of a broadcast.
    var group: FlowGroup?
}

/// What was polled last, to be committed by what became of it.
enum Polled {
    case nothing
    case stray
    case debt(Flow, Flow.Debts)
    case packets(Flow, count: Int, bytes: Int)
    case repeats(Flow)
}

/// Introductions that were seen, so that a request that is played again does nothing.
struct Introductions {
    private var new: Set<NameHash> = []
    private var old: Set<NameHash> = []
    private var turned: Tyme = 0

    /// Notes `id`; false if it was seen. It is forgotten after one to two times `age`, or when more have come.
    mutating func note(_ id: NameHash, at tyme: Tyme, age: Double, most: Int) -> Bool {
        if tyme - turned >= age || new.count >= most {
            if tyme - turned >= 2 * age { new = [] }
            (old, new, turned) = (new, [], tyme)
        }
        guard !old.contains(id) else { return false }
        return new.insert(id).inserted
    }
}

extension Flow {
    /// As new, for another life of the same object.
    func reset() {
        tx.removeAll()
        rx.removeAll()
        (sender, receiver, bucket, seal, group) = (nil, nil, nil, nil, nil)
        (debts, isQueued, isBlocked) = ([], false, false)
        (armed, ackAt, rendezvousAt, repeatAt, giveUpAt) = (.infinity, .infinity, .infinity, .infinity, .infinity)
        (unacknowledged, hasSentData, toldEdge, repeats, charged) = (0, false, 0, 0, 0)
        (isAsker, isJoining, isHeard, data, openedAt) = (false, false, false, [], .infinity)
    }
}
