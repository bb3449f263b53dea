import Wiring

/// An extension of a segment: a tag and a value that only those who know the tag can read.
public struct LTPExtension: Hashable, Sendable {
    /// 0 authentication, 1 cookie; all others are handed on and otherwise passed over.
    public var tag: UInt8
    /// What it means is the tag's affair.
    public var value: [UInt8]

    /// An extension.
    public init(tag: UInt8, value: [UInt8]) {
        self.tag = tag
        self.value = value
    }
}

/// A segment as a value: for tests, logs and whoever speaks the protocol by hand. The engine itself reads and writes
/// segments without making such values.
///
/// - Source: RFC 5326, 3, with erratum 1657: type 12 is the cancellation by the sender and 13 its acknowledgement.
public struct LTPSegment: Hashable, Sendable {
    /// The session.
    public var session: LTPSession
    /// What the segment says.
    public var content: Content
    /// Extensions in front of the content, 15 at most.
    public var headerExtensions: [LTPExtension] = []
    /// Extensions behind the content, 15 at most.
    public var trailerExtensions: [LTPExtension] = []

    /// What a segment says.
    public enum Content: Hashable, Sendable {
        /// Types 0 to 7.
        case data(Piece)
        /// Type 8.
        case report(Report)
        /// Type 9: the serial number of the report that has arrived.
        case reportAck(UInt64)
        /// Types 12 and 14: which end cancels, and why.
        case cancel(by: LTPEnd, LTPReason)
        /// Types 13 and 15: the cancellation by this end has arrived.
        case cancelAck(of: LTPEnd)
        /// Types 10 and 11, which mean nothing.
        case undefined(UInt8)
    }

    /// A piece of a block.
    public struct Piece: Hashable, Sendable {
        /// 0 red; 1 checkpoint; 2 checkpoint at the end of the red part; 3 the same at the end of the block; 4 green;
        /// 7 green at the end of the block; 5 and 6 mean nothing.
        public var type: UInt8
        /// The client service that the block is for.
        public var client: UInt64
        /// Where in the block the data stand.
        public var offset: UInt64
        /// The data.
        public var data: [UInt8]
        /// The serial number of a checkpoint, 0 for none.
        public var checkpoint: UInt64
        /// The serial number of the report that a checkpoint answers, 0 for none.
        public var report: UInt64

        /// A piece of a block.
        public init(
            type: UInt8, client: UInt64, offset: UInt64, data: [UInt8], checkpoint: UInt64 = 0, report: UInt64 = 0
        ) {
            self.type = type
            self.client = client
            self.offset = offset
            self.data = data
            self.checkpoint = checkpoint
            self.report = report
        }
    }

    /// What the receiver has of the red part between two bounds.
    public struct Report: Hashable, Sendable {
        /// The serial number of the report.
        public var serial: UInt64
        /// The serial number of the checkpoint that asked for it, 0 for none.
        public var checkpoint: UInt64
        /// Where what is spoken of ends; it comes before ``lower`` on the wire.
        public var upper: UInt64
        /// Where it begins.
        public var lower: UInt64
        /// What has arrived: the offset from ``lower``, and the length.
        public var claims: [Claim]

        /// A run of bytes that has arrived.
        public struct Claim: Hashable, Sendable {
            /// The offset from the lower bound of the report.
            public var offset: UInt64
            /// Bytes.
            public var length: UInt64

            /// A run of bytes.
            public init(offset: UInt64, length: UInt64) {
                self.offset = offset
                self.length = length
            }
        }

        /// A report.
        public init(serial: UInt64, checkpoint: UInt64, upper: UInt64, lower: UInt64, claims: [Claim]) {
            self.serial = serial
            self.checkpoint = checkpoint
            self.upper = upper
            self.lower = lower
            self.claims = claims
        }
    }

    /// A segment of `session`.
    public init(_ session: LTPSession, _ content: Content) {
        self.session = session
        self.content = content
    }

