import Doing
import Wiring

/// A recording that was read and found whole: every checksum, every record, and the end mark.
///
/// It keeps the bytes it was made of and one number a record, nothing more; a file cannot make it take more than twice
/// its own size, and 2 MiB for the words of its header.
public struct Recording: Sendable {
    /// Which program it is of.
    public let header: RecordingHeader
    let bytes: [UInt8]
    /// Where each record begins.
    let offsets: [Int]

    /// Reads a whole file.
    ///
    /// Linear in its size. Whatever the bytes are, it never traps.
    ///
    /// - Throws: ``RecordingError`` that says what is wrong, and where.
    public init(_ bytes: [UInt8]) throws(RecordingError) {
        self.bytes = bytes
        var at = 0
        header = try Self.header(bytes, &at)
        var offsets: [Int] = []
        offsets.reserveCapacity(Self.countRecords(bytes, at))
        var (chunk, hasEnded) = (UInt32(0), false)
        while at < bytes.count {
            guard !hasEnded else { throw .malformed(at: at, what: "bytes behind the end mark") }
            let end = try Self.chunk(bytes, &at, number: chunk)
            while at < end {
                let entry = try Self.entry(bytes, at, until: end)
                offsets.append(at)
                at = entry.next
                if entry.value == .end { hasEnded = true }
                if hasEnded, at < end { throw .malformed(at: at, what: "a record behind the end mark") }
            }
            chunk &+= 1
        }
        guard hasEnded else { throw .unfinished(at: at) }
        self.offsets = offsets
    }

    /// How many records there are, the end mark included.
    public var count: Int { offsets.count }

    func entry(_ index: Int) -> (value: RecordingEntry, source: Int)? {
        guard index < offsets.count, let entry = try? Self.entry(bytes, offsets[index], until: bytes.count) else {
            return nil
        }
        return (entry.value, entry.source)
    }

    // MARK: - Reading

