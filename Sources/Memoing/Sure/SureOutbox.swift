import Containers
import Doing
import Wiring

/// The sending half of sure memos: queues by destination, what is under way, timers, and how each memo ended.
///
/// A train that was polled changes nothing before ``commit(_:_:at:)`` says that it was taken.
struct SureOutbox {
    let limits: MemoerLimits
    private(set) var maximum: Int
    private var sizes: GramSizes
    /// What destinations have that nothing else was said of.
    var defaults = SureOptions()
    var lanes: [SureLane] = []
    var memos: [SureMemo] = []
    private var freeMemos: [Int32] = []
    private var byAddress = Chains()
    private var byMid = Chains()
    /// Memos by what they are about.
    private var byKey: [KeyOfLane: Int32] = [:]
    private var tickets: [Int32: Promise<SureOutcome>] = [:]
    /// Ready, blocked, waiting and idle lanes.
    var turns = Roster(lists: 4)
    /// Memos by lane, oldest first.
    private var byLane = Roster(lists: 0)
    /// When a lane has something to do, and when a memo is given up by its user's deadline.
    private var lanesDue = RowHeap<Micros>()
    private var memosDue = RowHeap<Micros>()
    private var lastLane: Int32 = -1
    private var serials: UInt64 = 0
    /// The transport has no room.
    var isFull = false
    var blocked = 0
    /// The least step of tyme that was seen, 1 ms at most: a timer runs out at the next step anyway.
    var granularity: Micros = 1_000
    /// Times that more was under way after a train than the window allowed before it: never.
    var overruns = 0

    /// Memos that are not over, and their bytes.
    private(set) var unfinished = 0
    private(set) var unfinishedBytes = 0
    var outcomes = Fifo<SureOutcome>()
    /// Destinations that fell silent, or answered again.
    var words = Fifo<MemoerEvent>()
    private(set) var lostWords = 0
    var counts = SureStatistics()
    var sent = MemoerStatistics.Traffic()
    /// The grams of the last train that was polled.
    var pending: [Pending] = []
    var pendingLane: Int32 = -1
    /// The gram that a train could not begin with, for good, and why.
    var cannot: (ref: GramRef, reason: MemoFailure.Reason)?

    private struct KeyOfLane: Hashable {
        let lane: Int32
        let key: UInt64
    }

    struct Pending {
        var ref: GramRef
        /// How many places of the queue of lost grams it uses up; 0 for a gram that was never sent.
        var lostPlaces: Int32
    }

    /// The lists of ``turns``.
    enum Turn {
        static var ready: Int { 0 }
        static var blocked: Int { 1 }
        static var waiting: Int { 2 }
        static var idle: Int { 3 }
    }

    init(size: Int?, maximum: Int, limits: MemoerLimits) {
        self.limits = limits
        self.maximum = maximum
        sizes = GramSizes(size, maximum: maximum)
    }

    /// Grams of the memos to come are as long as a transport carries that carries `maximum` bytes.
    mutating func adopt(_ size: Int?, maximum: Int) {
        self.maximum = maximum
        sizes = GramSizes(size.map { min($0, maximum) }, maximum: maximum)
    }

    var hasNews: Bool { !outcomes.isEmpty || !words.isEmpty }
    var isReady: Bool { !isFull && turns.first(of: Turn.ready) >= 0 }
    var isBlocked: Bool { blocked > 0 || isFull && turns.first(of: Turn.ready) >= 0 }

    /// When something is due, leaving aside what is ready.
    @inline(__always) var deadline: Micros { min(lanesDue.first?.rank ?? .max, memosDue.first?.rank ?? .max) }
}

// MARK: - Queueing

extension SureOutbox {
    /// Queues a memo.
    mutating func append(
        _ bytes: [UInt8], _ mid: Mid, _ kind: MemoKind, _ domain: Domain, identity: Int32,
        _ options: MemoOptions? = nil,
        to lane: Int32, at now: Micros
    ) {
        let row: Int32
        if let free = freeMemos.popLast() {
            row = free
        } else {
            row = Int32(memos.count)
            memos.append(SureMemo())
        }
        serials &+= 1
        begin(
            row, bytes, mid, kind, domain, identity, options, lane, serials, order: lanes[Int(lane)].enroll(), at: now)
        byLane.reserve(lists: lanes.count)
        byLane.append(row, to: Int(lane))
        unfinished += 1
        unfinishedBytes += bytes.count
        lanes[Int(lane)].bytes += bytes.count
        let ref = GramRef(row: row, gram: 0, serial: serials, sentAt: .min, tries: 0)
        lanes[Int(lane)].fresh[memos[Int(row)].priority].append(ref)
        if lanes[Int(lane)].unfinished == 1 { idleCheck(Int(lane), now) }
        makeReady(lane)
    }

