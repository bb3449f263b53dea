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
/// What is recorded is copied once, into a part that it keeps and hands on when it is full; it touches no file itself.
/// One thread owns it: that of its doist. A sink that throws ends the recording, not the run: ``finish()`` throws what
/// it threw.
public final class Recorder {
    /// What is kept of a train that is sent, and of what a stream took.
    public enum Outputs: Sendable {
        /// Every byte: a replay that differs shows both sides.
        case bytes
        /// Its length and a sum of 64 bits, for half the size: a replay finds as surely that a train is another
        /// one, and shows the one that it is now.
        case sums
    }

    private let sink: (RawSpan) throws -> Void
    private let outputs: Outputs
    private var room: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes of the part, its chunk's head included.
    private var count = RecordingFormat.chunkHeadLength
    private var chunks: UInt32 = 0
    /// Of the records of this part so far.
    private var sum = RecordingSum(salt: 0)
    private var sources: UInt16 = 0
    /// Numbers of sources that are gone.
    private var free: [UInt16] = []
    private weak var doist: Doist?
    private var failure: (any Error)?
    /// Whether ``finish()`` was called, or the sink threw: nothing more is written.
    public private(set) var isFinished = false
    /// Bytes handed on so far.
    public private(set) var bytesWritten = 0

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
        self.sink = sink
        capacity = partLength
        room = .allocate(byteCount: capacity, alignment: 64)
        let body = Self.encode(header)
        var head: [UInt8] = []
        head.append(RecordingFormat.magic)
        head.append(RecordingFormat.version)
        head.append(UInt32(body.count))
        head.append(body.withUnsafeBytes { RecordingSum.of($0, salt: UInt64(RecordingFormat.version)) })
        hand((head + body).span.bytes)
    }

    deinit { room.deallocate() }

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

    /// Notes the passes of a doist, the wakes between them, and its exit. Before it enters; one doist a recording.
    public func watch(_ doist: Doist) {
        precondition(self.doist == nil && !doist.isEntered, "\(doist.name): watch it once, before it enters")
        self.doist = doist
        var body: [UInt8] = []
        body.append(doist.tyme.bitPattern)
        body.append(doist.tock.bitPattern)
        add(.start, aux: doist.pace == nil ? 0 : 1, body)
        doist.onInput = { [weak self] in self?.note($0) }
    }

    /// Writes the end mark and hands on what is left.
    ///
    /// - Throws: what the sink threw, now or before. The file is then no recording.
    public func finish() throws {
        doist?.onInput = nil
        if !isFinished {
            add(.end)
            flush()
            isFinished = true
        }
        if let failure { throw failure }
    }

    private func note(_ input: DoistInput) {
        switch input {
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
                fail(RecordingError.tooManySources)
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

    func add(_ kind: RecordingFormat.Kind, _ source: UInt16 = 0, aux: UInt8 = 0, _ body: [UInt8] = []) {
        guard kind.runOffset == nil else { return add(kind, source, aux: aux, head: 0, body.span.bytes) { _ in } }
        guard let base = reserve(kind, source, aux, body.count) else { return }
        body.withUnsafeBytes { from in
            guard let start = from.baseAddress else { return }
            base.copyMemory(from: start, byteCount: from.count)
            sum.add(words: base, count: (from.count + 7) / 8)
        }
    }

    /// A record whose body is one word.
    func add(_ kind: RecordingFormat.Kind, _ source: UInt16 = 0, aux: UInt8 = 0, word: UInt64) {
        guard let base = reserve(kind, source, aux, 8) else { return }
        base.storeBytes(of: word.littleEndian, as: UInt64.self)
        sum.add(word)
    }

    /// A train that was received.
    func addReceived(_ source: UInt16, _ train: Train, _ bytes: RawSpan) {
        add(.received, source, head: RecordingFormat.trainHeadLength, bytes) {
            Self.store(train, taken: bytes.byteCount, code: 0, at: $0)
        }
    }

    /// A train that was offered, and what became of it.
    func addSent(_ source: UInt16, _ train: Train, _ sending: Sending, _ bytes: RawSpan) {
        let (aux, code) = sending.outcome.code
        if outputs == .sums {
            return add(.sentSum, source, aux: aux, head: RecordingFormat.trainHeadLength, sumOf: bytes) {
                Self.store(train, taken: sending.taken, code: code, at: $0)
            }
        }
        add(.sent, source, aux: aux, head: RecordingFormat.trainHeadLength, bytes) {
            Self.store(train, taken: sending.taken, code: code, at: $0)
        }
    }

    /// Bytes that a stream gave, at least one.
    func addRead(_ source: UInt16, _ bytes: RawSpan) { add(.read, source, head: 0, bytes) { _ in } }

    /// Bytes that a stream took, and how many were offered. Those that it did not take are offered again.
    func addWrote(_ source: UInt16, offered: Int, _ taken: RawSpan) {
        let offered = UInt64(offered).littleEndian
        if outputs == .sums {
            return add(.wroteSum, source, head: RecordingFormat.writeHeadLength, sumOf: taken) {
                $0.storeBytes(of: offered, as: UInt64.self)
            }
        }
        add(.wrote, source, head: RecordingFormat.writeHeadLength, taken) {
            $0.storeBytes(of: offered, as: UInt64.self)
        }
    }

    /// A record that ends in a run of bytes, behind `head` bytes that `store` writes.
    @inline(__always) private func add(
        _ kind: RecordingFormat.Kind, _ source: UInt16, aux: UInt8 = 0, head: Int, _ run: RawSpan,
        store: (UnsafeMutableRawPointer) -> Void
    ) {
        guard let base = reserve(kind, source, aux, head + run.byteCount) else { return }
        store(base)
        sum.add(words: base, count: head / 8)
        run.withUnsafeBytes { sum.add(run: $0, copyingTo: base + head) }
    }

    /// A record of how long a run is, and of its sum, behind `head` bytes that `store` writes.
    @inline(__always) private func add(
        _ kind: RecordingFormat.Kind, _ source: UInt16, aux: UInt8 = 0, head: Int, sumOf run: RawSpan,
        store: (UnsafeMutableRawPointer) -> Void
    ) {
        guard let base = reserve(kind, source, aux, head + 16) else { return }
        store(base)
        let value = run.withUnsafeBytes { RecordingSum.of($0, salt: 0) }
        base.storeBytes(of: UInt64(run.byteCount).littleEndian, toByteOffset: head, as: UInt64.self)
        base.storeBytes(of: value.littleEndian, toByteOffset: head + 8, as: UInt64.self)
        sum.add(words: base, count: head / 8 + 2)
    }

    /// The words that stand before the bytes of a train, or before their sum.
    private static func store(_ train: Train, taken: Int, code: Int32, at base: UnsafeMutableRawPointer) {
        let sizes = UInt64(UInt32(clamping: train.segment)) | UInt64(UInt32(clamping: taken)) << 32
        let words = (train.peer.tag, train.peer.hi, train.peer.lo, sizes, UInt64(bitPattern: Int64(code)))
        base.storeBytes(of: words.0.littleEndian, toByteOffset: 0, as: UInt64.self)
        base.storeBytes(of: words.1.littleEndian, toByteOffset: 8, as: UInt64.self)
        base.storeBytes(of: words.2.littleEndian, toByteOffset: 16, as: UInt64.self)
        base.storeBytes(of: words.3.littleEndian, toByteOffset: 24, as: UInt64.self)
        base.storeBytes(of: words.4.littleEndian, toByteOffset: 32, as: UInt64.self)
    }

    /// Room for the body of a record, padded to a multiple of 8 with zeros; nil once nothing is written any more.
    ///
    /// Its head is written and summed; its body is still to be.
    @inline(__always) private func reserve(
        _ kind: RecordingFormat.Kind, _ source: UInt16, _ aux: UInt8, _ length: Int
    ) -> UnsafeMutableRawPointer? {
        let whole = 8 + (length + 7) & ~7
        if _slowPath(length > RecordingFormat.longestRecord || count + whole > capacity) { makeRoom(length) }
        guard !isFinished else { return nil }
        let base = room + count
        base.storeBytes(of: UInt64(0), toByteOffset: whole - 8, as: UInt64.self)
        let head = UInt64(kind.rawValue) | UInt64(aux) << 8 | UInt64(source) << 16 | UInt64(UInt32(length)) << 32
        base.storeBytes(of: head.littleEndian, as: UInt64.self)
        sum.add(head)
        count += whole
        return base + 8
    }

    /// For a record with so long a body.
    @inline(never) private func makeRoom(_ length: Int) {
        guard length <= RecordingFormat.longestRecord else { return fail(RecordingError.tooLong(length)) }
        flush()
        let whole = count + 8 + (length + 7) & ~7
        guard whole > capacity else { return }
        room.deallocate()
        capacity = whole
        room = .allocate(byteCount: capacity, alignment: 64)
    }

    /// Hands the part on: one chunk.
    private func flush() {
        let length = count - RecordingFormat.chunkHeadLength
        guard length > 0, !isFinished else { return }
        room.storeBytes(of: RecordingFormat.chunkMagic.littleEndian, as: UInt32.self)
        room.storeBytes(of: chunks.littleEndian, toByteOffset: 4, as: UInt32.self)
        room.storeBytes(of: UInt64(length).littleEndian, toByteOffset: 8, as: UInt64.self)
        room.storeBytes(of: sum.value.littleEndian, toByteOffset: 16, as: UInt64.self)
        hand(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: room, count: count)))
        chunks += 1
        count = RecordingFormat.chunkHeadLength
        sum = RecordingSum(salt: UInt64(chunks))
    }

    private func hand(_ bytes: RawSpan) {
        bytesWritten += bytes.byteCount
        do { try sink(bytes) } catch { fail(error) }
    }

    /// The recording ends, the run does not.
    private func fail(_ error: any Error) {
        guard !isFinished else { return }
        failure = error
        isFinished = true
    }
}

extension [UInt8] {
    /// Appends a number, lowest byte first.
    mutating func append<Number: FixedWidthInteger>(_ number: Number) where Number: UnsignedInteger {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
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
