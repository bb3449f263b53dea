import Doing

/// Datagrams that wait to be sent: a queue for each peer, served in turn, a train at a time.
///
/// It does the sending half of a ``DatagramCore``: a core appends, and hands on ``poll(into:_:)``, ``sent(_:_:)``,
/// ``unblock()`` and ``isBlocked``. Datagrams to one peer keep their order. As many as are equally long leave together;
/// a shorter one ends the train. A peer that has no room holds up nobody else. A datagram that is refused is dropped
/// and counted; so is one for which the queue has no room.
///
/// ```swift
/// mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
///     train.forEachDatagram(of: bytes) { queue.append($0, to: train.peer) }    // an echo
/// }
/// mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
///     queue.poll(into: &out, limits)
/// }
/// mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) { queue.sent(sending, train) }
/// ```
/// - Complexity: constant for each datagram, beside copying it.
public struct DatagramQueue {
    /// What a queue holds at most.
    public struct Limits: Hashable, Sendable {
        /// Bytes in all, a datagram counting its own and 64 more; at least 65.
        public var bytes: Int
        /// Bytes for one peer, counted alike; at least 65.
        public var bytesPerPeer: Int
        /// Peers for whom something waits; at least 1.
        public var peers: Int

        /// Limits of a queue.
        ///
        /// - Throws: ``TransportError/badValue(name:value:allowed:)`` that names the value.
        public init(
            bytes: Int = 16 << 20, bytesPerPeer: Int = 4 << 20, peers: Int = 4096
        ) throws(TransportError) {
            let values = [("bytes", bytes, 65), ("bytes per peer", bytesPerPeer, 65), ("peers", peers, 1)]
            for (name, value, least) in values where value < least {
                throw .badValue(name: "queue's \(name)", value: "\(value)", allowed: "at least \(least)")
            }
            self.bytes = bytes
            self.bytesPerPeer = bytesPerPeer
            self.peers = peers
        }

        /// 16 MiB in all, 4 MiB and one place for each of 4,096 peers.
        public static let standard = try! Limits()
    }

    /// What was dropped, in datagrams.
    public struct Drops: Hashable, Sendable {
        /// The queue, or the peer's share of it, was full.
        public var full = 0
        /// Too many peers wait already.
        public var peers = 0
        /// Longer than what the transport carries.
        public var tooLarge = 0
        /// The transport refused it for good.
        public var refused = 0
    }

    /// One peer's datagrams: lengths, and all bytes one behind the other.
    struct Lane {
        var peer: Address
        var bytes: [UInt8] = []
        var lengths: [Int] = []
        var firstByte = 0
        var firstLength = 0
        var isBlocked = false

        var isEmpty: Bool { firstLength == lengths.count }
        var charge: Int { bytes.count - firstByte + DatagramQueue.overhead * (lengths.count - firstLength) }

        mutating func removeFirst() {
            firstByte += lengths[firstLength]
            firstLength += 1
            guard firstLength > 32, firstLength * 2 > lengths.count else { return }
            lengths.removeFirst(firstLength)
            bytes.removeFirst(firstByte)
            (firstByte, firstLength) = (0, 0)
        }

        /// Empty, and without much memory.
        mutating func clear() {
            if bytes.capacity > 1 << 16 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
            lengths.removeAll(keepingCapacity: true)
            (firstByte, firstLength, isBlocked) = (0, 0, false)
        }
    }

    static let overhead = 64

    /// The bounds.
    public let limits: Limits
    /// What was dropped so far.
    public private(set) var drops = Drops()
    /// Datagrams that wait.
    public private(set) var count = 0

    private var lanes: [Lane] = []
    private var free: [Int] = []
    private var places: [Address: Int] = [:]
    /// Lanes that may be served, in turn; a ring.
    private var turn: [Int] = []
    private var firstTurn = 0
    private var blocked: [Int] = []
    private var charge = 0
    private var longest = Int.max
    /// The lane whose train was polled last.
    private var polled = -1

    /// An empty queue.
    public init(limits: Limits = .standard) { self.limits = limits }

    /// Whether nothing waits.
    public var isEmpty: Bool { count == 0 }
    /// Whether something can be polled now.
    public var isReady: Bool { firstTurn < turn.count }
    /// Whether something waits for a peer that was full.
    public var isBlocked: Bool { !blocked.isEmpty }

    /// Datagrams that wait for `peer`.
    public func count(for peer: Address) -> Int {
        places[peer].map { lanes[$0].lengths.count - lanes[$0].firstLength } ?? 0
    }

    /// Datagrams are at most so long from now on: what a core is told by ``DatagramCore/opened(_:at:)``.
    public mutating func opened(_ limits: TrainLimits) { longest = limits.datagram }

    /// Queues a copy of `datagram` for `peer`, behind what waits for it.
    ///
    /// - Returns: false if it was dropped and counted in ``drops``.
    @discardableResult public mutating func append(_ datagram: RawSpan, to peer: Address) -> Bool {
        let cost = datagram.byteCount + Self.overhead
        guard datagram.byteCount <= longest else {
            drops.tooLarge += 1
            return false
        }
        let known = places[peer]
        guard charge + cost <= limits.bytes, (known.map { lanes[$0].charge } ?? 0) + cost <= limits.bytesPerPeer else {
            drops.full += 1
            return false
        }
        guard let lane = known ?? add(peer) else {
            drops.peers += 1
            return false
        }
        lanes[lane].bytes.append(contentsOf: datagram)
        lanes[lane].lengths.append(datagram.byteCount)
        charge += cost
        count += 1
        return true
    }