    /// Puts a memo into a row that is free.
    @inline(__always) private mutating func begin(
        _ row: Int32, _ bytes: [UInt8], _ mid: Mid, _ kind: MemoKind, _ domain: Domain, _ identity: Int32,
        _ options: MemoOptions?, _ lane: Int32, _ serial: UInt64, order: UInt64, at now: Micros
    ) {
        let size = sizes.size(kind, domain, lowered: nil)
        var count: Int32 = 1
        if bytes.count + kind.zeroth.layout.overhead(in: domain) > size {
            let plan = try? RendPlan(length: bytes.count, kind: kind, domain: domain, size: size)
            count = Int32(plan?.count ?? 1)
        }
        var deadline = Micros.max
        if let span = options?.deadline ?? lanes[Int(lane)].options.deadline {
            deadline = now &+ max(0, Micros(tyme: span))
            memosDue.set(row, deadline)
        }
        memos[Int(row)].begin(
            bytes, mid: mid, kind: kind, domain: domain, identity: identity, lane: lane, serial: serial,
            order: order, size: Int32(size), count: count, deadline: deadline,
            priority: lanes[Int(lane)].options.isOrdered ? .normal : options?.priority ?? .normal, key: options?.key)
        byMid.insert(row, SureOutbox.hash(mid))
        if let key = options?.key { byKey[KeyOfLane(lane: lane, key: key)] = row }
    }

    /// The memo to a destination that has a key and is not over, or -1.
    func find(key: UInt64, _ address: Address, _ hash: KeyedHash) -> Int32 {
        let lane = find(address, hash)
        return lane < 0 ? -1 : byKey[KeyOfLane(lane: lane, key: key)] ?? -1
    }

    /// Ends a memo that a later one of its key supersedes. If nothing of it has left, that one takes its place.
    ///
    /// - Returns: whether it did.
    mutating func replace(
        _ row: Int32, _ bytes: [UInt8], _ mid: Mid, _ kind: MemoKind, _ domain: Domain, _ identity: Int32,
        _ options: MemoOptions?, at now: Micros
    ) -> Bool {
        let index = Int(row)
        let lane = memos[index].lane
        let isInPlace =
            memos[index].next == 0 && pendingLane != lane
            && (lanes[Int(lane)].options.isOrdered || memos[index].priority == options?.priority)
        guard isInPlace else {
            takeBack(row, .superseded, at: now)
            return false
        }
        let (serial, order, length) = (memos[index].serial, memos[index].order, memos[index].bytes.count)
        tell(
            SureOutcome(
                mid: memos[index].mid, destination: lanes[Int(lane)].address, result: .superseded,
                mayHaveArrived: false), of: row)
        forget(row)
        unfinishedBytes += bytes.count - length
        lanes[Int(lane)].bytes += bytes.count - length
        begin(row, bytes, mid, kind, domain, identity, options, lane, serial, order: order, at: now)
        return true
    }

    /// Ends a memo at its user's wish.
    mutating func takeBack(_ row: Int32, _ result: SureOutcome.Result, at now: Micros) {
        let lane = memos[Int(row)].lane
        // What was polled and not told to be sent is taken for not sent.
        if pendingLane >= 0 {
            pending.removeAll(keepingCapacity: true)
            pendingLane = -1
        }
        finish(row, result)
        after(lane, now)
    }

    /// The promise of a memo's outcome.
    mutating func ticket(of row: Int32) -> Promise<SureOutcome> {
        if let ticket = tickets[row] { return ticket }
        let ticket = Promise<SureOutcome>()
        tickets[row] = ticket
        return ticket
    }

    private mutating func idleCheck(_ lane: Int, _ now: Micros) {
        guard now - lanes[lane].lastSent > times(lane).timeout else { return }
        lanes[lane].controller.idled()
    }

