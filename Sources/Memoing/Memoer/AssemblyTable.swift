import Containers
import Doing
import Wiring

/// All unfinished memos: found by mid, bounded by peer and in all, given up by age.
///
/// Everything is constant time a gram: memos stand in lists by age, by how complete they are, and by peer. A memo's
/// peer has at most ``MemoerLimits/openPerPeer`` memos, which are walked where one of them must go.
struct AssemblyTable {
    let limits: MemoerLimits
    var rows: [Assembly] = []
    private var free: [Int32] = []
    private var byMid = Chains()
    /// Whom they are charged to.
    var peers: Peers
    /// By the last new gram: orphans, others.
    private var ages = Roster(lists: 2)
    /// By the first gram.
    private var openings = Roster(lists: 1)
    /// By how complete they are: strangers' orphans, eighths of strangers' memos, the same of each class above.
    private var bins = Roster(lists: 3 * AssemblyTable.binCount)
    /// Sure memos of which grams were acknowledged, by class, the one without a new gram for longest first.
    private var acknowledged = Roster(lists: 3)
    /// By peer, oldest first.
    private var families = Roster(lists: 0)

    /// Unfinished memos.
    private(set) var count = 0
    /// Bytes charged.
    private(set) var charged = 0
    /// Given up to make room, and not counted yet.
    var evicted: [Evicted] = []

    private static let binCount = 9
    /// What a gram costs beside its body.
    static let gramCharge = 64
    /// What a body counts at least, unless it is the last.
    static let leastBody = 64

    /// A memo that was given up to make room; whoever was told that grams of it are held is told that it is refused.
    struct Evicted {
        let mid: Mid
        let key: AssemblyKey
        let source: Address
        let print: UInt64
        let count: Int
        let isAcknowledged: Bool
        let standing: Peers.Class
    }

    init(limits: MemoerLimits) {
        self.limits = limits
        peers = Peers(limits: limits)
    }

    // MARK: Finding

    /// The row of a memo, or -1.
    @inline(__always) func find(_ mid: Mid, _ hash: UInt64, where isIt: (borrowing Assembly) -> Bool) -> Int32 {
        var row = byMid.first(hash)
        while row >= 0 {
            if rows[Int(row)].mid == mid, isIt(rows[Int(row)]) { return row }
            row = byMid.next(row)
        }
        return -1
    }

    /// The rows with a mid, at most ``MemoerLimits/keysPerMid``.
    func all(_ mid: Mid, _ hash: UInt64) -> [Int32] {
        var found: [Int32] = []
        var row = byMid.first(hash)
        while row >= 0 {
            if rows[Int(row)].mid == mid { found.append(row) }
            row = byMid.next(row)
        }
        return found
    }

    // MARK: Opening and closing

    /// A row for a new memo of a peer that is held, or the reason for which there is none.
    mutating func open(
        _ mid: Mid, _ hash: UInt64, key: AssemblyKey, kind: MemoKind, of standing: Peers.Class, peer: Int32,
        at tyme: Tyme
    ) -> Result<Int32, OpenFailure> {
        let same = all(mid, hash)
        if same.count >= limits.keysPerMid {
            guard let victim = same.first(where: { isBelow(standing, $0) }) else {
                return .failure(OpenFailure(reason: .tooManyKeys))
            }
            evict(victim)
        }
        // A peer that has opened none yet may be one of a host that is full.
        families.reserve(lists: Int(peer) + 1)
        while peers.isFull(peer, kind) {
            guard evictOne(of: peer, kind, except: -1) else { return .failure(OpenFailure(reason: .capacity)) }
        }
        while peers.isHostFull(peer) {
            guard evictOne(of: peer, nil, except: -1) else { return .failure(OpenFailure(reason: .capacity)) }
        }
        while count >= limits.open {
            guard evictOne(for: standing, except: -1) else { return .failure(OpenFailure(reason: .capacity)) }
        }
        return .success(insert(mid, hash, key, kind, standing, peer, tyme))
    }