    /// Queues `datagram` for `peer`, behind what waits for it.
    ///
    /// - Returns: false if it was dropped and counted in ``drops``.
    @discardableResult public mutating func append(_ datagram: [UInt8], to peer: Address) -> Bool {
        append(datagram.span.bytes, to: peer)
    }

    /// Queues a copy of `datagram` for each of `peers`.
    ///
    /// - Returns: for how many of them it was queued.
    @discardableResult public mutating func append(_ datagram: RawSpan, to peers: [Address]) -> Int {
        var queued = 0
        for peer in peers where append(datagram, to: peer) { queued += 1 }
        return queued
    }

    private mutating func add(_ peer: Address) -> Int? {
        guard places.count < limits.peers else { return nil }
        let lane = free.popLast() ?? lanes.count
        if lane == lanes.count { lanes.append(Lane(peer: peer)) } else { lanes[lane].peer = peer }
        places[peer] = lane
        turn.append(lane)
        return lane
    }

    /// Appends the next train to `out`, of the peer whose turn it is; nil if nothing can be sent.
    public mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits) -> Train? {
        guard firstTurn < turn.count else { return nil }
        polled = turn[firstTurn]
        let lane = lanes[polled]
        let segment = lane.lengths[lane.firstLength]
        let most = limits.capacity(segment: segment)
        var (number, bytes) = (lane.firstLength, 0)
        while number < lane.lengths.count, number - lane.firstLength < most {
            let length = lane.lengths[number]
            // No bytes are one empty datagram, which has a train of its own.
            guard length <= segment, length > 0 || bytes == 0, bytes + length <= out.freeCapacity else { break }
            bytes += length
            number += 1
            if length < segment || length == 0 { break }
        }
        guard number > lane.firstLength else { return refuseFirst(into: &out, limits) }
        let end = lane.firstByte + bytes
        out.append(contentsOf: lane.bytes.span.bytes.extracting(lane.firstByte..<end))
        return Train(peer: lane.peer, segment: max(segment, 1))
    }

    /// A datagram that does not fit the room it is given is dropped, so that it holds up nobody.
    private mutating func refuseFirst(into out: inout OutputRawSpan, _ limits: TrainLimits) -> Train? {
        drops.tooLarge += 1
        dropFirst()
        advance()
        return poll(into: &out, limits)
    }

    /// Says what became of the train that was polled last.
    ///
    /// - Returns: how many of its datagrams are gone from the queue, those refused among them.
    @discardableResult public mutating func sent(_ sending: Sending, _ train: Train) -> Int {
        guard polled >= 0, lanes[polled].peer == train.peer, !lanes[polled].isEmpty else { return 0 }
        let before = count
        var left = sending.taken
        if left == 0, sending.outcome == .sent { dropFirst() }  // an empty datagram
        while left > 0, !lanes[polled].isEmpty {
            left -= lanes[polled].lengths[lanes[polled].firstLength]
            dropFirst()
        }
        switch sending.outcome {
        case .sent: advance()
        case .full: break
        case .peerFull:
            lanes[polled].isBlocked = true
            advance()
        case .refused:
            if !lanes[polled].isEmpty {
                drops.refused += 1
                dropFirst()
            }
            advance()
        }
        return before - count
    }

    private mutating func dropFirst() {
        charge -= lanes[polled].lengths[lanes[polled].firstLength] + Self.overhead
        count -= 1
        lanes[polled].removeFirst()
    }

    /// The lane that was served goes behind the others, aside while it is blocked, or away.
    private mutating func advance() {
        firstTurn += 1
        if firstTurn > 64, firstTurn * 2 > turn.count {
            turn.removeFirst(firstTurn)
            firstTurn = 0
        }
        if lanes[polled].isEmpty {
            places[lanes[polled].peer] = nil
            lanes[polled].clear()
            free.append(polled)
        } else if lanes[polled].isBlocked {
            blocked.append(polled)
        } else {
            turn.append(polled)
        }
        polled = -1
    }

    /// There may be room again for peers that were full: they have their turns again.
    public mutating func unblock() {
        guard !blocked.isEmpty else { return }
        for lane in blocked { lanes[lane].isBlocked = false }
        turn += blocked
        blocked.removeAll(keepingCapacity: true)
    }

    /// Drops all that waits for `peer`.
    public mutating func removeAll(for peer: Address) {
        guard let lane = places[peer] else { return }
        charge -= lanes[lane].charge
        count -= lanes[lane].lengths.count - lanes[lane].firstLength
        places[peer] = nil
        turn[firstTurn...].removeAll { $0 == lane }
        blocked.removeAll { $0 == lane }
        lanes[lane].clear()
        free.append(lane)
        if polled == lane { polled = -1 }
    }
}
