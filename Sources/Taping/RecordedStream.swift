import Doing
import Wiring

/// A stream that writes down what it was asked and what it answered: everything a ``ReplayedStream`` needs.
///
/// It belongs directly on the socket, as a ``Recorded`` does. Streams that a listener takes come from a
/// ``RecordedListener``; one that connects is wrapped where it is made, during the run too:
///
/// ```swift
/// let client = LengthTypeClient(words, again: try .reconnecting(seed: 1)) {
///     RecordedStream(try TCPStream(host: "127.0.0.1", port: 7000), recorder, name: "call")
/// }
/// ```
/// Without a recorder (`nil`) it only hands on.
public struct RecordedStream<Base: StreamTransport>: WrappedStream, HasRoomLender {
    /// The stream that does the work.
    public var base: Base
    @usableFromInline let log: RecordedLog?

    // Inlinable, so that without a recorder nothing is left of it but a test a call.

    /// `base`, recorded as a source of its own.
    ///
    /// - Parameters:
    ///   - base: does the work; not open yet.
    ///   - recorder: writes it down; nil switches it off.
    ///   - name: for people.
    public init(_ base: Base, _ recorder: Recorder?, name: String = "stream") {
        self.base = base
        log = recorder.map { RecordedLog(stream: $0, name, remote: base.remote, local: base.local) }
    }

    /// What the stream says of itself is written down where it may have changed; to ask changes nothing.
    @inlinable func noteState() {
        guard let log else { return }
        log.note(base.readiness)
        log.note(isConnecting: base.isConnecting)
        log.note(wakeTyme: base.wakeTyme)
    }

    private func notePlaces() {
        guard let log else { return }
        log.note(remote: base.remote)
        log.note(local: base.local)
        if base.remote.family == .unix { log.note(base.remote, base.describe(base.remote)) }
    }

    /// The room behind the last record: what is read there is recorded without a copy.
    @usableFromInline package var roomLender: (any RoomLender)? { log }

    public mutating func open(for doer: Doer?) throws(TransportError) {
        do throws(TransportError) { try base.open(for: doer) } catch {
            log?.note(error)
            throw error
        }
        log?.begun()
        noteState()
        notePlaces()
    }

    public mutating func connect(at tyme: Tyme) throws(TransportError) -> Bool {
        do throws(TransportError) {
            let isConnected = try base.connect(at: tyme)
            log?.note(isConnected: isConnected)
            noteState()
            notePlaces()
            return isConnected
        } catch {
            log?.note(error)
            throw error
        }
    }

    @inlinable public mutating func read(
        into out: inout OutputRawSpan, at tyme: Tyme
    ) throws(TransportError) -> StreamReading {
        guard let log else { return try base.read(into: &out, at: tyme) }
        let before = out.byteCount
        do throws(TransportError) {
            let reading = try base.read(into: &out, at: tyme)
            if case .bytes(let count) = reading {
                log.note(read: out.bytes.extracting(before..<before + count))
            } else {
                log.note(reading)
            }
            noteState()
            return reading
        } catch {
            log.note(error)
            throw error
        }
    }

    @inlinable public mutating func write(_ bytes: RawSpan, at tyme: Tyme) throws(TransportError) -> StreamWriting {
        guard let log else { return try base.write(bytes, at: tyme) }
        do throws(TransportError) {
            let writing = try base.write(bytes, at: tyme)
            log.note(wrote: bytes, writing)
            noteState()
            return writing
        } catch {
            log.note(error)
            throw error
        }
    }

    public mutating func finish() {
        base.finish()
        log?.finished()
    }

    public mutating func close() {
        base.close()
        log?.closed()
    }

    public mutating func reset() {
        base.reset()
        log?.closed(.reset)
    }

    public func describe(_ address: Address) -> String {
        let text = base.describe(address)
        log?.note(address, text)
        return text
    }
}
