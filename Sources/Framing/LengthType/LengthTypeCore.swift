import Doing
import Wiring

/// One end of a length-type connection, without I/O: frames of `length type body`, nothing else.
///
/// The length counts the whole frame. There is no handshake, no answer and no word of farewell: a stream that ends
/// between two frames has ended in order. A bad length, a body beyond the limit or one that its message class refuses
/// fails the connection; a type that the protocol does not know is told, and its frame skipped without being kept.
///
/// Work is linear in the bytes however they are cut; a length alone allocates nothing.
///
/// - Source: PyPI ltprotocol 0.2.1, as its wire behaves.
public struct LengthTypeCore: FrameCore {
    /// What it delivers: one of the message classes of the protocol.
    public typealias Message = any LengthTypeMessage

    /// The messages that it knows.
    public let messages: LengthTypeProtocol
    private var trunk: FrameTrunk<Message>
    private(set) var decoder: LengthTypeDecoder
    private var patience = Patience()
    /// When the last byte came, and when the frame that is under way began.
    private var (lastInput, frameStart): (Tyme, Tyme) = (0, 0)
    /// What it was in the last pass: the other end is not to blame for a silence while nothing was read.
    private var wanted = true

    /// - Parameters:
    ///   - messages: the messages that it knows.
    ///   - limits: what it may hold, and how long it waits.
    ///   - memory: what it may hold together with others.
    public init(_ messages: LengthTypeProtocol, limits: FrameLimits = FrameLimits(), memory: FrameMemory? = nil) {
        self.messages = messages
        trunk = FrameTrunk(limits, memory)
        decoder = LengthTypeDecoder(messages.format, limit: limits.message) { messages.knows($0) }
    }

    // MARK: Sending

    /// Queues a message, whole.
    ///
    /// - Throws: ``FrameError``, and nothing is queued: a class that is not in the protocol, a body beyond the length
    ///   field or the limit, too much that waits already, a connection that is closing.
    public mutating func send(_ message: some LengthTypeMessage) throws(FrameError) {
        let (type, body) = try messages.packBody(message)
        try admit(body.count)
        let format = messages.format
        trunk.outlet.append { bytes in
            format.appendHead(type, body.count, to: &bytes)
            bytes.append(contentsOf: body)
        }
    }

    /// Queues a frame that ``LengthTypeProtocol/pack(_:)`` made, for instance one for many connections.
    ///
    /// - Throws: as ``send(_:)``.
    public mutating func send(frame: [UInt8]) throws(FrameError) {
        try admit(max(0, frame.count - messages.format.headSize))
        trunk.outlet.append { $0.append(contentsOf: frame) }
    }

    /// Whether a frame with a body of `size` bytes may be queued now.
    private func admit(_ size: Int) throws(FrameError) {
        guard trunk.isOpen else { throw .closed }
        let limit = trunk.limits.message
        guard size <= limit else { throw .tooLarge(size: UInt64(size), limit: UInt64(limit)) }
        guard trunk.outlet.count < trunk.limits.output else {
            throw .outputFull(waiting: trunk.outlet.count, limit: trunk.limits.output)
        }
        guard trunk.hold(decoder.held + messages.format.headSize + size) else { throw trunk.memoryFull }
    }

    /// What was wrong with what came.
    public var failure: FrameError? { trunk.failure }
    /// Whether it stands, or stood until it ended.
    public var wasUp: Bool { trunk.wasUp }
    /// Bytes of frames that have not left.
    public var unsent: Int { trunk.outlet.count }
    /// The bytes of a frame of which only a part has come, as far as they are kept.
    var partial: [UInt8] { decoder.partial }

    /// Ends the connection once all is sent; what comes from now on is thrown away.
    public mutating func close() { trunk.finish(at: nil) }
    /// Throws the connection away, with all that waits.
    public mutating func reset() {
        trunk.reset()
        decoder.clear()
        _ = trunk.hold(0)
    }
}

extension LengthTypeCore {
    /// The connection stands: it is up.
    public mutating func connected(at tyme: Tyme) {
        trunk.lastMove = tyme
        trunk.up()
    }

    /// Takes in bytes, wherever they are cut.
    public mutating func handle(_ bytes: RawSpan, at tyme: Tyme) {
        guard trunk.isOpen else { return }
        (lastInput, trunk.lastMove) = (tyme, tyme)
        patience.renew()
        if !decoder.isPartial { frameStart = tyme }
        do throws(FrameError) {
            try unsafe bytes.withUnsafeBytes { (bytes) throws(FrameError) in try unsafe read(bytes, at: tyme) }
            guard trunk.hold(decoder.held) else { throw trunk.memoryFull }
        } catch {
            trunk.fail(error, at: tyme)
        }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, at tyme: Tyme) throws(FrameError) {
        var index = 0
        while let frame = try unsafe decoder.next(bytes, from: &index) {
            frameStart = tyme
            switch frame {
            case .body(let type, let body):
                guard let message = try messages.unpack(type, body) else { continue }
                trunk.tell(.message(message), cost: body.count)
            case .skipped(let type, let length): trunk.tell(.unknown(type, length: length), cost: 0)
            }
        }
    }

    /// The other end has sent its last: in order between two frames, else what began is thrown away.
    public mutating func ended(at tyme: Tyme) {
        if trunk.isOpen, decoder.isPartial { trunk.fail(decoder.truncation, at: tyme) }
        trunk.finish(at: tyme)
    }

    /// The connection is over in both directions.
    public mutating func lost(_ loss: StreamLoss, at tyme: Tyme) { trunk.over() }

    /// Fails if the other end was silent for too long amid a frame, or both were.
    public mutating func expire(at tyme: Tyme) {
        trunk.expire(at: tyme)
        let wants = wantsInput
        if wants, !wanted { (lastInput, frameStart) = (tyme, tyme) }
        wanted = wants
        guard let (deadline, phase) = wait, patience.isOver(deadline, at: tyme) else { return }
        trunk.fail(.timeout(phase), at: tyme)
    }

    /// What it waits for, and until when.
    private var wait: (Tyme, FramePhase)? {
        guard trunk.isOpen, wanted else { return nil }
        let limits = trunk.limits
        let idle = limits.idle.map { (trunk.lastMove + $0, FramePhase.idle) }
        guard decoder.isPartial else { return idle }
        let deadline = min(lastInput + limits.stall, frameStart + limits.frame)
        if let idle, idle.0 < deadline { return idle }
        return (deadline, decoder.phase)
    }

    /// False while too much was not taken, or the other end does not take the answers.
    public var wantsInput: Bool {
        guard trunk.isOpen else { return true }
        return trunk.pending < trunk.limits.input && trunk.outlet.count < trunk.limits.backlog ?? .max
    }

    /// Lends all that waits to be sent.
    public func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R { try trunk.outlet.lend(body) }

    /// So many bytes of the front of the output are gone.
    public mutating func sent(_ count: Int, at tyme: Tyme) {
        trunk.sent(count, at: tyme)
        _ = trunk.hold(decoder.held)
    }

    /// What is to become of the connection.
    public var closing: StreamClosing { trunk.closing }

    /// The next event, or nil.
    public mutating func pollEvent() -> FrameEvent<Message>? {
        defer { _ = trunk.hold(decoder.held) }
        return trunk.pollEvent()
    }

    /// True while there is an event.
    public var hasEvents: Bool { trunk.hasEvents }

    /// When a wait ends, or lingering.
    public var wakeTyme: Tyme? {
        let (first, second) = (trunk.expiryTyme, wait?.0)
        return first.map { min($0, second ?? .infinity) } ?? second
    }
}