    private func isBelow(_ standing: Peers.Class, _ row: Int32) -> Bool {
        rows[Int(row)].standing < standing && !rows[Int(row)].isProtected
    }

    struct OpenFailure: Error { var reason: DropReason }

    private mutating func insert(
        _ mid: Mid, _ hash: UInt64, _ key: AssemblyKey, _ kind: MemoKind, _ standing: Peers.Class, _ peer: Int32,
        _ tyme: Tyme
    ) -> Int32 {
        let row: Int32
        if let last = free.popLast() {
            row = last
        } else {
            row = Int32(rows.count)
            rows.append(Assembly())
        }
        rows[Int(row)].mid = mid
        rows[Int(row)].key = key
        rows[Int(row)].kind = kind
        rows[Int(row)].standing = standing
        rows[Int(row)].peer = peer
        rows[Int(row)].opened = tyme
        rows[Int(row)].lastNew = tyme
        peers.open(peer, kind)
        count += 1
        byMid.insert(row, hash)
        ages.append(row, to: 0)
        openings.append(row, to: 0)
        bins.append(row, to: AssemblyTable.binCount * standing.rawValue)
        families.append(row, to: Int(peer))
        return row
    }

    /// Takes a memo out of the table.
    ///
    /// - Returns: the storage that its bytes are in.
    @discardableResult mutating func close(_ row: Int32) -> [UInt8] {
        var gone = Assembly()
        swap(&gone, &rows[Int(row)])
        byMid.remove(row)
        ages.remove(row)
        openings.remove(row)
        if gone.isProtected { acknowledged.remove(row) } else { bins.remove(row) }
        families.remove(row)
        count -= 1
        charged -= gone.charged
        peers.close(gone.peer, gone.kind, charged: gone.charged)
        free.append(row)
        return gone.bytes
    }
}

// MARK: - Growing

extension AssemblyTable {
    /// Charges a gram with a body of `length` bytes to a memo, making room where there is none.
    ///
    /// - Returns: false if there is no room.
    @inline(__always) mutating func charge(_ length: Int, to row: Int32) -> Bool {
        let amount = max(length, AssemblyTable.leastBody) &+ AssemblyTable.gramCharge
        let peer = rows[Int(row)].peer
        if peers.rows[Int(peer)].charged &+ amount > limits.bytesPerPeer || charged &+ amount > limits.bytes {
            guard makeRoom(for: amount, row) else { return false }
        }
        peers.charge(amount, to: peer)
        charged &+= amount
        rows[Int(row)].charged &+= amount
        return true
    }

    /// How many grams with bodies of `length` bytes a memo takes in one go, at most `most`: 0 if it is not sure that
    /// all of them would be taken one by one.
    func room(for most: Int, of length: Int, in row: Int32) -> Int {
        let row = Int(row)
        let run = min(most, rows[row].room(of: length))
        let counted = max(length, AssemblyTable.leastBody)
        let amount = run &* (counted &+ AssemblyTable.gramCharge)
        // That the memo's even partition is within bounds was seen when the length of its bodies became known.
        guard rows[row].counted &+ run &* counted <= limits.memoBytes, charged &+ amount <= limits.bytes,
            peers.rows[Int(rows[row].peer)].charged &+ amount <= limits.bytesPerPeer
        else { return 0 }
        return run
    }

    /// Charges so many grams with bodies of `length` bytes, for which there is room.
    mutating func charge(_ run: Int, of length: Int, to row: Int32) {
        let amount = run &* (max(length, AssemblyTable.leastBody) &+ AssemblyTable.gramCharge)
        peers.charge(amount, to: rows[Int(row)].peer)
        charged &+= amount
        rows[Int(row)].charged &+= amount
    }

    @inline(never) private mutating func makeRoom(for amount: Int, _ row: Int32) -> Bool {
        let peer = rows[Int(row)].peer
        while peers.rows[Int(peer)].charged + amount > limits.bytesPerPeer {
            guard evictOne(of: peer, nil, except: row) else { return false }
        }
        while charged + amount > limits.bytes {
            guard evictOne(for: rows[Int(row)].standing, except: row) else { return false }
        }
        return true
    }

