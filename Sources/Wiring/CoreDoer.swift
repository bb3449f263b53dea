import Doing

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
/// nor the other doers. It enters by opening the transport and exits by closing it.
///
/// Between passes, use ``core`` freely: a change of it wakes the doer, so what you queue leaves at once.
public final class CoreDoer<Core: DatagramCore, Wire: DatagramTransport>: Doer {
    /// What may be done in one pass, each way.
    public typealias Budget = FerryBudget
    /// How much may be sent between one tick and the next.
    public typealias Pacing = FerryPacing

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
    /// What may be sent in one tick at most; nil, the default, for as much as the transport takes.
    ///
    /// A protocol without acknowledgements cannot know how fast its peer reads. Against a slow reader over UDP, whose
    /// queue drops silently what it has no room for, say here how much is sent between one tick and the next.
    @exclusivity(unchecked) public var pacing: Pacing?
    @exclusivity(unchecked) @usableFromInline var ferry = Ferry()
    /// The pass, compiled for this core and this transport where the doer was made.
    @usableFromInline let pass: (CoreDoer, Tyme) throws -> Recurrence
    /// Called with every event, after the pass's trains have been taken in and before its trains are sent.
    ///
    /// The closure may use ``core``. Without one, events stay in the core, within its bounds, for its user to poll.
    @exclusivity(unchecked) public var onEvent: ((Core.Event, Tyme) -> Void)?
    /// A doer that is woken when the core has something to tell, so that it may park instead of looking every tick.
    ///
    /// It takes what there is by ``pollEvent()``.
    public weak var listener: Doer?

