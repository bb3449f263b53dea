import Doing
import Wiring

/// Hands what happens at a connection to somebody who may be busy, event by event: the way into async code.
///
/// ```swift
/// let inbox = Inbox<FrameEvent<[UInt8]>>(limit: 16)
/// let feed = FrameFeed(connection) { inbox.send($0) }
/// ```
/// An event that is refused is offered again in the next tick, and those behind it wait in the connection, which reads
/// no more once they are as many as ``FrameLimits/input`` says: so a slow body slows the other end, and nothing is
/// lost. The last event is ``FrameEvent/down(_:)``; then the feed is done.
///
/// It takes the events in place of the hooks of the server or client, but for ``FrameHooks/down``.
public final class FrameFeed<Core: FrameCore, Wire: StreamTransport>: Doer {
    /// What it hands on.
    public let connection: FrameConnection<Core, Wire>
    private let offer: (FrameEvent<Core.Message>) -> Bool
    private var refused: FrameEvent<Core.Message>?
    private var isOver = false

    /// - Parameters:
    ///   - connection: one that was not scheduled yet, as `serve` of a server or client gets it.
    ///   - offer: takes an event, or returns false to get it again in the next tick.
    public init(
        _ connection: FrameConnection<Core, Wire>, into offer: @escaping (FrameEvent<Core.Message>) -> Bool
    ) {
        self.connection = connection
        self.offer = offer
        super.init()
        connection.stream.onEvent = nil
        connection.stream.listener = self
    }

    /// Offers all there is.
    override public func recur(_ tyme: Tyme) throws -> Recurrence {
        while let event = refused ?? next() {
            guard offer(event) else {
                refused = event
                return .again
            }
            refused = nil
        }
        return isOver ? .done : .park(until: .infinity)
    }

    private func next() -> FrameEvent<Core.Message>? {
        if isOver { return nil }
        if let event = connection.stream.pollEvent() { return event }
        guard let ending = connection.ending else { return nil }
        isOver = true
        return .down(ending)
    }
}
