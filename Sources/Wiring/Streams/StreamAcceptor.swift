import Doing

/// Takes connections from a listener and schedules a doer for each: a server.
///
/// ```swift
/// let server = StreamAcceptor(try TCPListener(host: "127.0.0.1", port: 7000)) { stream in
///     StreamDoer(EchoCore(), over: stream)
/// }
/// ```
///
/// It takes at most ``budget`` connections a pass, and none while ``limit`` of them live: those that come then wait in
/// the system's queue. A doer that has ended is dropped. An idle connection costs nothing.
public final class StreamAcceptor<Listener: StreamListener>: DoDoer {
    private let gate: StreamGate<Listener>

    /// - Parameters:
    ///   - source: what to take connections from; opened when the doer enters.
    ///   - limit: connections that may live at once, at least 1; nil for as many as there are descriptors.
    ///   - make: makes the doer of a connection; nil lets it go.
    public init(_ source: Listener, limit: Int? = nil, make: @escaping (Listener.Stream) -> Doer?) {
        precondition(limit.map { $0 >= 1 } ?? true, "limit of \(limit ?? 0) connections")
        gate = StreamGate(source, limit: limit, make: make)
        super.init(doers: [gate], always: true)
        gate.owner = self
    }

    /// What it takes connections from.
    public var source: Listener { gate.source }
    /// Connections that live.
    public var count: Int { max(0, deedCount - 1) }
    /// Connections taken in one pass at most; at least 1.
    public var budget: Int {
        get { gate.budget }
        set {
            precondition(newValue >= 1, "budget of \(newValue) connections")
            gate.budget = newValue
        }
    }
    /// Connections that may live at once.
    public var limit: Int? {
        get { gate.limit }
        set {
            gate.limit = newValue
            gate.wake()
        }
    }

    /// Runs the doers that are due, and drops those that have ended.
    override public func recur(_ tyme: Tyme) throws -> Recurrence {
        let before = deedCount
        let recurrence = try super.recur(tyme)
        if deedCount < before, gate.isShut { gate.wake() }
        try gate.dropEnded()
        return recurrence
    }

    /// Closes the listener and every connection, and forgets them: entered again, it begins without any.
    override public func exit(_ tyme: Tyme) throws {
        defer { try? gate.dropAll() }
        try super.exit(tyme)
    }
}

/// Takes the connections, in a place of its own: so it runs only when one waits, not whenever a connection has work.
final class StreamGate<Listener: StreamListener>: Doer {
    fileprivate weak var owner: DoDoer?
    fileprivate var source: Listener
    fileprivate var budget = 64
    fileprivate var limit: Int?
    /// It takes none because the limit is reached.
    fileprivate private(set) var isShut = false
    private let make: (Listener.Stream) -> Doer?
    private var descriptorWatch = DescriptorWatch()
    /// Doers in the owner's list, ended ones included, itself not.
    private var listed = 0

    fileprivate init(_ source: Listener, limit: Int?, make: @escaping (Listener.Stream) -> Doer?) {
        self.source = source
        self.limit = limit
        self.make = make
        super.init()
    }

    override func enter(_ tyme: Tyme) throws { try source.open(for: self) }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        let isAll = try take(tyme)
        try watch()
        guard isAll else {
            return goOn()  // the budget ended the pass
        }
        if isShut { return .park(until: .infinity) }
        switch source.readiness {
        case .descriptor: if !descriptorWatch.isOn { return .again }
        case .polled: return .again
        case .wakes: break
        }
        return .park(until: source.wakeTyme ?? .infinity)
    }

    override func exit(_ tyme: Tyme) throws {
        descriptorWatch.end(for: self)
        source.close()
    }

    private var live: Int { (owner?.deedCount ?? 1) - 1 }

    /// False if the budget ended it.
    private func take(_ tyme: Tyme) throws -> Bool {
        for _ in 0..<budget {
            isShut = limit.map { live >= $0 } ?? false
            if isShut { return true }
            guard let stream = try source.accept(at: tyme) else { return true }
            guard let doer = make(stream) else { continue }
            listed += 1
            try owner?.extend([doer])
        }
        return false
    }

    /// Drops the doers that have ended once they are as many as those that live: constant work a connection, amortised.
    fileprivate func dropEnded() throws {
        guard listed - live > max(16, live), let owner else { return }
        try owner.remove(owner.doers.filter { $0.nextTyme == nil })
        listed = live
    }

    /// Drops all doers but itself.
    fileprivate func dropAll() throws {
        listed = 0
        guard let owner else { return }
        try owner.remove(owner.doers.filter { $0 !== self })
    }

    private func watch() throws {
        guard !isShut, case .descriptor(let descriptor) = source.readiness else {
            return descriptorWatch.end(for: self)
        }
        try descriptorWatch.set(descriptor, for: self)
    }
}
