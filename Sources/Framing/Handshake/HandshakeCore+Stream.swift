import Doing
import Wiring

extension HandshakeCore {
    /// The connection stands: says hello, without waiting for the other end.
    public mutating func connected(at tyme: Tyme) {
        (lastInput, trunk.lastMove) = (tyme, tyme)
        trunk.outlet.append(refuses ? HandshakeStatus.connectionLimit : HandshakeStatus.ok)
        if refuses { trunk.fail(.connectionLimit, at: tyme) }
    }

    /// Takes in bytes, wherever they are cut.
    public mutating func handle(_ bytes: RawSpan, at tyme: Tyme) {
        guard trunk.isOpen else { return }
        (lastInput, trunk.lastMove) = (tyme, tyme)
        patience.renew()
        do throws(FrameError) {
            try unsafe bytes.withUnsafeBytes { (bytes) throws(FrameError) in
                var index = 0
                while index < bytes.count { try unsafe read(bytes, &index, at: tyme) }
            }
            guard trunk.hold(held) else { throw trunk.memoryFull }
            begin()
        } catch {
            trunk.fail(error, at: tyme)
        }
    }

    /// Takes the next byte, or as much of a payload as there is.
    private mutating func read(_ bytes: UnsafeRawBufferPointer, _ index: inout Int, at tyme: Tyme) throws(FrameError) {
        let byte = unsafe bytes[index]
        switch phase {
        case .hello:
            guard byte == HandshakeStatus.ok else {
                throw byte == HandshakeStatus.connectionLimit ? .connectionLimit : .hello(byte)
            }
            index += 1
            phase = .size
            trunk.up()
        case .size:
            index += 1
            if sizeBytes == 0, unanswered != nil {
                if byte == HandshakeStatus.ok { return answered() }
                guard byte <= HandshakeStatus.largestSize >> 24 else { throw .refused(byte) }
            }
            try readSize(byte, at: tyme)
        case .payload:
            // An answer to our size that crossed the other's comes before its payload.
            if payload.have == 0, unanswered != nil, byte == HandshakeStatus.ok {
                index += 1
                return answered()
            }
            unsafe payload.take(bytes, from: &index)
            if payload.isWhole { try deliver() }
        }
    }

    private mutating func readSize(_ byte: UInt8, at tyme: Tyme) throws(FrameError) {
        size = size << 8 | UInt32(byte)
        sizeBytes += 1
        guard sizeBytes == 4 else { return }
        let limit = min(UInt64(trunk.limits.message), UInt64(HandshakeStatus.largestSize))
        guard UInt64(size) <= limit else {
            trunk.outlet.append(HandshakeStatus.error)
            throw .tooLarge(size: UInt64(size), limit: limit)
        }
        trunk.outlet.append(HandshakeStatus.ok)
        payload.begin(Int(size))
        (size, sizeBytes, phase, messageStart) = (0, 0, .payload, tyme)
        if payload.isWhole { try deliver() }
    }

    private mutating func deliver() throws(FrameError) {
        phase = .size
        var message = payload.deliver()
        for place in transforms.indices.reversed() {
            do { message = try transforms[place].incoming(message) } catch { throw .transform(place) }
        }
        trunk.tell(.message(message), cost: message.count)
    }

    /// The other end has sent its last: in order between two messages, else what began is thrown away.
    public mutating func ended(at tyme: Tyme) {
        if trunk.isOpen, let error = truncation { trunk.fail(error, at: tyme) }
        trunk.finish(at: tyme)
    }

    private var truncation: FrameError? {
        switch phase {
        case .hello: nil
        case .size: isRefusal ? .refused(0) : sizeBytes > 0 ? .truncated(have: sizeBytes, need: 4) : nil
        case .payload: .truncated(have: payload.have, need: payload.need)
        }
    }

    /// A single 00 where an answer is waited for, and nothing behind it: no size, but a refusal.
    private var isRefusal: Bool { phase == .size && unanswered != nil && sizeBytes == 1 && size == 0 }

    /// The connection is over in both directions.
    public mutating func lost(_ loss: StreamLoss, at tyme: Tyme) { trunk.over() }

    /// Fails if the other end was silent for too long.
    public mutating func expire(at tyme: Tyme) {
        trunk.expire(at: tyme)
        let wants = wantsInput
        if wants, !wanted {
            (lastInput, messageStart) = (tyme, tyme)
            if answerSince != nil { answerSince = tyme }
        }
        wanted = wants
        guard let (deadline, phase) = wait, patience.isOver(deadline, at: tyme) else { return }
        trunk.fail(isRefusal ? .refused(0) : .timeout(phase), at: tyme)
    }

    /// What it waits for, and until when.
    private var wait: (Tyme, FramePhase)? {
        guard trunk.isOpen, wanted else { return nil }
        let limits = trunk.limits
        var first: (Tyme, FramePhase)?
        func consider(_ tyme: Tyme?, _ phase: FramePhase) {
            if let tyme, tyme < first?.0 ?? .infinity { first = (tyme, phase) }
        }
        switch phase {
        case .hello: consider(lastInput + limits.hello, .hello)
        case .size: consider(sizeBytes > 0 ? lastInput + limits.answer : nil, .head)
        case .payload: consider(min(lastInput + limits.stall, messageStart + limits.frame), .body)
        }
        consider(answerSince.map { $0 + limits.answer }, .answer)
        consider(limits.idle.map { trunk.lastMove + $0 }, .idle)
        return first
    }

    /// False while too much was not taken, or the other end sends without taking the answers.
    ///
    /// A payload of ours that waits is no reason: two ends that sent to each other would both wait for ever.
    public var wantsInput: Bool {
        guard trunk.isOpen else { return true }
        return trunk.pending < trunk.limits.input && trunk.outlet.count - payloadOut < 65_536
    }

    /// Lends all that waits to be sent.
    public func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R { try trunk.outlet.lend(body) }

    /// So many bytes of the front of the output are gone.
    public mutating func sent(_ count: Int, at tyme: Tyme) {
        trunk.sent(count, at: tyme)
        guard trunk.outlet.isEmpty else { return }
        payloadOut = 0
        if unanswered != nil, answerSince == nil { answerSince = tyme }
        _ = trunk.hold(held)
    }

    /// What is to become of the connection.
    public var closing: StreamClosing { trunk.closing }

    /// The next event, or nil.
    public mutating func pollEvent() -> FrameEvent<[UInt8]>? {
        defer { _ = trunk.hold(held) }
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
