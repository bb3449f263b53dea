import Doing
import Wiring

/// A transport that writes down what it was asked and what it answered: everything a ``Replayed`` one needs.
///
/// It belongs directly on the socket: what stands above it, taps and faults, runs again in a replay. Without a recorder
/// (`nil`) it only hands on.
public struct Recorded<Base: DatagramTransport>: DatagramTransport {
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

    @inlinable public var limits: TrainLimits { base.limits }
    @inlinable public var address: Address { base.address }
    @inlinable public var statistics: TransportStatistics { base.statistics }

    @inlinable public var readiness: Readiness {
        let readiness = base.readiness
        if let log { log.note(readiness) }
        return readiness
    }

    @inlinable public var wakeTyme: Tyme? {
        let tyme = base.wakeTyme
        if let log { log.note(wakeTyme: tyme) }
        return tyme
    }

    /// The room behind the last record: a train that stands there is recorded without a copy.
    @inlinable public func burst(of capacity: Int, for direction: TapDirection) -> Burst? {
        guard let log else { return base.burst(of: capacity, for: direction) }
        return log.burst(of: capacity, for: direction)
    }

    public mutating func open(for doer: Doer?) throws(TransportError) {
        do throws(TransportError) { try base.open(for: doer) } catch {
            log?.note(error)
            throw error
        }
        log?.opened(base.limits, base.readiness)
    }

    public mutating func close() { base.close() }

    @inlinable public mutating func receive(
        into out: inout OutputRawSpan, at tyme: Tyme
    ) throws(TransportError) -> Train? {
        guard let log else { return try base.receive(into: &out, at: tyme) }
        do throws(TransportError) {
            let train = try base.receive(into: &out, at: tyme)
            if let train { log.note(received: out.bytes, train) } else { log.noteNothing() }
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
