import Doing

/// The sending end of a session: which segment is next, and what a report, a timer or a cancellation changes.
///
/// | state | RFC 5326, 8.1 | the end of its part was sent | all red is claimed | given up or cancelled |
/// | --- | --- | --- | --- | --- |
/// | `sendingRed` | RP_XMIT | `sendingGreen`, or `awaitingReport` without green | stays | `canceling` |
/// | `sendingGreen` | GP_XMIT, FG_XMIT | `awaitingReport`, or `closed` | stays | `canceling` |
/// | `awaitingReport` | WAIT_RP_ACK | | `closed` | `canceling` |
/// | `canceling` | CS_SENT | | | stays; `closed` at the end of its repeats |
/// | `closed` | CLOSED | | | |
///
/// A cancellation by the peer closes it in every state.
///
/// The states CHK_RPT and RP_RXMT of the RFC last no time here: what a report leaves missing joins ``repairs`` and is
/// sent before anything else. A cancellation before the first segment closes at once, since the peer knows of nothing;
/// the acknowledgement of a cancellation closes.
struct SenderSession {
    /// What the session is doing.
    enum State: Hashable, Sendable, CaseIterable { case sendingRed, sendingGreen, awaitingReport, canceling, closed }

    /// A checkpoint that no report has answered yet.
    struct Checkpoint {
        var serial: UInt64
        var lower: UInt64
        var upper: UInt64
        /// The report that it answers, 0 for none.
        var report: UInt64
        var type: UInt8
        var tries = 0
        /// Nil while it waits to be sent again.
        var timer: Countdown?
    }

    /// Runs that claims may have, and serial numbers of reports; what makes more of them is no honest peer's.
    static let mostRuns = 65_536

    /// A gap that is to be filled. The last one of a round ends in a checkpoint.
    struct Repair {
        var lower: UInt64
        var upper: UInt64
        var report: UInt64
        var endsRound: Bool
    }

    /// What one report has asked for, until the checkpoint at its end is answered.
    struct Round {
        var report: UInt64
        /// 0 until it is sent.
        var checkpoint: UInt64 = 0
        var spans: ByteSpans
    }

    /// How far sending has come. A copy of it is a plan: nothing has happened before ``emitted(_:_:)``.
    struct Cursor {
        var again = 0
        var repair = 0
        var repairAt: UInt64 = 0
        var fresh: UInt64 = 0
        var sinceCheckpoint = 0
        /// Where the last checkpoint of fresh data ended.
        var checkpointed: UInt64 = 0
        var serial: UInt64
    }

    /// What a plan has to keep to.
    struct Bounds {
        /// Bytes of a datagram, less its extensions.
        var mtu: Int
        /// A checkpoint in every so many segments; 0 for none.
        var every = 0
        /// Fresh red data begin below this only.
        var limit = UInt64.max
        /// A checkpoint in every so many bytes.
        var step = UInt64.max
    }

    /// A segment that is to be sent.
    struct Piece {
        var type: UInt8
        var offset: UInt64
        var count: Int
        var checkpoint: UInt64 = 0
        var report: UInt64 = 0
        var isRepeat = false
        var isRepair = false
        /// How far sending has come with it.
        var after: Cursor

        var isCheckpoint: Bool { checkpoint != 0 }
    }

    /// No segment of a block.
    static let nothing = Piece(type: 0, offset: 0, count: 0, after: Cursor(serial: 0))

    let id: LTPSession
    let peer: Int32
    let client: UInt64
    private(set) var block: [UInt8]
    private(set) var total: UInt64
    /// Bytes of the red part.
    private(set) var red: UInt64
    /// The first checkpoint's serial number.
    let firstSerial: UInt64
    let opened: Tyme
    private let headBase: Int

