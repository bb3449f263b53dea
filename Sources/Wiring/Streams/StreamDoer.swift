import Doing

/// What a ``StreamDoer`` may do in one pass.
///
/// Connections that share a ``Burst`` share more than that: together they read 256 KiB a pass. Who read less than 2 KiB
/// lately is served in every pass; those who have more take turns. So one with little to say does not wait for all that
/// a crowd pushes.
public struct StreamBudget: Hashable, Sendable {
    /// Bytes that one connection reads in one pass at most. 64 KiB unless said otherwise.
    public var bytes: Int

    /// What is left over runs in the next pass.
    public init(bytes: Int = 64 << 10) {
        precondition(bytes >= 1, "budget of \(bytes) bytes")
        self.bytes = bytes
    }
}

/// How a stream came to its end.
public enum StreamEnding: Hashable, Sendable {
    /// Both halves ended, or the core closed it.
    case closed
    /// The core threw it away.
    case reset
    /// The other end, or the way to it, has gone.
    case lost(StreamLoss)
    /// No connection came about, or the transport broke.
    case failed(TransportError)
    /// The doer was closed from outside.
    case cut
}

/// The one doer that drives a protocol over a stream, from connecting to the end.
///
/// Whatever the other end does, it never throws: the doer is done, and ``ending`` tells why. Work is bounded each way
/// by ``budget``, counted and never timed. It sleeps while nothing can be read or written and nothing is due, so that
/// an idle connection costs no tick anything.
///
/// Between passes, use ``core`` freely: a change of it wakes the doer, so what you queue leaves at once.
public final class StreamDoer<Core: StreamCore, Wire: StreamTransport>: Doer {
    @usableFromInline var _core: Core
    @usableFromInline var _wire: Wire
    @usableFromInline let burst: Burst
    @usableFromInline let lender: (any RoomLender)?

    // What is only read and written as a whole is not checked for exclusive access, which would cost more than a small
    // frame. Core and transport are: whoever touches them from inside a pass must hear of it.

    /// What a pass may do.
    @exclusivity(unchecked) public var budget: StreamBudget
    /// Called with this doer and every event, after what has come was taken in and before anything is sent.
    ///
    /// Use the doer that it is handed; a closure that captures the doer keeps it alive for ever. What it throws, the
    /// doer throws at the end of the pass.
    @exclusivity(unchecked) public var onEvent: ((StreamDoer, Core.Event, Tyme) throws -> Void)?
    /// Called once, when the connection is over. The core may still hold events.
    @exclusivity(unchecked) public var onEnd: ((StreamDoer, StreamEnding, Tyme) -> Void)?
    /// A doer that is woken when the core has something to tell and when the connection is over.
    public weak var listener: Doer?
    /// How it ended; nil before that.
    @exclusivity(unchecked) public private(set) var ending: StreamEnding?

    @exclusivity(unchecked) @usableFromInline var isConnected = false
    @exclusivity(unchecked) @usableFromInline var hasFinished = false
    @exclusivity(unchecked) @usableFromInline var hasEnded = false
    /// The core wanted no input when it was last asked.
    @exclusivity(unchecked) @usableFromInline var isHeldBack = false
    /// The pass tells events and then writes: what they queue needs no pass of its own.
    @exclusivity(unchecked) @usableFromInline var isAboutToWrite = false
    /// What an event's closure threw in this pass.
    @exclusivity(unchecked) @usableFromInline var toldError: (any Error)?
    @exclusivity(unchecked) @usableFromInline var isOpen = false
    @exclusivity(unchecked) @usableFromInline var watch = DescriptorWatch()
    @exclusivity(unchecked) private var share = StreamCrowd.Share()
    /// The pass, compiled for this core and this transport where the doer was made.
    @exclusivity(unchecked) @usableFromInline var pass: (StreamDoer, Tyme) throws -> Recurrence = {
        try $0.makePass($1)
    }

    /// - Parameters:
    ///   - core: the protocol.
    ///   - wire: what it runs over; opened when the doer enters.
    ///   - burst: room for one read; share one among the doers of a doist to keep it in the cache.
    ///   - budget: what a pass may do.
    @inlinable public convenience init(
        _ core: Core, over wire: Wire, burst: Burst = Burst(), budget: StreamBudget = StreamBudget()
    ) {
        self.init(plain: core, wire, burst, budget)
        pass = { try $0.makePass($1) }
    }

    @usableFromInline init(plain core: Core, _ wire: Wire, _ burst: Burst, _ budget: StreamBudget) {
        _core = core
        _wire = wire
        lender = (wire as? any HasRoomLender)?.roomLender
        self.burst = burst
        self.budget = budget
        super.init()
    }

    /// A doist that goes away without exits closes nobody; the transport closes here at the latest.
    deinit { if isOpen { _wire.close() } }

