import Charting
import Containers
import Doing
import Wiring

/// Any transport with a bad link in front of it: what is sent over it is delayed, lost and damaged as on a simulated
/// one, over real sockets too.
///
/// ```swift
/// let wire = try Faulty(UDPPeer(port: 5501), link: SimLink(delay: 0.02, loss: 0.1), seed: 7)
/// let peer = CoreDoer(memoer, over: wire)
/// ```
/// It takes whatever is sent, like a network, and holds it until it is due. It then hands it to its base, at the first
/// call at or after ``wakeTyme``, when a `CoreDoer` comes back. All that is sent, to whomever, goes through one link;
/// what is received is left alone. So the fate of the n-th datagram depends on the seed, the figures and n.
public final class Faulty<Base: DatagramTransport>: DatagramTransport {
    /// The transport that does the work.
    public private(set) var base: Base
    /// What has become of what was sent; `delivered` is what the base took, `nobody` what it refused.
    public private(set) var traffic = SimStatistics()
    private let state: Handle<FaultyState>
    private var faults: [ActiveFault]
    private var counts: [Int]

    /// `base` behind a bad link.
    ///
    /// - Parameters:
    ///   - base: the transport.
    ///   - link: what the link does.
    ///   - seed: what it draws from.
    ///   - plan: what goes wrong besides; tymes are those of the doist. Only faults without a place make sense here.
    ///   - memoryLimit: bytes held at most, in steps of 256 KiB; what finds no room is dropped and counted.
    /// - Throws: ``FaultError`` for a fault that names a host or a kind, or happens to hosts.
    /// - Precondition: `link` passes its ``SimLink/check()``.
    public init(
        _ base: Base, link: SimLink, seed: UInt64, plan: FaultPlan = .empty, memoryLimit: Int = 64 << 20
    ) throws(FaultError) {
        for fault in plan.faults {
            if let name = fault.hosts.first { throw .unknownHost(name, fault: fault.description) }
            if fault.effect.isOfHosts { throw .unknownHost("*", fault: fault.description) }
            if case .drop(_, let kind) = fault.effect, kind != DatagramKind.any {
                throw .unknownKind(kind, fault: fault.description)
            }
        }
        self.base = base
        faults = ActiveFault.of(link, seed: seed)
        for (index, fault) in plan.faults.enumerated() {
            let own = StreamSeed.mix(seed, UInt64(fault.number) ^ 0x6661_756C_7400_0000)
            faults.append(ActiveFault(fault, seed: own, index: index))
        }
        counts = Array(repeating: 0, count: plan.faults.count)
        state = .allocate()
        state.initialize(
            to: FaultyState(
                model: LinkModel(link, seed: seed, direction: 0), flights: Flights(limit: memoryLimit)))
    }

    deinit {
        state.pointee.flights.free()
        state.pointee.places.free()
        state.free()
    }

    /// Datagrams that are held.
    public var heldCount: Int { state.pointee.flights.count }

    /// Those of its base, but for datagrams of more than 64 KiB, which it cannot hold.
    public var limits: TrainLimits {
        var limits = base.limits
        limits.datagram = min(limits.datagram, Arena.largest)
        return limits
    }
    public var address: Address { base.address }
    public var readiness: Readiness { base.readiness }

    /// Whether nothing waits to be received. While something is held it says no: a receive lets go of what is due.
    public var isEmpty: Bool { state.pointee.flights.heap.count == 0 && base.isEmpty }
    public var statistics: TransportStatistics { base.statistics }
    public func open(for doer: Doer?) throws(TransportError) { try base.open(for: doer) }
    public func roomDescriptor(whileBlocked isBlocked: Bool) -> Int32? {
        base.roomDescriptor(whileBlocked: isBlocked)
    }
    public func clearRoom() { base.clearRoom() }
    public func describe(_ address: Address) -> String { base.describe(address) }

    /// Closes the base. What is held is lost.
    public func close() {
        while state.pointee.flights.heap.count > 0 {
            state.pointee.flights.remove(state.pointee.flights.heap.popFirst().slot)
            traffic.inFlight -= 1
            traffic.down += 1
        }
        base.close()
    }

    /// When the next datagram that is held leaves.
    public var wakeTyme: Tyme? {
        let due = state.pointee.flights.heap.firstDue
        guard due < Micros.never else { return base.wakeTyme }
        return min(Micros.tyme(of: due), base.wakeTyme ?? .infinity)
    }