    /// A new gram came: the memo is young again, and perhaps more complete.
    @inline(__always) mutating func touch(_ row: Int32, at tyme: Tyme) {
        if rows[Int(row)].lastNew != tyme {
            rows[Int(row)].lastNew = tyme
            ages.move(row, to: rows[Int(row)].isPatient ? 1 : 0)
            if rows[Int(row)].isProtected { acknowledged.move(row, to: rows[Int(row)].standing.rawValue) }
        }
        if rows[Int(row)].held >= rows[Int(row)].heldForNextBin { rebin(row) }
    }

    /// The first gram came: no orphan any more.
    mutating func adopt(_ row: Int32) {
        ages.move(row, to: 1)
        rebin(row)
    }

    @inline(never) private mutating func rebin(_ row: Int32) {
        let (held, count) = (rows[Int(row)].held, rows[Int(row)].count)
        let first = AssemblyTable.binCount * rows[Int(row)].standing.rawValue
        guard count > 0 else {
            rows[Int(row)].heldForNextBin = .max
            return
        }
        let eighth = min(held * 8 / count, AssemblyTable.binCount - 2)
        // The least number of grams held that makes the next eighth.
        rows[Int(row)].heldForNextBin = eighth == AssemblyTable.binCount - 2 ? .max : ((eighth + 1) * count + 7) / 8
        if !rows[Int(row)].isProtected, bins.list(of: row) != first + 1 + eighth {
            bins.move(row, to: first + 1 + eighth)
        }
    }
}

// MARK: - Giving up

extension AssemblyTable {
    /// Gives up the oldest orphan of a peer, or else its least complete memo, the older of two that are alike.
    private mutating func evictOne(of peer: Int32, _ kind: MemoKind?, except: Int32) -> Bool {
        var victim: Int32 = -1
        var row = families.first(of: Int(peer))
        while row >= 0 {
            let isCandidate =
                row != except && !rows[Int(row)].isProtected
                && (kind == nil || kind!.isSure == rows[Int(row)].kind.isSure)
            if isCandidate {
                if rows[Int(row)].isOrphan {
                    victim = row
                    break
                }
                if victim < 0 || isLessComplete(row, victim) { victim = row }
            }
            row = families.after(row)
        }
        guard victim >= 0 else { return false }
        evict(victim)
        return true
    }

    private func isLessComplete(_ a: Int32, _ b: Int32) -> Bool {
        rows[Int(a)].held * rows[Int(b)].count < rows[Int(b)].held * rows[Int(a)].count
    }

    /// Gives up a memo of any peer to make room for one of a class: of the classes below first, wholly, then of the
    /// same. Within one orphans go first, then the least complete by eighths; then those that were acknowledged, whose
    /// senders are told, but not for their own class, unless that is anybody's.
    private mutating func evictOne(for standing: Peers.Class, except: Int32) -> Bool {
        for lower in Peers.Class.allCases where lower <= standing {
            for bin in 0..<AssemblyTable.binCount {
                if evictFirst(of: bins, lower.rawValue * AssemblyTable.binCount + bin, except) { return true }
            }
            guard lower < standing || lower == .stranger else { continue }
            if evictFirst(of: acknowledged, lower.rawValue, except) { return true }
        }
        return false
    }

    private mutating func evictFirst(of roster: Roster, _ list: Int, _ except: Int32) -> Bool {
        var row = roster.first(of: list)
        if row == except, row >= 0 { row = roster.after(row) }
        guard row >= 0 else { return false }
        evict(row)
        return true
    }

    /// From now on a memo is not given up for another of its class, unless that is the class of strangers.
    mutating func protect(_ row: Int32) {
        guard !rows[Int(row)].isProtected else { return }
        rows[Int(row)].isProtected = true
        bins.remove(row)
        acknowledged.append(row, to: rows[Int(row)].standing.rawValue)
        ages.move(row, to: 1)
    }