    /// What the poller was told to watch: the transport's descriptor, whether for writing too, and the one for room.
    @exclusivity(unchecked) @usableFromInline var watched: Int32?
    @exclusivity(unchecked) @usableFromInline var isWatchingWritable = false
    @exclusivity(unchecked) @usableFromInline var watchedRoom: Int32?

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
        self.burst = burst
        self.budget = budget
        self.pass = pass
        try super.init(name: name, temp: temp)
        checkBurst()
    }

    private func checkBurst() {
        precondition(burst.capacity >= _wire.limits.bytes, "burst of \(burst.capacity), need \(_wire.limits.bytes)")
    }

    /// The protocol. A change wakes the doer: what was queued leaves in this pass or the next.
    @inlinable public var core: Core {
        _read {
            coreLease.read("core")
            defer { coreLease.end() }
            yield _core
        }
        _modify {
            coreLease.change("core")
            defer {
                coreLease.end()
                wake()
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
                wake()
            }
            yield &_wire
        }
    }

    /// The next event of the core, for whoever drains them without ``onEvent``. Unlike a change of ``core`` this does
    /// not wake the doer.
    @inlinable public func pollEvent() -> Core.Event? {
        coreLease.change("core")
        defer { coreLease.end() }
        return _core.pollEvent()
    }

    /// Opens the transport and lets the poller, if there is one, watch it.
    override public func enter(_ tyme: Tyme) throws {
        wireLease.change("wire")
        defer { wireLease.end() }
        try _wire.open(for: self)
        do { if case .descriptor(let descriptor) = _wire.readiness { try watch(descriptor) } } catch {
            _wire.close()
            throw error
        }
    }

    /// One pass: receive, tell, send; then sleep until there is more to do.
    override public func recur(_ tyme: Tyme) throws -> Recurrence { try pass(self, tyme) }

    /// ``recur(_:)``, inlinable so that it is compiled for its core and transport.
    @inlinable @inline(__always) final func makePass(_ tyme: Tyme) throws -> Recurrence {
        let state = try work(at: tyme)
        if state.hasEvents, let listener { listener.wake() }
        // Nothing is left, and the transport wakes us: nothing to watch, and no reason to stay.
        if case .wakes = state.readiness, watched == nil, state.isThrough { return .park(until: state.wakeTyme) }
        return try conclude(state)
    }

    /// The end of a pass that may have left something, or that a poller stands behind.
    @inlinable @inline(never) final func conclude(_ state: PassState) throws -> Recurrence {
        let readiness = state.readiness
        if case .descriptor(let descriptor) = readiness {
            if watched != descriptor { try watch(descriptor) }
        } else if watched != nil {
            unwatch()
        }
        if watched != nil { try watchRoom(isFull: state.sending == .full, isBlocked: state.isBlocked) }
        if state.sending == .paced, state.receivedAll { return .again }
        guard state.receivedAll, state.sending != .more else {
            wake()  // the budget ended the pass: in real time go on at this tyme, as far as extra passes go
            return .again
        }
        switch readiness {
        case .descriptor: if watched == nil { return .again }
        case .wakes: break
        case .polled: return .again
        }
        // A socket tells when it has room; full peers are tried every tick, and sooner where they can be watched.
        if state.sending == .full ? !isWatchingWritable : state.isBlocked { return .again }
        return .park(until: state.wakeTyme)
    }

    /// The steps of a pass, with core and transport in hand but while events are told, and then all questions at once.
    @inlinable @inline(__always) final func work(at tyme: Tyme) throws(TransportError) -> PassState {
        hold()
        defer { letGo() }
        var state = PassState()
        if watchedRoom != nil { _wire.clearRoom() }
        _core.unblock()
        (state.receivedAll, _) = try ferry.receive(&_core, from: &_wire, burst, budget, trains: 1, at: tyme)
        if mustTell(&_core) { tell(tyme) }
        state.sending = try ferry.send(&_core, over: &_wire, burst, budget, pacing, at: tyme)
        if !state.receivedAll {
            // Whoever sent the first train has its answer by now: whether there is more is asked while it works on it.
            // Asked first, that would cost a round trip two system calls.
            if isEmpty(&_wire) { state.receivedAll = true } else { try answerAll(&state, at: tyme) }
        }
        ask(&_core, &_wire, &state)
        if state.hasEvents, onEvent != nil {
            tell(tyme)
            ask(&_core, &_wire, &state)
        }
        return state
    }

    /// All questions at once.
    ///
    /// Here and below core and transport are `inout` to be looked at where they stand: read as values they would be
    /// copied, with a retain for each of all that is in them.
    @inlinable @inline(__always) final func ask(_ core: inout Core, _ wire: inout Wire, _ state: inout PassState) {
        state.hasEvents = core.hasEvents
        state.isBlocked = core.isBlocked
        state.readiness = wire.readiness
        state.wakeTyme = min(core.wakeTyme ?? .infinity, wire.wakeTyme ?? .infinity)
    }

    /// Whether there is something to tell before the pass goes on.
    @inlinable @inline(__always) final func mustTell(_ core: inout Core) -> Bool { onEvent != nil && core.hasEvents }

    @inlinable @inline(__always) final func isEmpty(_ wire: inout Wire) -> Bool { wire.isEmpty }

    /// All trains but the first, and the answers to them.
    @inlinable @inline(never) final func answerAll(
        _ state: inout PassState, at tyme: Tyme
    ) throws(TransportError) {
        let most = max(1, budget.trains - 1)
        let (isAll, count) = try ferry.receive(&_core, from: &_wire, burst, budget, trains: most, at: tyme)
        state.receivedAll = isAll
        guard count > 0 else { return }
        if mustTell(&_core) { tell(tyme) }
        state.sending = try ferry.send(&_core, over: &_wire, burst, budget, pacing, at: tyme)
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

    /// Tells what there is, of which there is something; the closure may use core and transport.
    @inlinable @inline(__always) final func tell(_ tyme: Tyme) {
        guard let onEvent else { return }
        letGo()
        defer { hold() }
        repeat {
            guard let event = pollEvent() else { break }
            onEvent(event, tyme)
        } while mustTell(&_core)
    }

    /// Closes the transport.
    override public func exit(_ tyme: Tyme) throws {
        unwatch()
        wireLease.change("wire")
        defer { wireLease.end() }
        _wire.close()
    }
}

/// What the poller is told: only a change costs a call.
extension CoreDoer {
    /// Watches the transport's descriptor, which another may have taken the place of.
    @usableFromInline func watch(_ descriptor: Int32) throws {
        guard let pace = doist?.pace else { return }
        unwatch()
        try pace.watch(descriptor, self)
        watched = descriptor
    }

    @usableFromInline func unwatch() {
        if let watched { doist?.pace?.unwatch(watched) }
        if let watchedRoom { doist?.pace?.unwatch(watchedRoom) }
        (watched, watchedRoom, isWatchingWritable) = (nil, nil, false)
    }

    @usableFromInline func watchRoom(isFull: Bool, isBlocked: Bool) throws {
        guard let watched, let pace = doist?.pace else { return }
        if isFull != isWatchingWritable {
            try pace.watchWritable(watched, isFull)
            isWatchingWritable = isFull
        }
        let isBlocked = isBlocked && !isFull
        guard isBlocked || watchedRoom != nil else { return }
        wireLease.change("wire")
        let room = _wire.roomDescriptor(whileBlocked: isBlocked)
        wireLease.end()
        guard room != watchedRoom else { return }
        if let watchedRoom { pace.unwatch(watchedRoom) }
        watchedRoom = nil
        if let room {
            try pace.watch(room, self)
            watchedRoom = room
        }
    }
}
