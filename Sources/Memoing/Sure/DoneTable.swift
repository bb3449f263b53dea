import Doing

/// Remembers the sure memos that are over, so that none is delivered twice and late grams get their answer.
///
/// A memo is a keyed fingerprint of 64 bits and how it ended, in two generations. A generation that goes leaves a floor
/// for each sender and node in it: mids of ours at or below it are older than what is remembered, and answered stale.
/// Mids of another shape than ours have the table only.
struct DoneTable {
    /// How a memo ended.
    struct End: Hashable {
        var status: Ack.Status
        var reason: UInt8
        /// Grams of the memo, if known.
        var count: Int

        fileprivate init(packed: UInt64) {
            status = Ack.Status(rawValue: UInt8(packed & 3)) ?? .done
            reason = UInt8(packed >> 2 & 63)
            count = Int(packed >> 8)
        }

        init(_ status: Ack.Status, reason: UInt8 = 0, count: Int) {
            self.status = status
            self.reason = reason
            self.count = count
        }

        fileprivate var packed: UInt64 { UInt64(status.rawValue) | UInt64(reason) << 2 | UInt64(count) << 8 }
    }

    /// Memos in a generation, and how long the younger one gathers.
    let limit: Int
    let age: Tyme
    private var young = Generation()
    private var old = Generation()
    /// Those that are still to be put into the younger generation: in one go, so that the cache misses of many are not
    /// waited for one by one, which was a tenth of what 1 KiB costs over loopback.
    private var fresh: [(print: UInt64, end: UInt64)] = []
    private var born: Tyme = 0
    private var floors = Floors()

    private static let mostFresh = 64

    init(limit: Int, age: Tyme) {
        self.limit = limit
        self.age = age
    }

    /// Memos remembered.
    var count: Int { young.count + old.count + fresh.count }
    /// Floors kept.
    var floorCount: Int { floors.count }

    /// How the memo with this fingerprint ended.
    @inline(__always) mutating func find(_ print: UInt64) -> End? {
        guard count > 0 else { return nil }
        if !fresh.isEmpty { settle() }
        if let found = young.find(print) { return End(packed: found) }
        if old.count > 0, let found = old.find(print) { return End(packed: found) }
        return nil
    }

    /// True if a mid is greater than all mids of its sender and node that were ever put in, so that ``find(_:)`` need
    /// not look: two cache misses less for each new memo, a tenth of what 1 KiB costs over loopback. False if unknown.
    @inline(__always) func isBeyond(_ mid: Mid, sender: UInt64) -> Bool { young.floors.isBeyond(mid, sender) }

    /// Remembers the end of a memo of a sender; of a memo that is there already, the new one.
    @inline(__always) mutating func insert(_ print: UInt64, _ end: End, mid: Mid, sender: UInt64, at tyme: Tyme) {
        if young.count &+ fresh.count >= limit { turn(at: tyme) }
        if young.count &+ fresh.count == 0 { born = tyme }
        let isNew = young.floors.isBeyond(mid, sender)
        young.floors.raise(mid, sender, above: old.floors, floors)
        if isNew {
            fresh.append((print, end.packed))
            if fresh.count >= DoneTable.mostFresh { settle() }
        } else {
            settle()
            young.insert(print, end.packed)
        }
    }

    @inline(never) private mutating func settle() {
        for memo in fresh { young.insert(memo.print, memo.end) }
        fresh.removeAll(keepingCapacity: true)
    }

    /// Forgets what is too old: nothing is left after twice ``age`` of quiet.
    @inline(__always) mutating func forget(at tyme: Tyme) {
        if count > 0, tyme - born >= age { turn(at: tyme) }
    }

    @inline(never) private mutating func turn(at tyme: Tyme) {
        settle()
        floors.raise(old.floors)
        swap(&young, &old)
        young.removeAll()
        born = tyme
    }

    /// True if the mid is at or below the floor of its sender and node.
    func isStale(_ mid: Mid, sender: UInt64) -> Bool { floors.count > 0 && floors.isStale(mid, sender) }

    /// The greatest mids of senders and their nodes.
    private struct Floors {
        private struct Row {
            var sender: UInt64
            var node: UInt64
            var order: MidOrder
        }
        private var rows: [Row] = []
        private var index = Chains()
        private var last = -1
        private var oldest = 0
        /// A row was given up: what is missing here may have been there.
        private(set) var hasForgotten = false
        static let limit = 4096

        var count: Int { rows.count }