    /// What counts as queued: every memo has an outcome, and none is lost, so those that nobody has polled count too.
    @inline(__always) var held: (memos: Int, bytes: Int) { (unfinished &+ outcomes.count, unfinishedBytes) }

    /// Whether a memo of `length` bytes may be queued: its lane, which may be new.
    mutating func admit(
        _ length: Int, _ kind: MemoKind, _ domain: Domain, to address: Address, hash: KeyedHash,
        beside plain: (memos: Int, bytes: Int), insteadOf earlier: Int32
    ) throws(MemoError) -> Int32 {
        guard length <= limits.memoBytes else { throw .memoTooLarge(bytes: length, limit: limits.memoBytes) }
        let (less, spared) = earlier < 0 ? (0, 0) : (1, self.memos[Int(earlier)].bytes.count)
        let (memos, bytes) = (held.memos + plain.memos - less, held.bytes + plain.bytes + length - spared)
        guard memos < limits.queuedMemos else { throw .queueFull(memos: memos, limit: limits.queuedMemos) }
        guard bytes <= limits.queuedBytes else { throw .queueBytesFull(bytes: bytes, limit: limits.queuedBytes) }
        let size = sizes.size(kind, domain, lowered: nil)
        guard size > 0 else {
            throw .transportTooSmall(maximum: maximum, need: kind.zeroth.layout.overhead(in: domain) + 1)
        }
        if length > size {
            let plan = try RendPlan(length: length, kind: kind, domain: domain, size: size)
            guard plan.count <= limits.memoGrams else {
                throw .tooManyGrams(count: plan.count, limit: limits.memoGrams)
            }
        }
        let lane = try lane(for: address, hash)
        guard lanes[Int(lane)].unfinished - less < limits.queuedMemosPerPeer else {
            throw .queueFull(memos: lanes[Int(lane)].unfinished, limit: limits.queuedMemosPerPeer)
        }
        guard lanes[Int(lane)].bytes + length - spared <= limits.queuedBytesPerPeer else {
            throw .queueBytesFull(
                bytes: lanes[Int(lane)].bytes + length - spared, limit: limits.queuedBytesPerPeer)
        }
        return lane
    }

    /// The lane of a destination, or -1. Inlined: a call copies all of this first.
    @inline(__always) func find(_ address: Address, _ hash: KeyedHash) -> Int32 {
        if lastLane >= 0, lanes[Int(lastLane)].address == address { return lastLane }
        var row = byAddress.first(hash(address.tag, address.hi, address.lo))
        while row >= 0, lanes[Int(row)].address != address { row = byAddress.next(row) }
        return row
    }

    /// The lane of a destination, which may be new.
    mutating func lane(for address: Address, _ hash: KeyedHash) throws(MemoError) -> Int32 {
        guard !address.isNone else { throw .noDestination }
        var row = find(address, hash)
        if row < 0 {
            try defaults.check()
            if lanes.count < limits.destinations {
                row = Int32(lanes.count)
                lanes.append(SureLane(address, defaults))
                turns.append(row, to: Turn.idle)
            } else {
                row = turns.first(of: Turn.idle)
                guard row >= 0 else { throw .tooManyDestinations(limit: limits.destinations) }
                byAddress.remove(row)
                lanes[Int(row)] = SureLane(address, defaults)
            }
            byAddress.insert(row, hash(address.tag, address.hi, address.lo))
        }
        lastLane = row
        return row
    }

    /// The row of a memo that is not over, or -1.
    @inline(__always) func find(_ mid: Mid) -> Int32 {
        var row = byMid.first(SureOutbox.hash(mid))
        while row >= 0, memos[Int(row)].mid != mid { row = byMid.next(row) }
        return row
    }

    /// Our own mids only are put in, and their last bits are a keyed hash: nobody can aim at a chain.
    @inline(__always) private static func hash(_ mid: Mid) -> UInt64 { mid.low ^ mid.low &>> 56 &* 0x9E37_79B9 }

    @inline(__always) func isAlive(_ ref: GramRef) -> Bool { memos[Int(ref.row)].serial == ref.serial }

    /// Lets a lane be polled, unless it waits for room.
    @inline(__always) mutating func makeReady(_ lane: Int32) {
        if turns.list(of: lane) != Turn.blocked { turns.move(lane, to: Turn.ready) }
    }

