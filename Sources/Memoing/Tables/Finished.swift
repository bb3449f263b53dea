/// Remembers which memos are over, so that none is delivered twice: keyed 64-bit fingerprints in two generations.
///
/// At least the last ``limit`` are remembered, at most twice as many; the table is as large as what is in it. A
/// fingerprint is a keyed hash of 64 bits, so that one memo in 2^64 divided by the number remembered is taken for
/// another, and nobody who lacks the secret can bring that about.
///
/// Mids of ours grow. One that is beyond all that its sender is remembered by needs no look-up, and is put in together
/// with others, so that the cache misses of both are not waited for one by one: a twentieth of what 1 KiB costs over
/// loopback.
struct Finished {
    /// How many are surely remembered.
    let limit: Int
    private var young = Prints()
    private var old = Prints()
    /// Those that are still to be put into the younger generation.
    private var fresh: [UInt64] = []
    private var front = Front()
    /// How often a generation was forgotten.
    private var turns = 0

    private static let mostFresh = 64

    init(limit: Int) { self.limit = limit }

    /// How many are remembered.
    var count: Int { young.count + old.count + fresh.count }

    /// Whether a fingerprint is remembered.
    @inline(__always) mutating func contains(_ print: UInt64) -> Bool {
        if !fresh.isEmpty { settle() }
        return young.contains(print) || old.count > 0 && old.contains(print)
    }

    /// Remembers a memo: its fingerprint, its mid, and whom it is from. Twice is once.
    @inline(__always) mutating func insert(_ print: UInt64, _ mid: Mid, from sender: UInt64) {
        if let order = orderBeyond(mid, from: sender) {
            insert(print, beyond: order)
        } else {
            insertSlow(print, mid, sender)
        }
    }

    /// Remembers a memo that is beyond all of its sender, by what ``orderBeyond(_:from:)`` has answered.
    @inline(__always) mutating func insert(_ print: UInt64, beyond order: MidOrder) {
        front.order = order
        fresh.append(print)
        if fresh.count >= Finished.mostFresh { settle() }
    }

    /// Remembers a fingerprint; twice is once.
    mutating func insert(_ print: UInt64) {
        settle()
        add(print)
    }

    @inline(never) private mutating func insertSlow(_ print: UInt64, _ mid: Mid, _ sender: UInt64) {
        settle()
        if let order = MidOrder(mid) {
            let node = order.node(of: mid)
            if front.sender != sender || front.node != node || front.order == nil {
                front = Front(sender: sender, node: node, order: order, trusted: count == 0 ? turns : turns + 2)
            } else if let least = front.order, least < order {
                front.order = order
            }
        }
        add(print)
    }

    /// The order of a mid that is beyond all that its sender is remembered by, so that the memo is surely not; else
    /// nil.
    @inline(__always) func orderBeyond(_ mid: Mid, from sender: UInt64) -> MidOrder? {
        guard front.sender == sender, turns >= front.trusted, let least = front.order, let order = MidOrder(mid),
            order.node(of: mid) == front.node, least < order
        else { return nil }
        return order
    }

    @inline(never) private mutating func settle() {
        for print in fresh { add(print) }
        fresh.removeAll(keepingCapacity: true)
    }

    @inline(__always) private mutating func add(_ print: UInt64) {
        if young.count >= limit {
            swap(&young, &old)
            young.removeAll()
            turns &+= 1
        }
        young.insert(print)
    }

    /// The greatest mid of the sender whose memos came last, among those that came since it is that one's turn.
    private struct Front {
        var sender: UInt64 = 0
        var node: UInt64 = 0
        var order: MidOrder?
        /// After so many turns nothing is remembered of what its sender had sent before.
        var trusted = 0
    }

    /// A set of words by open addressing with linear probing, at most half full. 0 is an empty place.
    private struct Prints {
        private var places: [UInt64] = []
        private(set) var count = 0

        @inline(__always) func contains(_ print: UInt64) -> Bool {
            guard count > 0 else { return false }
            let mask = places.count &- 1
            let print = print == 0 ? 1 : print
            var at = Int(truncatingIfNeeded: print) & mask
            while places[at] != 0 {
                if places[at] == print { return true }
                at = (at &+ 1) & mask
            }
            return false
        }

        @inline(__always) mutating func insert(_ print: UInt64) {
            if count &* 2 >= places.count { grow() }
            let mask = places.count &- 1
            let print = print == 0 ? 1 : print
            var at = Int(truncatingIfNeeded: print) & mask
            while places[at] != 0 {
                if places[at] == print { return }
                at = (at &+ 1) & mask
            }
            places[at] = print
            count &+= 1
        }

        @inline(never) private mutating func grow() {
            let before = places
            places = Array(repeating: 0, count: max(64, before.count * 2))
            count = 0
            for print in before where print != 0 { insert(print) }
        }

        mutating func removeAll() {
            for index in places.indices { places[index] = 0 }
            count = 0
        }
    }
}