    private(set) var state: State
    private(set) var cursor: Cursor
    private(set) var claimed = ByteSpans()
    private(set) var checkpoints: [Checkpoint] = []
    /// Serial numbers of checkpoints that are to be sent again.
    private(set) var again: [UInt64] = []
    private(set) var repairs: [Repair] = []
    private(set) var rounds: [Round] = []
    /// What reports have spoken of, whatever they said.
    private var scope = ByteSpans()
    /// Serial numbers of reports that have been taken.
    private var reports = ByteSpans()
    private(set) var cycles = 0
    private(set) var repeats = 0
    /// How far red data have left, how much of that its peer's window knows of, and how far reports have told.
    private(set) var redSent: UInt64 = 0
    private var counted: UInt64 = 0
    private var told: UInt64 = 0
    private(set) var hasSent = false
    /// The end of ``state`` `canceling`.
    private(set) var reason = LTPReason.user
    var cancelTimer: Countdown?
    private var cancelTries = 0
    /// Not after the first of the deadlines; infinite if there is none.
    private(set) var nextDeadline = Tyme.infinity
    /// Whether it stands in its peer's queue of those with something to send.
    var isQueued = false
    /// Whether its turn has come: it does not wait for others to end.
    var isStarted = false
    /// Whether more blocks may be joined to it: it does not leave yet.
    private(set) var isJoining = false
    /// What every segment must carry, both ways.
    var cookies = CookieJar()

    init(
        id: LTPSession, peer: Int32, client: UInt64, block: [UInt8], red: Int, firstSerial: UInt64, at tyme: Tyme
    ) {
        self.id = id
        self.peer = peer
        self.client = client
        self.block = block
        total = UInt64(block.count)
        self.red = UInt64(red)
        self.firstSerial = firstSerial
        opened = tyme
        cursor = Cursor(serial: firstSerial)
        state = red > 0 ? .sendingRed : .sendingGreen
        headBase = 2 + SDNV.count(id.engine) + SDNV.count(id.number) + SDNV.count(client)
    }

    /// Waits until `tyme` for more blocks to be joined to it.
    mutating func waitForMore(until tyme: Tyme) {
        isJoining = true
        nextDeadline = tyme
    }

    /// Joins one more, all red as the first.
    mutating func join(_ more: [UInt8]) {
        block += more
        total = UInt64(block.count)
        red = total
    }

    /// Waits no longer.
    mutating func endJoining() {
        isJoining = false
        nextDeadline = .infinity
    }

    /// The longest head that a segment of this block may have.
    var longestHead: Int { headBase + 2 * SDNV.count(total) + SDNV.count(firstSerial &+ 1 << 20) + 5 }

    // MARK: - What is next

    /// The next segment after `cursor`.
    @inline(__always) func next(after cursor: Cursor, _ bounds: Bounds) -> Piece? {
        if cursor.again == again.count, cursor.repair == repairs.count, cursor.fresh < red {
            return freshRed(cursor, bounds)
        }
        return other(cursor, bounds)
    }

    /// Bytes of data that a segment without checkpoint can have at `offset`.
    @inline(__always) private func room(_ offset: UInt64, _ mtu: Int, _ more: Int = 0) -> Int {
        let left = mtu - headBase - SDNV.count(offset) - more
        if left >= 16_387 { return left - 3 }
        // Where the length itself would take a byte more, one byte stays free.
        return left >= 130 ? min(left - 2, 16_383) : max(1, min(left - 1, 127))
    }

    @inline(__always) private func freshRed(_ from: Cursor, _ bounds: Bounds) -> Piece? {
        let offset = from.fresh
        guard offset < bounds.limit else { return nil }
        var after = from
        let left = Int(red - offset)
        let plain = room(offset, bounds.mtu)
        let end = offset &+ UInt64(plain)
        // Whoever has to stop behind this segment asks for a report first, or nothing would let it go on.
        let isDue = end &- from.checkpointed >= bounds.step || end >= bounds.limit
        if left > plain, !isDue, bounds.every == 0 || from.sinceCheckpoint &+ 1 < bounds.every {
            after.fresh = end
            after.sinceCheckpoint &+= 1
            return Piece(type: 0, offset: offset, count: plain, after: after)
        }
        let withSerials = room(offset, bounds.mtu, SDNV.count(from.serial) + 1)
        after.sinceCheckpoint = 0
        if left <= withSerials {
            after.fresh = red
            after.checkpointed = red
            after.serial &+= 1
            let type: UInt8 = red == total ? 3 : 2
            return Piece(type: type, offset: offset, count: left, checkpoint: from.serial, after: after)
        }
        if left > plain || end >= bounds.limit {
            after.fresh = offset &+ UInt64(withSerials)
            after.checkpointed = after.fresh
            after.serial &+= 1
            return Piece(type: 1, offset: offset, count: withSerials, checkpoint: from.serial, after: after)
        }
        // All but the serial numbers would fit: the end of the red part is a segment of its own.
        after.fresh = offset &+ UInt64(left - 1)
        return Piece(type: 0, offset: offset, count: left - 1, after: after)
    }