    /// Sets when a lane has something to do next.
    mutating func reschedule(_ lane: Int32, opens: Micros = .max) {
        let due = lanes[Int(lane)].unfinished == 0 ? .max : deadline(of: Int(lane))
        lanesDue.set(lane, min(due, opens))
    }
}

// MARK: - Ending

extension SureOutbox {
    /// Ends a memo. The only place where one ends, so that each has one outcome.
    mutating func finish(_ row: Int32, _ result: SureOutcome.Result) {
        let index = Int(row)
        let (lane, mid, length) = (Int(memos[index].lane), memos[index].mid, memos[index].bytes.count)
        let (base, next) = (memos[index].base, memos[index].next)
        let mayHaveArrived: Bool
        switch result {
        case .delivered: mayHaveArrived = true
        case .refused(let reason): mayHaveArrived = reason == .stale
        case .timedOut, .neverHeard, .localError, .closed, .cancelled, .superseded:
            mayHaveArrived = next == memos[index].count
        }
        byLane.remove(row)
        freeMemos.append(row)
        for gram in base..<max(base, next) where !memos[index].isAcked(gram) {
            if lanes[lane].log.end(memos[index].transmission(of: gram)) != nil { lanes[lane].inFlight -= 1 }
        }
        lanes[lane].strike(memos[index].order)
        lanes[lane].bytes -= length
        forget(row)
        unfinished -= 1
        unfinishedBytes -= length
        if lanes[lane].unfinished == 0 {
            // Nothing is left of it in any queue but refs that are dead.
            lanes[lane].fresh.removeAll()
            lanes[lane].lost.removeAll()
            lanes[lane].parked.removeAll(keepingCapacity: lanes[lane].parked.capacity <= Fifo<GramRef>.mostKept)
            lanes[lane].timeouts = 0
            lanes[lane].probes = 0
        }
        tell(
            SureOutcome(mid: mid, destination: lanes[lane].address, result: result, mayHaveArrived: mayHaveArrived),
            of: row)
    }

    /// Tells how the memo of a row has ended: by its ticket, else as an event.
    @inline(__always) private mutating func tell(_ outcome: SureOutcome, of row: Int32) {
        counts.count(outcome.result)
        if !tickets.isEmpty, let ticket = tickets.removeValue(forKey: row) {
            ticket.resolve(outcome)
        } else {
            outcomes.append(outcome)
        }
    }

    /// Nothing finds the memo of a row any more.
    @inline(__always) private mutating func forget(_ row: Int32) {
        let index = Int(row)
        byMid.remove(row)
        if memos[index].deadline != .max { memosDue.set(row, .max) }
        if let key = memos[index].key {
            let place = KeyOfLane(lane: memos[index].lane, key: key)
            if byKey[place] == row { byKey[place] = nil }
        }
        memos[index].leave()
    }

    /// Tells of a destination.
    private mutating func tell(_ word: MemoerEvent) {
        guard words.count < limits.events else { return lostWords += 1 }
        words.append(word)
    }

    /// Ends all memos.
    mutating func finishAll(_ result: SureOutcome.Result) {
        let rows = memos.indices.filter { memos[$0].serial != 0 }.sorted { memos[$0].serial < memos[$1].serial }
        for row in rows {
            let lane = memos[row].lane
            finish(Int32(row), result)
            if lanes[Int(lane)].unfinished == 0 { settle(lane) }
        }
    }

    /// Gives up the memos of a lane that have had two timers at least: nobody answers there. The caller settles it.
    private mutating func giveUp(_ lane: Int) {
        var row = byLane.first(of: lane)
        while row >= 0 {
            let after = byLane.after(row)
            let hasTried = memos[Int(row)].next > 0 && lanes[lane].timers >= memos[Int(row)].timers + 2
            if hasTried { finish(row, gaveUp(Int32(lane))) }
            row = after
        }
    }

    /// A lane without memos is idle and has no timer.
    mutating func settle(_ lane: Int32) {
        lanes[Int(lane)].log.trim()
        if turns.list(of: lane) == Turn.blocked { blocked -= 1 }
        if lanes[Int(lane)].isKept { turns.remove(lane) } else { turns.move(lane, to: Turn.idle) }
        lanesDue.set(lane, .max)
    }

