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

    public var readiness: Readiness {
        let readiness = base.readiness
        log?.note(readiness)
        return readiness
    }

    public var wakeTyme: Tyme? {
        let tyme = base.wakeTyme
        log?.note(wakeTyme: tyme)
        return tyme
    }

    public var address: Address {
        let address = base.address
        log?.note(remote: address)
        return address
    }

    public mutating func open(for doer: Doer?) throws(TransportError) {
        do throws(TransportError) { try base.open(for: doer) } catch {
            log?.note(error)
            throw error
        }
        log?.begun()
    }

    public mutating func accept(at tyme: Tyme) throws(TransportError) -> RecordedStream<Base.Stream>? {
        do throws(TransportError) {
            guard let stream = try base.accept(at: tyme) else {
                log?.noteNothing()
                return nil
            }
            return log?.accepted(stream) ?? RecordedStream(stream, nil)
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