    private mutating func evict(_ row: Int32) {
        let gone = rows[Int(row)]
        evicted.append(
            Evicted(
                mid: gone.mid, key: gone.key, source: gone.source, print: gone.print, count: gone.count,
                isAcknowledged: gone.isProtected, standing: gone.standing))
        close(row)
    }

    /// When the next memo is given up for its age, or nil if there is none.
    var deadline: Tyme? {
        guard count > 0 else { return nil }
        var least = Tyme.infinity
        for list in 0..<2 {
            let row = ages.first(of: list)
            if row >= 0 { least = min(least, rows[Int(row)].lastNew + (list == 0 ? limits.orphanAge : limits.idleAge)) }
        }
        let oldest = openings.first(of: 0)
        if oldest >= 0 { least = min(least, rows[Int(oldest)].opened + limits.wholeAge) }
        return least
    }

    /// A memo whose age is over at `tyme`, or -1. Constant time.
    func expired(at tyme: Tyme) -> Int32 {
        for list in 0..<2 {
            let row = ages.first(of: list)
            let age = list == 0 ? limits.orphanAge : limits.idleAge
            if row >= 0, rows[Int(row)].lastNew + age <= tyme { return row }
        }
        let oldest = openings.first(of: 0)
        return oldest >= 0 && rows[Int(oldest)].opened + limits.wholeAge <= tyme ? oldest : -1
    }
}

// MARK: - Checking

extension AssemblyTable {
    /// Counts everything anew, and traps where a count that is kept differs: for tests.
    func checkInvariants() {
        let open = rows.indices.filter { rows[$0].isOpen }
        precondition(open.count == count && count <= limits.open, "open \(open.count), counted \(count)")
        precondition(charged == open.reduce(0) { $0 + rows[$1].charged }, "charged \(charged)")
        precondition(free.count == rows.count - count, "free \(free.count)")
        for peer in Set(open.map { rows[$0].peer }).sorted() {
            let own = open.filter { rows[$0].peer == peer }
            let kept = peers.rows[Int(peer)]
            precondition(kept.openSure == own.filter { rows[$0].kind.isSure }.count, "open sure")
            precondition(kept.open + kept.openSure == own.count, "open of a peer")
            precondition(kept.open <= limits.openPerPeer && kept.openSure <= limits.openSurePerPeer, "per peer")
            precondition(kept.charged == own.reduce(0) { $0 + rows[$1].charged }, "charged to a peer")
            precondition(kept.charged <= limits.bytesPerPeer, "bytes of a peer")
        }
        peers.checkInvariants()
        for row in open {
            // What was appended out of the arena stays there until it is half of it.
            precondition(
                rows[row].bytes.count + rows[row].arena.count <= 2 * rows[row].charged + 1 << 17, "held above charged")
            precondition(ages.list(of: Int32(row)) == (rows[row].isPatient ? 1 : 0), "age list")
            precondition(openings.list(of: Int32(row)) == 0, "list of openings")
            precondition((bins.list(of: Int32(row)) == nil) == rows[row].isProtected, "bin")
            precondition((acknowledged.list(of: Int32(row)) == nil) != rows[row].isProtected, "acknowledged")
            precondition(families.list(of: Int32(row)) == Int(rows[row].peer), "family")
            precondition(all(rows[row].mid).count <= limits.keysPerMid, "keys of a mid")
        }
    }

    private func all(_ mid: Mid) -> [Assembly] { rows.filter { $0.isOpen && $0.mid == mid } }
}

extension Memoer {
    /// Traps where a table's counts do not agree with what is in it: for tests.
    package func checkInvariants() { table.checkInvariants() }
}

extension Memoer {
    /// The most bytes that are reserved for one unfinished memo: for tests.
    package var largestReserve: Int { table.rows.map(\.bytes.capacity).max() ?? 0 }
}
