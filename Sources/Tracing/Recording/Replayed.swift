import Doing
import Wiring

/// A transport that answers from a recording, and checks that it is sent what was sent then.
///
/// The sources of a replay are made in the order in which they were made when it was recorded.
public final class Replayed: DatagramTransport {
    private let replay: Replay
    private let source: Int
    private var lastReadiness = Readiness.polled
    private var lastWakeTyme: Tyme?
    private var described: [Address: String] = [:]
    public private(set) var limits: TrainLimits
    public private(set) var statistics = TransportStatistics()

    /// The longest train, in bytes, that its doer has room for.
    private let room: Int

    /// The next source of the recording, which must have this name.
    ///
    /// - Parameters:
    ///   - replay: the replay it belongs to.
    ///   - name: as it was recorded.
    ///   - room: bytes that the burst of its doer holds; a recording of longer trains is refused.
    /// - Throws: ``RecordingError/mismatch(_:)`` if it is another, or its trains are too long.
    public init(_ replay: Replay, name: String = "wire", room: Int = 65536) throws(RecordingError) {
        self.replay = replay
        self.room = room
        let (number, limits) = try replay.source(name)
        guard let limits else { throw .mismatch("source \(number), \(name), is no transport") }
        guard limits.bytes <= room else {
            throw .mismatch("source \(number), \(name), has trains of up to \(limits.bytes) bytes, more than \(room)")
        }
        source = number
        self.limits = limits
    }

    public var readiness: Readiness {
        if case .readiness(let readiness)? = replay.peek(source) {
            replay.skip()
            lastReadiness = readiness
        }
        return lastReadiness
    }

    public var wakeTyme: Tyme? {
        if case .wakeTyme(let tyme)? = replay.peek(source) {
            replay.skip()
            lastWakeTyme = tyme
        }
        return lastWakeTyme
    }

    public func open(for doer: Doer?) throws(TransportError) {
        replay.owners[source] = doer?.name
        switch replay.next(source) {
        case .opened(let limits, let readiness)? where limits.bytes <= room:
            self.limits = limits
            lastReadiness = readiness
        case .failed(let error)?: throw error
        case let found: throw replay.differ("opened", found, source)
        }
    }

    public func close() {}

    public func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        switch replay.next(source) {
        case .nothing?: return nil
        case .received(let train, let range)? where range.count <= out.freeCapacity:
            let all = replay.recording.bytes
            out.append(contentsOf: all.span.bytes.extracting(range))
            statistics.received.count(train.count(of: range.count), bytes: range.count)
            replay.count(received: train.count(of: range.count))
            return train
        case .failed(let error)?: throw error
        case let found: throw replay.differ("looked for a train", found, source)
        }
    }

    public func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        let words = "sent \(bytes.byteCount) B to \(train.peer), segments of \(train.segment)"
        switch replay.next(source) {
        case .sent(let recorded, let range, let sending)?:
            guard replay.isSame(bytes, range), recorded == train else {
                throw replay.differ(words, .sent(recorded, range, sending), source, bytes, range)
            }
            replay.count(offered: train.count(of: bytes.byteCount), bytes: bytes.byteCount)
            note(sending, train)
            return sending
        case .sentSum(let recorded, let count, let sum, let sending)?:
            let now = bytes.withUnsafeBytes { RecordingSum.of($0, salt: 0) }
            guard bytes.byteCount == count, now == sum, recorded == train else {
                let words = words + ", with the sum \(String(now, radix: 16))"
                throw replay.differ(words, .sentSum(recorded, count, sum, sending), source, bytes)
            }
            replay.count(offered: train.count(of: bytes.byteCount), bytes: bytes.byteCount)
            note(sending, train)
            return sending
        case .failed(let error)?: throw error
        case let found: throw replay.differ(words, found, source, bytes)
        }
    }

    private func note(_ sending: Sending, _ train: Train) {
        if sending.taken > 0 || sending.outcome == .sent {
            statistics.sent.count(train.count(of: sending.taken), bytes: sending.taken)
        }
        switch sending.outcome {
        case .sent: break
        case .full: statistics.full += 1
        case .peerFull: statistics.peerFull += 1
        case .refused: statistics.refused += 1
        }
    }

    public func roomDescriptor(whileBlocked isBlocked: Bool) -> Int32? {
        switch replay.next(source) {
        case .room(let descriptor)?: return descriptor
        case let found:
            _ = replay.differ("asked for room", found, source)
            return nil
        }
    }

    public func describe(_ address: Address) -> String {
        if case .described(address, let text)? = replay.peek(source) {
            replay.skip()
            described[address] = text
        }
        return described[address] ?? address.description
    }
}
