import Doing
import Wiring

/// What a recorded transport, stream or listener has said last, so that only changes are written.
@usableFromInline final class RecordedLog: RoomLender {
    private let recorder: Recorder
    private let name: String
    private let source: UInt16
    private var readiness: Readiness?
    private var wakeTyme: Tyme?
    /// Looked up only, never walked.
    private var described: [Address: String] = [:]
    private var remote = Address.none
    private var local = Address.none
    private var isConnecting = false
    private var isStream = false
    /// Connections that a listener took.
    private var count = 0
    /// Whether there is something to close.
    private var isOpen = false

    init(_ recorder: Recorder, _ name: String, _ limits: TrainLimits) {
        (self.recorder, self.name) = (recorder, name)
        source = recorder.source(name, .transport(limits))
    }

    init(stream recorder: Recorder, _ name: String, remote: Address, local: Address) {
        (self.recorder, self.name, self.remote, self.local) = (recorder, name, remote, local)
        isStream = true
        source = recorder.source(name, .stream(remote: remote, local: local))
    }

    init(listener recorder: Recorder, _ name: String, _ address: Address) {
        (self.recorder, self.name, remote) = (recorder, name, address)
        source = recorder.source(name, .listener(address))
    }

    /// The number may be given to the next source: a server has seen more connections than there are numbers.
    deinit { recorder.release(source) }

    // MARK: Of all

    @usableFromInline func noteNothing() { recorder.add(.nothing, source) }

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
        recorder.add(.wakeTyme, source, aux: tyme == nil ? 0 : 1, word: (tyme ?? 0).bitPattern)
    }

    @usableFromInline func knows(_ address: Address) -> Bool { described[address] != nil }

    @usableFromInline func note(_ address: Address, _ text: String) {
        guard !recorder.isFinished, described[address] ?? address.description != text else { return }
        if described.count >= 4096 { described.removeAll() }
        described[address] = text
        var body: [UInt8] = []
        body.append(address)
        recorder.add(.described, source, body + Array(text.utf8))
    }

    // MARK: Of datagrams

    /// The room that trains are best received into or sent from, or that a stream is best read into.
    @usableFromInline package func burst(of capacity: Int, for direction: TapDirection) -> Burst? {
        isStream ? recorder.readBurst(of: capacity, source) : recorder.burst(of: capacity, for: direction, source)
    }

    func opened(_ limits: TrainLimits, _ readiness: Readiness) {
        var body: [UInt8] = []
        body.append(limits)
        body.append(readiness)
        recorder.add(.opened, source, body)
        self.readiness = readiness
    }

    @usableFromInline func note(received bytes: RawSpan, _ train: Train) { recorder.addReceived(source, train, bytes) }

    @usableFromInline func note(sent bytes: RawSpan, _ train: Train, _ sending: Sending) {
        recorder.addSent(source, train, sending, bytes)
    }

    func note(room descriptor: Int32?) {
        recorder.add(
            .room, source, aux: descriptor == nil ? 0 : 1, word: UInt64(bitPattern: Int64(descriptor ?? 0)))
    }

    // MARK: Of streams and listeners

    /// A stream or listener has opened, or was taken open.
    func begun() {
        isOpen = true
        recorder.add(.begun, source)
    }

    func note(isConnected: Bool) { recorder.add(isConnected ? .connected : .nothing, source) }

    @usableFromInline func note(remote address: Address) {
        guard address != remote else { return }
        remote = address
        note(place: address, aux: 0)
    }

    @usableFromInline func note(local address: Address) {
        guard address != local else { return }
        local = address
        note(place: address, aux: 1)
    }

    private func note(place address: Address, aux: UInt8) {
        var body: [UInt8] = []
        body.append(address)
        recorder.add(.place, source, aux: aux, body)
    }

    @usableFromInline func note(isConnecting: Bool) {
        guard isConnecting != self.isConnecting else { return }
        self.isConnecting = isConnecting
        recorder.add(.connecting, source, aux: isConnecting ? 1 : 0)
    }

    @usableFromInline func note(read bytes: RawSpan) { recorder.addRead(source, bytes) }

    /// What a read found other than bytes.
    @usableFromInline func note(_ reading: StreamReading) {
        switch reading {
        case .bytes, .nothing: noteNothing()
        case .end: recorder.add(.ended, source)
        case .lost(let loss):
            recorder.add(.readLost, source, aux: loss.aux, word: UInt64(bitPattern: Int64(loss.code)))
        }
    }

    @usableFromInline func note(wrote bytes: RawSpan, _ writing: StreamWriting) {
        switch writing {
        case .taken(let count):
            recorder.addWrote(source, offered: bytes.byteCount, bytes.extracting(first: count))
        case .lost(let loss):
            var body: [UInt8] = []
            body.append(UInt64(bitPattern: Int64(loss.code)))
            body.append(UInt64(bytes.byteCount))
            recorder.add(.writeLost, source, aux: loss.aux, body)
        }
    }

    func finished() { recorder.add(.finished, source) }

    /// Closed, or reset; again does nothing.
    func closed(_ kind: RecordingFormat.Kind = .closed) {
        guard isOpen else { return }
        isOpen = false
        recorder.add(kind, source)
    }

    /// A connection that a listener took: recorded behind that it did.
    func accepted<Stream: StreamTransport>(_ stream: Stream) -> RecordedStream<Stream> {
        recorder.add(.accepted, source)
        count += 1
        return RecordedStream(stream, recorder, name: "\(name).\(count)")
    }
}

extension StreamLoss {
    /// How a record says the reason: its place among all.
    var aux: UInt8 { UInt8(Reason.allCases.firstIndex(of: reason) ?? 3) }
}
