import Wiring

/// Gathers records in parts, and hands each on as a chunk when it is full.
///
/// The room behind the last record is lent: a train that was received there, or is sent from there, is recorded where
/// it stands, and only its head and its sum are added. Of the fastest trains a copy takes 15 %, and standing in other
/// memory each time 3 %.
///
/// What is lent is never written to: neither by a record that comes while the room is being filled, nor by the next
/// part while a train is still read. Such a record goes into other memory, which costs a part that is not full.
@safe final class RecordingWriter {
    /// What is behind the last record: room for the head of a train, or of a read, and then what is lent.
    private static let trainAt = 8 + RecordingFormat.trainHeadLength
    private static let readAt = 8
    /// The largest room that is lent: for what every transport here carries.
    private static let lent = 65536
    /// So long is a part at least that has room to lend: a part is handed on when it has none left.
    private static let roomyPart = 4 * lent

    // One thread owns it, and nobody is called while one of these is changed: a check of each use for exclusive access
    // would take a fiftieth of the fastest trains.

    private let sink: (RawSpan) throws -> Void
    private var memory: RecordingMemory
    /// Where the memory begins, and how long it is.
    @exclusivity(unchecked) private var base: UnsafeMutableRawPointer
    @exclusivity(unchecked) private var capacity: Int
    /// Bytes of the part, its chunk's head included.
    @exclusivity(unchecked) private var count = RecordingFormat.chunkHeadLength
    /// Of the records of this part so far.
    @exclusivity(unchecked) private var sum = RecordingSum(salt: 0)
    private var chunks: UInt32 = 0
    private(set) var failure: (any Error)?
    @exclusivity(unchecked) private(set) var isFinished = false
    private(set) var bytesWritten = 0

    /// How long a part is, unless one record is longer.
    private let partLength: Int
    /// Whether a part is long enough to lend room of it.
    private let isRoomy: Bool
    private let trains: Burst
    private let reads: Burst
    /// Which source the room was lent to last.
    @exclusivity(unchecked) private var borrower: UInt16 = 0
    /// What is still lent though nothing is written there any more.
    private var retired: RecordingMemory?

    init(partLength: Int, sink: @escaping (RawSpan) throws -> Void) {
        self.sink = sink
        self.partLength = partLength
        memory = RecordingMemory(partLength)
        unsafe (base, capacity) = unsafe (memory.base, memory.capacity)
        isRoomy = partLength >= Self.roomyPart
        trains = unsafe Burst(at: base, capacity: Self.lent, of: memory)
        reads = unsafe Burst(at: base, capacity: Self.lent, of: memory)
        for burst in [trains, reads] { burst.onReturn = { [weak self] in self?.takeBack() } }
        place()
    }

    // MARK: - Records

    /// A record of one word.
    func add(_ kind: RecordingFormat.Kind, _ source: UInt16, _ aux: UInt8, word: UInt64) {
        guard let base = unsafe reserve(kind, source, aux, 8) else { return }
        unsafe base.storeBytes(of: word.littleEndian, as: UInt64.self)
        unsafe sum.add(word)
        settle()
    }

    /// A record of words.
    func add(_ kind: RecordingFormat.Kind, _ source: UInt16, _ aux: UInt8, words: [UInt8]) {
        guard let base = unsafe reserve(kind, source, aux, words.count) else { return }
        unsafe words.withUnsafeBytes { from in
            guard let start = from.baseAddress else { return }
            unsafe base.copyMemory(from: start, byteCount: from.count)
            unsafe sum.add(words: base, count: (from.count + 7) / 8)
        }
        settle()
    }