    /// The protocol. Before it is lent for a change it is told the tyme; a change wakes the doer, so what was queued
    /// leaves in this pass or the next.
    @inlinable public var core: Core {
        _read { yield _core }
        _modify {
            if !isAboutToWrite, let doist { _core.tick(at: doist.freshTyme()) }
            defer { if !isAboutToWrite { wake() } }
            yield &_core
        }
    }

    /// The transport. A change wakes the doer.
    @inlinable public var wire: Wire {
        _read { yield _wire }
        _modify {
            defer { wake() }
            yield &_wire
        }
    }

    /// The next event of the core, for whoever drains them without ``onEvent``. Unlike a change of ``core`` this does
    /// not wake the doer, unless the core had stopped reading for want of room.
    public func pollEvent() -> Core.Event? {
        let wanted = _core.wantsInput
        let event = _core.pollEvent()
        if !wanted, _core.wantsInput { wake() }
        return event
    }

    /// Begins to connect.
    override public func enter(_ tyme: Tyme) throws {
        (isConnected, hasFinished, hasEnded, ending, toldError) = (false, false, false, nil, nil)
        isOpen = true
        do throws(TransportError) { try _wire.open(for: self) } catch { end(.failed(error), tyme) }
        if ending != nil { finish() }
    }

    /// One pass: connect; or read, tell, write; then sleep until there is more to do.
    override public func recur(_ tyme: Tyme) throws -> Recurrence { try pass(self, tyme) }

    /// Lets the core say goodbye if nobody else has ended it, and closes the transport.
    override public func exit(_ tyme: Tyme) throws {
        if ending == nil {
            if isConnected { sayGoodbye(tyme) }
            if ending == nil { end(.cut, tyme) }
        }
        try throwTold()
    }

    private func sayGoodbye(_ tyme: Tyme) {
        _core.tick(at: tyme)
        _core.closing(at: tyme)
        tell(tyme)
        // A transport that breaks now has nothing more to say.
        if let loss = try? Self.write(&_core, &_wire, tyme) { end(.lost(loss), tyme) }
    }

    @usableFromInline @discardableResult final func end(_ ending: StreamEnding, _ tyme: Tyme) -> Recurrence {
        watch.end(for: self)
        self.ending = ending
        if ending == .reset { _wire.reset() } else { _wire.close() }
        isOpen = false
        if case .lost(let loss) = ending { _core.lost(loss, at: tyme) }
        tell(tyme)
        onEnd?(self, ending, tyme)
        listener?.wake()
        return .done
    }

    /// Throws what an event's closure threw.
    @usableFromInline final func throwTold() throws {
        guard let error = toldError else { return }
        toldError = nil
        throw error
    }

    // MARK: One pass

    /// ``recur(_:)``, inlinable so that it is compiled for its core and transport.
    @inlinable final func makePass(_ tyme: Tyme) throws -> Recurrence {
        var isMore = false
        do throws(TransportError) {
            if !isConnected, try _wire.connect(at: tyme) {
                isConnected = true
                _core.connected(at: tyme)
            }
            if isConnected { isMore = try move(tyme) }
        } catch {
            return end(.failed(error), tyme)
        }
        if toldError != nil { try throwTold() }
        if ending != nil { return .done }
        return isConnected ? try settle(isMore, tyme) : try rest(reading: true, writing: true, until: nil)
    }

    /// Reads, tells and writes; true if the budget ended it. A loss ends the doer.
    @inlinable final func move(_ tyme: Tyme) throws(TransportError) -> Bool {
        _core.tick(at: tyme)
        // A read is answered before the next: its bytes, and those of its answer, are still in the cache.
        var left = grant()
        var isMore: Bool
        repeat {
            isMore = left > 0 ? try read(tyme, &left) : !hasEnded && _core.wantsInput
            if ending != nil { return false }
            if !isMore || left <= 0 { _core.expire(at: tyme) }
            isAboutToWrite = true
            tell(tyme)
            isAboutToWrite = false
            if let loss = try Self.write(&_core, &_wire, tyme) {
                end(.lost(loss), tyme)
                return false
            }
            tell(tyme)
            // There is room again: what has come meanwhile may have been told already, when it was not wanted.
            if isHeldBack, _core.wantsInput { isMore = true }
        } while isMore && left > 0
        return isMore
    }

    /// Bytes that may be read now, 0 if others are first.
    @usableFromInline final func grant() -> Int {
        guard let doist else { return budget.bytes }
        return burst.crowd.grant(&share, atMost: budget.bytes, in: doist.passNumber)
    }

    @usableFromInline final func note(_ count: Int) { burst.crowd.note(count, &share) }