    private func other(_ from: Cursor, _ bounds: Bounds) -> Piece? {
        var after = from
        while after.again < again.count {
            let serial = again[after.again]
            after.again += 1
            guard let index = checkpoint(serial) else { continue }  // answered meanwhile
            let one = checkpoints[index]
            return Piece(
                type: one.type, offset: one.lower, count: Int(one.upper - one.lower), checkpoint: serial,
                report: one.report, isRepeat: true, after: after)
        }
        if after.repair < repairs.count { return repairPiece(after, bounds.mtu) }
        if after.fresh < red { return freshRed(after, bounds) }
        guard after.fresh < total else { return nil }
        let left = Int(total - after.fresh)
        let count = min(left, room(after.fresh, bounds.mtu))
        after.fresh += UInt64(count)
        return Piece(type: count == left ? 7 : 4, offset: from.fresh, count: count, after: after)
    }

    private func repairPiece(_ from: Cursor, _ mtu: Int) -> Piece {
        var after = from
        let repair = repairs[from.repair]
        let offset = max(repair.lower, from.repairAt)
        let left = Int(repair.upper - offset)
        var piece = Piece(type: 0, offset: offset, count: min(left, room(offset, mtu)), isRepair: true, after: from)
        if repair.endsRound {
            let more = SDNV.count(from.serial) + SDNV.count(repair.report)
            if left <= room(offset, mtu, more) {
                piece.count = left
                piece.type = repair.upper < red ? 1 : red == total ? 3 : 2
                (piece.checkpoint, piece.report) = (from.serial, repair.report)
                after.serial += 1
            } else {
                piece.count = min(piece.count, left - 1)
            }
        }
        if piece.count == left {
            after.repair += 1
            after.repairAt = 0
        } else {
            after.repairAt = offset + UInt64(piece.count)
        }
        piece.after = after
        return piece
    }

    /// Whether a segment could be sent.
    var hasMore: Bool {
        state != .canceling && state != .closed
            && (cursor.again < again.count || cursor.repair < repairs.count || cursor.fresh < total)
    }

    // MARK: - What happened

    /// A red segment without checkpoint has left, for the first time.
    @inline(__always) mutating func emittedPlain(_ piece: Piece) {
        cursor = piece.after
        hasSent = true
        redSent = max(redSent, cursor.fresh)
    }

    /// Any other segment has left. Returns true if that has closed the session.
    mutating func emitted(_ piece: Piece, _ timing: Timing, copies: Int) -> Bool {
        cursor = piece.after
        hasSent = true
        let end = piece.offset + UInt64(piece.count)
        if piece.type < 4 { redSent = max(redSent, end) }
        if piece.isCheckpoint { start(piece, end, timing, copies) }
        return advance()
    }

    /// Red bytes that have left, and that no report has told of, beyond what this said before; less than none if
    /// reports have told of some.
    mutating func unreported() -> Int64 {
        let before = counted
        counted = redSent > told ? redSent - told : 0
        return Int64(counted) - Int64(before)
    }

    /// Forgets what has been sent again. Not between two segments of one train, which are planned together.
    mutating func compact() {
        if cursor.again == again.count, cursor.again > 0 { (cursor.again, again) = (0, []) }
        if cursor.repair == repairs.count, cursor.repair > 0 { (cursor.repair, repairs) = (0, []) }
    }

    /// The state after something was sent, or claimed.
    private mutating func advance() -> Bool {
        switch state {
        case .sendingRed where cursor.fresh >= red:
            state = red == total ? .awaitingReport : .sendingGreen
            return advance()
        case .sendingGreen where cursor.fresh == total:
            state = .awaitingReport
            return advance()
        case .awaitingReport where claimed.contains(0, red):
            state = .closed
            return true
        case .sendingRed, .sendingGreen, .awaitingReport, .canceling, .closed: return false
        }
    }

