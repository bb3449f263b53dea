import Doing
import Wiring

/// The receiving end of a session: where data go, when a report is due and what it says.
///
/// | state | RFC 5326, 8.2 | the red part is whole | the end of the block | all reports acknowledged |
/// | --- | --- | --- | --- | --- |
/// | `receiving` | DS_REC, RCV_RP, RCV_GP | stays | `awaitingRed`, or `awaitingAck` if red is whole | stays |
/// | `awaitingRed` | WAIT_RP_REC | `awaitingAck` | stays | stays |
/// | `awaitingAck` | WAIT_RP_REC | | stays | `closed` |
/// | `canceling` | CR_SENT | | | |
/// | `closed` | CLOSED | | | |
///
/// Given up or cancelled here it goes to `canceling`; a cancellation by the peer, or the acknowledgement of its own,
/// closes it in every state.
///
/// A session without red part waits for nobody: it closes a moment after its end, so that segments that were overtaken
/// are still taken.
struct ReceiverSession {
    /// What the session is doing.
    enum State: Hashable, Sendable, CaseIterable { case receiving, awaitingRed, awaitingAck, canceling, closed }

    /// A report that was made.
    struct Report {
        var serial: UInt64
        /// The checkpoint that asked for it, 0 for none.
        var checkpoint: UInt64
        var lower: UInt64
        var upper: UInt64
        /// What has arrived, absolute; empty once it is acknowledged.
        var claims: [ByteSpans.Run]
        var tries = 0
        /// Nil while it waits to be sent, and once it is acknowledged.
        var timer: Countdown?
        var isAcked = false
        var isQueued = true
        var sentAt = -Tyme.infinity
    }

    /// A checkpoint whose report waits for what may have been overtaken.
    struct Pending {
        var checkpoint: UInt64
        var lower: UInt64
        var upper: UInt64
        var due: Tyme
    }

    let id: LTPSession
    let peer: Int32
    let client: UInt64
    let opened: Tyme
    private(set) var state = State.receiving
    /// The red part, as far as there is room for it yet.
    private(set) var buffer: [UInt8] = []
    private(set) var held = ByteSpans()
    /// Bytes of the red part, once its end has come.
    private(set) var redEnd: UInt64?
    /// Bytes of the block, once its end has come.
    private(set) var blockEnd: UInt64?
    private(set) var lowestGreen = UInt64.max
    private(set) var highestRed: UInt64 = 0
    private(set) var greenBytes: UInt64 = 0
    private(set) var isDelivered = false
    private(set) var reports: [Report] = []
    private(set) var pending: [Pending] = []
    /// What any report has claimed: only once that is all of the red part does the sender know of all.
    private(set) var reported = ByteSpans()
    private var nextSerial: UInt64
    private var lastPrimaryUpper: UInt64 = 0
    /// The serial numbers of the checkpoints that came, for the memory of closed sessions.
    private(set) var checkpoints: (first: UInt64, last: UInt64) = (0, 0)
    private(set) var segments = 0
    private(set) var repeats = 0
    var lastArrival: Tyme
    private(set) var reason = LTPReason.user
    var cancelTimer: Countdown?
    private var cancelTries = 0
    /// When a session without red part closes.
    private var closesAt = Tyme.infinity
    private(set) var nextDeadline = Tyme.infinity
    /// What every segment must carry, both ways.
    var cookies = CookieJar()

    init(id: LTPSession, peer: Int32, client: UInt64, firstSerial: UInt64, at tyme: Tyme) {
        self.id = id
        self.peer = peer
        self.client = client
        nextSerial = firstSerial
        opened = tyme
        lastArrival = tyme
    }

    /// Whether it has only begun, or is at its end: with the table full such go first.
    var isEmbryo: Bool { segments < 2 && !isDelivered || state == .canceling }

    // MARK: - Data

    /// What became of red data.
    enum Arrival: Hashable {
        /// So many bytes are new.
        case new(UInt64)
        /// All of it was there.
        case redundant
        /// It lies where green is, or beyond the end of the red part: RFC 5326, 6.21.
        case miscolored
        /// It contradicts what came before.
        case contradicts
        /// The data have too many gaps.
        case noRoom
    }

    /// Whether it has room for red data up to `end`.
    @inline(__always) func hasRoom(to end: UInt64) -> Bool { end <= UInt64(buffer.count) || isDelivered }

