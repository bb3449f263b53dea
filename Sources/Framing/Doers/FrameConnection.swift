import Doing
import Wiring

/// One connection of frames: what a server or client hands to its user.
///
/// Messages are sent with `send(_:)` of its protocol. What comes goes to the ``FrameHooks`` of its server or client, or
/// to an `EventFeed`, whose source this is: then into async code, for instance.
public final class FrameConnection<Core: FrameCore, Wire: StreamTransport>: EventSource {
    /// Its number: unique in its server or client, in the order in which they came.
    public let id: Int
    /// The doer that carries it.
    public let stream: StreamDoer<Core, Wire>
    /// How it ended; nil before that.
    public private(set) var ending: FrameEnding?
    private var isEndTold = false
    /// Called once at the end, before any hook.
    var onEnd: ((FrameEnding, Tyme) -> Void)?

    /// A connection around a doer that was not scheduled yet.
    ///
    /// - Parameters:
    ///   - id: what it is called among others.
    ///   - stream: takes `StreamDoer.onEvent` and `StreamDoer.onEnd` for itself.
    public init(id: Int, _ stream: StreamDoer<Core, Wire>) {
        self.id = id
        self.stream = stream
        stream.onEnd = { [weak self] _, ending, tyme in self?.end(ending, tyme) }
    }

    private func end(_ stream: StreamEnding, _ tyme: Tyme) {
        let core = self.stream.core
        let ending = FrameEnding(error: core.failure, stream: stream, unsent: core.unsent, wasUp: core.wasUp)
        self.ending = ending
        self.stream.core.reset()  // whoever keeps the connection does not keep what waited in it
        onEnd?(ending, tyme)
        onEnd = nil
        self.stream.onEvent = nil
    }

    /// Whether it stands: with handshaken frames, both have said hello.
    public var isUp: Bool { ending == nil && stream.core.wasUp }
    /// The other end.
    public var remote: Address { stream.wire.remote }
    /// The other end for people.
    public var name: String { stream.wire.describe(stream.wire.remote) }

    /// The doer that takes the events, in place of the hooks of the server or client but for ``FrameHooks/down``.
    ///
    /// While it is busy they wait in the connection, which reads no more once they are as many as
    /// ``FrameLimits/input`` says: so nothing is lost, and the other end is slowed down.
    public var listener: Doer? {
        get { stream.listener }
        set {
            stream.onEvent = nil
            stream.listener = newValue
        }
    }

    /// The next event, or nil; the last is ``FrameEvent/down(_:)``.
    public func pollEvent() -> FrameEvent<Core.Message>? {
        if let event = stream.pollEvent() { return event }
        guard let ending, !isEndTold else { return nil }
        isEndTold = true
        return .down(ending)
    }

    /// Whether it has ended.
    public var isOver: Bool { ending != nil }

    /// Takes no more messages; ends it once all are sent.
    public func close() { stream.core.close() }
    /// Throws it away, with all that waits.
    public func reset() { stream.core.reset() }
}

extension FrameConnection where Core == LengthTypeCore {
    /// Queues a message; it leaves in this pass or the next.
    ///
    /// - Throws: as ``LengthTypeCore/send(_:)``.
    public func send(_ message: some LengthTypeMessage) throws(FrameError) {
        guard ending == nil else { throw .closed }
        try stream.core.send(message)
    }

    /// Queues a frame that ``LengthTypeProtocol/pack(_:)`` made.
    ///
    /// - Throws: as ``LengthTypeCore/send(_:)``.
    public func send(frame: [UInt8]) throws(FrameError) {
        guard ending == nil else { throw .closed }
        try stream.core.send(frame: frame)
    }
}

extension FrameConnection where Core == HandshakeCore {
    /// Queues a message; its size leaves in this pass or the next, itself when the other end says to go on.
    ///
    /// - Throws: as ``HandshakeCore/send(_:)``.
    public func send(_ message: [UInt8]) throws {
        guard ending == nil else { throw FrameError.closed }
        try stream.core.send(message)
    }
}
