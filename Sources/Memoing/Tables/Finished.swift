import Containers

/// Remembers which memos are over, so that none is delivered twice: keyed 64-bit fingerprints in two
/// generations, for each class of peers apart.
///
/// At least the last ``limit`` of a class are remembered, at most twice as many; the table is as large as what is in
/// it. A fingerprint is a keyed hash of 64 bits, so that one memo in 2^64 divided by the number remembered is taken for
/// another, and nobody who lacks the secret can bring that about.
///
/// Mids of ours grow. One that is beyond all that its sender is remembered by needs no look-up, and is put in together
/// with others, so that the cache misses of both are not waited for one by one: a twentieth of what 1 KiB costs over
/// loopback.
struct Finished {
    /// How many of a class are surely remembered.
    let limit: Int
    /// One memory for each class of peers, so that none is flushed by a lower one.
    private var memories = Array(repeating: Memory(), count: Peers.Class.allCases.count)
    private var front = Front()

    private struct Memory {
        var young = Prints(nothing: ())
        var old = Prints(nothing: ())
        /// Those that are still to be put into the younger generation.
        var fresh: [UInt64] = []
        /// Turns until nothing is remembered of what the sender in ``Front`` had sent before.
        var untrusted = 0

        @inline(__always) var count: Int { young.count &+ old.count &+ fresh.count }

        mutating func contains(_ print: UInt64) -> Bool {
            young.find(print) != nil || old.find(print) != nil
        }

        @inline(never) mutating func settle(_ limit: Int) {
            for print in fresh { add(print, limit) }
            fresh.removeAll(keepingCapacity: true)
        }

        @inline(__always) mutating func add(_ print: UInt64, _ limit: Int) {
            if young.count >= limit {
                swap(&young, &old)
                young.removeAll()
                untrusted = max(0, untrusted &- 1)
            }
            young.insert(print, ())
        }
    }

    private static let mostFresh = 64

    init(limit: Int) { self.limit = limit }

    /// How many are remembered.
    var count: Int { memories[0].count + memories[1].count + memories[2].count }

    /// Whether a fingerprint is remembered.
    @inline(__always) mutating func contains(_ print: UInt64) -> Bool {
        for index in memories.indices where memories[index].count > 0 {
            if !memories[index].fresh.isEmpty { memories[index].settle(limit) }
            if memories[index].contains(print) { return true }
        }
        return false
    }

    /// Remembers a memo: its fingerprint, its mid, and whom it is from. Twice is once.
    @inline(__always) mutating func insert(_ print: UInt64, _ mid: Mid, from sender: UInt64, _ standing: Peers.Class) {
        if let order = orderBeyond(mid, from: sender) {
            insert(print, beyond: order, standing)
        } else {
            insertSlow(print, mid, sender, standing)
        }
    }

    /// Remembers a memo that is beyond all of its sender, by what ``orderBeyond(_:from:)`` has answered.
    @inline(__always) mutating func insert(_ print: UInt64, beyond order: MidOrder, _ standing: Peers.Class) {
        front.order = order
        let index = standing.rawValue
        memories[index].fresh.append(print)
        if memories[index].fresh.count >= Finished.mostFresh { memories[index].settle(limit) }
    }

    /// Remembers a fingerprint; twice is once.
    mutating func insert(_ print: UInt64, _ standing: Peers.Class) {
        memories[standing.rawValue].settle(limit)
        memories[standing.rawValue].add(print, limit)
    }

    @inline(never) private mutating func insertSlow(
        _ print: UInt64, _ mid: Mid, _ sender: UInt64, _ standing: Peers.Class
    ) {
        memories[standing.rawValue].settle(limit)
        if let order = MidOrder(mid) {
            let node = order.node(of: mid)
            if front.sender != sender || front.node != node || front.order == nil {
                front = Front(sender: sender, node: node, order: order)
                for index in memories.indices { memories[index].untrusted = memories[index].count == 0 ? 0 : 2 }
            } else if let least = front.order, least < order {
                front.order = order
            }
        }
        memories[standing.rawValue].add(print, limit)
    }

    /// The order of a mid that is beyond all that its sender is remembered by, so that the memo is surely not; else
    /// nil.
    @inline(__always) func orderBeyond(_ mid: Mid, from sender: UInt64) -> MidOrder? {
        guard front.sender == sender, let least = front.order, let order = MidOrder(mid),
            order.node(of: mid) == front.node, least < order, memories[0].untrusted == 0, memories[1].untrusted == 0,
            memories[2].untrusted == 0
        else { return nil }
        return order
    }

    /// The greatest mid of the sender whose memos came last, among those that came since it is that one's turn.
    private struct Front {
        var sender: UInt64 = 0
        var node: UInt64 = 0
        var order: MidOrder?
    }
}
