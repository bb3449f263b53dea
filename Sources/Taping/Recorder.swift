import Doing
import Wiring

/// Writes down everything that a run gets from outside, and every byte that it sends.
///
/// ```swift
/// let recorder = Recorder(RecordingHeader(program: "my-peer", arguments: words, seed: seed)) { try file.write($0) }
/// let peer = CoreDoer(core, over: Recorded(socket, recorder, name: "socket"))
/// let doist = Doist([peer])
/// recorder.watch(doist)
/// try doist.run(pace: .real)
/// try recorder.finish()
/// ```
/// It gathers records in a part, hands that on when it is full, and touches no file itself. Trains are not even copied:
/// they are received into the part, and sent from it. One thread owns it: that of its doist. A sink that throws ends
/// the recording, not the run: ``finish()`` throws what it threw.
public final class Recorder {
    /// What is kept of a train that is sent, and of what a stream took.
    public enum Outputs: Sendable {
        /// Every byte: a replay that differs shows both sides.
        case bytes
        /// Its length and a sum of 64 bits, for half the size: a replay finds as surely that a train is another
        /// one, and shows the one that it is now.
        case sums
    }

    private let outputs: Outputs
    private let writer: RecordingWriter
    private var sources: UInt16 = 0
    /// Numbers of sources that are gone.
    private var free: [UInt16] = []
    private weak var doist: Doist?
    private var hasStarted = false
    /// Whether ``finish()`` was called, or the sink threw: nothing more is written.
    public var isFinished: Bool { unsafe writer.isFinished }
    /// Bytes handed on so far.
    public var bytesWritten: Int { writer.bytesWritten }

    /// Begins with the header.
    ///
    /// - Parameters:
    ///   - header: how to make the same doers again.
    ///   - outputs: what is kept of a train that is sent. What is received is kept whole in any case.
    ///   - partLength: how many bytes a part has that is handed on, at most; 1024 at least. A single record that is
    ///     longer makes a longer part. A mebibyte is what a file takes best. Memory is touched only where there was
    ///     something to record: who wants a whole run in memory says as much as it may need.
    ///   - sink: takes the next part of the file: first the header, then some `partLength` bytes at a time. The bytes
    ///     are valid for the call.
    public init(
        _ header: RecordingHeader, outputs: Outputs = .bytes, partLength: Int = 1 << 20,
        sink: @escaping (RawSpan) throws -> Void
    ) {
        precondition(partLength >= 1024, "partLength is \(partLength), must be at least 1024")
        self.outputs = outputs
        writer = RecordingWriter(partLength: partLength, sink: sink)
        let body = Self.encode(header)
        var head: [UInt8] = []
        head.append(RecordingFormat.magic)
        head.append(RecordingFormat.version)
        head.append(UInt32(body.count))
        unsafe head.append(body.withUnsafeBytes { unsafe RecordingSum.of($0, salt: UInt64(RecordingFormat.version)) })
        unsafe writer.hand((head + body).span.bytes)
    }

    private static func encode(_ header: RecordingHeader) -> [UInt8] {
        var body: [UInt8] = []
        body.append(header.seed)
        body.append(UInt32(header.arguments.count))
        for text in [header.program] + header.arguments {
            body.append(UInt32(text.utf8.count))
            body += text.utf8
        }
        return body
    }

    /// Notes how a doist enters, its passes, the wakes between them, and its exit. Before it enters; one doist a
    /// recording.
    public func watch(_ doist: Doist) {
        precondition(self.doist == nil && !doist.isEntered, "\(doist.name): watch it once, before it enters")
        self.doist = doist
        doist.onInput = { [weak self] in self?.note($0) }
    }

    /// Writes the end mark and hands on what is left.
    ///
    /// - Throws: what the sink threw, now or before. The file is then no recording.
    public func finish() throws {
        doist?.onInput = nil
        if !isFinished {
            if let doist { start(at: doist.tyme, tock: doist.tock, isRealTime: doist.pace != nil) }
            add(.end)
            writer.flush()
            writer.finish()
        }
        if let failure = writer.failure { throw failure }
    }

    /// A recording has one start: a doist that enters again is not replayed.
    private func start(at tyme: Tyme, tock: Double, isRealTime: Bool) {
        guard !hasStarted else { return }
        hasStarted = true
        var body: [UInt8] = []
        body.append(tyme.bitPattern)
        body.append(tock.bitPattern)
        add(.start, aux: isRealTime ? 1 : 0, body)
    }

    private func note(_ input: DoistInput) {
        switch input {
        case .enter(let tyme, let tock, let isRealTime): start(at: tyme, tock: tock, isRealTime: isRealTime)
        case .pass(let pass):
            add(.pass, aux: pass.kind == .extra ? 1 : 0, word: pass.tyme.bitPattern)
        case .wake(let place, let tyme):
            var body: [UInt8] = []
            body.append(tyme.bitPattern)
            for label in place.labels { body.append(label) }
            add(.wake, 0, body)
        case .exit(let tyme, let isSignalled):
            add(.exit, aux: isSignalled ? 1 : 0, word: tyme.bitPattern)
        }
    }

    // MARK: - For what records into it

    /// The number of a new source: the first that is free.
    func source(_ name: String, _ source: RecordingSource) -> UInt16 {
        let number = free.popLast() ?? sources
        if number == sources {
            guard sources < .max else {
                writer.fail(RecordingError.tooManySources)
                return .max
            }
            sources += 1
        }
        var body: [UInt8] = []
        let aux: UInt8
        switch source {
        case .transport(let limits):
            aux = 0
            body.append(limits)
        case .inlet: aux = 1
        case .stream(let remote, let local):
            aux = 2
            body.append(remote)
            body.append(local)
        case .listener(let address):
            aux = 3
            body.append(address)
        }
        add(.source, number, aux: aux, body + Array(name.utf8))
        return number
    }

