import Doing
import Wiring

/// The receiving half of a run: order is made, and what comes twice or too late is dropped.
///
/// A reliable run keeps what came early until the gap is filled. One that may lose packets skips a gap: at once, or
/// after the flow's ``QoSSpec/maxGap``.
struct RunReceiver {
    /// What becomes of a packet.
    enum Verdict {
        /// It is the next: hand it on, then ``popHeld()`` until nil.
        case deliver
        /// It came before its turn and is kept.
        case kept
        /// It was had already, or is too late.
        case duplicate
        /// It came before its run began, and is kept. Nothing can be said about it yet.
        case ahead
        /// It is beyond the window.
        case beyond
        /// No run is under way that it could belong to.
        case stranger
    }

    private struct Early {
        var bytes: [UInt8]
        var tyme: Tyme
    }

    /// The next number that is expected.
    private(set) var next: UInt32 = 0
    /// Whether a run is under way.
    private(set) var isActive = false
    private(set) var heldCount = 0
    /// Bytes of those held, each counting 64 more.
    private(set) var heldCharge = 0
    /// Whether packets were seen to be lost here, or to overtake each other.
    private(set) var seesLoss = false
    /// Numbers that were passed over.
    private(set) var skipped = 0
    private var heard: Tyme = 0
    private var ring: [Early?] = []
    /// Packets that overtook the one that starts their run.
    private var ahead: [(number: UInt32, bytes: [UInt8])] = []
    /// One beyond the highest distance from `next` at which something may be held.
    private var reach = 0
    let window: Int
    let isReliable: Bool
    /// Seconds; nil for no waiting.
    let maxGap: Double?

    /// - Parameter window: packets ahead of the next that are kept; a power of two.
    init(window: Int, isReliable: Bool, maxGap: Double?) {
        (self.window, self.isReliable, self.maxGap) = (window, isReliable, maxGap)
    }

    /// Begins with the number `next`, as agreed beforehand.
    mutating func start(at next: UInt32, tyme: Tyme) {
        (self.next, isActive, heard) = (next, true, tyme)
    }

    /// Seconds of silence after which a run is forgotten: 2 × 5 (life of a packet) + 10 (A) + 120 (R).
    static let patience = 140.0

    /// Takes in the number of a packet; `room` is how many more its user's queue takes.
    mutating func handle(
        _ number: UInt32, _ payload: RawSpan, startsRun: Bool, mayForget: Bool, room: Int, at tyme: Tyme
    ) -> Verdict {
        if mayForget, isActive, tyme - heard > Self.patience { forget() }
        if !isActive {
            guard startsRun else { return keepAhead(number, payload) }
            start(at: number, tyme: tyme)
            placeAhead(at: tyme)
        }
        heard = tyme
        let distance = Int(Int32(bitPattern: number &- next))
        if distance != 0 { seesLoss = true }
        guard distance >= 0 else { return .duplicate }
        if isReliable {
            guard distance < min(window, room) else { return .beyond }
            return distance == 0 ? deliver() : keep(distance, payload, at: tyme)
        }
        guard distance > 0 else { return deliver() }
        if maxGap != nil, distance < window { return keep(distance, payload, at: tyme) }
        if heldCount > 0 { return .beyond }
        skipped += distance
        next = number
        return deliver()
    }

    /// A reliable run's packets wait for the one that starts it: the peer may be slow to send them again.
    private mutating func keepAhead(_ number: UInt32, _ payload: RawSpan) -> Verdict {
        guard isReliable, ahead.count < window, !ahead.contains(where: { $0.number == number }) else {
            return .stranger
        }
        ahead.append((number, [UInt8](payload)))
        heldCharge += payload.byteCount + 64
        return .ahead
    }

    private mutating func placeAhead(at tyme: Tyme) {
        for (number, bytes) in ahead {
            heldCharge -= bytes.count + 64
            let distance = Int(Int32(bitPattern: number &- next))
            if distance > 0, distance < window { _ = keep(distance, bytes.span.bytes, at: tyme) }
        }
        ahead = []
    }

    private mutating func deliver() -> Verdict {
        next &+= 1
        reach = max(0, reach - 1)
        return .deliver
    }

    private mutating func keep(_ distance: Int, _ payload: RawSpan, at tyme: Tyme) -> Verdict {
        if ring.isEmpty { ring = .init(repeating: nil, count: window) }
        let place = Int(next &+ UInt32(distance)) & (window - 1)
        guard ring[place] == nil else { return .duplicate }
        ring[place] = Early(bytes: [UInt8](payload), tyme: tyme)
        heldCount += 1
        heldCharge += payload.byteCount + 64
        reach = max(reach, distance + 1)
        return .kept
    }

    /// The next packet, if it was kept.
    mutating func popHeld() -> [UInt8]? {
        guard heldCount > 0 else { return nil }
        let place = Int(next) & (window - 1)
        guard let early = ring[place] else { return nil }
        ring[place] = nil
        heldCount -= 1
        heldCharge -= early.bytes.count + 64
        _ = deliver()
        return early.bytes
    }

    /// When the gap in front of what is kept is skipped.
    var gapDeadline: Tyme? {
        guard !isReliable, let maxGap, let first = firstHeld else { return nil }
        return ring[Int(next &+ UInt32(first)) & (window - 1)].map { $0.tyme + maxGap }
    }

    private var firstHeld: Int? {
        guard heldCount > 0 else { return nil }
        return (0..<reach).first { ring[Int(next &+ UInt32($0)) & (window - 1)] != nil }
    }

    /// Goes on behind the gap; then ``popHeld()`` until nil.
    mutating func skipGap() {
        guard let first = firstHeld else { return }
        skipped += first
        next &+= UInt32(first)
        reach = max(0, reach - first)
    }

    /// Appends the bitmap of what is kept beyond the gap.
    func writeBitmap(into out: inout OutputRawSpan, most: Int) {
        var byte: UInt8 = 0
        let count = min(reach - 1, 8 * most)
        guard heldCount > 0, count > 0 else { return }
        for bit in 0..<count {
            if ring[Int(next &+ UInt32(bit + 1)) & (window - 1)] != nil { byte |= 0x80 >> UInt8(bit & 7) }
            guard bit & 7 == 7 || bit == count - 1 else { continue }
            out.append(byte, as: UInt8.self)
            byte = 0
        }
    }

    private mutating func forget() {
        isActive = false
        (ring, ahead, heldCount, heldCharge, reach) = ([], [], 0, 0, 0)
    }
}
