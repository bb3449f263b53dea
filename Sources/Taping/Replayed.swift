import Doing
import Wiring

/// A transport that answers from a recording, and checks that it is sent what was sent then.
///
/// The sources of a replay are made in the order in which they were made when it was recorded.
public final class Replayed: DatagramTransport {
    private let source: ReplayedSource
    private var replay: Replay { source.replay }
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
        self.room = room
        let (number, kind) = try replay.source(name)
        guard case .transport(let limits) = kind else {
            throw replay.mismatch("source \(number), \(name), is no transport")
        }
        guard limits.bytes <= room else {
            throw .mismatch("source \(number), \(name), has trains of up to \(limits.bytes) bytes, more than \(room)")
        }
        source = ReplayedSource(replay, number)
        self.limits = limits
    }

    public var readiness: Readiness { source.readiness }
    public var wakeTyme: Tyme? { source.wakeTyme }
    public func describe(_ address: Address) -> String { source.describe(address) }

    public func open(for doer: Doer?) throws(TransportError) {
        replay.owners[source.number] = doer?.name
        switch source.next() {
        case .opened(let limits, let readiness)? where limits.bytes <= room:
            self.limits = limits
            source.opened(readiness)
        case .failed(let error)?: throw error
        case let found: throw source.differ("opened", found)
        }
    }

    public func close() {}

    public func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        switch source.next() {
        case .nothing?: return nil
        case .received(let train, let range)? where range.count <= out.freeCapacity:
            let all = replay.recording.bytes
            unsafe out.append(contentsOf: all.span.bytes.extracting(range))
            statistics.received.count(train.count(of: range.count), bytes: range.count)
            replay.count(received: train.count(of: range.count))
            return train
        case .failed(let error)?: throw error
        case let found: throw source.differ("looked for a train", found)
        }
    }

    public func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        let words = "sent \(bytes.byteCount) B to \(train.peer), segments of \(train.segment)"
        switch source.next() {
        case .sent(let recorded, let range, let sending)?:
            guard replay.isSame(bytes, range), recorded == train else {
                throw source.differ(words, .sent(recorded, range, sending), bytes, range)
            }
            replay.count(offered: train.count(of: bytes.byteCount), bytes: bytes.byteCount)
            note(sending, train)
            return sending
        case .sentSum(let recorded, let count, let sum, let sending)?:
            let now = unsafe bytes.withUnsafeBytes { unsafe RecordingSum.of($0, salt: 0) }
            guard bytes.byteCount == count, now == sum, recorded == train else {
                let words = words + ", with the sum \(String(now, radix: 16))"
                throw source.differ(words, .sentSum(recorded, count, sum, sending), bytes)
            }
            replay.count(offered: train.count(of: bytes.byteCount), bytes: bytes.byteCount)
            note(sending, train)
            return sending
        case .failed(let error)?: throw error
        case let found: throw source.differ(words, found, bytes)
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
        switch source.next() {
        case .room(let descriptor)?: return descriptor
        case let found:
            _ = source.differ("asked for room", found)
            return nil
        }
    }
}