    /// Starts the timer of a checkpoint that has left: RFC 5326, 6.2.
    private mutating func start(_ piece: Piece, _ end: UInt64, _ timing: Timing, _ copies: Int) {
        let timer = Countdown(timing)
        nextDeadline = min(nextDeadline, timer.due)
        if piece.isRepeat {
            if let index = checkpoint(piece.checkpoint) { checkpoints[index].timer = timer }
            return
        }
        checkpoints.append(
            Checkpoint(
                serial: piece.checkpoint, lower: piece.offset, upper: end, report: piece.report, type: piece.type,
                timer: timer))
        for _ in 1..<max(1, copies) { again.append(piece.checkpoint) }
        if piece.isRepair, let index = rounds.firstIndex(where: { $0.report == piece.report && $0.checkpoint == 0 }) {
            rounds[index].checkpoint = piece.checkpoint
        }
    }

    /// The index of an unanswered checkpoint.
    private func checkpoint(_ serial: UInt64) -> Int? {
        var (low, high) = (0, checkpoints.count)
        while low < high {
            let middle = (low + high) / 2
            if checkpoints[middle].serial < serial { low = middle + 1 } else { high = middle }
        }
        return low < checkpoints.count && checkpoints[low].serial == serial ? low : nil
    }

    // MARK: - Reports

    /// What a report has changed.
    enum Verdict: Hashable {
        /// It came before.
        case repeated
        /// It cannot be true, or means nothing in this state.
        case bad
        /// It claims all between its bounds.
        case positive
        /// It has gaps, which are sent again as far as they are not under way.
        case negative
        /// All red data are claimed and all data were sent.
        case complete
        /// There were too many rounds.
        case cycleLimit
    }

    /// Whether this report has come before.
    func hasTaken(report serial: UInt64) -> Bool { reports.contains(serial, serial &+ 1) }

    /// Takes a report in: RFC 5326, 6.13 without the acknowledgement, and 6.12.
    ///
    /// - Parameter claims: absolute, in order.
    mutating func take(
        report: UInt64, on checkpoint: UInt64, lower: UInt64, upper: UInt64, claims: [ByteSpans.Run], cycles most: Int
    ) -> Verdict {
        guard state != .canceling, state != .closed else { return .bad }
        if hasTaken(report: report) { return .repeated }
        guard checkpoint == 0 || (checkpoint >= firstSerial && checkpoint < cursor.serial) else { return .bad }
        guard report > 0, report < SegmentView.farthest << 1, lower < upper, upper <= redSent else { return .bad }
        guard reports.runs.count < SenderSession.mostRuns, claimed.runs.count < SenderSession.mostRuns else {
            return .bad
        }
        reports.insert(report, report + 1)
        told = max(told, upper)
        if checkpoint != 0 { answer(checkpoint) }
        scope.insert(lower, upper)
        dropOvertaken()
        for claim in claims { claimed.insert(claim.lower, claim.upper) }
        if advance() { return .complete }
        var gaps = ByteSpans()
        for gap in claimed.gaps(in: lower, upper) { gaps.insert(gap.lower, gap.upper) }
        if gaps.isEmpty { return .positive }
        for round in rounds { for run in round.spans.runs { gaps.remove(run.lower, run.upper) } }
        if gaps.isEmpty { return .negative }  // on its way already
        cycles += 1
        guard cycles <= most else { return .cycleLimit }
        repair(gaps, report)
        return .negative
    }

    /// Stops the timer of a checkpoint, and ends the round that it has ended.
    private mutating func answer(_ serial: UInt64) {
        if let index = checkpoint(serial) { checkpoints.remove(at: index) }
        if !again.isEmpty {
            again.removeFirst(cursor.again)
            cursor.again = 0
            again.removeAll { $0 == serial }
        }
        rounds.removeAll { $0.checkpoint == serial }
    }

    /// Stops the timers of checkpoints that a later one has overtaken: what they asked for was reported with it, and to
    /// the copy that comes late the receiver must not answer (RFC 5326, 6.11).
    private mutating func dropOvertaken() {
        for one in checkpoints where one.report == 0 && scope.contains(one.lower, one.upper) { answer(one.serial) }
    }