    /// Makes room in `storage`, which is longer than what there is, and leaves that in its place.
    ///
    /// What is beyond what has arrived takes no memory before it is written, unless it is storage that was used before.
    mutating func makeRoom(_ storage: inout [UInt8]) {
        swap(&buffer, &storage)
        unsafe buffer.withUnsafeMutableBytes { room in
            unsafe storage.withUnsafeBytes { from in
                for run in held.runs {
                    let (lower, length) = (Int(run.lower), Int(run.upper - run.lower))
                    unsafe (room.baseAddress! + lower).copyMemory(from: from.baseAddress! + lower, byteCount: length)
                }
            }
        }
    }

    /// How many bytes there should be room for when red data end at `end`: all of the red part if its end is known,
    /// else four times what there was, so that little is copied. A block of which one segment has come has no more.
    func roomWanted(to end: UInt64, _ endsRed: Bool, expected: Int, limit: Int) -> Int {
        if endsRed || redEnd != nil { return Int(max(end, redEnd ?? 0)) }
        let wanted = max(Int(end), max(expected, 4 * buffer.count))
        return min(max(wanted, Int(end)), max(limit, Int(end)))
    }

    /// Takes in red data, at least a byte, for which there is room.
    @inline(__always) mutating func takeRed(_ view: SegmentView, _ bytes: RawSpan, runs most: Int) -> Arrival {
        let end = view.dataEnd
        segments &+= 1
        if end > lowestGreen || end > redEnd ?? .max { return .miscolored }
        if view.type >= 2, let refusal = takeEnd(view, end) { return refusal }
        highestRed = max(highestRed, end)
        if isDelivered { return .redundant }
        guard held.runs.count < most || held.touches(max(view.offset, 1) - 1, end + 1) else { return .noRoom }
        unsafe buffer.withUnsafeMutableBytes { room in
            unsafe bytes.withUnsafeBytes { from in
                unsafe (room.baseAddress! + Int(view.offset)).copyMemory(
                    from: from.baseAddress! + view.dataStart, byteCount: view.dataCount)
            }
        }
        let new = held.insert(view.offset, end)
        return new > 0 ? .new(new) : .redundant
    }

    /// The end of the red part has come, perhaps again.
    private mutating func takeEnd(_ view: SegmentView, _ end: UInt64) -> Arrival? {
        if let redEnd, redEnd != end { return .contradicts }
        guard end >= highestRed else { return .contradicts }
        if view.type == 3 {
            if let blockEnd, blockEnd != end { return .contradicts }
            guard lowestGreen == .max else { return .miscolored }
            blockEnd = end
        } else if blockEnd == end {
            return .contradicts
        }
        redEnd = end
        return nil
    }

    /// Takes note of green data.
    ///
    /// - Parameter lingering: seconds that a block without red part is waited for after its end.
    mutating func takeGreen(_ view: SegmentView, lingering: Double, at tyme: Tyme) -> Arrival {
        segments &+= 1
        if view.offset < highestRed || view.offset < redEnd ?? 0 { return .miscolored }
        if let blockEnd, view.dataEnd > blockEnd || view.type == 7 && view.dataEnd != blockEnd { return .contradicts }
        lowestGreen = min(lowestGreen, view.offset)
        greenBytes &+= UInt64(view.dataCount)
        if view.type == 7 { blockEnd = view.dataEnd }
        // Only a block whose first byte is green has no red part: a red part may be lost as a whole.
        if lowestGreen == 0, blockEnd != nil, closesAt == .infinity {
            closesAt = tyme + lingering
            nextDeadline = min(nextDeadline, closesAt)
        }
        return .new(UInt64(view.dataCount))
    }

    /// Whether the red part is whole and was not delivered yet.
    @inline(__always) var isWhole: Bool {
        guard !isDelivered, let redEnd else { return false }
        return held.count == redEnd
    }

    /// Hands over the red part, which is whole. A session without one delivers nothing.
    mutating func deliver() -> [UInt8] {
        isDelivered = true
        let count = Int(redEnd!)
        var bytes: [UInt8] = []
        swap(&bytes, &buffer)
        if bytes.count > count { bytes.removeLast(bytes.count - count) }
        return bytes
    }

    // MARK: - Reports

    /// What a checkpoint asks for.
    enum Answer: Hashable {
        /// Its report waits, for what may have been overtaken.
        case waits
        /// New reports are to be sent: this many, the last ones of ``ReceiverSession/reports``.
        case made(Int)
        /// It has come before: reports are to be sent again, by their places.
        case again([Int])
        /// There is nothing to tell: it ends before what it asks for begins.
        case nothing
        /// There were as many reports as there may be.
        case tooMany
    }

