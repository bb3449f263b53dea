import Doing
import Wiring

/// A transport that writes down what it was asked and what it answered: everything a ``Replayed`` one needs.
///
/// It belongs directly on the socket: what stands above it, taps and faults, runs again in a replay. Without a recorder
/// (`nil`) it only hands on.
public struct Recorded<Base: DatagramTransport>: WrappedTransport, HasRoomLender {
    /// The transport that does the work.
    public var base: Base
    @usableFromInline let log: RecordedLog?

    // Inlinable, so that without a recorder nothing is left of it but a test a train.

    /// `base`, recorded as a source of its own.
    ///
    /// - Parameters:
    ///   - base: does the work.
    ///   - recorder: writes it down; nil switches it off.
    ///   - name: for people.
    public init(_ base: Base, _ recorder: Recorder?, name: String = "wire") {
        self.base = base
        log = recorder.map { RecordedLog($0, name, base.limits) }
    }

    /// The room behind the last record: a train that stands there is recorded without a copy.
    @usableFromInline package var roomLender: (any RoomLender)? { log }

    public mutating func open(for doer: Doer?) throws(TransportError) {
        do throws(TransportError) { try base.open(for: doer) } catch {
            log?.note(error)
            throw error
        }
        log?.opened(base.limits, base.readiness)
        noteState()
    }

    /// What the transport says of itself is written down where it may have changed; to ask changes nothing.
    @inlinable func noteState() {
        guard let log else { return }
        log.note(base.readiness)
        log.note(wakeTyme: base.wakeTyme)
    }

    @inlinable public mutating func receive(
        into out: inout OutputRawSpan, at tyme: Tyme
    ) throws(TransportError) -> Train? {
        guard let log else { return try base.receive(into: &out, at: tyme) }
        do throws(TransportError) {
            let train = try base.receive(into: &out, at: tyme)
            if let train { log.note(received: out.bytes, train) } else { log.noteNothing() }
            if let train, train.peer.family == .unix, !log.knows(train.peer) {
                log.note(train.peer, base.describe(train.peer))
            }
            noteState()
            return train
        } catch {
            log.note(error)
            throw error
        }
    }

    @inlinable public mutating func send(
        _ bytes: RawSpan, _ train: Train, at tyme: Tyme
    ) throws(TransportError) -> Sending {
        guard let log else { return try base.send(bytes, train, at: tyme) }
        do throws(TransportError) {
            let sending = try base.send(bytes, train, at: tyme)
            log.note(sent: bytes, train, sending)
            noteState()
            return sending
        } catch {
            log.note(error)
            throw error
        }
    }

    public mutating func roomDescriptor(whileBlocked isBlocked: Bool) -> Int32? {
        let descriptor = base.roomDescriptor(whileBlocked: isBlocked)
        log?.note(room: descriptor)
        return descriptor
    }

    @inlinable public mutating func clearRoom() { base.clearRoom() }

    public func describe(_ address: Address) -> String {
        let text = base.describe(address)
        log?.note(address, text)
        return text
    }
}