    /// A record that ends in a run of bytes, behind `head` bytes that `store` writes.
    @inline(__always) func add(
        _ kind: RecordingFormat.Kind, _ source: UInt16, _ aux: UInt8, head: Int, _ run: RawSpan,
        store: (UnsafeMutableRawPointer) -> Void
    ) {
        unsafe run.withUnsafeBytes { run in
            if let start = run.baseAddress, unsafe isPlace(start, behind: head) {
                return unsafe keep(kind, source, aux, head: head, run, store: store)
            }
            guard let base = unsafe reserve(kind, source, aux, head + run.count) else { return }
            unsafe store(base)
            unsafe sum.add(words: base, count: head / 8)
            unsafe sum.add(run: run, copyingTo: base + head)
            settle()
        }
    }

    /// A record of how long a run is, and of its sum, behind `head` bytes that `store` writes.
    @inline(__always) func add(
        _ kind: RecordingFormat.Kind, _ source: UInt16, _ aux: UInt8, head: Int, sumOf run: RawSpan,
        store: (UnsafeMutableRawPointer) -> Void
    ) {
        let value = unsafe run.withUnsafeBytes { unsafe RecordingSum.of($0, salt: 0) }
        guard let base = unsafe reserve(kind, source, aux, head + 16) else { return }
        unsafe store(base)
        unsafe base.storeBytes(of: UInt64(run.byteCount).littleEndian, toByteOffset: head, as: UInt64.self)
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: head + 8, as: UInt64.self)
        unsafe sum.add(words: base, count: head / 8 + 2)
        settle()
    }

    /// Room for the body of a record, padded to a multiple of 8 with zeros; nil once nothing is written any more.
    ///
    /// Its head is written and summed; its body is still to be, and then it is to be settled.
    @inline(__always) private func reserve(
        _ kind: RecordingFormat.Kind, _ source: UInt16, _ aux: UInt8, _ length: Int
    ) -> UnsafeMutableRawPointer? {
        if _slowPath(isBeingFilled) { makeWay(kind, source) }
        let whole = 8 + (length + 7) & ~7
        if unsafe _slowPath(length > RecordingFormat.longestRecord || count + whole > capacity) { makeRoom(length) }
        guard unsafe !isFinished else { return nil }
        let start = unsafe base + count
        unsafe start.storeBytes(of: UInt64(0), toByteOffset: whole - 8, as: UInt64.self)
        unsafe begin(kind, source, aux, length, at: start)
        unsafe count += whole
        return unsafe start + 8
    }

    @inline(__always) private func begin(
        _ kind: RecordingFormat.Kind, _ source: UInt16, _ aux: UInt8, _ length: Int, at base: UnsafeMutableRawPointer
    ) {
        let head = UInt64(kind.rawValue) | UInt64(aux) << 8 | UInt64(source) << 16 | UInt64(UInt32(length)) << 32
        unsafe base.storeBytes(of: head.littleEndian, as: UInt64.self)
        unsafe sum.add(head)
    }

    /// For a record with so long a body.
    @inline(never) private func makeRoom(_ length: Int) {
        guard length <= RecordingFormat.longestRecord else { return fail(RecordingError.tooLong(length)) }
        flush()
        let whole = unsafe count + 8 + (length + 7) & ~7
        if unsafe whole > capacity { replaceMemory(whole) }
    }

    // MARK: - The room behind the last record

    /// Room of `capacity` bytes behind the last record, for a train or for a read; nil if there is none, or if it is
    /// lent already.
    func burst(of capacity: Int, forTrains isTrain: Bool, _ source: UInt16) -> Burst? {
        guard isRoomy, capacity <= Self.lent, unsafe !isFinished, !isLent else { return nil }
        unsafe borrower = source
        return isTrain ? trains : reads
    }

    @inline(__always) private var isLent: Bool { !trains.isFree || !reads.isFree }

    /// Whether room is lent that nothing was recorded from yet.
    @inline(__always) private var isBeingFilled: Bool { trains.isBeingFilled || reads.isBeingFilled }

    /// Whether `start` is where a run stands behind so long a head, if it is the next record.
    @inline(__always) private func isPlace(_ start: UnsafeRawPointer, behind head: Int) -> Bool {
        unsafe start == UnsafeRawPointer(base + count + 8 + head) && isBeingFilled
    }

    /// A record whose run stands where it belongs.
    @inline(__always) private func keep(
        _ kind: RecordingFormat.Kind, _ source: UInt16, _ aux: UInt8, head: Int, _ run: UnsafeRawBufferPointer,
        store: (UnsafeMutableRawPointer) -> Void
    ) {
        guard unsafe !isFinished else { return }
        let start = unsafe base + count
        let length = head + run.count
        unsafe begin(kind, source, aux, length, at: start)
        unsafe store(start + 8)
        unsafe sum.add(words: start + 8, count: head / 8)
        unsafe sum.add(run: run)
        // Where the last word is filled up with zeros: behind the longest run there is room for it.
        unsafe (start + 8 + length).storeBytes(of: 0, as: UInt64.self)
        unsafe count += 8 + (length + 7) & ~7
        settle()
    }

    /// Lends the room behind the last record from now on; a part without any is handed on, once none is lent.
    @inline(__always) private func settle() {
        guard isRoomy else { return }
        if isLent {
            trains.settle()
            reads.settle()
            if _slowPath(isFull) { return awaitReturn() }
        } else if _slowPath(isFull) {
            return flush()
        }
        place()
    }

    /// Whether the part has no room to lend.
    @inline(__always) private var isFull: Bool { unsafe count + Self.trainAt + Self.lent + 8 > capacity }

    @inline(__always) private func place() {
        unsafe trains.place(at: base + (count + Self.trainAt))
        unsafe reads.place(at: base + (count + Self.readAt))
    }

    private func awaitReturn() {
        for burst in [trains, reads] where !burst.isFree { burst.awaitReturn(true) }
    }

    /// What was lent is not read any more.
    private func takeBack() {
        for burst in [trains, reads] { burst.awaitReturn(false) }
        retired = nil
        settle()
    }

    /// Lets a record be written while room is lent that is being filled.
    ///
    /// A look that found nothing leaves it empty: then it may be written over.
    @inline(never) private func makeWay(_ kind: RecordingFormat.Kind, _ source: UInt16) {
        if unsafe isFinished || (source == borrower && kind.tellsOfNothing) { return }
        flush()
        if retired == nil { replaceMemory(partLength) }
    }

    /// Goes on in other memory; what is lent is kept until it comes back.
    private func replaceMemory(_ capacity: Int) {
        if isLent, retired == nil {
            retired = memory
            awaitReturn()
        }
        memory = RecordingMemory(capacity)
        unsafe (base, self.capacity) = unsafe (memory.base, capacity)
        (trains.owner, reads.owner) = (memory, memory)
    }

    // MARK: - Parts

    /// Hands the part on: one chunk.
    func flush() {
        let length = unsafe count - RecordingFormat.chunkHeadLength
        guard length > 0, unsafe !isFinished else { return }
        unsafe base.storeBytes(of: RecordingFormat.chunkMagic.littleEndian, as: UInt32.self)
        unsafe base.storeBytes(of: chunks.littleEndian, toByteOffset: 4, as: UInt32.self)
        unsafe base.storeBytes(of: UInt64(length).littleEndian, toByteOffset: 8, as: UInt64.self)
        unsafe base.storeBytes(of: sum.value.littleEndian, toByteOffset: 16, as: UInt64.self)
        unsafe hand(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base, count: count)))
        chunks += 1
        unsafe count = RecordingFormat.chunkHeadLength
        unsafe sum = RecordingSum(salt: UInt64(chunks))
        if unsafe capacity > partLength || isLent && retired == nil { replaceMemory(partLength) }
        settle()
    }

    /// Hands bytes on that are no chunk.
    func hand(_ bytes: RawSpan) {
        bytesWritten += bytes.byteCount
        do { try sink(bytes) } catch { fail(error) }
    }

    /// Nothing is written any more.
    func finish() { unsafe isFinished = true }

    /// The recording ends, the run does not.
    func fail(_ error: any Error) {
        guard unsafe !isFinished else { return }
        failure = error
        unsafe isFinished = true
    }
}