    /// A checkpoint has come, and its data were taken in: RFC 5326, 6.8 and 6.11.
    mutating func answer(
        _ view: SegmentView, deferral: Double, mtu: Int, most: Int, at tyme: Tyme
    ) -> Answer {
        if checkpoints.first == 0 { checkpoints.first = view.checkpoint }
        checkpoints.last = max(checkpoints.last, view.checkpoint)
        if pending.contains(where: { $0.checkpoint == view.checkpoint }) { return .waits }
        if view.checkpoint != 0 {
            let known = reports.indices.filter { reports[$0].checkpoint == view.checkpoint }
            if !known.isEmpty { return repeatReports(known, deferral, at: tyme) }
        }
        var lower = lastPrimaryUpper
        if view.report != 0 { lower = reports.first { $0.serial == view.report }?.lower ?? 0 }
        let upper = view.dataEnd
        guard lower < upper else { return .nothing }
        guard reports.count + pending.count < most else { return .tooMany }
        if view.report == 0 { lastPrimaryUpper = upper }
        if deferral > 0, !held.contains(lower, upper) {
            pending.append(
                Pending(checkpoint: view.checkpoint, lower: lower, upper: upper, due: tyme + deferral))
            nextDeadline = min(nextDeadline, tyme + deferral)
            return .waits
        }
        return .made(make(view.checkpoint, lower, upper, mtu))
    }

    /// The reports that may be sent again: not acknowledged, and not sent a moment ago, as when copies of the
    /// checkpoint were sent ahead.
    private mutating func repeatReports(_ known: [Int], _ deferral: Double, at tyme: Tyme) -> Answer {
        let moment = max(0.001, deferral / 4)
        let due = known.filter {
            !reports[$0].isAcked && !reports[$0].isQueued && reports[$0].sentAt + moment <= tyme
        }
        for index in due { reports[index].isQueued = true }
        return due.isEmpty ? .nothing : .again(due)
    }

    /// Makes the reports on what is held between two bounds: one, or as many as the claims need datagrams. Each but the
    /// last ends with its last claim, so that a gap belongs to the report behind it.
    private mutating func make(_ checkpoint: UInt64, _ lower: UInt64, _ upper: UInt64, _ mtu: Int) -> Int {
        let head =
            2 + SDNV.count(id.engine) + SDNV.count(id.number) + SDNV.count(nextSerial + 64)
            + SDNV.count(checkpoint) + 2 * SDNV.count(upper) + 3
        let room = max(mtu - head, 20)
        var (from, left, made) = (lower, room, 0)
        var claims: [ByteSpans.Run] = []
        held.forEachRun(in: lower, upper) { run in
            let size = SDNV.count(run.lower - from) + SDNV.count(run.upper - run.lower)
            if size > left, let last = claims.last {
                reports.append(
                    Report(serial: nextSerial, checkpoint: checkpoint, lower: from, upper: last.upper, claims: claims))
                nextSerial += 1
                made += 1
                (from, left, claims) = (last.upper, room, [])
            }
            left -= size
            claims.append(run)
            reported.insert(run.lower, run.upper)
            return true
        }
        guard !claims.isEmpty else { return made }
        reports.append(
            Report(serial: nextSerial, checkpoint: checkpoint, lower: from, upper: upper, claims: claims))
        nextSerial += 1
        return made + 1
    }

    /// Makes the report that nobody has asked for, on a red part that is whole: RFC 5326, 6.11. None if others have
    /// claimed all of it.
    mutating func makeUnasked(mtu: Int) -> Int {
        guard isDelivered, let redEnd, !reported.contains(0, redEnd) else { return 0 }
        return make(0, 0, redEnd, mtu)
    }

    /// Makes the reports that wait no longer, since what they waited for has come or their time has.
    mutating func makePending(mtu: Int, at tyme: Tyme) -> Int {
        var made = 0
        var index = 0
        while index < pending.count {
            let one = pending[index]
            if one.due <= tyme || held.contains(one.lower, one.upper) {
                pending.remove(at: index)
                made += make(one.checkpoint, one.lower, one.upper, mtu)
            } else {
                index += 1
            }
        }
        return made
    }

    /// The report at `place` has left: its timer starts (RFC 5326, 6.3).
    mutating func emitted(_ place: Int, _ timing: Timing) {
        reports[place].isQueued = false
        reports[place].sentAt = timing.now
        guard !reports[place].isAcked else { return }
        let timer = Countdown(timing)
        reports[place].timer = timer
        nextDeadline = min(nextDeadline, timer.due)
    }

