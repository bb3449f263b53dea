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

/// What a recorded transport has said last, so that only changes are written.
@usableFromInline final class RecordedLog {
    private let recorder: Recorder
    private let source: UInt16
    private var readiness: Readiness?
    private var wakeTyme: Tyme?
    /// Looked up only, never walked.
    private var described: [Address: String] = [:]

    init(_ recorder: Recorder, _ name: String, _ limits: TrainLimits) {
        self.recorder = recorder
        source = recorder.source(name, limits)
    }

    func opened(_ limits: TrainLimits, _ readiness: Readiness) {
        var body: [UInt8] = []
        body.append(limits)
        body.append(readiness)
        recorder.add(.opened, source, body)
        self.readiness = readiness
    }

    @usableFromInline func note(received bytes: RawSpan, _ train: Train) { recorder.addReceived(source, train, bytes) }

    @usableFromInline func noteNothing() { recorder.add(.nothing, source) }

    @usableFromInline func note(sent bytes: RawSpan, _ train: Train, _ sending: Sending) {
        recorder.addSent(source, train, sending, bytes)
    }

    @usableFromInline func note(_ error: TransportError) {
        var body: [UInt8] = []
        body.append(error)
        recorder.add(.failed, source, body)
    }

    @usableFromInline func note(_ readiness: Readiness) {
        guard readiness != self.readiness else { return }
        self.readiness = readiness
        var body: [UInt8] = []
        body.append(readiness)
        recorder.add(.readiness, source, body)
    }

    @usableFromInline func note(wakeTyme tyme: Tyme?) {
        guard tyme != wakeTyme else { return }
        wakeTyme = tyme
        var body: [UInt8] = []
        body.append((tyme ?? 0).bitPattern)
        recorder.add(.wakeTyme, source, aux: tyme == nil ? 0 : 1, body)
    }

    func note(room descriptor: Int32?) {
        var body: [UInt8] = []
        body.append(UInt64(bitPattern: Int64(descriptor ?? 0)))
        recorder.add(.room, source, aux: descriptor == nil ? 0 : 1, body)
    }

    func note(_ address: Address, _ text: String) {
        guard !recorder.isFinished, described[address] != text else { return }
        if described.count >= 4096 { described.removeAll() }
        described[address] = text
        var body: [UInt8] = []
        body.append(address)
        recorder.add(.described, source, body + Array(text.utf8))
    }
}