    /// Nobody asks the source of this number any more.
    func release(_ number: UInt16) { if !isFinished { free.append(number) } }

    /// The room that trains are best received into or sent from, if it has `capacity` bytes; nil for any.
    func burst(of capacity: Int, for direction: TapDirection, _ source: UInt16) -> Burst? {
        // Of which only a sum is kept, that does not stay where it stands.
        if direction == .tx, outputs == .sums { return nil }
        return writer.burst(of: capacity, forTrains: true, source)
    }

    /// The room that is best read into.
    func readBurst(of capacity: Int, _ source: UInt16) -> Burst? {
        writer.burst(of: capacity, forTrains: false, source)
    }

    func add(_ kind: RecordingFormat.Kind, _ source: UInt16 = 0, aux: UInt8 = 0, _ body: [UInt8] = []) {
        guard kind.runOffset == nil else {
            return unsafe writer.add(kind, source, aux, head: 0, body.span.bytes) { _ in }
        }
        writer.add(kind, source, aux, words: body)
    }

    /// A record whose body is one word.
    func add(_ kind: RecordingFormat.Kind, _ source: UInt16 = 0, aux: UInt8 = 0, word: UInt64) {
        writer.add(kind, source, aux, word: word)
    }

    /// A train that was received.
    func addReceived(_ source: UInt16, _ train: Train, _ bytes: RawSpan) {
        unsafe writer.add(.received, source, 0, head: RecordingFormat.trainHeadLength, bytes) {
            unsafe Self.store(train, taken: bytes.byteCount, code: 0, at: $0)
        }
    }

    /// A train that was offered, and what became of it.
    func addSent(_ source: UInt16, _ train: Train, _ sending: Sending, _ bytes: RawSpan) {
        let (aux, code) = sending.outcome.code
        if outputs == .sums {
            return unsafe writer.add(.sentSum, source, aux, head: RecordingFormat.trainHeadLength, sumOf: bytes) {
                unsafe Self.store(train, taken: sending.taken, code: code, at: $0)
            }
        }
        unsafe writer.add(.sent, source, aux, head: RecordingFormat.trainHeadLength, bytes) {
            unsafe Self.store(train, taken: sending.taken, code: code, at: $0)
        }
    }

    /// Bytes that a stream gave, at least one.
    func addRead(_ source: UInt16, _ bytes: RawSpan) { unsafe writer.add(.read, source, 0, head: 0, bytes) { _ in } }

    /// Bytes that a stream took, and how many were offered. Those that it did not take are offered again.
    func addWrote(_ source: UInt16, offered: Int, _ taken: RawSpan) {
        let offered = UInt64(offered).littleEndian
        if outputs == .sums {
            return unsafe writer.add(.wroteSum, source, 0, head: RecordingFormat.writeHeadLength, sumOf: taken) {
                unsafe $0.storeBytes(of: offered, as: UInt64.self)
            }
        }
        unsafe writer.add(.wrote, source, 0, head: RecordingFormat.writeHeadLength, taken) {
            unsafe $0.storeBytes(of: offered, as: UInt64.self)
        }
    }

    /// The words that stand before the bytes of a train, or before their sum.
    private static func store(_ train: Train, taken: Int, code: Int32, at base: UnsafeMutableRawPointer) {
        let sizes = UInt64(UInt32(clamping: train.segment)) | UInt64(UInt32(clamping: taken)) << 32
        let words = (train.peer.tag, train.peer.hi, train.peer.lo, sizes, UInt64(bitPattern: Int64(code)))
        unsafe base.storeBytes(of: words.0.littleEndian, toByteOffset: 0, as: UInt64.self)
        unsafe base.storeBytes(of: words.1.littleEndian, toByteOffset: 8, as: UInt64.self)
        unsafe base.storeBytes(of: words.2.littleEndian, toByteOffset: 16, as: UInt64.self)
        unsafe base.storeBytes(of: words.3.littleEndian, toByteOffset: 24, as: UInt64.self)
        unsafe base.storeBytes(of: words.4.littleEndian, toByteOffset: 32, as: UInt64.self)
    }
}

extension [UInt8] {
    /// Appends a number, lowest byte first.
    mutating func append<Number: FixedWidthInteger>(_ number: Number) where Number: UnsignedInteger {
        unsafe Swift.withUnsafeBytes(of: number.littleEndian) { unsafe append(contentsOf: $0) }
    }

    mutating func append(_ limits: TrainLimits) {
        for value in [limits.segments, limits.bytes, limits.datagram] { append(UInt64(value)) }
    }

    mutating func append(_ address: Address) {
        for word in [address.tag, address.hi, address.lo] { append(word) }
    }
}

extension [UInt8] {
    mutating func append(_ readiness: Readiness) {
        let (kind, value): (UInt32, Int32) =
            switch readiness {
            case .descriptor(let descriptor): (0, descriptor)
            case .wakes: (1, 0)
            case .polled: (2, 0)
            }
        append(kind)
        append(UInt32(bitPattern: value))
    }

    mutating func append(_ error: TransportError) {
        let (kind, code, texts): (UInt32, Int32, [String]) =
            switch error {
            case .system(let call, let code, let reason, let subject): (0, code, [call, reason, subject])
            case .notOpen(let subject): (1, 0, [subject, "", ""])
            case .badValue(let name, let value, let allowed): (2, 0, [name, value, allowed])
            }
        append(kind)
        append(UInt32(bitPattern: code))
        for text in texts {
            append(UInt32(text.utf8.count))
            self += text.utf8
        }
    }
}
