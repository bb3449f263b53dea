import Containers
import Doing
import Wiring

/// Memos that wait to be sent: a queue for each destination, served in turn, a train at a time.
///
/// Nothing is taken off a queue before the transport says that it took it: what was not taken is rendered again, except
/// signed grams, which are kept, so that nothing is signed twice.
struct Outbox {
    let limits: MemoerLimits
    private(set) var maximum: Int
    private var sizes: GramSizes
    private(set) var lanes: [Lane] = []
    private var byAddress = Chains()
    /// Ready, blocked and idle lanes, each in turn.
    private var turns = Roster(lists: 3)
    /// The lane that alone is in the ready list though it has nothing to send, or -1: it stays there until another one
    /// is moved, so that one destination that gets a memo at a time goes to no list and comes from none.
    private var resting: Int32 = -1
    private var lastLane: Int32 = -1
    /// The lane whose first memo, one gram, is all of the train that was polled last, or -1.
    private var alone: Int32 = -1
    /// Who has signed memos queued; an own vid is added once.
    private(set) var identities: [Identity] = []
    private var identityOf: [Vid: Int32] = [:]
    private var top = WrittenTop()
    /// The transport has no room at all.
    private var isFull = false
    private var blocked = 0

    private(set) var queuedMemos = 0
    private(set) var queuedBytes = 0
    var sent = MemoerStatistics.Traffic()
    private(set) var failed = 0
    private(set) var lostEvents = 0
    var reportsSent = false
    private var events = Fifo<MemoerEvent>()

    struct Identity {
        let vid: Vid
        let seed: Seed
        let verifyKey: VerifyKey
    }

    /// The lists of ``turns``. Computed, since a stored static is made ready at its first use, and asks at every other.
    private enum Turn {
        static var ready: Int { 0 }
        static var blocked: Int { 1 }
        static var idle: Int { 2 }
    }

    init(kind: MemoKind, domain: Domain, size: Int?, maximum: Int, limits: MemoerLimits) throws(MemoError) {
        _ = try GramSize.effective(size, maximum: maximum, kind: kind, domain: domain)
        self.limits = limits
        self.maximum = maximum
        sizes = GramSizes(size, maximum: maximum)
    }

    /// Grams are as long as a transport carries that carries `maximum` bytes.
    mutating func adopt(_ size: Int?, maximum: Int) {
        self.maximum = maximum
        sizes = GramSizes(size.map { min($0, maximum) }, maximum: maximum)
    }

    /// Something can be polled.
    @inline(__always) var isReady: Bool { !isFull && hasReady }
    /// There is something to send, if the transport has room.
    @inline(__always) var hasReady: Bool { turns.first(of: Turn.ready) != resting }
    /// ``unblock()`` has something to do.
    @inline(__always) var isHeld: Bool { isFull || blocked > 0 }
    /// Something waits for room.
    var isBlocked: Bool { blocked > 0 || isFull && hasReady }
}

// MARK: - Queueing

extension Outbox {
    /// The row of an identity with the key that the keep has now. Those of keys that are not used any more go when
    /// nothing waits.
    mutating func identity(_ vid: Vid, _ keep: any Keep, isIdle: Bool) throws(MemoError) -> Int32 {
        guard let keys = keep.keys(of: vid), let seed = keys.seed else { throw .noSeed(vid) }
        if let row = identityOf[vid], identities[Int(row)].verifyKey == keys.verifyKey { return row }
        if isIdle, queuedMemos == 0 {
            identities.removeAll(keepingCapacity: true)
            identityOf.removeAll(keepingCapacity: true)
        }
        let row = Int32(identities.count)
        identities.append(Identity(vid: vid, seed: seed, verifyKey: keys.verifyKey))
        identityOf[vid] = row
        return row
    }

