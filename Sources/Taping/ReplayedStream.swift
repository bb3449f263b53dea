import Doing
import Wiring

/// A stream that answers from a recording, and checks that what was written then is written now.
///
/// One that connects is made where it was made when it was recorded, during the run too:
///
/// ```swift
/// let client = LengthTypeClient(words, again: try .reconnecting(seed: 1)) { try ReplayedStream(replay, name: "call") }
/// ```
/// Bytes are compared as they were taken: those that found no room then are compared where they were taken later.
public final class ReplayedStream: StreamTransport {
    private let source: ReplayedSource

    /// The next source of the recording, which must be a stream of this name.
    ///
    /// - Parameters:
    ///   - replay: the replay it belongs to.
    ///   - name: as it was recorded.
    /// - Throws: ``RecordingError/mismatch(_:)`` if it is another; in a replay that runs, that is its first difference.
    public init(_ replay: Replay, name: String = "stream") throws(RecordingError) {
        let (number, kind) = try replay.source(name)
        guard case .stream(let remote, let local) = kind else {
            throw replay.mismatch("source \(number), \(name), is no stream")
        }
        source = ReplayedSource(replay, number, remote: remote, local: local)
    }

    public var readiness: Readiness { source.readiness }
    public var isConnecting: Bool { source.isConnecting }
    public var wakeTyme: Tyme? { source.wakeTyme }
    public var remote: Address { source.remote }
    public var local: Address { source.local }
    public func describe(_ address: Address) -> String { source.describe(address) }

    public func open(for doer: Doer?) throws(TransportError) {
        try source.open(for: doer)
        source.replay.countStream()
    }

    public func connect(at tyme: Tyme) throws(TransportError) -> Bool {
        switch source.next() {
        case .connected?: return true
        case .nothing?: return false
        case .failed(let error)?: throw error
        case let found: throw source.differ("went on connecting", found)
        }
    }

    public func read(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> StreamReading {
        switch source.next() {
        case .nothing?: return .nothing
        case .read(let range)? where range.count <= out.freeCapacity:
            let all = source.replay.recording.bytes
            unsafe out.append(contentsOf: all.span.bytes.extracting(range))
            source.replay.count(read: range.count)
            return .bytes(range.count)
        case .ended?: return .end
        case .readLost(let loss)?: return .lost(loss)
        case .failed(let error)?: throw error
        case let found: throw source.differ("read, with room for \(out.freeCapacity) B", found)
        }
    }

    public func write(_ bytes: RawSpan, at tyme: Tyme) throws(TransportError) -> StreamWriting {
        let words = "offered \(bytes.byteCount) B"
        switch source.next() {
        case .wrote(let offered, let range)?:
            let taken = bytes.extracting(first: min(range.count, bytes.byteCount))
            guard offered == bytes.byteCount, source.replay.isSame(taken, range) else {
                throw source.differ(words, .wrote(offered: offered, range), taken, range)
            }
            source.replay.count(wrote: range.count)
            return .taken(range.count)
        case .wroteSum(let offered, let count, let sum)?:
            let taken = bytes.extracting(first: min(count, bytes.byteCount))
            let now = unsafe taken.withUnsafeBytes { unsafe RecordingSum.of($0, salt: 0) }
            guard offered == bytes.byteCount, now == sum else {
                let words = words + ", with the sum \(String(now, radix: 16))"
                throw source.differ(words, .wroteSum(offered: offered, taken: count, sum), taken)
            }
            source.replay.count(wrote: count)
            return .taken(count)
        case .writeLost(bytes.byteCount, let loss)?: return .lost(loss)
        case .failed(let error)?: throw error
        case let found: throw source.differ(words, found, bytes)
        }
    }

    public func finish() { source.tell(.finished, "ended its half") }
    public func close() { source.close() }
    public func reset() { source.close(.reset) }
}
