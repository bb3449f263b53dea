import Containers
import Doing
import Wiring

/// One end of a handshaken connection, without I/O. Both ends do the same; who connected does not matter.
///
/// Each end sends `ff` and waits for the `ff` of the other. Then a message is four bytes of size, big-endian; the other
/// end answers one byte, `ff` for go on; then the payload, which is not answered.
///
/// | it waits for | next byte `ff` | `00`…`f0` | `f1`…`fe` |
/// |---|---|---|---|
/// | hello | up | ``FrameError/hello(_:)`` | the same; `fe`: ``FrameError/connectionLimit`` |
/// | a size | begins one, which is too large | begins one | begins one, which is too large |
/// | the answer to its size | its payload goes | begins a size | ``FrameError/refused(_:)`` |
///
/// Both ends may send a size at once. Then each answers the other's and goes on waiting: the next byte, if it is `ff`,
/// is its answer, and the payload of the other follows. A message of ours is not begun while one of the other end is
/// under way, since an end of the original takes our size for an answer. The price is the protocol's: an end that
/// sends without pause may keep the other from sending for as long.
///
/// - Source: PyPI tinyproto 3.0, as its wire behaves.
public struct HandshakeCore: FrameCore {
    /// What it delivers.
    public typealias Message = [UInt8]

    /// What it takes the next byte for.
    enum Phase: Hashable {
        case hello
        /// Between two messages, or amid a size.
        case size
        case payload
    }

    var trunk: FrameTrunk<[UInt8]>
    let transforms: [any FrameTransform]
    let refuses: Bool
    var phase = Phase.hello
    /// What has come of a size, and how many bytes that are.
    var (size, sizeBytes): (UInt32, Int) = (0, 0)
    var payload = BodyBuffer()
    /// Messages that wait to be begun, and the one whose size has gone and is not answered.
    var queue = Fifo<[UInt8]>()
    var queuedBytes = 0
    var unanswered: [UInt8]?
    /// Since when the answer is waited for: the size has left.
    var answerSince: Tyme?
    /// Bytes of the last payload put into the outlet, until that is empty.
    var payloadOut = 0
    /// Closes once all messages are sent.
    var isDraining = false
    var patience = Patience()
    var (lastInput, messageStart): (Tyme, Tyme) = (0, 0)
    var wanted = true

    /// - Parameters:
    ///   - transforms: what changes whole messages on their way.
    ///   - refuses: says that the server has as many connections as it takes, and closes.
    ///   - limits: what it may hold, and how long it waits.
    ///   - memory: what it may hold together with others.
    public init(
        transforms: [any FrameTransform] = [], refuses: Bool = false, limits: FrameLimits = FrameLimits(),
        memory: FrameMemory? = nil
    ) {
        self.transforms = transforms
        self.refuses = refuses
        trunk = FrameTrunk(limits, memory)
    }

    // MARK: Sending

    /// Queues a message, whole; one that is queued before the connection is up goes when it is.
    ///
    /// - Throws: what a transform throws, or ``FrameError``, and nothing is queued: a message beyond the limit, too
    ///   much that waits already, a connection that is closing.
    public mutating func send(_ message: [UInt8]) throws {
        guard trunk.isOpen, !isDraining else { throw FrameError.closed }
        guard unsent < trunk.limits.output else {
            throw FrameError.outputFull(waiting: unsent, limit: trunk.limits.output)
        }
        var message = message
        for transform in transforms { message = try transform.outgoing(message) }
        let limit = min(UInt64(trunk.limits.message), UInt64(HandshakeStatus.largestSize))
        guard UInt64(message.count) <= limit else {
            throw FrameError.tooLarge(size: UInt64(message.count), limit: limit)
        }
        guard trunk.hold(held + message.count) else { throw trunk.memoryFull }
        queue.append(message)
        queuedBytes += message.count
        begin()
    }

    /// Begins the next message if this end may.
    mutating func begin() {
        guard trunk.isOpen, phase == .size, sizeBytes == 0, unanswered == nil else { return }
        guard let message = queue.popFirst() else {
            if isDraining { trunk.finish(at: nil) }
            return
        }
        unanswered = message
        var head: [UInt8] = []
        FieldFormat.uint32.append(Int128(message.count), to: &head)
        trunk.outlet.append(head)
    }

    /// The other end has said to go on.
    mutating func answered() {
        guard let message = unanswered else { return }
        (unanswered, answerSince) = (nil, nil)
        queuedBytes -= message.count
        payloadOut = message.count
        trunk.outlet.append(message)
    }

    /// What was wrong with what came.
    public var failure: FrameError? { trunk.failure }
    /// Whether it is up, or was until it ended.
    public var wasUp: Bool { trunk.wasUp }
    /// Bytes of messages that have not left.
    public var unsent: Int { queuedBytes + min(trunk.outlet.count, payloadOut) }
    /// Bytes held, besides those in the trunk.
    var held: Int { queuedBytes + payload.bytes.count }

    /// Takes no more messages; ends the connection once all are sent. What comes until then is still delivered.
    public mutating func close() {
        isDraining = true
        if phase == .hello { trunk.finish(at: nil) } else { begin() }
    }

    /// Throws the connection away, with all that waits.
    public mutating func reset() {
        trunk.reset()
        payload.clear()
        queue.removeAll()
        (unanswered, queuedBytes, payloadOut) = (nil, 0, 0)
        _ = trunk.hold(held)
    }
}