    /// One read, as long as the core wants more; true if there may be more. A loss ends the doer.
    @inlinable final func read(_ tyme: Tyme, _ left: inout Int) throws(TransportError) -> Bool {
        isHeldBack = !hasEnded && !_core.wantsInput
        guard !hasEnded, !isHeldBack else { return false }
        let isUntold = watch.isWritable || !watch.isOn
        let size = min(burst.capacity, left)
        let room = lender?.burst(of: size, for: .rx) ?? burst
        let (reading, isFull) = try room.lend(size) { (out: inout OutputRawSpan) throws(TransportError) in
            let reading = try _wire.read(into: &out, at: tyme)
            if case .bytes = reading { _core.handle(out.bytes, at: tyme) }
            return (reading, out.freeCapacity == 0)
        }
        switch reading {
        case .bytes(let count):
            left -= count
            note(count)
            // A read that did not fill its room took all there was: what has come since, the poller tells. But while
            // the poller tells of changes only, nothing would tell of an end that came with the last bytes; and without
            // a poller only a read that finds nothing says that nothing is there.
            return isFull || isUntold
        case .nothing: return false
        case .end:
            hasEnded = true
            _core.ended(at: tyme)
            return false
        case .lost(let loss):
            end(.lost(loss), tyme)
            return false
        }
    }

    /// Writes until nothing is left or there is no room; a loss if the connection is over.
    @inlinable static func write(
        _ core: inout Core, _ wire: inout Wire, _ tyme: Tyme
    ) throws(TransportError) -> StreamLoss? {
        while true {
            let (asked, writing) = try core.lendOutput { (bytes) throws(TransportError) -> (Int, StreamWriting) in
                if bytes.isEmpty { return (0, .taken(0)) }
                return (bytes.byteCount, try wire.write(bytes, at: tyme))
            }
            switch writing {
            case .taken(let count):
                if count > 0 { core.sent(count, at: tyme) }
                if count < asked || asked == 0 { return nil }
            case .lost(let loss): return loss
            }
        }
    }

    @inlinable final func tell(_ tyme: Tyme) {
        guard let onEvent else { return }
        while toldError == nil, let event = _core.pollEvent() {
            do { try onEvent(self, event, tyme) } catch { toldError = error }
        }
    }

    /// All questions to a core at once, and `inout`: a core that is only read where it is stored is copied for that.
    @inlinable static func ask(_ core: inout Core) -> StreamPassState {
        StreamPassState(
            wantsInput: core.wantsInput, hasOutput: core.lendOutput { !$0.isEmpty }, hasEvents: core.hasEvents,
            closing: core.closing, wakeTyme: core.wakeTyme)
    }

    /// Closes if the core wants it and it is time; else sleeps until there is more to do.
    @inlinable final func settle(_ isMore: Bool, _ tyme: Tyme) throws -> Recurrence {
        let state = Self.ask(&_core)
        if state.closing != .open, let over = close(state) { return end(over, tyme) }
        if state.hasEvents, let listener { listener.wake() }
        if isMore { return goOn() }  // the budget ended the pass
        return try rest(reading: !hasEnded && state.wantsInput, writing: state.hasOutput, until: state.wakeTyme)
    }

    /// What the core wants to become of the connection, if it is time.
    @usableFromInline final func close(_ state: StreamPassState) -> StreamEnding? {
        if state.closing == .reset { return .reset }
        if state.hasOutput { return nil }
        if state.closing == .close { return .closed }
        if !hasFinished {
            hasFinished = true
            _wire.finish()
        }
        return hasEnded ? .closed : nil
    }

    // MARK: Sleeping

    @inlinable final func rest(reading: Bool, writing: Bool, until wakeTyme: Tyme?) throws -> Recurrence {
        let readiness = _wire.readiness
        switch readiness {
        case .descriptor(let descriptor):
            try watch.set(reading || writing ? descriptor : nil, writable: writing, for: self)
            if !watch.isOn, reading || writing { return .again }
        case .wakes: break
        case .polled: return .again
        }
        return .park(until: min(wakeTyme ?? .infinity, _wire.wakeTyme ?? .infinity))
    }
}

/// What a pass asks of its core before it ends.
@usableFromInline struct StreamPassState {
    @usableFromInline var wantsInput: Bool
    @usableFromInline var hasOutput: Bool
    @usableFromInline var hasEvents: Bool
    @usableFromInline var closing: StreamClosing
    @usableFromInline var wakeTyme: Tyme?

    @usableFromInline init(
        wantsInput: Bool, hasOutput: Bool, hasEvents: Bool, closing: StreamClosing, wakeTyme: Tyme?
    ) {
        self.wantsInput = wantsInput
        self.hasOutput = hasOutput
        self.hasEvents = hasEvents
        self.closing = closing
        self.wakeTyme = wakeTyme
    }
}