    /// A lane has options of its own: it is never used for another destination.
    mutating func keep(_ lane: Int32) {
        lanes[Int(lane)].isKept = true
        if turns.list(of: lane) == Turn.idle { turns.remove(lane) }
    }

    func gaveUp(_ lane: Int32) -> SureOutcome.Result { lanes[Int(lane)].isHeard ? .timedOut : .neverHeard }
}

// MARK: - Timers

extension SureOutbox {
    /// Does what is due.
    mutating func tick(at now: Micros) {
        while let (at, row) = memosDue.first, at <= now {
            let lane = memos[Int(row)].lane
            finish(row, gaveUp(lane))
            after(lane, now)
        }
        while let (at, lane) = lanesDue.first, at <= now {
            lanesDue.set(lane, .max)
            fire(lane, now)
        }
    }

    /// A lane's state has changed: it may be sent to, or has no more to do.
    mutating func after(_ lane: Int32, _ now: Micros) {
        if lanes[Int(lane)].unfinished == 0 { return settle(lane) }
        makeReady(lane)
        reschedule(lane)
    }

    private mutating func fire(_ row: Int32, _ now: Micros) {
        let lane = Int(row)
        detectLosses(lane, now)
        lanes[lane].log.trim()
        if let first = lanes[lane].log.first {
            if times(lane).timerStart(first.sentAt) + times(lane).timeout <= now { timeOut(lane, now) }
        } else if !lanes[lane].parked.isEmpty {
            probeParked(lane, now)
        }
        guard lanes[lane].unfinished > 0 else { return settle(row) }
        makeReady(row)
        let due = deadline(of: lane)
        // What was late already is looked at again a tick later, not now.
        lanesDue.set(row, due == .max ? .max : max(due, now + 1))
    }

    /// Takes what was overtaken and is old enough out of what is under way.
    mutating func detectLosses(_ lane: Int, _ now: Micros) {
        lanes[lane].log.trim()
        guard !lanes[lane].log.isEmpty else { return }
        let times = times(lane)
        while true {
            lanes[lane].log.trim()
            let order = lanes[lane].log.firstOrder
            guard let first = lanes[lane].log.first, times.isOvertaken(order, first.sentAt),
                now - first.sentAt >= times.lossDelay
            else { return }
            lose(lane, order, now, isCongestion: true)
        }
    }

    /// A sending is lost: its gram waits to be sent again, or its memo is given up.
    private mutating func lose(_ lane: Int, _ order: UInt64, _ now: Micros, isCongestion: Bool) {
        guard let entry = lanes[lane].log.end(order) else { return }
        lanes[lane].inFlight -= 1
        lanes[lane].loss.lost()
        if isCongestion { lanes[lane].controller.lost(sentAt: entry.sentAt, at: now) }
        let ref = GramRef(
            row: entry.row, gram: entry.gram, serial: entry.serial, sentAt: entry.sentAt, tries: entry.tries)
        guard isAlive(ref) else { return }
        if memos[Int(ref.row)].rounds >= triesLeft(lane) { return finish(ref.row, gaveUp(Int32(lane))) }
        lanes[lane].lost.append(ref)
    }

    /// The destination has answered.
    @inline(__always) mutating func hear(_ lane: Int, _ now: Micros) {
        lanes[lane].isHeard = true
        lanes[lane].heardAt = now
        lanes[lane].timeouts = 0
        guard lanes[lane].isSilent else { return }
        lanes[lane].isSilent = false
        tell(.answers(lanes[lane].address))
    }

    private func triesLeft(_ lane: Int) -> Int32 {
        let isHeard = lanes[lane].isHeard
        if !isHeard, lanes[lane].options.mode == .bestEffort {
            return Int32(clamping: max(0, lanes[lane].options.probes))
        }
        if let tries = lanes[lane].options.tries { return Int32(clamping: max(0, tries)) }
        return isHeard ? lanes[lane].loss.tries : LossRate.mostTries
    }

