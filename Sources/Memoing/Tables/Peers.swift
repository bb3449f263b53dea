import Containers
import Doing
import Wiring

/// What is known of those whom memos come from: a row for each source, and one for each signer that was verified.
///
/// A row is known by a keyed hash of 64 bits; a collision would share bounds and nothing else. A peer is forgotten for
/// another of its own class or of a higher one only, the one longest unheard of first, and never while memos of it are
/// open.
struct Peers {
    typealias Class = PeerStanding

    struct Row {
        var print: UInt64 = 0
        var standing = Class.stranger
        /// Whoever holds the row, so that it stays.
        var holds: Int32 = 0
        /// The row of its host; -1 for a signer.
        var host: Int32 = -1
        /// Bytes that it may still draw, unless it is proven.
        var left = 0
        /// Signatures of it that may be checked, and when that was worked out.
        var checks: Double
        var checkedAt: Tyme
        /// Its open memos, sure ones apart, and the bytes charged for them.
        var open = 0
        var openSure = 0
        var charged = 0
        /// Of the memos of one gram and the ends told to it, how many are asked for once more, in 1/65,536: what share
        /// of acks is lost on the way to it.
        var asksAgain: Int32 = 0
        /// When an end was told to it last.
        var toldAt: Tyme = 0
    }

    private struct Host {
        var print: UInt64 = 0
        var rows: Int32 = 0
        /// Open memos of its strangers.
        var open: Int32 = 0
    }

    let limits: MemoerLimits
    private(set) var rows: [Row] = []
    private var free: [Int32] = []
    private var byPrint = Chains()
    /// Rows that nobody holds, by class, the one longest unheard of first.
    private var idle = Roster(lists: Class.allCases.count)
    private var hosts: [Host] = []
    private var freeHosts: [Int32] = []
    private var byHost = Chains()
    /// How often a peer has become another class, or one above strangers was forgotten.
    private(set) var changes = 0
    /// Rows above strangers.
    private(set) var friends = 0
    /// Signatures of strangers that may be checked, all sources together.
    private var checks: Double
    private var checkedAt: Tyme = 0

    /// Bytes out for each byte in, to those who have proven nothing (RFC 9000 §8).
    static let factor = 3
    /// What a source can save up to draw.
    static let mostDrawn = 1 << 20

    init(limits: MemoerLimits) {
        self.limits = limits
        checks = Double(limits.verifyBurst)
    }

    // MARK: Finding

    /// The row of a peer, or -1.
    @inline(__always) func find(_ print: UInt64) -> Int32 { byPrint.first(print) }

    /// The row of a peer, which may be new; held once more.
    mutating func hold(_ print: UInt64, host: UInt64?, at tyme: Tyme) -> Int32 {
        var row = byPrint.first(print)
        if row < 0 {
            row = insert(print, host, tyme)
        } else if rows[Int(row)].holds == 0 {
            idle.remove(row)
        }
        rows[Int(row)].holds += 1
        return row
    }

    /// Holds a row that is held already once more.
    @inline(__always) mutating func hold(_ row: Int32) { rows[Int(row)].holds += 1 }

    @inline(__always) mutating func release(_ row: Int32) {
        rows[Int(row)].holds -= 1
        if rows[Int(row)].holds == 0 { idle.append(row, to: rows[Int(row)].standing.rawValue) }
    }

    private mutating func insert(_ print: UInt64, _ host: UInt64?, _ tyme: Tyme) -> Int32 {
        // Those that are held are bounded by what is open: beside them there are always some that are not.
        if rows.count - free.count >= limits.peers + limits.open { forget() }
        var fresh = Row(checks: Double(limits.verifyBurst) / 2, checkedAt: tyme)
        fresh.print = print
        if let host { fresh.host = self.host(host) }
        let row: Int32
        if let last = free.popLast() {
            row = last
            rows[Int(row)] = fresh
        } else {
            row = Int32(rows.count)
            rows.append(fresh)
        }
        byPrint.insert(row, print)
        return row
    }

