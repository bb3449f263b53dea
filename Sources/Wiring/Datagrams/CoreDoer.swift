import Doing

/// How the run of a ``CoreDoer`` came to its end.
public enum DatagramEnding: Hashable, Sendable {
    /// The doer was closed: it was removed, or its doist ended.
    case closed
    /// The transport broke.
    case failed(TransportError)
}

/// The one doer that drives any protocol over any transport.
///
/// A pass is the pipe in four lines: what has arrived goes into the core, its events go to ``onEvent``, what the core
/// wants to send goes out, and the doer sleeps until there is more to do:
///
/// ```
/// wire.receive -> core.handle -> core.pollEvent -> onEvent
/// wire.send    <- core.poll
/// ```
///
/// Work is bounded each way by ``budget``, counted and never timed, so that a flood can neither starve the sending
/// nor the other doers. It enters by opening the transport and exits by closing it. A transport that cannot be opened
/// is an error of the enter. One that breaks later ends this doer alone: ``ending`` tells why.
///
/// Between passes, use ``core`` freely: it is told the tyme first, and a change of it wakes the doer, so what you queue
/// leaves at once.
public final class CoreDoer<Core: DatagramCore, Wire: DatagramTransport>: Doer {
    /// What may be done in one pass, each way.
    public typealias Budget = DatagramBudget
    /// How fast may be sent.
    public typealias Pacing = DatagramPacing

    // Swift checks none of this for exclusive access, since a check costs as much as a small datagram. Core and
    // transport are checked by a lease each, for whoever touches them from inside a pass must hear of it; the rest is
    // only read and written as a whole.

    @exclusivity(unchecked) @usableFromInline var _core: Core
    @exclusivity(unchecked) @usableFromInline var _wire: Wire
    @exclusivity(unchecked) @usableFromInline var coreLease = Lease()
    @exclusivity(unchecked) @usableFromInline var wireLease = Lease()
    @usableFromInline let burst: Burst

    /// What a pass may do.
    @exclusivity(unchecked) public var budget: Budget
    /// How fast may be sent; nil, the default, for as fast as the transport takes it.
    ///
    /// A protocol without acknowledgements cannot know how fast its peer reads. UDP drops silently what the peer's
    /// queue has no room for; ``DatagramPacing/udp`` is what a peer with the system's default buffers takes.
    @exclusivity(unchecked) public var pacing: Pacing?
    @exclusivity(unchecked) @usableFromInline var ferry: Ferry
    /// The pass, compiled for this core and this transport where the doer was made.
    @usableFromInline let pass: (CoreDoer, Tyme) throws -> Recurrence
    /// Called with this doer and every event, after what has arrived was taken in and before anything is sent.
    ///
    /// The closure may use ``core``: what it queues leaves in the same pass. Use the doer that it is handed; a closure
    /// that captures the doer keeps it alive for ever. What it throws, the doer throws at the end of the pass. Without
    /// a closure events stay in the core, within its bounds, for its user to poll.
    @exclusivity(unchecked) public var onEvent: ((CoreDoer, Core.Event, Tyme) throws -> Void)?
    /// Called once, when the transport broke or the doer was closed, after the last event.
    @exclusivity(unchecked) public var onEnd: ((CoreDoer, DatagramEnding, Tyme) -> Void)?
    /// How it ended; nil before that.
    @exclusivity(unchecked) public private(set) var ending: DatagramEnding?
    /// A doer that is woken when the core has something to tell, and at the end, so that it may park instead of looking
    /// every tick.
    ///
    /// It takes what there is by ``pollEvent()``.
    public weak var listener: Doer?

    @exclusivity(unchecked) @usableFromInline var watch = DescriptorWatch()
    /// Watches for room at peers that were full.
    @exclusivity(unchecked) @usableFromInline var roomWatch = DescriptorWatch()
    /// Events are being told: what the closure changes is sent in this pass.
    @exclusivity(unchecked) @usableFromInline var isTelling = false
    /// An event's closure has changed core or transport since the last sending began.
    @exclusivity(unchecked) @usableFromInline var hasChanged = false
    /// What an event's closure threw in this pass.
    @exclusivity(unchecked) @usableFromInline var toldError: (any Error)?
    @exclusivity(unchecked) @usableFromInline var isOpen = false
    /// What the last pass left to the poller.
    @exclusivity(unchecked) @usableFromInline var rest = Rest()

