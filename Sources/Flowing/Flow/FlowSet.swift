import Doing

/// Many flows watched at once: Ouroboros' `FlowSet`.
///
/// ```swift
/// let set = FlowSet()
/// set.add(flow)
/// let queue = FlowEventQueue()
/// set.wait(queue)                                  // moves what has happened into the queue; never blocks
/// while let (flow, type) = queue.next() { … }
/// ```
/// It costs by the event, not by the flow: ten thousand idle flows in a set cost nothing.
public final class FlowSet {
    /// The most events that wait, packets that came one behind the other from one flow counting once.
    public static let defaultLimit = 65_536

    private var flows: [ObjectIdentifier: Flow] = [:]
    fileprivate var events: [FlowEventQueue.Row] = []
    private let limit: Int
    /// Events that found no room. Look at every flow then.
    public private(set) var dropped = 0
    /// Woken at every event.
    public weak var reader: Doer?
    /// Tells linear code that something has happened. Made when first awaited.
    var arrivals: Inbox<Bool>?

    /// An empty set.
    ///
    /// - Precondition: `limit` is at least 1.
    public init(limit: Int = FlowSet.defaultLimit) {
        precondition(limit > 0, "a set of \(limit) events holds none")
        self.limit = limit
    }

    /// How many flows there are.
    public var count: Int { flows.count }

    /// How many events wait.
    public var eventCount: Int { events.reduce(0) { $0 + $1.count } }

    /// Whether `flow` is in it.
    public func contains(_ flow: Flow) -> Bool { flows[ObjectIdentifier(flow)] != nil }

    /// Watches `flow`, too. Packets that it has already are events at once.
    public func add(_ flow: Flow) {
        guard flows.updateValue(flow, forKey: ObjectIdentifier(flow)) == nil else { return }
        flow.sets.append(self)
        if flow.rx.count > 0 { post(flow, .packet, flow.rx.count) }
    }

    /// No longer watches `flow`; its events that wait are passed over.
    public func remove(_ flow: Flow) {
        guard flows.removeValue(forKey: ObjectIdentifier(flow)) != nil else { return }
        flow.sets.removeAll { $0 === self }
        events.removeAll { $0.flow === flow }
    }

    /// Watches nothing: Ouroboros' `zero` and `destroy`.
    ///
    /// - Complexity: linear in its flows.
    public func zero() {
        for flow in flows.values { flow.sets.removeAll { $0 === self } }
        flows = [:]
        events = []
    }

    /// Moves what has happened so far to the end of `queue`, in the order in which it happened; never blocks.
    ///
    /// - Returns: whether anything is in the queue.
    @discardableResult public func wait(_ queue: FlowEventQueue) -> Bool { move(to: queue) }

    func move(to queue: FlowEventQueue) -> Bool {
        queue.take(&events)
        return !queue.isEmpty
    }

    func post(_ flow: Flow, _ type: FlowEventType, _ count: Int) {
        if let last = events.last, last.flow === flow, last.type == type, type == .packet {
            events[events.count - 1].count += count
        } else if events.count < limit {
            events.append(.init(flow: flow, type: type, count: count))
        } else {
            dropped += count
        }
        reader?.wake()
        arrivals?.send(true)
    }
}

/// Events of a ``FlowSet``, to be gone through: Ouroboros' `FEventQueue`.
public final class FlowEventQueue {
    struct Row {
        let flow: Flow
        let type: FlowEventType
        var count: Int
    }

    private var rows: [Row] = []
    private var first = 0

    /// An empty queue.
    public init() {}

    /// Whether nothing is left in it.
    public var isEmpty: Bool { first == rows.count }

    /// The next event: the flow, the same object as ever, and what happened to it. Nil at the end.
    ///
    /// A packet that was read in the meantime is passed over.
    public func next() -> (flow: Flow, type: FlowEventType)? {
        while first < rows.count {
            let row = rows[first]
            rows[first].count -= 1
            if rows[first].count == 0 { first += 1 }
            if row.type == .packet, row.flow.rx.isEmpty {
                if row.count > 1 { first += 1 }
                continue
            }
            return (row.flow, row.type)
        }
        rows.removeAll(keepingCapacity: true)
        first = 0
        return nil
    }

    fileprivate func take(_ events: inout [Row]) {
        if isEmpty {
            rows.removeAll(keepingCapacity: true)
            first = 0
            swap(&rows, &events)
        } else {
            rows += events
            events.removeAll(keepingCapacity: true)
        }
    }
}