    /// Forgets the stranger that was longest unheard of, or else somebody of the next class.
    private mutating func forget() {
        for standing in Class.allCases {
            let row = idle.first(of: standing.rawValue)
            guard row >= 0 else { continue }
            if standing > .stranger {
                friends -= 1
                changes += 1
            }
            idle.remove(row)
            byPrint.remove(row)
            leave(rows[Int(row)].host)
            free.append(row)
            return
        }
    }

    private mutating func host(_ print: UInt64) -> Int32 {
        var host = byHost.first(print)
        if host < 0 {
            if let last = freeHosts.popLast() {
                host = last
            } else {
                host = Int32(hosts.count)
                hosts.append(Host())
            }
            hosts[Int(host)] = Host(print: print)
            byHost.insert(host, print)
        }
        hosts[Int(host)].rows += 1
        return host
    }

    private mutating func leave(_ host: Int32) {
        guard host >= 0 else { return }
        hosts[Int(host)].rows -= 1
        guard hosts[Int(host)].rows == 0 else { return }
        byHost.remove(host)
        freeHosts.append(host)
    }

    // MARK: Classes

    /// What a peer is; a stranger if nothing is known of it.
    @inline(__always) func standing(of print: UInt64) -> Class {
        let row = byPrint.first(print)
        return row < 0 ? .stranger : rows[Int(row)].standing
    }

    /// A peer has shown more than it had before. Three quarters of the rows are friends' at most: of more than that the
    /// one longest unheard of is a stranger again.
    mutating func raise(_ row: Int32, to standing: Class) {
        let before = rows[Int(row)].standing
        guard standing > before else { return }
        if before == .stranger {
            friends += 1
            uncount(row, rows[Int(row)].open + rows[Int(row)].openSure)
        }
        rows[Int(row)].standing = standing
        changes += 1
        if rows[Int(row)].holds == 0 { idle.move(row, to: standing.rawValue) }
        if friends > limits.peers / 4 * 3 { lower() }
    }

    private mutating func lower() {
        for standing in [Class.proven, .known] {
            let row = idle.first(of: standing.rawValue)
            guard row >= 0 else { continue }
            rows[Int(row)].standing = .stranger
            rows[Int(row)].left = 0
            friends -= 1
            changes += 1
            idle.move(row, to: Class.stranger.rawValue)
            return
        }
    }

    // MARK: Open memos

    /// Whether a host's strangers have as many memos open as they may.
    func isHostFull(_ row: Int32) -> Bool {
        let peer = rows[Int(row)]
        guard peer.standing == .stranger, peer.host >= 0 else { return false }
        return hosts[Int(peer.host)].open >= limits.openPerHost
    }

    func isFull(_ row: Int32, _ kind: MemoKind) -> Bool {
        kind.isSure
            ? rows[Int(row)].openSure >= limits.openSurePerPeer : rows[Int(row)].open >= limits.openPerPeer
    }

    mutating func open(_ row: Int32, _ kind: MemoKind) {
        if kind.isSure { rows[Int(row)].openSure += 1 } else { rows[Int(row)].open += 1 }
        hold(row)
        let host = rows[Int(row)].host
        if host >= 0, rows[Int(row)].standing == .stranger { hosts[Int(host)].open += 1 }
    }

    mutating func close(_ row: Int32, _ kind: MemoKind, charged: Int) {
        if kind.isSure { rows[Int(row)].openSure -= 1 } else { rows[Int(row)].open -= 1 }
        rows[Int(row)].charged -= charged
        if rows[Int(row)].standing == .stranger { uncount(row, 1) }
        release(row)
    }

    private mutating func uncount(_ row: Int32, _ memos: Int) {
        let host = rows[Int(row)].host
        if host >= 0 { hosts[Int(host)].open -= Int32(memos) }
    }

    @inline(__always) mutating func charge(_ amount: Int, to row: Int32) { rows[Int(row)].charged &+= amount }

    // MARK: What may be drawn

    /// So many bytes came from a source.
    @inline(__always) mutating func heard(_ bytes: Int, from row: Int32) {
        rows[Int(row)].left = min(Peers.mostDrawn, rows[Int(row)].left &+ Peers.factor &* bytes)
    }

    /// Whether so many bytes may go to a source.
    func allows(_ bytes: Int, to print: UInt64) -> Bool {
        let row = byPrint.first(print)
        return row >= 0 && (rows[Int(row)].standing > .stranger || rows[Int(row)].left >= bytes)
    }

