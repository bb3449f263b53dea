/// Cuts bytes into length-type frames, wherever they are cut themselves.
struct LengthTypeDecoder {
    enum Frame: Equatable {
        case body(FrameType, [UInt8])
        case skipped(FrameType, length: Int)
    }

    private let format: LengthTypeFormat
    private let limit: Int
    private let knows: (FrameType) -> Bool
    /// What has come of the head; whole while a body is under way.
    private var head: [UInt8] = []
    private(set) var body = BodyBuffer()
    private var type: FrameType = 0
    private var isKnown = false

    /// - Parameter limit: bytes of the longest body.
    init(_ format: LengthTypeFormat, limit: Int, knows: @escaping (FrameType) -> Bool) {
        self.format = format
        self.limit = limit
        self.knows = knows
        head.reserveCapacity(format.headSize)
    }

    /// Whether a frame has begun.
    var isPartial: Bool { !head.isEmpty }
    /// For what it waits.
    var phase: FramePhase { head.count < format.headSize ? .head : .body }
    /// Bytes that it holds.
    var held: Int { body.bytes.count }
    /// The bytes of a frame that has begun, as far as they are kept.
    var partial: [UInt8] { head + body.bytes }
    /// How much of it has come, and how much there will be as far as is known.
    var truncation: FrameError { .truncated(have: head.count + body.have, need: format.headSize + body.need) }

    /// Forgets the frame that has begun.
    mutating func clear() {
        head.removeAll(keepingCapacity: true)
        body.clear()
    }

    /// Goes on from `index`; the next frame, or nil when all is taken.
    mutating func next(
        _ bytes: UnsafeRawBufferPointer, from index: inout Int
    ) throws(FrameError) -> Frame? {
        if head.isEmpty, bytes.count - index >= format.headSize {
            let (length, type) = unsafe format.read(bytes, at: index)
            let count = try readHead(length, type)
            let start = index + format.headSize
            if isKnown, bytes.count - start >= count {
                index = start + count
                return unsafe .body(type, [UInt8](UnsafeRawBufferPointer(rebasing: bytes[start..<index])))
            }
            unsafe head.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<start]))
            index = start
            body.begin(count, skipping: !isKnown)
        }
        if head.count < format.headSize {
            while index < bytes.count, head.count < format.headSize {
                unsafe head.append(bytes[index])
                index += 1
                // Before the type is there: a bad length is not waited out.
                if head.count == format.length.width { try checkLength() }
            }
            guard head.count == format.headSize else { return nil }
            let (length, type) = unsafe head.withUnsafeBytes { unsafe format.read($0, at: 0) }
            body.begin(try readHead(length, type), skipping: !isKnown)
        }
        unsafe body.take(bytes, from: &index)
        guard body.isWhole else { return nil }
        head.removeAll(keepingCapacity: true)
        let length = body.need
        let bytes = body.deliver()
        return isKnown ? .body(type, bytes) : .skipped(type, length: length)
    }

    /// Takes note of the type in a whole head; bytes of the body.
    private mutating func readHead(_ length: Int128, _ type: FrameType) throws(FrameError) -> Int {
        let count = try bodyCount(length)
        self.type = type
        isKnown = knows(type)
        return count
    }

    private func checkLength() throws(FrameError) {
        _ = try unsafe bodyCount(head.withUnsafeBytes { unsafe format.length.read($0, at: 0) })
    }

    /// Bytes of the body of a frame of so many bytes.
    private func bodyCount(_ length: Int128) throws(FrameError) -> Int {
        guard length >= Int128(format.headSize) else { throw .badLength(length, head: format.headSize) }
        let count = length - Int128(format.headSize)
        guard count <= Int128(limit) else { throw .tooLarge(size: UInt64(count), limit: UInt64(limit)) }
        return Int(count)
    }
}