    /// - Parameters:
    ///   - core: the protocol.
    ///   - wire: what it runs over; opened when the doer enters.
    ///   - burst: room for one train; share one among the doers of a doist to keep it in the cache.
    ///   - budget: what a pass may do.
    @inlinable public convenience init(
        _ core: Core, over wire: Wire, burst: Burst = Burst(), budget: Budget = Budget()
    ) {
        self.init(plain: core, wire, burst, budget) { try $0.makePass($1) }
    }

    @usableFromInline init(
        plain core: Core, _ wire: Wire, _ burst: Burst, _ budget: Budget,
        _ pass: @escaping (CoreDoer, Tyme) throws -> Recurrence
    ) {
        _core = core
        _wire = wire
        ferry = Ferry(for: wire)
        self.burst = burst
        self.budget = budget
        self.pass = pass
        super.init()
        checkBurst()
    }

    /// The same with a name, for reports.
    ///
    /// - Throws: what `Doer.init(name:tock:temp:)` throws.
    @inlinable public convenience init(
        _ core: Core, over wire: Wire, name: String, temp: Bool? = nil, burst: Burst = Burst(),
        budget: Budget = Budget()
    ) throws {
        try self.init(named: name, temp, core, wire, burst, budget) { try $0.makePass($1) }
    }

    @usableFromInline init(
        named name: String, _ temp: Bool?, _ core: Core, _ wire: Wire, _ burst: Burst, _ budget: Budget,
        _ pass: @escaping (CoreDoer, Tyme) throws -> Recurrence
    ) throws {
        _core = core
        _wire = wire
        ferry = Ferry(for: wire)
        self.burst = burst
        self.budget = budget
        self.pass = pass
        try super.init(name: name, temp: temp)
        checkBurst()
    }

    /// A doist that goes away without exits closes nobody; the transport closes here at the latest.
    deinit { if isOpen { _wire.close() } }

    private func checkBurst() {
        precondition(burst.capacity >= _wire.limits.bytes, "burst of \(burst.capacity), need \(_wire.limits.bytes)")
    }

    /// The protocol. Before it is lent for a change it is told the tyme; a change wakes the doer, so what was queued
    /// leaves in this pass or the next.
    @inlinable public var core: Core {
        _read {
            coreLease.read("core")
            defer { coreLease.end() }
            yield _core
        }
        _modify {
            coreLease.change("core")
            if !isTelling { tell(&_core, now: doist) }
            defer {
                coreLease.end()
                changed()
            }
            yield &_core
        }
    }

    /// The transport. A change wakes the doer.
    @inlinable public var wire: Wire {
        _read {
            wireLease.read("wire")
            defer { wireLease.end() }
            yield _wire
        }
        _modify {
            wireLease.change("wire")
            defer {
                wireLease.end()
                changed()
            }
            yield &_wire
        }
    }

    @inlinable final func tell(_ core: inout Core, now doist: Doist?) {
        if let doist { core.tick(at: doist.freshTyme()) }
    }

    @inlinable final func changed() { if isTelling { hasChanged = true } else { wake() } }

    /// The next event of the core, for whoever drains them without ``onEvent``. Unlike a change of ``core`` this does
    /// not wake the doer.
    @inlinable public func pollEvent() -> Core.Event? {
        coreLease.change("core")
        defer { coreLease.end() }
        return _core.pollEvent()
    }

    /// Opens the transport, lets the poller, if there is one, watch it, and tells the core.
    ///
    /// - Throws: ``TransportError`` if the transport cannot be opened.
    override public func enter(_ tyme: Tyme) throws {
        hold()
        defer { letGo() }
        (ending, toldError, rest) = (nil, nil, Rest())
        try _wire.open(for: self)
        isOpen = true
        do { if case .descriptor(let descriptor) = _wire.readiness { try watch.set(descriptor, for: self) } } catch {
            close()
            throw error
        }
        _core.tick(at: tyme)
        _core.opened(_wire.limits, at: tyme)
    }

    /// One pass: receive, tell, send; then sleep until there is more to do.
    override public func recur(_ tyme: Tyme) throws -> Recurrence { try pass(self, tyme) }

    /// Lets the core say goodbye, tells its last events and closes the transport.
    override public func exit(_ tyme: Tyme) throws {
        if ending == nil {
            // A transport that breaks now has nothing more to say.
            try? sayGoodbye(tyme)
            end(.closed, tyme)
        }
        if let error = toldError {
            toldError = nil
            throw error
        }
    }