    /// Takes note of a timer that ran out; true if nobody answers any more, and memos were given up.
    private mutating func noteTimer(_ lane: Int, _ now: Micros) -> Bool {
        lanes[lane].timeouts += 1
        lanes[lane].timers += 1
        lanes[lane].lastTimeout = now
        counts.timeouts += 1
        let explained = lanes[lane].isHeard ? Int(lanes[lane].loss.steady) : 3
        if !lanes[lane].isSilent, lanes[lane].timeouts >= explained, now - lanes[lane].heardAt >= 1_000_000 {
            lanes[lane].isSilent = true
            tell(.silent(lanes[lane].address))
        }
        guard lanes[lane].timeouts > Int(triesLeft(lane)) else { return false }
        giveUp(lane)
        return true
    }

    /// Nothing came back in time.
    private mutating func timeOut(_ lane: Int, _ now: Micros) {
        let overdue = now - times(lane).timeout
        if sendsRest(lane, now) { return }
        // Timers that loss explains are no sign of congestion.
        let unexplained = lanes[lane].timeouts + 1 - Int(lanes[lane].loss.steady - LossRate.leastSteady)
        if unexplained > 0 { lanes[lane].controller.timedOut(unexplained) }
        let isSilent = noteTimer(lane, now)
        if isSilent, lanes[lane].log.isEmpty { return }
        if !lanes[lane].isHeard { return probeUnheard(lane, now) }
        if lanes[lane].controller.repeatsOverdue {
            while let first = lanes[lane].log.first, first.sentAt <= overdue {
                lose(lane, lanes[lane].log.firstOrder, now, isCongestion: false)
                lanes[lane].allowance += 1
                lanes[lane].log.trim()
            }
            if lanes[lane].lost.isEmpty { probeFirst(lane, now) }
        } else {
            probeFirst(lane, now)
        }
    }

    /// To a destination that may be a plain peer every gram goes once before anything is given up: a timer lets another
    /// window of them leave, as if those before had arrived.
    private mutating func sendsRest(_ lane: Int, _ now: Micros) -> Bool {
        guard !lanes[lane].isHeard, lanes[lane].options.mode == .bestEffort, lanes[lane].parked.isEmpty,
            let next = lanes[lane].fresh.first, isAlive(next), lanes[lane].mayStart(memos[Int(next.row)].order)
        else { return false }
        lanes[lane].lastTimeout = now
        lanes[lane].probes = lanes[lane].controller.window
        return true
    }

    /// Repeats the oldest gram under way, and gram 0 of its memo if that is not acknowledged either.
    private mutating func probeFirst(_ lane: Int, _ now: Micros) {
        guard let first = lanes[lane].log.first else { return }
        let before = lanes[lane].inFlight
        let row = Int(first.row)
        if first.gram != 0, memos[row].serial == first.serial, memos[row].base == 0 {
            lose(lane, memos[row].zeroth, now, isCongestion: false)
        }
        lose(lane, lanes[lane].log.firstOrder, now, isCongestion: false)
        lanes[lane].allowance = max(lanes[lane].allowance, 2)
        lanes[lane].probes = before - lanes[lane].inFlight
    }

    /// To a destination that was never heard only first grams are repeated, four at a time, or two to one that may be a
    /// plain peer: such a one has the memo, and would take all its grams for another one.
    private mutating func probeUnheard(_ lane: Int, _ now: Micros) {
        let most = lanes[lane].options.mode == .bestEffort ? 2 : 4
        var probed = 0
        for (order, entry) in lanes[lane].log.open where entry.gram == 0 && probed < most {
            lose(lane, order, now, isCongestion: false)
            probed += 1
        }
        lanes[lane].allowance = max(lanes[lane].allowance, most)
        lanes[lane].probes = probed
    }

    /// Nothing is under way, and the receiver had no credit: one gram asks whether it has some now.
    private mutating func probeParked(_ lane: Int, _ now: Micros) {
        guard max(lanes[lane].lastSent, lanes[lane].lastTimeout) + times(lane).timeout <= now else {
            return
        }
        _ = noteTimer(lane, now)
        while let ref = lanes[lane].parked.first {
            lanes[lane].parked.removeFirst()
            guard isAlive(ref), memos[Int(ref.row)].isParked else { continue }
            memos[Int(ref.row)].isParked = false
            memos[Int(ref.row)].credit = memos[Int(ref.row)].next + 1
            lanes[lane].fresh[memos[Int(ref.row)].priority].append(ref)
            return
        }
    }
}
