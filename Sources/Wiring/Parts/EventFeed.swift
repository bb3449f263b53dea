import Doing

/// Something that keeps its events until somebody takes them, one by one, and wakes that doer when there are some.
///
/// ``CoreDoer`` and ``StreamDoer`` are such, without an `onEvent`: that takes the events first.
public protocol EventSource: AnyObject {
    /// What it tells.
    associatedtype Event

    /// The doer that is woken when there is something to tell, and at the end; not kept alive.
    var listener: Doer? { get set }

    /// The next event, oldest first, or nil.
    func pollEvent() -> Event?

    /// Whether it has come to its end: no event comes any more but those that wait.
    var isOver: Bool { get }
}

extension CoreDoer: EventSource {
    /// Whether it has run and ended.
    public var isOver: Bool { ending != nil }
}

extension StreamDoer: EventSource {
    /// Whether it has run and ended.
    public var isOver: Bool { ending != nil }
}

/// Hands the events of a source to one or several takers that may be busy; nothing is lost.
///
/// ```swift
/// let inbox = Inbox<Memo>(limit: 16)
/// let doist = Doist([peer, EventFeed(peer, into: inbox), reader])
/// ```
/// Each taker gets every event, in order. One that refuses an event is offered it again in the next tick; the events
/// behind it wait in the source, within its bounds. So the slowest taker sets the speed of all, and a protocol with
/// flow control slows the other end.
///
/// The feed is done when the source is over and all was taken. It parks while there is nothing to hand on. It is the
/// ``EventSource/listener`` of its source from its making on; the source must have no `onEvent`. Behind its source it
/// hands on in the same pass. Before it, a tick later, but then a doist that ends closes it after the source, and the
/// last words of the source are handed on too.
public final class EventFeed<Source: EventSource>: Doer {
    /// Takes an event, or returns false to get it again in the next tick.
    public typealias Taker = (Source.Event) -> Bool

    /// Whose events it hands on.
    public let source: Source
    private let takers: [Taker]
    private let inboxes: [Inbox<Source.Event>]
    /// An event that not all have taken, and the takers that have not.
    private var refused: (event: Source.Event, by: [Int])?

    /// A feed to several takers, each of which gets every event.
    public init(_ source: Source, to takers: [Taker]) {
        self.source = source
        self.takers = takers
        inboxes = []
        super.init()
        source.listener = self
    }

    /// A feed to one taker.
    public convenience init(_ source: Source, to taker: @escaping Taker) { self.init(source, to: [taker]) }

    /// A feed into one or several inboxes, each of which gets every event; it closes them at the end.
    ///
    /// An inbox that is full makes the events wait. One that its reader has closed is passed over.
    public init(_ source: Source, into inboxes: Inbox<Source.Event>...) {
        self.source = source
        self.inboxes = inboxes
        takers = inboxes.map { inbox in { inbox.isClosed || !inbox.isFull && inbox.send($0) } }
        super.init()
        source.listener = self
    }

    /// Hands on all there is, until somebody refuses.
    override public func recur(_ tyme: Tyme) throws -> Recurrence {
        guard handOn() else { return .again }
        return source.isOver ? .done : .park(until: .infinity)
    }

    /// Hands on what there is, as far as it is taken at once, and closes its inboxes; what waits in them can still be
    /// taken.
    override public func exit(_ tyme: Tyme) throws {
        _ = handOn()
        for inbox in inboxes where !inbox.isClosed { inbox.close() }
    }

    /// True if all was taken.
    private func handOn() -> Bool {
        if let (event, waiting) = refused {
            refused = nil
            guard offer(event, to: waiting) else { return false }
        }
        while let event = source.pollEvent() {
            guard offer(event, to: takers.indices) else { return false }
        }
        return true
    }

    private func offer(_ event: Source.Event, to indices: some Sequence<Int>) -> Bool {
        let refusing = indices.filter { !takers[$0](event) }
        if refusing.isEmpty { return true }
        refused = (event, refusing)
        return false
    }
}