    /// Whether a memo of `length` bytes can be queued for `address`: the lane, which may be new.
    @inline(__always) mutating func admit(
        _ length: Int, _ kind: MemoKind, _ domain: Domain, to address: Address, hash: KeyedHash,
        beside sure: (memos: Int, bytes: Int)
    ) throws(MemoError) -> Int32 {
        guard length <= limits.memoBytes else { throw .memoTooLarge(bytes: length, limit: limits.memoBytes) }
        let (memos, bytes) = (queuedMemos &+ sure.memos, queuedBytes &+ sure.bytes &+ length)
        guard memos < limits.queuedMemos else { throw .queueFull(memos: memos, limit: limits.queuedMemos) }
        guard bytes <= limits.queuedBytes else { throw .queueBytesFull(bytes: bytes, limit: limits.queuedBytes) }
        let lane = try lane(for: address, hash)
        let size = sizes.size(kind, domain, lowered: lanes[Int(lane)].lowered)
        guard size > 0 else {
            throw .transportTooSmall(maximum: maximum, need: kind.zeroth.layout.overhead(in: domain) + 1)
        }
        if length > size { _ = try RendPlan(length: length, kind: kind, domain: domain, size: size) }
        guard lanes[Int(lane)].count < limits.queuedMemosPerPeer else {
            throw .queueFull(memos: lanes[Int(lane)].count, limit: limits.queuedMemosPerPeer)
        }
        guard lanes[Int(lane)].bytes &+ length <= limits.queuedBytesPerPeer else {
            throw .queueBytesFull(bytes: lanes[Int(lane)].bytes + length, limit: limits.queuedBytesPerPeer)
        }
        return lane
    }

    /// Queues a memo that was admitted.
    @inline(__always) mutating func append(_ memo: consuming Outgoing, to lane: Int32) {
        queuedMemos &+= 1
        queuedBytes &+= memo.bytes.count
        if lanes[Int(lane)].isEmpty { makeReady(lane) }
        lanes[Int(lane)].append(memo)
    }

    /// A lane that was idle has something to send.
    @inline(__always) private mutating func makeReady(_ lane: Int32) {
        if resting == lane { resting = -1 } else { moveToReady(lane) }
    }

    @inline(never) private mutating func moveToReady(_ lane: Int32) {
        endRest()
        turns.move(lane, to: Turn.ready)
    }

    /// Puts the lane that rests where it belongs.
    private mutating func endRest() {
        guard resting >= 0 else { return }
        turns.move(resting, to: Turn.idle)
        resting = -1
    }

    @inline(__always) private mutating func lane(
        for address: Address, _ hash: KeyedHash
    ) throws(MemoError) -> Int32 {
        if lastLane >= 0, lanes[Int(lastLane)].address == address { return lastLane }
        guard !address.isNone else { throw .noDestination }
        let print = hash(address.tag, address.hi, address.lo)
        var row = byAddress.first(print)
        while row >= 0, lanes[Int(row)].address != address { row = byAddress.next(row) }
        if row < 0 { row = try newLane(address, print) }
        lastLane = row
        return row
    }

    private mutating func newLane(_ address: Address, _ print: UInt64) throws(MemoError) -> Int32 {
        let row: Int32
        if lanes.count < limits.destinations {
            row = Int32(lanes.count)
            lanes.append(Lane(address))
            turns.append(row, to: Turn.idle)
        } else {
            // The lane that has been idle for longest is used again.
            endRest()
            row = turns.first(of: Turn.idle)
            guard row >= 0 else { throw .tooManyDestinations(limit: limits.destinations) }
            byAddress.remove(row)
            lanes[Int(row)] = Lane(address)
        }
        byAddress.insert(row, print)
        return row
    }

    /// What waits for a destination; nil if nothing is known of it.
    func waiting(for address: Address, _ hash: KeyedHash) -> (memos: Int, bytes: Int)? {
        var row = byAddress.first(hash(address.tag, address.hi, address.lo))
        while row >= 0, lanes[Int(row)].address != address { row = byAddress.next(row) }
        return row < 0 ? nil : (lanes[Int(row)].count, lanes[Int(row)].bytes)
    }

    /// How many grams wait. Linear in the memos that wait.
    var queuedGrams: Int {
        var grams = 0
        for lane in lanes.indices where !lanes[lane].isEmpty {
            grams -= lanes[lane].progress
            for memo in lanes[lane].queue[lanes[lane].head...] {
                grams += sizes.count(of: memo.bytes.count, memo.note, lowered: lanes[lane].lowered)
            }
        }
        return grams
    }
}