    private func sayGoodbye(_ tyme: Tyme) throws(TransportError) {
        hold()
        defer { letGo() }
        var outgoing = Ferry.Allowance(budget)
        _core.tick(at: tyme)
        _core.closing(at: tyme)
        tell(tyme)
        _ = try ferry.send(&_core, over: &_wire, burst, &outgoing, nil, tock: 0, at: tyme)
        tell(tyme)
    }

    @usableFromInline final func end(_ ending: DatagramEnding, _ tyme: Tyme) {
        self.ending = ending
        wireLease.change("wire")
        close()
        wireLease.end()
        onEnd?(self, ending, tyme)
        listener?.wake()
    }

    private func close() {
        watch.end(for: self)
        roomWatch.end(for: self)
        _wire.close()
        isOpen = false
    }
}

// MARK: - A pass

/// What a pass has come to, and what core and transport answered in the end.
@usableFromInline struct PassState {
    @usableFromInline var receivedAll = true
    @usableFromInline var sending = Ferry.Progress.done
    @usableFromInline var hasEvents = false
    @usableFromInline var isBlocked = false
    /// What the transport answered.
    @usableFromInline var readiness = Readiness.polled
    /// When core or transport have something to do; infinite for never.
    @usableFromInline var wakeTyme = Tyme.infinity

    @usableFromInline init() {}

    /// Whether everything was received and everything sent.
    @inlinable var isThrough: Bool { receivedAll && sending == .done && !isBlocked }
}

/// Whether a pass that took in one lone datagram may leave what else there is to the poller, which tells again.
///
/// To look for more costs a system call, a fifth of a round trip, and where two ends take turns it finds nothing. So
/// after a look in vain the next sixteen lone datagrams are not followed by one. Nothing is lost by it: a descriptor
/// stays ready while there is something to read.
@usableFromInline struct Rest {
    /// Looks that may still be left out.
    @usableFromInline var left: UInt8 = 0
    /// A descriptor tells, and not only of changes.
    @usableFromInline var isTold = false

    @usableFromInline init() {}

    @inlinable mutating func looked(isFound: Bool) { left = isFound ? 0 : 16 }

    @inlinable mutating func leaves() -> Bool {
        guard left > 0, isTold else { return false }
        left &-= 1
        return true
    }
}

extension CoreDoer {
    /// ``recur(_:)``, inlinable so that it is compiled for its core and transport.
    @inlinable @inline(__always) final func makePass(_ tyme: Tyme) throws -> Recurrence {
        let state: PassState
        do throws(TransportError) { state = try work(at: tyme) } catch {
            end(.failed(error), tyme)
            return .done
        }
        if state.hasEvents, let listener { listener.wake() }
        // Nothing is left, and the transport wakes us: nothing to watch, and no reason to stay.
        if case .wakes = state.readiness, !watch.isOn, state.isThrough, toldError == nil, !hasChanged {
            return .park(until: state.wakeTyme)
        }
        return try conclude(state)
    }

    /// The steps of a pass, with core and transport in hand but while events are told, and then all questions at once.
    @inlinable @inline(__always) final func work(at tyme: Tyme) throws(TransportError) -> PassState {
        hold()
        defer { letGo() }
        var state = PassState()
        var (incoming, outgoing) = (Ferry.Allowance(budget), Ferry.Allowance(budget))
        if roomWatch.isOn { _wire.clearRoom() }
        _core.tick(at: tyme)
        _core.unblock()
        (state.receivedAll, _) = try ferry.receive(&_core, from: &_wire, burst, &incoming, atMost: 1, at: tyme)
        if state.receivedAll { _core.expire(at: tyme) }
        if mustTell(&_core) { tell(tyme) }
        state.sending = try send(&outgoing, tyme)
        // Whoever sent the first train has its answer by now: whether there is more is asked while it works on it.
        if !state.receivedAll { try takeRest(&state, &incoming, &outgoing, at: tyme) }
        ask(&_core, &_wire, &state)
        if state.hasEvents, onEvent != nil {
            tell(tyme)
            if hasChanged, state.sending != .full { state.sending = try send(&outgoing, tyme) }
            ask(&_core, &_wire, &state)
        }
        return state
    }

