import Wiring

/// To whom trains do not go as trains: a bounded table of destinations and the segment size that failed there.
///
/// A path's maximum transmission unit, or a device without the offload, can forbid a train to one destination
/// while others take it. A slot is chosen by the address; of two that meet there the later wins, which costs the
/// earlier one failed call. A destination is tried again after ``retry`` seconds, since ways change.
struct OffloadMemory {
    /// Slots, a power of two: 12 KiB, taken only when a destination first fails.
    static let capacity = 256
    /// Seconds of tyme after which a destination is tried again.
    static let retry = 600.0

    private struct Slot {
        var peer = Address.none
        var segment = Int.max
        var until = 0.0
    }

    private var slots: [Slot] = []

    /// Nothing is remembered: one test on the way of every train.
    var isEmpty: Bool { slots.isEmpty }

    private static func index(_ peer: Address) -> Int {
        var word = peer.lo ^ peer.hi &* 0x9E37_79B9_7F4A_7C15 ^ peer.tag &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 31) &* 0x94D0_49BB_1331_11EB
        return Int(truncatingIfNeeded: word >> 48) & (capacity - 1)
    }

    /// Must a train of this segment size to this peer go one by one?
    func forbids(_ train: Train, at tyme: Double) -> Bool {
        if slots.isEmpty { return false }
        let slot = slots[Self.index(train.peer)]
        return slot.peer == train.peer && train.segment >= slot.segment && tyme < slot.until
    }

    /// Remembers that a train of this segment size did not go, or no train at all if `segment` is 0.
    mutating func note(_ peer: Address, segment: Int, at tyme: Double) {
        if slots.isEmpty { slots = Array(repeating: Slot(), count: Self.capacity) }
        let index = Self.index(peer)
        let known = slots[index]
        let least = known.peer == peer && tyme < known.until ? min(known.segment, segment) : segment
        slots[index] = Slot(peer: peer, segment: least, until: tyme + Self.retry)
    }
}