        /// Raises a floor; one that is new begins where `before` and `fallen` have theirs, so that it is the greatest
        /// of all that was ever put in, as long as no row was given up for want of room.
        @inline(__always) mutating func raise(
            _ mid: Mid, _ sender: UInt64, above before: borrowing Floors, _ fallen: borrowing Floors
        ) {
            guard let order = MidOrder(mid) else { return }
            let node = order.node(of: mid)
            if last >= 0, rows[last].sender == sender, rows[last].node == node {
                if rows[last].order < order { rows[last].order = order }
                return
            }
            var row = Row(sender: sender, node: node, order: order)
            if let order = before.order(sender, node) { row.order = max(row.order, order) }
            if let order = fallen.order(sender, node) { row.order = max(row.order, order) }
            hasForgotten = hasForgotten || before.hasForgotten || fallen.hasForgotten
            raise(row)
        }

        @inline(__always) func isBeyond(_ mid: Mid, _ sender: UInt64) -> Bool {
            guard last >= 0, rows[last].sender == sender, !hasForgotten, let order = MidOrder(mid) else { return false }
            return rows[last].node == order.node(of: mid) && rows[last].order < order
        }

        private mutating func raise(_ row: Row) {
            let hash = row.sender ^ row.node &* 0x9E37_79B9_7F4A_7C15
            var found = index.first(hash)
            while found >= 0, rows[Int(found)].sender != row.sender || rows[Int(found)].node != row.node {
                found = index.next(found)
            }
            if found >= 0 {
                last = Int(found)
                rows[last].order = max(rows[last].order, row.order)
            } else if rows.count < Floors.limit {
                last = rows.count
                rows.append(row)
                index.insert(Int32(last), hash)
            } else {
                hasForgotten = true
                last = oldest
                oldest = (oldest + 1) % Floors.limit
                index.remove(Int32(last))
                rows[last] = row
                index.insert(Int32(last), hash)
            }
        }

        mutating func raise(_ others: Floors) { for row in others.rows { raise(row) } }

        func isStale(_ mid: Mid, _ sender: UInt64) -> Bool {
            guard let order = MidOrder(mid), let floor = self.order(sender, order.node(of: mid)) else { return false }
            return order <= floor
        }

        /// The greatest mid of a sender and node.
        func order(_ sender: UInt64, _ node: UInt64) -> MidOrder? {
            guard !rows.isEmpty else { return nil }
            var found = index.first(sender ^ node &* 0x9E37_79B9_7F4A_7C15)
            while found >= 0 {
                let row = rows[Int(found)]
                if row.sender == sender, row.node == node { return row.order }
                found = index.next(found)
            }
            return nil
        }
    }

    /// Fingerprints and ends by open addressing, at most half full. Fingerprint 0 is an empty place.
    private struct Generation {
        private var places: [(print: UInt64, end: UInt64)] = []
        private(set) var count = 0
        var floors = Floors()

        @inline(__always) func find(_ print: UInt64) -> UInt64? {
            guard count > 0 else { return nil }
            let mask = places.count &- 1
            let print = print == 0 ? 1 : print
            var at = Int(truncatingIfNeeded: print) & mask
            while places[at].print != 0 {
                if places[at].print == print { return places[at].end }
                at = (at &+ 1) & mask
            }
            return nil
        }

        @inline(__always) mutating func insert(_ print: UInt64, _ end: UInt64) {
            if count &* 2 >= places.count { grow() }
            let mask = places.count &- 1
            let print = print == 0 ? 1 : print
            var at = Int(truncatingIfNeeded: print) & mask
            while places[at].print != 0 {
                if places[at].print == print {
                    places[at].end = end
                    return
                }
                at = (at &+ 1) & mask
            }
            places[at] = (print, end)
            count &+= 1
        }

        @inline(never) private mutating func grow() {
            let before = places
            places = Array(repeating: (0, 0), count: max(64, before.count * 2))
            count = 0
            for place in before where place.print != 0 { insert(place.print, place.end) }
        }

        mutating func removeAll() {
            for index in places.indices { places[index] = (0, 0) }
            count = 0
            floors = Floors()
        }
    }
}

/// The part of a mid of our shape that grows from one mid of a memoer to the next: milliseconds, and 18 bits that
/// number the mids of one.
struct MidOrder: Hashable, Comparable {
    private let high: UInt64
    private let low: UInt8

    /// Nil for a mid of another shape.
    @inline(__always) init?(_ mid: Mid) {
        guard mid.high >> 12 & 15 == 7, mid.low >> 62 == 2 else { return nil }
        high = mid.high
        low = UInt8(truncatingIfNeeded: mid.low >> 56)
    }

    /// The bits that are the same in all mids of one memoer.
    @inline(__always) func node(of mid: Mid) -> UInt64 { mid.low >> 36 & 0xF_FFFF }

    static func < (a: MidOrder, b: MidOrder) -> Bool { (a.high, a.low) < (b.high, b.low) }
}
