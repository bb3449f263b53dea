import Doing

/// What a ``StreamDoer`` may do in one pass, each way.
public struct StreamBudget: Hashable, Sendable {
    /// Bytes read, and bytes written, in one pass at most; one read or write more may be under way.
    public var bytes: Int

    /// What is left over runs in the next pass.
    public init(bytes: Int = 1 << 20) {
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
/// Whatever the other end does, it never throws: the doer is done, and ``ending`` tells why. Work is bounded each way by
/// ``budget``, counted and never timed. It sleeps while nothing can be read or written and nothing is due, so that an
/// idle connection costs no tick anything.
///
/// Between passes, use ``core`` freely: a change of it wakes the doer, so what you queue leaves at once.
public final class StreamDoer<Core: StreamCore, Wire: StreamTransport>: Doer {
    @usableFromInline var _core: Core
    @usableFromInline var _wire: Wire
    @usableFromInline let burst: Burst

    /// What a pass may do.
    public var budget: StreamBudget
    /// Called with every event, after what has come was taken in and before anything is sent.
    public var onEvent: ((Core.Event, Tyme) -> Void)?
    /// Called once, when the connection is over. The core may still hold events.
    public var onEnd: ((StreamEnding, Tyme) -> Void)?
    /// A doer that is woken when the core has something to tell and when the connection is over.
    public weak var listener: Doer?
    /// How it ended; nil before that.
    public private(set) var ending: StreamEnding?

    private var isConnected = false
    private var hasFinished = false
    private var hasEnded = false
    private var watched: Int32?
    private var isWatchingWritable = false

    /// - Parameters:
    ///   - core: the protocol.
    ///   - wire: what it runs over; opened when the doer enters.
    ///   - burst: room for one read; share one among the doers of a doist to keep it in the cache.
    ///   - budget: what a pass may do.
    public init(_ core: Core, over wire: Wire, burst: Burst = Burst(), budget: StreamBudget = StreamBudget()) {
        _core = core
        _wire = wire
        self.burst = burst
        self.budget = budget
        super.init()
    }

    /// The protocol. A change wakes the doer: what was queued leaves in this pass or the next.
    @inlinable public var core: Core {
        _read { yield _core }
        _modify {
            defer { wake() }
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
        (isConnected, hasFinished, hasEnded, ending) = (false, false, false, nil)
        do throws(TransportError) { try _wire.open(for: self) } catch { end(.failed(error), tyme) }
        if ending != nil { finish() }
    }

    /// One pass: connect; or read, tell, write; then sleep until there is more to do.
    override public func recur(_ tyme: Tyme) throws -> Recurrence {
        let progress: Progress
        do throws(TransportError) { progress = try pass(tyme) } catch {
            end(.failed(error), tyme)
            return .done
        }
        switch progress {
        case .over(let ending):
            end(ending, tyme)
            return .done
        case .rest(let wantsRead, let wantsWrite, let isAll):
            if _core.hasEvents, let listener { listener.wake() }
            try watch(reading: wantsRead, writing: wantsWrite)
            return rest(isAll)
        }
    }

    /// Closes the transport.
    override public func exit(_ tyme: Tyme) throws {
        unwatch()
        if ending == nil { end(.cut, tyme) }
        _wire.close()
    }

    private func end(_ ending: StreamEnding, _ tyme: Tyme) {
        unwatch()
        self.ending = ending
        if ending == .reset { _wire.reset() } else { _wire.close() }
        if case .lost(let loss) = ending { _core.lost(loss, at: tyme) }
        tell(tyme)
        onEnd?(ending, tyme)
        listener?.wake()
    }

    // MARK: One pass

    private enum Progress {
        case rest(reading: Bool, writing: Bool, isAll: Bool)
        case over(StreamEnding)
    }

    /// What one direction did.
    private enum Step {
        /// Nothing more can be done now.
        case done
        /// There may be more.
        case more
        /// The connection is over.
        case lost(StreamLoss)

        var isMore: Bool { if case .more = self { true } else { false } }
    }

    private func pass(_ tyme: Tyme) throws(TransportError) -> Progress {
        if !isConnected {
            guard try _wire.connect(at: tyme) else { return .rest(reading: true, writing: true, isAll: true) }
            isConnected = true
            _core.connected(at: tyme)
        }
        _core.tick(at: tyme)
        // A read is answered before the next: its bytes, and those of its answer, are still in the cache.
        var left = budget.bytes
        var reading: Step
        repeat {
            reading = try read(tyme, &left)
            tell(tyme)
            if case .lost(let loss) = reading { return .over(.lost(loss)) }
            let writing = try write(tyme)
            tell(tyme)
            if case .lost(let loss) = writing { return .over(.lost(loss)) }
        } while reading.isMore && left > 0
        if let over = close(tyme) { return .over(over) }
        let isFull = _core.lendOutput { !$0.isEmpty }
        return .rest(reading: !hasEnded && _core.wantsInput, writing: isFull, isAll: !reading.isMore)
    }

    /// One read, as long as the core wants more.
    private func read(_ tyme: Tyme, _ left: inout Int) throws(TransportError) -> Step {
        guard !hasEnded, _core.wantsInput else { return .done }
        return try burst.lend { (out: inout OutputRawSpan) throws(TransportError) -> Step in
            switch try _wire.read(into: &out, at: tyme) {
            case .bytes(let count):
                left -= count
                _core.handle(out.bytes, at: tyme)
                // A read that did not fill its room took all there was: what has come since, the poller tells. But while
                // the poller tells of changes only, nothing would tell of an end that came with the last bytes.
                return out.freeCapacity > 0 && !isWatchingWritable ? .done : .more
            case .nothing: return .done
            case .end:
                hasEnded = true
                _core.ended(at: tyme)
                return .done
            case .lost(let loss): return .lost(loss)
            }
        }
    }

    private func write(_ tyme: Tyme) throws(TransportError) -> Step {
        while true {
            let (asked, writing) = try _core.lendOutput { (bytes) throws(TransportError) -> (Int, StreamWriting) in
                if bytes.isEmpty { return (0, .taken(0)) }
                return (bytes.byteCount, try _wire.write(bytes, at: tyme))
            }
            switch writing {
            case .taken(let count):
                if count > 0 { _core.sent(count, at: tyme) }
                if count < asked || asked == 0 { return .done }
            case .lost(let loss): return .lost(loss)
            }
        }
    }

    /// What the core wants to become of the connection, if it is time.
    private func close(_ tyme: Tyme) -> StreamEnding? {
        if _core.closing == .reset { return .reset }
        guard _core.closing != .open, _core.lendOutput({ $0.isEmpty }) else { return nil }
        if _core.closing == .close { return .closed }
        if !hasFinished {
            hasFinished = true
            _wire.finish()
        }
        return hasEnded ? .closed : nil
    }

    private func tell(_ tyme: Tyme) {
        guard let onEvent else { return }
        while let event = _core.pollEvent() { onEvent(event, tyme) }
    }

    // MARK: Sleeping

    private func rest(_ isAll: Bool) -> Recurrence {
        guard isAll else {
            wake()  // the budget ended the pass: in real time go on at this tyme, as far as extra passes go
            return .again
        }
        switch _wire.readiness {
        case .descriptor: if doist?.pace == nil { return .again }
        case .wakes: break
        case .polled: return .again
        }
        return .park(until: min(_core.wakeTyme ?? .infinity, _wire.wakeTyme ?? .infinity))
    }

    /// Tells the poller what to watch; only a change costs a call.
    private func watch(reading: Bool, writing: Bool) throws {
        guard case .descriptor(let descriptor) = _wire.readiness, reading || writing else { return unwatch() }
        guard let pace = doist?.pace else { return }
        if descriptor != watched {
            unwatch()
            try pace.watch(descriptor, self)
            watched = descriptor
        }
        // While it waits for room the poller tells of changes only, so that input that is not wanted does not spin.
        guard writing != isWatchingWritable else { return }
        try pace.watchWritable(descriptor, writing)
        isWatchingWritable = writing
    }

    private func unwatch() {
        if let watched { doist?.pace?.unwatch(watched) }
        (watched, isWatchingWritable) = (nil, false)
    }
}