// MARK: - Polling

extension Outbox {
    /// Appends the next train, that of the lane whose turn it is.
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, signer: (any Signer)?) -> Train? {
        alone = -1
        while hasReady {
            let row = turns.first(of: Turn.ready)
            var load = TrainLoad(limits, room: out.freeCapacity)
            if appendAlone(row, &load, &out) {
                alone = row
            } else if lanes[Int(row)].stash.isEmpty {
                fill(Int(row), &load, &out, signer)
            } else {
                unstash(Int(row), &load, &out)
            }
            if load.segment > 0 { return Train(peer: lanes[Int(row)].address, segment: load.segment) }
        }
        return nil
    }

    /// Fills a train with grams of the memos at the head of a lane. A memo that cannot be sent is taken off with an
    /// event, but only while the train is empty.
    private mutating func fill(
        _ lane: Int, _ load: inout TrainLoad, _ out: inout OutputRawSpan, _ signer: (any Signer)?
    ) {
        var failure: MemoFailure.Reason?
        do {
            // In a scope of its own: held longer, the queue would be copied when the lane is changed.
            let queue = lanes[lane].queue
            // Through a span, so that no memo is copied and retained to be looked at.
            let memos = queue.span
            let way = Way(sizes: sizes, lowered: lanes[lane].lowered, maximum: maximum)
            var index = lanes[lane].head
            var number = lanes[lane].progress
            filling: while index < memos.count, !load.isEnded {
                let note = memos[index].note
                var step = Step.full
                if note.isGram || note.kind.isSigned {
                    step = Outbox.appendSlow(
                        memos[index].bytes, note, from: number, way, signer, identities, &load, &out)
                } else if way.isOne(memos[index].bytes.count, note) {
                    step = unsafe Outbox.appendOne(memos[index].bytes.span.bytes, note, &top, &load, &out)
                } else {
                    step = Outbox.appendRun(memos[index].bytes, note, from: number, way, &load, &out)
                }
                switch step {
                case .whole:
                    index &+= 1
                    number = 0
                case .cannot(let reason):
                    failure = reason
                    break filling
                case .full: break filling
                }
            }
        }
        if load.grams == 0, let failure { return fail(lane, failure) }
        if load.isSigned, load.grams > 0 {
            lanes[lane].stash(out.bytes, segment: load.segment)
        }
    }

    /// Appends the memo of a lane that has but one, unsigned and of one gram: what ``fill(_:_:_:_:)`` does of it, in
    /// half the time.
    ///
    /// - Returns: whether it did; nothing was appended if not.
    @inline(__always) private mutating func appendAlone(
        _ row: Int32, _ load: inout TrainLoad, _ out: inout OutputRawSpan
    ) -> Bool {
        Outbox.appendAlone(lanes, Int(row), sizes, &top, &load, &out)
    }

    /// Signed grams that were made before.
    private mutating func unstash(_ lane: Int, _ load: inout TrainLoad, _ out: inout OutputRawSpan) {
        let stash = lanes[lane].stash
        let segment = lanes[lane].stashSegment
        let whole = min(load.segments, load.bytes / segment)
        // At least one: a gram is never longer than a train.
        let count = min(stash.count, max(1, whole) * segment)
        unsafe out.append(contentsOf: stash.span.bytes.extracting(first: count))
        load.add(1, of: min(segment, count))
    }
}

// MARK: - Committing

extension Outbox {
    /// Takes off what the transport took, and acts on why it took no more.
    @inline(__always) mutating func commit(_ sending: Sending, _ train: Train, hash: KeyedHash) {
        guard alone >= 0, sending.taken > 0, !reportsSent, case .sent = sending.outcome else {
            return commitAny(sending, train, hash)
        }
        commitAlone(sending.taken)
    }