    /// A report was acknowledged: RFC 5326, 6.14. False if there is no such report.
    mutating func acknowledge(_ serial: UInt64) -> Bool {
        guard let index = reports.firstIndex(where: { $0.serial == serial }) else { return false }
        reports[index].isAcked = true
        reports[index].timer = nil
        reports[index].claims = []
        return true
    }

    /// Goes on to the state that what is there asks for. Returns true if that closes the session.
    mutating func advance() -> Bool {
        switch state {
        case .receiving where blockEnd != nil && highestRed > 0:
            state = isDelivered ? .awaitingAck : .awaitingRed
            return advance()
        case .awaitingRed where isDelivered:
            state = .awaitingAck
            return advance()
        case .awaitingAck where pending.isEmpty && !reports.isEmpty && reports.allSatisfy(\.isAcked):
            state = .closed
            return true
        case .receiving, .awaitingRed, .awaitingAck, .canceling, .closed: return false
        }
    }

    // MARK: - Timers and cancellation

    /// What timers that are due have changed.
    enum Expiry: Hashable {
        case nothing
        /// Reports that waited are made: this many.
        case made(Int)
        /// Reports are to be sent again, by their places.
        case again([Int])
        /// A report was sent as often as it may.
        case giveUp
        /// Nothing has come for too long.
        case idle
        /// The cancellation is to be sent again.
        case cancelAgain
        /// The session is closed: it was green, and its end has come.
        case closed
        /// The session is closed: nobody acknowledges its cancellation.
        case cancelOver
    }

    /// Runs the timers that are due at `tyme`: RFC 5326, 6.8 and 6.16.
    mutating func expire(at tyme: Tyme, retries: Int, patience: Double, mtu: Int) -> Expiry {
        defer { findDeadline(patience) }
        if state == .canceling { return expireCancel(at: tyme, retries) }
        if closesAt <= tyme, highestRed == 0 {
            state = .closed
            return .closed
        }
        let made = makePending(mtu: mtu, at: tyme)
        if made > 0 { return .made(made) }
        var again: [Int] = []
        for index in reports.indices {
            guard let timer = reports[index].timer, timer.due <= tyme else { continue }
            guard reports[index].tries < retries else { return .giveUp }
            reports[index].tries += 1
            reports[index].timer = nil
            reports[index].isQueued = true
            repeats += 1
            again.append(index)
        }
        if !again.isEmpty { return .again(again) }
        return lastArrival + patience <= tyme ? .idle : .nothing
    }

    private mutating func expireCancel(at tyme: Tyme, _ retries: Int) -> Expiry {
        guard let timer = cancelTimer, timer.due <= tyme else { return .nothing }
        cancelTimer = nil
        guard cancelTries < retries else {
            state = .closed
            return .cancelOver
        }
        cancelTries += 1
        return .cancelAgain
    }

    /// Cancels.
    mutating func cancel(_ why: LTPReason) {
        reason = why
        close()
        state = .canceling
    }

    /// The peer cancels, or has acknowledged a cancellation, or there is nothing left to do.
    mutating func close() {
        state = .closed
        (buffer, held, reported, reports, pending) = ([], ByteSpans(), ByteSpans(), [], [])
        closesAt = .infinity
        nextDeadline = .infinity
    }

    mutating func cancelEmitted(_ timing: Timing, patience: Double) {
        cancelTimer = Countdown(timing)
        findDeadline(patience)
    }

    mutating func suspend(at tyme: Tyme, patience: Double) {
        for index in reports.indices { reports[index].timer?.suspend(at: tyme) }
        cancelTimer?.suspend(at: tyme)
        findDeadline(patience)
    }

    /// The peer sends again; the time in which it did not does not count as idle.
    mutating func resume(at tyme: Tyme, patience: Double) {
        for index in reports.indices { reports[index].timer?.resume(at: tyme) }
        cancelTimer?.resume(at: tyme)
        lastArrival = tyme
        findDeadline(patience)
    }

    mutating func findDeadline(_ patience: Double) {
        if state == .canceling { return nextDeadline = cancelTimer?.due ?? .infinity }
        var first = min(closesAt, lastArrival + patience)
        for one in reports { first = min(first, one.timer?.due ?? .infinity) }
        for one in pending { first = min(first, one.due) }
        nextDeadline = first
    }

    /// The session as a row of the table.
    var rowState: LTPSessionRow.State {
        switch state {
        case .receiving: .receiving
        case .awaitingRed: .awaitingRed
        case .awaitingAck: .awaitingAck
        case .canceling: .canceling
        case .closed: .complete
        }
    }
}