    /// The number of the type, 0 to 15.
    public var type: UInt8 {
        switch content {
        case .data(let piece): piece.type
        case .report: 8
        case .reportAck: 9
        case .cancel(by: .sender, _): 12
        case .cancelAck(of: .sender): 13
        case .cancel(by: .receiver, _): 14
        case .cancelAck(of: .receiver): 15
        case .undefined(let type): type
        }
    }

    /// Reads one datagram as a segment. Bytes behind a report are passed over.
    ///
    /// - Throws: ``LTPSegmentError`` that names the field.
    /// - Complexity: linear in the bytes.
    public init(_ bytes: RawSpan) throws(LTPSegmentError) {
        let view = try SegmentView(bytes)
        session = view.id
        switch view.type {
        case 0...7:
            content = .data(
                Piece(
                    type: view.type, client: view.client, offset: view.offset,
                    data: LTPSegment.copy(bytes, view.dataStart..<view.dataStart + view.dataCount),
                    checkpoint: view.checkpoint, report: view.report))
        case 8:
            var (at, claims) = (view.claimStart, [Report.Claim]())
            for _ in 0..<view.claimCount {
                let claim = try SegmentView.readClaim(bytes, at: &at)
                claims.append(Report.Claim(offset: claim.offset, length: claim.length))
            }
            content = .report(
                Report(
                    serial: view.report, checkpoint: view.checkpoint, upper: view.upper, lower: view.lower,
                    claims: claims))
        case 9: content = .reportAck(view.report)
        case 12, 14: content = .cancel(by: view.type == 12 ? .sender : .receiver, LTPReason(rawValue: view.reason))
        case 13, 15: content = .cancelAck(of: view.type == 13 ? .sender : .receiver)
        default: content = .undefined(view.type)
        }
        headerExtensions = try LTPSegment.extensions(Int(view.headerExtensions), bytes, view.headerStart)
        trailerExtensions = try LTPSegment.extensions(Int(view.trailerExtensions), bytes, view.trailerStart)
    }

    private static func copy(_ bytes: RawSpan, _ range: Range<Int>) -> [UInt8] {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe Array($0) }
    }

    private static func extensions(
        _ count: Int, _ bytes: RawSpan, _ start: Int
    ) throws(LTPSegmentError) -> [LTPExtension] {
        var (at, found) = (start, [LTPExtension]())
        for _ in 0..<count {
            let (tag, value) = try SegmentView.readExtension(bytes, at: &at)
            found.append(LTPExtension(tag: tag, value: copy(bytes, value)))
        }
        return found
    }

    /// The segment as bytes.
    ///
    /// - Precondition: 15 extensions at most each way, and an undefined type is 10 or 11.
    public var bytes: [UInt8] {
        precondition(headerExtensions.count < 16 && trailerExtensions.count < 16, "a segment has 15 extensions at most")
        var out = [type] + SDNV.bytes(session.engine) + SDNV.bytes(session.number)
        out.append(UInt8(headerExtensions.count << 4 | trailerExtensions.count))
        for one in headerExtensions { out += [one.tag] + SDNV.bytes(UInt64(one.value.count)) + one.value }
        switch content {
        case .data(let piece):
            out += SDNV.bytes(piece.client) + SDNV.bytes(piece.offset) + SDNV.bytes(UInt64(piece.data.count))
            if (1...3).contains(piece.type) { out += SDNV.bytes(piece.checkpoint) + SDNV.bytes(piece.report) }
            out += piece.data
        case .report(let report):
            for number in [report.serial, report.checkpoint, report.upper, report.lower] { out += SDNV.bytes(number) }
            out += SDNV.bytes(UInt64(report.claims.count))
            for claim in report.claims { out += SDNV.bytes(claim.offset) + SDNV.bytes(claim.length) }
        case .reportAck(let serial): out += SDNV.bytes(serial)
        case .cancel(_, let reason): out.append(reason.rawValue)
        case .cancelAck, .undefined: break
        }
        for one in trailerExtensions { out += [one.tag] + SDNV.bytes(UInt64(one.value.count)) + one.value }
        return out
    }
}
