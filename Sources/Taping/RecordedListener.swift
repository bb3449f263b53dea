import Doing
import Wiring

/// A listener that writes down what it was asked and what it answered, and gives connections that do so too.
///
/// Everything that a ``ReplayedListener`` needs: which connections came, from where, in which order, and when none
/// waited. Without a recorder (`nil`) it only hands on.
public struct RecordedListener<Base: StreamListener>: StreamListener {
    /// The listener that does the work.
    public var base: Base
    private let log: RecordedLog?

    /// `base`, recorded as a source of its own; each connection that it takes is another one.
    ///
    /// - Parameters:
    ///   - base: does the work; it may stand already.
    ///   - recorder: writes it down; nil switches it off.
    ///   - name: for people; a connection is called by it and a number, from 1.
    public init(_ base: Base, _ recorder: Recorder?, name: String = "listener") {
        self.base = base
        log = recorder.map { RecordedLog(listener: $0, name, base.address) }
    }

    public var readiness: Readiness { base.readiness }
    public var wakeTyme: Tyme? { base.wakeTyme }
    public var address: Address { base.address }

    /// What the listener says of itself is written down where it may have changed; to ask changes nothing.
    private func noteState() {
        guard let log else { return }
        log.note(base.readiness)
        log.note(wakeTyme: base.wakeTyme)
        log.note(remote: base.address)
    }

    public mutating func open(for doer: Doer?) throws(TransportError) {
        do throws(TransportError) { try base.open(for: doer) } catch {
            log?.note(error)
            throw error
        }
        log?.begun()
        noteState()
    }

    public mutating func accept(at tyme: Tyme) throws(TransportError) -> RecordedStream<Base.Stream>? {
        do throws(TransportError) {
            guard let stream = try base.accept(at: tyme) else {
                log?.noteNothing()
                noteState()
                return nil
            }
            let recorded = log?.accepted(stream) ?? RecordedStream(stream, nil)
            noteState()
            return recorded
        } catch {
            log?.note(error)
            throw error
        }
    }

    public mutating func close() {
        base.close()
        log?.closed()
    }
}