    private mutating func repair(_ gaps: ByteSpans, _ report: UInt64) {
        for (index, run) in gaps.runs.enumerated() {
            let isLast = index == gaps.runs.count - 1
            repairs.append(Repair(lower: run.lower, upper: run.upper, report: report, endsRound: isLast))
        }
        rounds.append(Round(report: report, spans: gaps))
    }

    // MARK: - Timers and cancellation

    /// What timers that are due have changed.
    enum Expiry: Hashable {
        case nothing
        /// Checkpoints are to be sent again.
        case again
        /// A checkpoint was sent as often as it may.
        case giveUp
        /// The cancellation is to be sent again.
        case cancelAgain
        /// The cancellation was sent as often as it may: the session is closed.
        case closed
    }

    /// Runs the timers that are due at `tyme`: RFC 5326, 6.7 and 6.16.
    mutating func expire(at tyme: Tyme, retries: Int, mtu: Int) -> Expiry {
        defer { findDeadline() }
        if state == .canceling {
            guard let timer = cancelTimer, timer.due <= tyme else { return .nothing }
            cancelTimer = nil
            guard cancelTries < retries else {
                state = .closed
                return .closed
            }
            cancelTries += 1
            return .cancelAgain
        }
        var isAgain = false
        for index in checkpoints.indices.reversed() {
            guard let timer = checkpoints[index].timer, timer.due <= tyme else { continue }
            guard checkpoints[index].tries < retries else { return .giveUp }
            isAgain = true
            repeats += 1
            checkpoints[index].tries += 1
            checkpoints[index].timer = nil
            if fits(checkpoints[index], mtu) {
                again.append(checkpoints[index].serial)
            } else {
                split(checkpoints.remove(at: index))
            }
        }
        return isAgain ? .again : .nothing
    }

    private func fits(_ one: Checkpoint, _ mtu: Int) -> Bool {
        let more = SDNV.count(one.serial) + SDNV.count(one.report)
        return Int(one.upper - one.lower) <= room(one.lower, mtu, more)
    }

    /// A checkpoint that has become longer than a datagram may be is sent again in pieces, the last of which is a new
    /// checkpoint.
    private mutating func split(_ one: Checkpoint) {
        rounds.removeAll { $0.checkpoint == one.serial }
        repairs.append(Repair(lower: one.lower, upper: one.upper, report: one.report, endsRound: true))
        rounds.append(Round(report: one.report, spans: ByteSpans(one.lower..<one.upper)))
    }

    /// Cancels. Returns true if that closes the session at once.
    mutating func cancel(_ why: LTPReason) -> Bool {
        guard state != .canceling, state != .closed else { return state == .closed }
        reason = why
        drop()
        state = hasSent ? .canceling : .closed
        return state == .closed
    }

    /// The peer cancels, or has acknowledged the cancellation.
    mutating func close() {
        state = .closed
        drop()
    }

    private mutating func drop() {
        block = []
        told = red
        (again, repairs, rounds, checkpoints) = ([], [], [], [])
        (cursor.again, cursor.repair) = (0, 0)
        nextDeadline = .infinity
    }

    /// The cancellation has left: its timer starts (RFC 5326, 6.15).
    mutating func cancelEmitted(_ timing: Timing) {
        cancelTimer = Countdown(timing)
        findDeadline()
    }

    mutating func suspend(at tyme: Tyme) {
        for index in checkpoints.indices { checkpoints[index].timer?.suspend(at: tyme) }
        cancelTimer?.suspend(at: tyme)
        findDeadline()
    }

    mutating func resume(at tyme: Tyme) {
        for index in checkpoints.indices { checkpoints[index].timer?.resume(at: tyme) }
        cancelTimer?.resume(at: tyme)
        findDeadline()
    }

    private mutating func findDeadline() {
        var first = cancelTimer?.due ?? .infinity
        for one in checkpoints { first = min(first, one.timer?.due ?? .infinity) }
        nextDeadline = first
    }

    /// The session as a row of the table.
    var rowState: LTPSessionRow.State {
        switch state {
        case .sendingRed: .sendingRed
        case .sendingGreen: .sendingGreen
        case .awaitingReport: .awaitingReport
        case .canceling: .canceling
        case .closed: .complete
        }
    }
}