    /// The one memo that the train was is gone.
    @inline(never) private mutating func commitAlone(_ bytes: Int) {
        let lane = Int(alone)
        sent.grams &+= 1
        sent.bytes &+= bytes
        sent.memos &+= 1
        queuedMemos &-= 1
        queuedBytes &-= lanes[lane].takeOne()
        if lanes[lane].isEmpty { settle(alone) } else { turns.move(alone, to: Turn.ready) }
        alone = -1
    }

    @inline(never) private mutating func commitAny(_ sending: Sending, _ train: Train, _ hash: KeyedHash) {
        alone = -1
        endRest()
        var row = turns.first(of: Turn.ready)
        if row < 0 || lanes[Int(row)].address != train.peer {
            row = byAddress.first(hash(train.peer.tag, train.peer.hi, train.peer.lo))
            while row >= 0, lanes[Int(row)].address != train.peer { row = byAddress.next(row) }
        }
        guard row >= 0 else { return }
        let lane = Int(row)
        if sending.taken > 0 { take(sending.taken, train, lane) }
        switch sending.outcome {
        case .sent: break
        case .full: isFull = true
        case .peerFull:
            if !lanes[lane].isEmpty {
                if turns.list(of: row) != Turn.blocked { blocked += 1 }
                turns.move(row, to: Turn.blocked)
            }
        case .refused(let refusal):
            if !lanes[lane].isEmpty {
                fail(lane, .refused(refusal))
                if refusal.reason == .tooLarge { lanes[lane].lower(below: train.segment) }
            }
        }
        if lanes[lane].isEmpty {
            settle(row)
        } else if sending.outcome == .sent {
            turns.move(row, to: Turn.ready)
        }
    }

    /// A lane with nothing to send is idle.
    private mutating func settle(_ row: Int32) {
        if turns.isAlone(row, in: Turn.ready) {
            resting = row
            return
        }
        if turns.list(of: row) == Turn.blocked { blocked -= 1 }
        turns.move(row, to: Turn.idle)
    }

    private mutating func take(_ bytes: Int, _ train: Train, _ lane: Int) {
        let grams = train.count(of: bytes)
        sent.grams &+= grams
        sent.bytes &+= bytes
        if reportsSent { report(grams, lane) }
        if !lanes[lane].stash.isEmpty { lanes[lane].unstash(bytes) }
        let gone = lanes[lane].take(grams, sizes)
        sent.memos &+= gone.memos
        queuedMemos &-= gone.memos
        queuedBytes &-= gone.bytes
    }

    /// Tells of the memos that are whole with the next `grams` grams.
    private mutating func report(_ grams: Int, _ lane: Int) {
        var left = grams + lanes[lane].progress
        for index in lanes[lane].head..<lanes[lane].queue.count {
            let note = lanes[lane].queue[index].note
            left -= sizes.count(of: lanes[lane].queue[index].bytes.count, note, lowered: lanes[lane].lowered)
            guard left >= 0 else { return }
            tell(.sent(mid: note.mid, to: lanes[lane].address))
        }
    }

    /// Gives up the first memo of a lane, with an event.
    private mutating func fail(_ lane: Int, _ reason: MemoFailure.Reason) {
        lanes[lane].unstashFirst(sizes)
        let memo = lanes[lane].removeFirst()
        queuedMemos &-= 1
        queuedBytes &-= memo.bytes.count
        failed += 1
        tell(.failed(MemoFailure(mid: memo.note.mid, destination: lanes[lane].address, reason: reason)))
        if lanes[lane].isEmpty { settle(Int32(lane)) }
    }

    mutating func unblock() {
        isFull = false
        if blocked > 0 { endRest() }
        while blocked > 0, case let row = turns.first(of: Turn.blocked), row >= 0 {
            blocked -= 1
            turns.move(row, to: Turn.ready)
        }
    }

    private mutating func tell(_ event: MemoerEvent) {
        guard events.count < limits.events else {
            lostEvents += 1
            return
        }
        events.append(event)
    }

    var hasEvents: Bool { !events.isEmpty }

    mutating func popEvent() -> MemoerEvent? {
        guard let event = events.first else { return nil }
        events.removeFirst()
        return event
    }
}
