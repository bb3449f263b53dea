import Doing
import Wiring

/// A listener that gives the connections of a recording, when and in the order in which they came.
public final class ReplayedListener: StreamListener {
    private let source: ReplayedSource
    private let name: String
    private var count = 0

    /// The next source of the recording, which must be a listener of this name.
    ///
    /// - Parameters:
    ///   - replay: the replay it belongs to.
    ///   - name: as it was recorded.
    /// - Throws: ``RecordingError/mismatch(_:)`` if it is another; in a replay that runs, that is its first difference.
    public init(_ replay: Replay, name: String = "listener") throws(RecordingError) {
        let (number, kind) = try replay.source(name)
        guard case .listener(let address) = kind else {
            throw replay.mismatch("source \(number), \(name), is no listener")
        }
        self.name = name
        source = ReplayedSource(replay, number, remote: address)
    }

    public var readiness: Readiness { source.readiness }
    public var wakeTyme: Tyme? { source.wakeTyme }
    public var address: Address { source.remote }
    public func open(for doer: Doer?) throws(TransportError) { try source.open(for: doer) }

    public func accept(at tyme: Tyme) throws(TransportError) -> ReplayedStream? {
        switch source.next() {
        case .nothing?: return nil
        case .accepted?:
            count += 1
            do throws(RecordingError) { return try ReplayedStream(source.replay, name: "\(name).\(count)") } catch {
                throw source.differ("\(error)", .accepted)
            }
        case .failed(let error)?: throw error
        case let found: throw source.differ("looked for a connection", found)
        }
    }

    public func close() { source.close() }
}