    /// How many records there seem to be behind `at`, by their lengths: an array that grew would take twice as much.
    private static func countRecords(_ bytes: [UInt8], _ at: Int) -> Int {
        var (count, at) = (0, at)
        unsafe bytes.withUnsafeBytes { all in
            func word(_ at: Int) -> Int {
                unsafe Int(UInt32(littleEndian: all.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            }
            while all.count - at >= RecordingFormat.chunkHeadLength {
                let length = word(at + 8)
                at += RecordingFormat.chunkHeadLength
                let end = min(all.count, at + length)
                while end - at >= 8 {
                    count += 1
                    at += 8 + (word(at + 4) + 7) & ~7
                }
                at = max(at, end)
            }
        }
        return count
    }

    private static func need(_ count: Int, _ bytes: [UInt8], _ at: Int) throws(RecordingError) {
        guard bytes.count - at >= count else { throw .truncated(at: at, need: count, have: bytes.count - at) }
    }

    private static func header(_ bytes: [UInt8], _ at: inout Int) throws(RecordingError) -> RecordingHeader {
        var reader = RecordingReader(bytes: bytes, at: 0, end: bytes.count)
        guard reader.number(UInt64.self) == RecordingFormat.magic else { throw .noRecording }
        try need(RecordingFormat.headLength, bytes, 0)
        let version = reader.number(UInt32.self)!
        guard RecordingFormat.readable.contains(version) else { throw .version(version) }
        let length = Int(reader.number(UInt32.self)!)
        let sum = reader.number(UInt64.self)!
        guard length <= RecordingFormat.longestHeader else { throw .malformed(at: 12, what: "a header of \(length) B") }
        try need(length, bytes, reader.at)
        at = reader.at + length
        let found = unsafe bytes.withUnsafeBytes { all in
            unsafe RecordingSum.of(UnsafeRawBufferPointer(rebasing: all[reader.at..<at]), salt: UInt64(version))
        }
        guard found == sum else { throw .corrupt(at: 0, what: "header") }
        reader = RecordingReader(bytes: bytes, at: reader.at, end: at)
        guard let seed = reader.number(UInt64.self), let count = reader.number(UInt32.self),
            let program = reader.text()
        else { throw .malformed(at: reader.at, what: "header") }
        guard count <= RecordingFormat.mostArguments else {
            throw .malformed(at: reader.at, what: "a header of \(count) arguments")
        }
        var arguments: [String] = []
        for _ in 0..<count {
            guard let text = reader.text() else { throw .malformed(at: reader.at, what: "arguments") }
            arguments.append(text)
        }
        guard reader.at == at else { throw .malformed(at: reader.at, what: "bytes behind the arguments") }
        return RecordingHeader(program: program, arguments: arguments, seed: seed)
    }

    /// The sum of the records between two places; nil if their lengths do not lead from one to the other.
    private static func sum(_ bytes: [UInt8], _ range: Range<Int>, salt: UInt64) -> UInt64? {
        unsafe bytes.withUnsafeBytes { all in
            let start = all.baseAddress!
            var sum = RecordingSum(salt: salt)
            var at = range.lowerBound
            while at < range.upperBound {
                guard range.upperBound - at >= 8 else { return nil }
                let head = unsafe UInt64(littleEndian: all.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                let (length, padded) = (Int(head >> 32), (Int(head >> 32) + 7) & ~7)
                guard range.upperBound - at - 8 >= padded else { return nil }
                let kind = RecordingFormat.Kind(rawValue: UInt8(truncatingIfNeeded: head))
                let runOffset = kind?.runOffset ?? padded
                guard kind?.runOffset == nil || runOffset <= length else { return nil }
                unsafe sum.add(words: start + at, count: 1 + runOffset / 8)
                if kind?.runOffset != nil {
                    let run = (at + 8 + runOffset)..<(at + 8 + padded)
                    unsafe sum.add(run: UnsafeRawBufferPointer(rebasing: all[run]))
                }
                at += 8 + padded
            }
            return sum.value
        }
    }

    /// Checks the chunk that begins at `at`, moves to its first record, and answers where it ends.
    private static func chunk(
        _ bytes: [UInt8], _ at: inout Int, number: UInt32
    ) throws(RecordingError) -> Int {
        let start = at
        try need(RecordingFormat.chunkHeadLength, bytes, at)
        var reader = RecordingReader(bytes: bytes, at: at, end: bytes.count)
        guard reader.number(UInt32.self) == RecordingFormat.chunkMagic else {
            throw .corrupt(at: start, what: "chunk, or its place")
        }
        let found = reader.number(UInt32.self)!
        guard found == number else { throw .malformed(at: start, what: "chunk \(found) where \(number) belongs") }
        let length = reader.number(UInt64.self)!
        let sum = reader.number(UInt64.self)!
        guard length % 8 == 0 else { throw .corrupt(at: start, what: "chunk's length") }
        guard length <= UInt64(bytes.count - reader.at) else {
            throw .truncated(at: start, need: Int(clamping: length), have: bytes.count - reader.at)
        }
        at = reader.at
        let end = at + Int(length)
        guard self.sum(bytes, at..<end, salt: UInt64(number)) == sum else { throw .corrupt(at: start, what: "chunk") }
        return end
    }

    private static func entry(
        _ bytes: [UInt8], _ at: Int, until end: Int
    ) throws(RecordingError) -> (value: RecordingEntry, source: Int, next: Int) {
        var reader = RecordingReader(bytes: bytes, at: at, end: end)
        guard let head = reader.number(UInt64.self) else { throw .malformed(at: at, what: "half a record") }
        let length = Int(head >> 32)
        let kind = RecordingFormat.Kind(rawValue: UInt8(truncatingIfNeeded: head))
        let next = reader.at + (length + 7) & ~7
        guard let kind, length <= RecordingFormat.longestRecord, next <= end else {
            throw .malformed(at: at, what: "a record of kind \(head & 0xFF) and \(length) B")
        }
        var body = RecordingReader(bytes: bytes, at: reader.at, end: reader.at + length)
        let value = body.entry(kind, UInt8(truncatingIfNeeded: head >> 8))
        guard let value, body.at == body.end else { throw .malformed(at: at, what: "the \(kind) record") }
        return (value, Int(UInt16(truncatingIfNeeded: head >> 16)), next)
    }
}
