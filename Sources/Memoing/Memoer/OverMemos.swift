import Doing
import Wiring

/// A protocol whose datagrams travel as memos: any datagram core, over a memoer, in one doer.
///
/// ```swift
/// let peer = CoreDoer(OverMemos(MyProtocol(), by: try Memoer(kind: .sure, random: random)), over: wire)
/// ```
/// Each datagram of the upper core is one memo, so it may be longer than what the transport carries, it can be signed
/// and sure, and it arrives whole or not at all. The upper core sees memos as datagrams from the memo's source. It
/// answers in the pass that brought a memo. Cores stack like this; doers behind doers would cost a tick each way.
///
/// While the memoer has no room for a peer, the upper core is told `Sending.Outcome.peerFull`. Outcomes of
/// sure memos and other events of the memoer are not told: ``memoer`` counts them.
public struct OverMemos<Upper: DatagramCore>: DatagramCore {
    public typealias Event = Upper.Event

    /// The protocol.
    public var upper: Upper
    /// What carries it.
    public var memoer: Memoer
    /// What the upper core may send: one datagram has at most as many bytes as a memo, and a room, may have.
    public let limits: TrainLimits
    /// Room for one train of the upper core. Nothing stays in it between calls.
    private let room: Burst

    /// - Parameters:
    ///   - upper: the protocol.
    ///   - memoer: how its datagrams are sent: as memos of the memoer's kind.
    ///   - datagram: bytes of the longest datagram of the upper core, 1 to 1 MiB.
    /// - Throws: `TransportError.badValue` that names the value.
    public init(_ upper: Upper, by memoer: Memoer, datagram: Int = 1 << 16) throws(TransportError) {
        guard (1...1 << 20).contains(datagram) else {
            throw .badValue(name: "datagram over memos", value: "\(datagram)", allowed: "1 to 1,048,576")
        }
        self.upper = upper
        self.memoer = memoer
        let most = min(datagram, memoer.limits.memoBytes)
        room = Burst(capacity: max(1 << 16, most))
        limits = TrainLimits(segments: 64, bytes: room.capacity, datagram: most)
    }

    public mutating func opened(_ limits: TrainLimits, at tyme: Tyme) {
        memoer.opened(limits, at: tyme)
        upper.opened(self.limits, at: tyme)
    }

    public mutating func tick(at tyme: Tyme) {
        memoer.tick(at: tyme)
        upper.tick(at: tyme)
    }

    public mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        memoer.handle(bytes, train, at: tyme)
        while var memo = memoer.inbox.popFirst() {
            unsafe upper.handle(memo.bytes.span.bytes, Train(peer: memo.source, segment: memo.bytes.count), at: tyme)
            memoer.give(&memo.bytes)
        }
        // Events of the memoer have no reader; those that are not memos would wait for ever.
        while memoer.hasEvents, memoer.pollEvent() != nil {}
    }

    public mutating func expire(at tyme: Tyme) {
        memoer.expire(at: tyme)
        upper.expire(at: tyme)
    }

    public mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        if let train = memoer.poll(into: &out, limits, at: tyme) { return train }
        for _ in 0..<64 where !take(at: tyme) { return nil }
        return memoer.poll(into: &out, limits, at: tyme)
    }

    /// Makes memos of the next train of the upper core; false if there is none.
    private mutating func take(at tyme: Tyme) -> Bool {
        room.lend { out in
            guard let train = upper.poll(into: &out, limits, at: tyme) else { return false }
            var sending = Sending(taken: 0)
            train.forEachDatagram(of: out.bytes) { datagram in
                guard sending.outcome == .sent else { return }
                do throws(MemoError) {
                    try memoer.memoit([UInt8](datagram), to: train.peer)
                    sending.taken += datagram.byteCount
                } catch {
                    sending.outcome = error.outcome
                }
            }
            upper.sent(sending, train, at: tyme)
            return sending.outcome == .sent
        }
    }

    public mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        memoer.sent(sending, train, at: tyme)
    }

    public mutating func unblock() {
        memoer.unblock()
        upper.unblock()
    }

    /// The upper core says goodbye. Sure memos are sent once more at most: nobody waits for their acks.
    public mutating func closing(at tyme: Tyme) { upper.closing(at: tyme) }

    public mutating func pollEvent() -> Event? { upper.pollEvent() }
    public var hasEvents: Bool { upper.hasEvents }
    public var isBlocked: Bool { memoer.isBlocked || upper.isBlocked }
    public var wakeTyme: Tyme? {
        guard let own = memoer.wakeTyme else { return upper.wakeTyme }
        return upper.wakeTyme.map { min(own, $0) } ?? own
    }
}

extension MemoError {
    /// What a memo that is not queued means to whoever sends it as a datagram.
    var outcome: Sending.Outcome {
        switch self {
        case .queueFull, .queueBytesFull, .tooManyDestinations: .peerFull
        case .memoTooLarge, .tooManyGrams, .gramSizeTooLarge, .transportTooSmall, .badGramSize:
            .refused(Refusal(.tooLarge))
        case .noDestination: .refused(Refusal(.badAddress))
        case .noSigner, .noVid, .noSeed, .signing, .badLimit, .badOption, .notSure: .refused(Refusal(.denied))
        }
    }
}
