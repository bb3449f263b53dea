import Wiring

/// A segment as it stands in a datagram: numbers, and where its data are. Reading one allocates nothing.
struct SegmentView {
    var type: UInt8 = 0
    var headerExtensions: UInt8 = 0
    var trailerExtensions: UInt8 = 0
    var reason: UInt8 = 0
    var engine: UInt64 = 0
    var session: UInt64 = 0
    /// Where the header extensions begin, and the trailer extensions.
    var headerStart = 0
    var trailerStart = 0
    /// Data segments.
    var client: UInt64 = 0
    var offset: UInt64 = 0
    var dataStart = 0
    var dataCount = 0
    /// Checkpoints and reports; a report's acknowledgement has ``report`` only.
    var checkpoint: UInt64 = 0
    var report: UInt64 = 0
    var upper: UInt64 = 0
    var lower: UInt64 = 0
    var claimCount = 0
    var claimStart = 0
    /// Where the segment ends, and how many bytes stand behind.
    var end = 0
    var stray = 0

    /// Offsets and lengths below this, so that no sum of two overflows.
    static let farthest: UInt64 = 1 << 62

    var id: LTPSession { LTPSession(engine: engine, number: session) }
    var isData: Bool { type < 8 }
    var isRed: Bool { type < 4 }
    var isCheckpoint: Bool { type >= 1 && type <= 3 }
    /// The offset behind the data.
    var dataEnd: UInt64 { offset &+ UInt64(dataCount) }

    /// Reads a datagram as one segment.
    ///
    /// Bytes behind a report are let pass: ION 4.1.3 sends such. Behind any other segment they are an error, since they
    /// may be data whose length was damaged.
    @inline(__always)
    init(_ bytes: RawSpan) throws(LTPSegmentError) {
        try self.init(first: bytes)
        if stray > 0, type != 8 { throw .trailing(stray) }
    }

    /// Reads the first segment of a datagram; ``stray`` bytes stand behind it. A segment of undefined type takes all.
    @inline(__always)
    init(first bytes: RawSpan) throws(LTPSegmentError) {
        guard bytes.byteCount >= 4 else { throw .truncated(.head) }
        let first = unsafe bytes.unsafeLoad(as: UInt8.self)
        guard first < 16 else { throw .version(first >> 4) }
        type = first
        var at = 1
        engine = try SDNV.read(bytes, .engine, at: &at)
        session = try SDNV.read(bytes, .session, at: &at)
        guard at < bytes.byteCount else { throw .truncated(.extensionCounts) }
        let counts = unsafe bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
        at += 1
        headerStart = at
        if counts != 0 {
            headerExtensions = counts >> 4
            trailerExtensions = counts & 15
            try SegmentView.skipExtensions(Int(headerExtensions), bytes, at: &at)
        }
        if type < 8 {
            client = try SDNV.read(bytes, .client, at: &at)
            offset = try SDNV.read(bytes, .offset, at: &at)
            let length = try SDNV.read(bytes, .length, at: &at)
            if isCheckpoint {
                checkpoint = try SDNV.read(bytes, .checkpoint, at: &at)
                report = try SDNV.read(bytes, .report, at: &at)
            }
            guard length <= UInt64(bytes.byteCount - at) else { throw .truncated(.data) }
            guard offset < SegmentView.farthest else { throw .overflow(.offset) }
            (dataStart, dataCount) = (at, Int(length))
            at += Int(length)
        } else {
            try readControl(bytes, at: &at)
        }
        trailerStart = at
        if trailerExtensions > 0 { try SegmentView.skipExtensions(Int(trailerExtensions), bytes, at: &at) }
        end = type == 10 || type == 11 ? bytes.byteCount : at
        stray = bytes.byteCount - end
    }

    private mutating func readControl(_ bytes: RawSpan, at: inout Int) throws(LTPSegmentError) {
        switch type {
        case 8:
            report = try SDNV.read(bytes, .report, at: &at)
            checkpoint = try SDNV.read(bytes, .checkpoint, at: &at)
            upper = try SDNV.read(bytes, .upperBound, at: &at)
            lower = try SDNV.read(bytes, .lowerBound, at: &at)
            let count = try SDNV.read(bytes, .claimCount, at: &at)
            guard count <= UInt64(bytes.byteCount - at) / 2 else { throw .truncated(.claimCount) }
            guard upper < SegmentView.farthest else { throw .overflow(.upperBound) }
            (claimStart, claimCount) = (at, Int(count))
            for _ in 0..<claimCount { _ = try SegmentView.readClaim(bytes, at: &at) }
        case 9: report = try SDNV.read(bytes, .report, at: &at)
        case 12, 14:
            guard at < bytes.byteCount else { throw .truncated(.reason) }
            reason = unsafe bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
            at += 1
        default: break
        }
    }

    /// The claim at `place`, and moves `place` behind it.
    static func readClaim(
        _ bytes: RawSpan, at place: inout Int
    ) throws(LTPSegmentError) -> (offset: UInt64, length: UInt64) {
        let offset = try SDNV.read(bytes, .claimOffset, at: &place)
        let length = try SDNV.read(bytes, .claimLength, at: &place)
        guard offset < farthest else { throw .overflow(.claimOffset) }
        guard length < farthest else { throw .overflow(.claimLength) }
        return (offset, length)
    }

    /// Moves `place` behind `count` extensions.
    static func skipExtensions(_ count: Int, _ bytes: RawSpan, at place: inout Int) throws(LTPSegmentError) {
        for _ in 0..<count { _ = try readExtension(bytes, at: &place) }
    }

    /// The tag of the extension at `place` and where its value stands, and moves `place` behind it.
    static func readExtension(
        _ bytes: RawSpan, at place: inout Int
    ) throws(LTPSegmentError) -> (tag: UInt8, value: Range<Int>) {
        guard place < bytes.byteCount else { throw .truncated(.extensionTag) }
        let tag = unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
        place += 1
        let length = try SDNV.read(bytes, .extensionLength, at: &place)
        guard length <= UInt64(bytes.byteCount - place) else { throw .truncated(.extensionValue) }
        let value = place..<place + Int(length)
        place = value.upperBound
        return (tag, value)
    }
}
