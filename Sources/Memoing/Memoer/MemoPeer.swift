import Doing
import Wiring

/// What a memoer knows of a destination, at the moment that it was asked: ``Memoer/peer(at:)``.
public struct MemoPeer: Hashable, Sendable {
    /// Where it is.
    public var address: Address
    /// How far it is trusted with room, as a source of memos.
    public var standing: PeerStanding
    /// The smoothed round trip and its variation in seconds; nil if nothing was measured.
    public var roundTrip: Tyme?
    /// How far round trips vary, in seconds.
    public var variation: Tyme?
    /// The part of what is sent that is lost, it or its ack, 0 to 1: of the last hundred sendings or so.
    public var loss: Double
    /// The part of grams that is lost on the way there alone, from what memos of several grams were answered with; nil
    /// if too little is known.
    public var lossThere: Double?
    /// Grams that may be under way.
    public var window: Int
    /// Grams that are.
    public var inFlight: Int
    /// Memos that wait or are not over, plain ones and sure ones.
    public var queuedMemos: Int
    /// Bytes of these.
    public var queuedBytes: Int
    /// Whether it has ever acknowledged anything.
    public var isHeard: Bool
    /// Whether ``MemoerEvent/silent(_:)`` was told of it last, and not ``MemoerEvent/answers(_:)``.
    public var isSilent: Bool
}

/// How far a memoer trusts a peer with room for what is not finished. A class gives way to itself and to those above
/// it.
public enum PeerStanding: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Anybody, or anybody's forgery.
    case stranger
    /// Its address is its own: an id that only it could have read came back from there.
    case proven
    /// A signer that the keep or the allow-list names.
    case known

    public static func < (a: PeerStanding, b: PeerStanding) -> Bool { a.rawValue < b.rawValue }
}

extension Memoer {
    /// What is known of a destination: its round trip, its loss, what waits for it; nil if it is neither a destination
    /// nor a source that is remembered.
    ///
    /// - Complexity: constant.
    public func peer(at address: Address) -> MemoPeer? {
        let lane = sure.outbox.find(address, addressHash)
        let plain = outbox.waiting(for: address, addressHash)
        let row = table.peers.find(addressHash(address.tag, address.hi, address.lo))
        guard lane >= 0 || plain != nil || row >= 0 else { return nil }
        var peer = MemoPeer(
            address: address, standing: row < 0 ? .stranger : table.peers.rows[Int(row)].standing, loss: 0, window: 0,
            inFlight: 0, queuedMemos: plain?.memos ?? 0, queuedBytes: plain?.bytes ?? 0, isHeard: false,
            isSilent: false)
        if lane >= 0 { sure.outbox.describe(Int(lane), in: &peer) }
        return peer
    }
}

extension SureOutbox {
    /// What a lane adds to what is known of a peer.
    fileprivate func describe(_ lane: Int, in peer: inout MemoPeer) {
        let trip = lanes[lane].roundTrip
        peer.roundTrip = trip.smoothed.map { Double($0) / 1e6 }
        if trip.smoothed != nil { peer.variation = Double(trip.variation) / 1e6 }
        peer.loss = lanes[lane].isHeard ? lanes[lane].loss.rate : 0
        peer.lossThere = lanes[lane].lossThere
        peer.window = lanes[lane].controller.window
        peer.inFlight = lanes[lane].inFlight
        peer.queuedMemos += lanes[lane].unfinished
        peer.queuedBytes += lanes[lane].bytes
        peer.isHeard = lanes[lane].isHeard
        peer.isSilent = lanes[lane].isSilent
    }
}