    @inlinable @inline(__always) final func send(
        _ allowance: inout Ferry.Allowance, _ tyme: Tyme
    ) throws(TransportError) -> Ferry.Progress {
        hasChanged = false
        let tock = pacing == nil ? 0 : doist?.tock ?? 0
        return try ferry.send(&_core, over: &_wire, burst, &allowance, pacing, tock: tock, at: tyme)
    }

    /// All trains but the first, the timers, and what has to be sent for them.
    @inlinable @inline(never) final func takeRest(
        _ state: inout PassState, _ incoming: inout Ferry.Allowance, _ outgoing: inout Ferry.Allowance, at tyme: Tyme
    ) throws(TransportError) {
        let isLone = incoming.datagrams == budget.datagrams - 1
        let isDue = Self.isDue(&_core, tyme)
        if isLone, !isDue, state.sending != .full, rest.leaves() { return state.receivedAll = true }
        let (isAll, count) = try ferry.receive(
            &_core, from: &_wire, burst, &incoming, atMost: .max, at: tyme)
        state.receivedAll = isAll
        if isLone { rest.looked(isFound: count > 0) }
        guard count > 0 || isDue else { return }
        _core.expire(at: tyme)
        if mustTell(&_core) { tell(tyme) }
        if state.sending != .full { state.sending = try send(&outgoing, tyme) }
    }

    /// Here and below core and transport are `inout` to be looked at where they stand: read as values they would be
    /// copied, with a retain for each of all that is in them.
    @inlinable @inline(__always) static func isDue(_ core: inout Core, _ tyme: Tyme) -> Bool {
        core.wakeTyme.map { $0 <= tyme } ?? false
    }

    /// All questions at once.
    @inlinable @inline(__always) final func ask(_ core: inout Core, _ wire: inout Wire, _ state: inout PassState) {
        state.hasEvents = core.hasEvents
        state.isBlocked = core.isBlocked
        state.readiness = wire.readiness
        state.wakeTyme = min(core.wakeTyme ?? .infinity, wire.wakeTyme ?? .infinity)
    }

    /// Whether there is something to tell before the pass goes on.
    @inlinable @inline(__always) final func mustTell(_ core: inout Core) -> Bool { onEvent != nil && core.hasEvents }

    /// Tells what there is; the closure may use core and transport.
    @inlinable final func tell(_ tyme: Tyme) {
        guard let onEvent else { return }
        letGo()
        isTelling = true
        defer {
            isTelling = false
            hold()
        }
        while toldError == nil, let event = pollEvent() {
            do { try onEvent(self, event, tyme) } catch { toldError = error }
        }
    }

    /// The end of a pass that may have left something, or that a poller stands behind.
    @inlinable @inline(never) final func conclude(_ state: PassState) throws -> Recurrence {
        if let error = toldError {
            toldError = nil
            throw error
        }
        let readiness = state.readiness
        if case .descriptor(let descriptor) = readiness {
            try watch.set(descriptor, writable: state.sending == .full, for: self)
            rest.isTold = state.sending != .full
            let isBlocked = state.isBlocked && state.sending != .full
            if watch.isOn, isBlocked || roomWatch.isOn { try watchRoom(isBlocked) }
        } else if watch.isOn {
            watch.end(for: self)
        }
        if hasChanged || state.hasEvents && onEvent != nil || !state.receivedAll || state.sending == .more {
            return goOn()  // there is more to do
        }
        var wakeTyme = state.wakeTyme
        switch state.sending {
        case .paced: wakeTyme = pacing.map { ferry.pacing.wakeTyme(under: $0) } ?? wakeTyme
        case .stuck: return .again
        case .done, .more, .full: break
        }
        switch readiness {
        case .descriptor: if !watch.isOn { return .again }
        case .wakes: break
        case .polled: return .again
        }
        // A socket tells when it has room; full peers are tried every tick, and sooner where they can be watched.
        if state.sending == .full ? !watch.isWritable : state.isBlocked { return .again }
        return .park(until: wakeTyme)
    }

    @usableFromInline final func watchRoom(_ isBlocked: Bool) throws {
        wireLease.change("wire")
        let room = _wire.roomDescriptor(whileBlocked: isBlocked)
        wireLease.end()
        try roomWatch.set(room, for: self)
    }

    /// Takes core and transport into hand.
    @inlinable @inline(__always) final func hold() {
        coreLease.change("core")
        wireLease.change("wire")
    }

    @inlinable @inline(__always) final func letGo() {
        coreLease.end()
        wireLease.end()
    }
}
