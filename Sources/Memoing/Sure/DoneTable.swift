import Containers
import Doing

/// Remembers the sure memos that are over, so that none is delivered twice and late grams get their answer.
///
/// A memo is a keyed fingerprint of 64 bits and how it ended, in two generations, for each class of peers apart. A
/// generation that goes leaves a floor for each sender and node in it: mids of ours at or below it are older than what
/// is remembered, and answered stale. An unsigned mid raises a floor no farther than tyme has passed. Mids of another
/// shape than ours have the table only.
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

    /// Memos of a class in a generation, and how long the younger one gathers.
    let limit: Int
    let age: Tyme
    /// One memory for each class of peers, so that none is flushed by a lower one.
    private var memories = Array(repeating: Memory(), count: Peers.Class.allCases.count)
    /// Changes of class that were seen: what is known of the sender that came last holds for its class.
    private var changes = 0

    private struct Memory {
        var young = Generation()
        var old = Generation()
        /// Those that are still to be put into the younger generation: in one go, so that the cache misses of many are
        /// not waited for one by one, which was a tenth of what 1 KiB costs over loopback.
        var fresh: [(print: UInt64, end: UInt64)] = []
        var born: Tyme = 0
        var floors = Floors()

        @inline(__always) var count: Int { young.count &+ old.count &+ fresh.count }

        @inline(never) mutating func settle() {
            for memo in fresh { young.insert(memo.print, memo.end) }
            fresh.removeAll(keepingCapacity: true)
        }

        @inline(never) mutating func turn(at tyme: Tyme) {
            settle()
            floors.raise(old.floors)
            swap(&young, &old)
            young.removeAll()
            born = tyme
        }

        /// The greatest mid of a sender and node that was ever put in.
        func greatest(_ sender: UInt64, _ node: UInt64) -> Floors.Row? {
            var greatest = floors.row(sender, node)
            for generation in [old.floors.row(sender, node), young.floors.row(sender, node)] {
                guard let row = generation else { continue }
                greatest = greatest.map { $0.joined(row) } ?? row
            }
            return greatest
        }

        var hasForgotten: Bool { floors.hasForgotten || old.floors.hasForgotten || young.floors.hasForgotten }
    }

    /// Whose mids are to be what their sender's clock can make them: anybody can send what looks like an unsigned memo.
    enum Origin { case unsigned, signed }

    private static let mostFresh = 64

    init(limit: Int, age: Tyme) {
        self.limit = limit
        self.age = age
    }

    /// Memos remembered.
    var count: Int { memories[0].count + memories[1].count + memories[2].count }
    /// Floors kept.
    var floorCount: Int { memories.reduce(0) { $0 + $1.floors.count } }

    /// How the memo with this fingerprint ended.
    @inline(__always) mutating func find(_ print: UInt64) -> End? {
        for index in memories.indices where memories[index].count > 0 {
            if !memories[index].fresh.isEmpty { memories[index].settle() }
            if let found = memories[index].young.find(print) { return End(packed: found) }
            if memories[index].old.count > 0, let found = memories[index].old.find(print) { return End(packed: found) }
        }
        return nil
    }

    /// True if a mid is greater than all mids of its sender and node that were ever put in, so that ``find(_:)`` need
    /// not look: two cache misses less for each new memo, a tenth of what 1 KiB costs over loopback. False if unknown.
    @inline(__always) func isBeyond(_ mid: Mid, sender: UInt64, _ standing: Peers.Class, changes: Int) -> Bool {
        changes == self.changes && memories[standing.rawValue].young.floors.isBeyond(mid, sender)
    }

    /// Remembers the end of a memo of a sender; of a memo that is there already, the new one.
    ///
    /// - Parameter changes: how often a peer has changed its class until now.
    @inline(__always) mutating func insert(
        _ print: UInt64, _ end: End, mid: Mid, sender: UInt64, _ standing: Peers.Class, _ origin: Origin, changes: Int,
        at tyme: Tyme
    ) {
        let index = standing.rawValue
        if changes != self.changes { note(changes) }
        if memories[index].young.count &+ memories[index].fresh.count >= limit { memories[index].turn(at: tyme) }
        if memories[index].young.count &+ memories[index].fresh.count == 0 { memories[index].born = tyme }
        let isNew = memories[index].young.floors.isBeyond(mid, sender)
        if !memories[index].young.floors.raiseLast(mid, sender, origin, at: tyme) {
            raise(mid, sender, index, origin, tyme)
        }
        if isNew {
            memories[index].fresh.append((print, end.packed))
            if memories[index].fresh.count >= DoneTable.mostFresh { memories[index].settle() }
        } else {
            memories[index].settle()
            memories[index].young.insert(print, end.packed)
        }
    }

    @inline(never) private mutating func note(_ changes: Int) {
        self.changes = changes
        for index in memories.indices { memories[index].young.floors.forgetLast() }
    }

    /// Raises the floor of a sender that is not the one that came last. It begins where the sender has its floors in
    /// any class, so that it is the greatest of all that was ever put in, as long as no row was given up.
    @inline(never) private mutating func raise(
        _ mid: Mid, _ sender: UInt64, _ index: Int, _ origin: Origin, _ tyme: Tyme
    ) {
        guard let order = MidOrder(mid) else { return }
        let node = order.node(of: mid)
        var row: Floors.Row?
        var hasForgotten = false
        for memory in memories {
            hasForgotten = hasForgotten || memory.hasForgotten
            guard let other = memory.greatest(sender, node) else { continue }
            row = row.map { $0.joined(other) } ?? other
        }
        var raised = row ?? Floors.Row(sender: sender, node: node, order: order, firstAt: tyme)
        raised.raise(order, origin, at: tyme)
        memories[index].young.floors.set(raised, hasForgotten: hasForgotten)
    }

    /// Forgets what is too old: nothing is left after twice ``age`` of quiet.
    @inline(__always) mutating func forget(at tyme: Tyme) {
        for index in memories.indices where memories[index].count > 0 && tyme - memories[index].born >= age {
            memories[index].turn(at: tyme)
        }
    }

    /// True if the mid is at or below the floor of its sender and node, in any class.
    func isStale(_ mid: Mid, sender: UInt64, _ origin: Origin) -> Bool {
        memories.contains { $0.floors.count > 0 && $0.floors.isStale(mid, sender, origin) }
    }

    /// The greatest mids of senders and their nodes.
    struct Floors {
        struct Row {
            let sender: UInt64
            let node: UInt64
            var order: MidOrder
            /// The first mid that was seen, and when: no later one can be farther from it than the tyme that has
            /// passed.
            private(set) var first: MidOrder
            private(set) var firstAt: Tyme
            /// A mid was not taken in, so that one that is greater need not be new.
            private(set) var hasIgnored = false

            init(sender: UInt64, node: UInt64, order: MidOrder, firstAt: Tyme) {
                (self.sender, self.node, self.order, self.firstAt) = (sender, node, order, firstAt)
                first = order
            }

            /// Milliseconds by which mids may come late, or clocks differ.
            private static let slack = 16_000.0

            /// Takes in a mid. One that is unsigned, and from a time that has not come yet, is somebody else's.
            mutating func raise(_ order: MidOrder, _ origin: Origin, at tyme: Tyme) {
                guard self.order < order else { return }
                if origin == .unsigned {
                    let passed = max(0, tyme - firstAt) * 1000
                    guard Double(order.milliseconds) - Double(first.milliseconds) <= passed + Row.slack else {
                        hasIgnored = true
                        return
                    }
                }
                self.order = order
            }

            /// Whether an unsigned mid shows that the first one was not its sender's: it is older by far.
            func isContradicted(by order: MidOrder) -> Bool {
                Double(first.milliseconds) - Double(order.milliseconds) > Row.slack
            }

            /// What is known by both.
            func joined(_ other: Row) -> Row {
                var row = other.firstAt < firstAt ? other : self
                row.order = max(order, other.order)
                row.hasIgnored = hasIgnored || other.hasIgnored
                return row
            }
        }
        private var rows: [Row] = []
        private var index = Chains()
        private var last = -1
        private var oldest = 0
        /// A row was given up: what is missing here may have been there.
        private(set) var hasForgotten = false
        static let limit = 4096

        var count: Int { rows.count }

        /// Raises the floor of the sender that came last; false if this is another one.
        @inline(__always) mutating func raiseLast(
            _ mid: Mid, _ sender: UInt64, _ origin: Origin, at tyme: Tyme
        ) -> Bool {
            guard last >= 0, rows[last].sender == sender, let order = MidOrder(mid),
                rows[last].node == order.node(of: mid)
            else { return false }
            rows[last].raise(order, origin, at: tyme)
            return true
        }

        @inline(__always) func isBeyond(_ mid: Mid, _ sender: UInt64) -> Bool {
            guard last >= 0, rows[last].sender == sender, !hasForgotten, let order = MidOrder(mid) else { return false }
            return rows[last].node == order.node(of: mid) && rows[last].order < order && !rows[last].hasIgnored
        }

        mutating func forgetLast() { last = -1 }

        /// Puts in what is known of a sender; `hasForgotten` if that may be too little.
        mutating func set(_ row: Row, hasForgotten: Bool) {
            self.hasForgotten = self.hasForgotten || hasForgotten
            set(row)
        }

        private mutating func set(_ row: Row) {
            let hash = Floors.hash(row.sender, row.node)
            let found = find(row.sender, row.node)
            if found >= 0 {
                last = found
                rows[last] = rows[last].joined(row)
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

        mutating func raise(_ others: Floors) { for row in others.rows { set(row) } }

        func isStale(_ mid: Mid, _ sender: UInt64, _ origin: Origin) -> Bool {
            guard let order = MidOrder(mid), let row = row(sender, order.node(of: mid)) else { return false }
            return order <= row.order && !(origin == .unsigned && row.isContradicted(by: order))
        }

        private static func hash(_ sender: UInt64, _ node: UInt64) -> UInt64 {
            sender ^ node &* 0x9E37_79B9_7F4A_7C15
        }

        private func find(_ sender: UInt64, _ node: UInt64) -> Int {
            guard !rows.isEmpty else { return -1 }
            var found = index.first(Floors.hash(sender, node))
            while found >= 0, rows[Int(found)].sender != sender || rows[Int(found)].node != node {
                found = index.next(found)
            }
            return Int(found)
        }

        /// What is known of a sender and node.
        func row(_ sender: UInt64, _ node: UInt64) -> Row? {
            let found = find(sender, node)
            return found < 0 ? nil : rows[found]
        }
    }

    /// Fingerprints with their ends, and the floors of their senders.
    private struct Generation {
        private var ends = Prints(nothing: UInt64(0))
        var floors = Floors()

        @inline(__always) var count: Int { ends.count }
        @inline(__always) func find(_ print: UInt64) -> UInt64? { ends.find(print) }
        @inline(__always) mutating func insert(_ print: UInt64, _ end: UInt64) { ends.insert(print, end) }

        mutating func removeAll() {
            ends.removeAll()
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

    /// When the mid was made, by its sender's tyme.
    @inline(__always) var milliseconds: UInt64 { high >> 16 }

    /// The bits that are the same in all mids of one memoer.
    @inline(__always) func node(of mid: Mid) -> UInt64 { mid.low >> 36 & 0xF_FFFF }

    static func < (a: MidOrder, b: MidOrder) -> Bool { (a.high, a.low) < (b.high, b.low) }
}