    public func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        if state.pointee.flights.heap.count > 0 { try flush(at: tyme) }
        return try base.receive(into: &out, at: tyme)
    }

    public func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        let now = Micros.of(tyme)
        if let refusal = refusal(at: now) { return Sending(taken: 0, refusal) }
        guard bytes.byteCount <= limits.bytes, min(train.segment, bytes.byteCount) <= limits.datagram else {
            guard min(train.segment, bytes.byteCount) <= Arena.largest else {
                return Sending(taken: 0, .refused(Refusal(.tooLarge)))
            }
            return try base.send(bytes, train, at: tyme)
        }
        train.forEachDatagram(of: bytes) { datagram in
            unsafe datagram.withUnsafeBytes { unsafe hold($0, train.peer, now) }
        }
        try flush(at: tyme)
        return Sending(taken: bytes.byteCount)
    }

    private func refusal(at now: Int64) -> Sending.Outcome? {
        for fault in faults where fault.isActive(at: now) {
            switch fault.effect {
            case .full, .enobufs: return .full
            case .peerFull: return .peerFull
            case .unreachable: return .refused(Refusal(.unreachable))
            default: break
            }
        }
        return nil
    }

    /// Decides what becomes of a datagram.
    private func hold(_ bytes: UnsafeRawBufferPointer, _ peer: Address, _ now: Int64) {
        let number = UInt64(traffic.sent)
        traffic.sent += 1
        traffic.sentBytes += bytes.count
        var passage = Passage()
        for index in faults.indices where faults[index].isActive(at: now) {
            if case .drop(let count, _) = faults[index].effect {
                counts[faults[index].index] += 1
                if counts[faults[index].index] == count { passage.isRuled = true }
            } else {
                faults[index].act(on: &passage, number: number, count: bytes.count)
            }
        }
        let draws = state.pointee.model.draw()
        if passage.isRuled { return traffic.ruled += 1 }
        if passage.isCut { return traffic.cut += 1 }
        if passage.isTooLarge { return traffic.tooLarge += 1 }
        guard let departure = state.pointee.model.depart(bytes.count, at: now, rate: passage.rate) else {
            return traffic.queueFull += 1
        }
        if passage.isLost || draws.loss < state.pointee.model.figures.loss { return traffic.lost += 1 }
        let due = passage.due(state.pointee.model.arrival(departure, draws.jitter))
        unsafe keep(bytes, peer, due, altered: passage)
        if let copy = passage.copy {
            traffic.copies += 1
            unsafe keep(bytes, peer, passage.due(state.pointee.model.arrival(departure, copy)), altered: nil)
        }
    }

    private func keep(_ bytes: UnsafeRawBufferPointer, _ peer: Address, _ due: Int64, altered passage: Passage?) {
        let slot = unsafe state.pointee.flights.add(bytes, way: 0, from: 0, to: 0, number: 0)
        guard slot >= 0 else { return traffic.noMemory += 1 }
        let flight = state.pointee.flights[slot]
        unsafe passage?.alter(flight.pointee.bytes, count: &flight.pointee.count)
        while state.pointee.places.count <= Int(slot) { state.pointee.places.append(.none) }
        state.pointee.places[Int(slot)].pointee = peer
        traffic.inFlight += 1
        state.pointee.flights.launch(slot, due: due)
    }

    /// Hands what is due to the base, until that is full.
    private func flush(at tyme: Tyme) throws(TransportError) {
        let now = Micros.of(tyme)
        while state.pointee.flights.heap.firstDue <= now {
            let slot = state.pointee.flights.heap.first.slot
            let flight = state.pointee.flights[slot].pointee
            let bytes = unsafe UnsafeRawBufferPointer(start: flight.bytes, count: Int(flight.count))
            let train = Train(peer: state.pointee.places[Int(slot)].pointee, segment: max(1, bytes.count))
            let sending = try base.send(unsafe RawSpan(_unsafeBytes: bytes), train, at: tyme)
            switch sending.outcome {
            case .full: return
            case .peerFull: postpone(now)
            case .sent, .refused: drop(sending.outcome == .sent)
            }
        }
    }

    /// A peer that is full is tried again a millisecond later, so that it is in nobody's way.
    private func postpone(_ now: Int64) {
        let slot = state.pointee.flights.heap.popFirst().slot
        state.pointee.flights.launch(slot, due: Micros.sum(now, 1000))
    }

    private func drop(_ isSent: Bool) {
        let slot = state.pointee.flights.heap.popFirst().slot
        traffic.inFlight -= 1
        if isSent {
            traffic.delivered += 1
            traffic.deliveredBytes += Int(state.pointee.flights[slot].pointee.count)
        } else {
            traffic.nobody += 1
        }
        state.pointee.flights.remove(slot)
    }
}

/// What a faulty transport touches with every datagram.
struct FaultyState {
    var model: LinkModel
    var flights: Flights
    /// Where each datagram goes, by its slot.
    var places = RawList<Address>()
}