    /// So many bytes went there.
    mutating func spend(_ bytes: Int, on print: UInt64) {
        let row = byPrint.first(print)
        guard row >= 0, rows[Int(row)].standing == .stranger else { return }
        rows[Int(row)].left -= bytes
    }

    // MARK: Signatures

    /// Takes leave to check a signature that a source sent: false if it, or all sources together, have used theirs up.
    mutating func takeCheck(_ row: Int32, at tyme: Tyme) -> Bool {
        let (burst, rate) = (Double(limits.verifyBurst), Double(limits.verifyPerSecond))
        checks = min(burst, checks + max(0, tyme - checkedAt) * rate)
        checkedAt = tyme
        // Half of all for one source, so that it cannot use up what others have.
        let index = Int(row)
        let more = max(0, tyme - rows[index].checkedAt) * rate / 2
        rows[index].checks = min(max(1, burst / 2), rows[index].checks + more)
        rows[index].checkedAt = tyme
        guard rows[index].checks >= 1 else { return false }
        // A friend's address needs none of what strangers have: they may have used it all up.
        if rows[index].standing == .stranger {
            guard checks >= 1 else { return false }
            checks -= 1
        }
        rows[index].checks -= 1
        return true
    }

    /// Gives it back: what was checked was good, and of somebody known.
    mutating func giveBackCheck(_ row: Int32) {
        if rows[Int(row)].standing == .stranger { checks = min(Double(limits.verifyBurst), checks + 1) }
        rows[Int(row)].checks = min(max(1, Double(limits.verifyBurst) / 2), rows[Int(row)].checks + 1)
    }

    // MARK: Acks that are lost

    /// The end of a memo is told to a peer, for the first time or since it asks once more.
    ///
    /// - Returns: how many copies of the ack make up for those that are lost lately: an ack is a small part of what is
    ///   sent again without it.
    mutating func told(_ print: UInt64, isAgain: Bool, at tyme: Tyme) -> Int {
        let row = byPrint.first(print)
        guard row >= 0 else { return 0 }
        // Who asks after longer than a timer runs has not missed an ack.
        let isLate = isAgain && tyme - rows[Int(row)].toldAt > Tyme(RoundTrip.silentCap) / 1e6
        rows[Int(row)].toldAt = tyme
        guard !isLate else { return 0 }
        let was = rows[Int(row)].asksAgain
        let now = was + ((isAgain ? 65_536 : 0) - was) / 16
        rows[Int(row)].asksAgain = now
        return now < 8_192 ? 0 : now < 16_384 ? 1 : 2
    }
}

extension Peers {
    /// Counts everything anew, and traps where a count that is kept differs: for tests.
    func checkInvariants() {
        let freed = Set(free)
        let used = rows.indices.filter { !freed.contains(Int32($0)) }
        precondition(used.count <= limits.peers + limits.open + 2, "\(used.count) peers")
        precondition(friends == used.filter { rows[$0].standing > .stranger }.count, "friends \(friends)")
        for row in used {
            let list = idle.list(of: Int32(row))
            precondition((list == nil) == (rows[row].holds > 0), "hold of peer \(row)")
            precondition(list == nil || list == rows[row].standing.rawValue, "class of peer \(row)")
            precondition(rows[row].holds >= rows[row].open + rows[row].openSure, "holds of peer \(row)")
            precondition(byPrint.first(rows[row].print) == Int32(row), "peer \(row) is not found")
        }
        let strangers = used.filter { rows[$0].standing == .stranger && rows[$0].host >= 0 }
        for (host, group) in Dictionary(grouping: strangers, by: { rows[$0].host }) {
            let open = group.reduce(0) { $0 + rows[$1].open + rows[$1].openSure }
            precondition(hosts[Int(host)].open == Int32(open), "open memos of host \(host)")
        }
    }
}

extension Address {
    /// What all ports of a host have in common; of an IPv6 address what a subscriber has, 64 bits. A Unix path is a
    /// host of its own.
    var hostWords: (UInt64, UInt64, UInt64) {
        (UInt64(family.rawValue) << 48 | 1 << 47, hi, family == .ip6 ? 0 : lo)
    }
}
