import Testing
import Wiring

@testable import LTP

@Suite("Segments and the numbers in them")
struct SegmentTests {
    static let published: [(bytes: [UInt8], value: UInt64)] = [
        ([0x95, 0x3C], 0xABC), ([0xA4, 0x34], 0x1234), ([0x81, 0x84, 0x34], 0x4234), ([0x7F], 0x7F), ([0x00], 0),
        ([0x81, 0x00], 0x80), ([0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .max),
    ]

    @Test("numbers are read and written as RFC 6256 publishes them", arguments: published)
    func sdnv(bytes: [UInt8], value: UInt64) throws {
        var at = 0
        #expect(try SDNV.read(bytes.span.bytes, .offset, at: &at) == value)
        #expect(at == bytes.count && SDNV.count(value) == bytes.count)
        #expect(SDNV.bytes(value) == bytes && written { SDNV.append(value, to: &$0) } == bytes)
    }

    @Test("every power of two and its neighbours come back, in as many bytes as they need")
    func sdnvRoundTrip() throws {
        for bit in 0..<64 {
            for value in [UInt64(1) << UInt64(bit), (UInt64(1) << UInt64(bit)) - 1] {
                let bytes = written { SDNV.append(value, to: &$0) }
                var at = 0
                #expect(try SDNV.read(bytes.span.bytes, .offset, at: &at) == value)
                #expect(bytes.count == SDNV.count(value) && bytes == SDNV.bytes(value))
                #expect(bytes.count == max(1, (64 - value.leadingZeroBitCount + 6) / 7))
            }
        }
    }

    @Test("leading groups of zero are read; an end too soon, eleven bytes and 65 bits are not")
    func sdnvOddities() {
        func read(_ bytes: [UInt8]) -> Result<UInt64, LTPSegmentError> {
            var at = 0
            return Result { () throws(LTPSegmentError) in try SDNV.read(bytes.span.bytes, .offset, at: &at) }
        }
        #expect(read([0x80, 0x80, 0x05]) == .success(5))
        #expect(read([UInt8](repeating: 0x80, count: 9) + [0x01]) == .success(1))
        #expect(read([UInt8](repeating: 0x80, count: 10) + [0x01]) == .failure(.overflow(.offset)))
        #expect(read([0x82] + [UInt8](repeating: 0x80, count: 8) + [0x00]) == .failure(.overflow(.offset)))
        #expect(read([]) == .failure(.truncated(.offset)))
        #expect(read([0x81, 0x82]) == .failure(.truncated(.offset)))
    }

    static let session = LTPSession(engine: 300, number: 7)
    static let samples: [LTPSegment.Content] =
        (0...7).map { type in
            let isCheckpoint = (1...3).contains(type)
            return .data(
                LTPSegment.Piece(
                    type: UInt8(type), client: 1, offset: 5000, data: [1, 2, 3], checkpoint: isCheckpoint ? 99 : 0,
                    report: isCheckpoint ? 12 : 0))
        } + [
            .report(
                LTPSegment.Report(
                    serial: 5, checkpoint: 6, upper: 900, lower: 100,
                    claims: [.init(offset: 0, length: 10), .init(offset: 300, length: 500)])),
            .reportAck(5), .undefined(10), .undefined(11), .cancel(by: .sender, .user), .cancelAck(of: .sender),
            .cancel(by: .receiver, .miscolored), .cancelAck(of: .receiver),
        ]

    @Test("each of the 16 types comes back as it was, with and without extensions")
    func types() throws {
        for (type, content) in Self.samples.enumerated() {
            var segment = LTPSegment(Self.session, content)
            #expect(segment.type == UInt8(type) && segment.bytes[0] == UInt8(type))
            #expect(try LTPSegment(segment.bytes.span.bytes) == segment)
            segment.headerExtensions = [LTPExtension(tag: 0xC1, value: [9]), LTPExtension(tag: 1, value: [])]
            if type != 10, type != 11 { segment.trailerExtensions = [LTPExtension(tag: 0xC2, value: [8, 8])] }
            #expect(try LTPSegment(segment.bytes.span.bytes) == segment)
        }
    }

    @Test("a segment that is cut anywhere is refused, and one with a byte too many is, unless it is a report")
    func bounds() throws {
        for (type, content) in Self.samples.enumerated() {
            var segment = LTPSegment(Self.session, content)
            segment.headerExtensions = [LTPExtension(tag: 0xC1, value: [9, 9, 9])]
            let bytes = segment.bytes
            for count in 0..<bytes.count {
                #expect(throws: LTPSegmentError.self) { try LTPSegment(Array(bytes[..<count]).span.bytes) }
            }
            let longer = bytes + [0, 1]
            if [8, 10, 11].contains(type) {
                #expect(try LTPSegment(longer.span.bytes) == segment)
            } else {
                #expect(throws: LTPSegmentError.trailing(2)) { try LTPSegment(longer.span.bytes) }
            }
        }
    }

    @Test("another version, lengths beyond the datagram and offsets beyond reason are refused by name")
    func refusals() {
        func refusal(_ bytes: [UInt8]) -> LTPSegmentError? {
            do {
                _ = try LTPSegment(bytes.span.bytes)
                return nil
            } catch { return error }
        }
        #expect(refusal([0x13, 2, 7, 0, 5, 0, 2, 1, 0, 118, 49]) == .version(1))
        #expect(refusal([0, 2, 7, 0, 5, 0, 9, 1]) == .truncated(.data))
        let far: [UInt8] = [0x81] + [UInt8](repeating: 0x80, count: 8) + [0]
        #expect(refusal([0, 2, 7, 0, 5] + far + [1, 1]) == .overflow(.offset))
        #expect(refusal([8, 2, 7, 0, 1, 1] + far + [0, 0]) == .overflow(.upperBound))
        #expect(refusal([8, 2, 7, 0, 1, 1, 9, 0, 200, 0, 1]) == .truncated(.claimCount))
        #expect(refusal([0, 2, 7, 0x10, 0xC1, 200]) == .truncated(.extensionLength))
    }

    @Test("segments are told in words")
    func words() {
        let session = Self.session
        func words(_ content: LTPSegment.Content) -> String? {
            describeSegment(LTPSegment(session, content).bytes.span.bytes)
        }
        #expect(words(Self.samples[0]) == "red 5000+3 of 300.7")
        #expect(words(Self.samples[3]) == "checkpoint 99 5000+3 after report 12 of 300.7, ends the block")
        #expect(words(Self.samples[7]) == "green 5000+3 of 300.7, ends the block")
        #expect(words(Self.samples[8]) == "report 5 on checkpoint 6 of 300.7: has 100..<110 and 400..<900 of 100..<900")
        #expect(words(.cancel(by: .receiver, .miscolored)) == "cancel by receiver of 300.7: miscolored")
        #expect(describeSegment([1, 2].span.bytes) == nil)
    }

    @Test("whatever the bytes are, reading them ends with a segment or a refusal, and a segment comes back")
    func fuzz() throws {
        var random = Draws(1)
        for round in 0..<30_000 {
            var bytes = LTPSegment(Self.session, Self.samples[random.below(16)]).bytes
            if round % 3 == 0 { bytes = (0..<random.below(40)).map { _ in UInt8(random.below(256)) } }
            for _ in 0..<random.below(4) where !bytes.isEmpty {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            guard let segment = try? LTPSegment(bytes.span.bytes) else { continue }
            #expect(try LTPSegment(segment.bytes.span.bytes) == segment)
        }
    }
}
