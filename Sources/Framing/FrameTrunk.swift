import Containers
import Doing
import Wiring

/// What both cores do in the same way: what waits on either side, how it closes, and how much it holds.
struct FrameTrunk<Message> {
    let limits: FrameLimits
    private let share: FrameMemory.Share?
    var outlet = Outlet()
    private var events = Fifo<(event: FrameEvent<Message>, cost: Int)>()
    /// Bytes of what was not taken, each message with 64 for itself.
    private(set) var pending = 0
    private(set) var failure: FrameError?
    private(set) var closing = StreamClosing.open
    var wasUp = false
    /// Until when the other end may take what is left and close; set while we are closing.
    private var lingerUntil: Tyme?
    /// When the last byte came or went.
    var lastMove: Tyme = 0
    /// Since when the other end has taken nothing of what waits; nil while nothing waits.
    private var untakenTyme: Tyme?
    /// The last pass; nil before the first.
    private var now: Tyme?
    private var patience = Patience()

    init(_ limits: FrameLimits, _ memory: FrameMemory?) {
        limits.require()
        self.limits = limits
        share = memory.map { FrameMemory.Share($0) }
    }

    var isOpen: Bool { closing == .open }

    // MARK: Events

    mutating func tell(_ event: FrameEvent<Message>, cost: Int) {
        events.append((event, cost + 64))
        pending += cost + 64
    }

    mutating func pollEvent() -> FrameEvent<Message>? {
        guard let (event, cost) = events.popFirst() else { return nil }
        pending -= cost
        return event
    }

    var hasEvents: Bool { !events.isEmpty }

    // MARK: Room

    /// Takes so many bytes besides what waits here; false, and nothing changes, if all together hold too much.
    func hold(_ count: Int) -> Bool { share?.hold(count + outlet.count + pending) ?? true }

    var memoryFull: FrameError { .memoryFull(limit: share?.limit ?? 0) }

    // MARK: The end

    mutating func up() {
        wasUp = true
        tell(.up, cost: 0)
    }

    /// What came is wrong: what waits still goes, no more is looked at.
    mutating func fail(_ error: FrameError, at tyme: Tyme) {
        guard closing == .open || closing == .finish, failure == nil else { return }
        failure = error
        finish(at: tyme)
    }

    /// Ends our half once all is sent; what comes is thrown away from now on. Without a tyme, the next pass has it.
    mutating func finish(at tyme: Tyme?) {
        guard closing == .open else { return }
        closing = .finish
        lingerUntil = tyme.map { $0 + limits.linger }
    }

    mutating func reset() {
        closing = .reset
        outlet.clear()
    }

    /// The connection is over: only what was told can still be taken.
    mutating func over() { closing = .close }

    /// Lingering has an end, and so has waiting for somebody who does not read.
    mutating func expire(at tyme: Tyme) {
        now = tyme
        if isOpen, !outlet.isEmpty, untakenTyme == nil { untakenTyme = tyme }
        if patience.isOver(takeTyme, at: tyme) { fail(.timeout(.take), at: tyme) }
        guard closing == .finish else { return }
        let end = lingerUntil ?? tyme + limits.linger
        lingerUntil = end
        if tyme >= end { closing = outlet.isEmpty ? .close : .reset }
    }

    mutating func sent(_ count: Int, at tyme: Tyme) {
        outlet.sent(count)
        lastMove = tyme
        untakenTyme = outlet.isEmpty ? nil : tyme
        if closing == .finish { lingerUntil = tyme + limits.linger }
    }

    /// When the other end must have taken some of what waits; nil while nothing waits, or we are closing.
    private var takeTyme: Tyme? {
        guard isOpen, !outlet.isEmpty else { return nil }
        return (untakenTyme ?? now).map { $0 + limits.take }
    }

    /// When ``expire(at:)`` has something to do.
    var expiryTyme: Tyme? { lingerTyme ?? takeTyme }

    private var lingerTyme: Tyme? { closing == .finish ? lingerUntil ?? lastMove : nil }
}
