import Foundation
import Testing
import Wiring

@testable import LTP

/// `ion_segments.json`, as far as the tests read it.
struct IonVectors: Decodable {
    struct Fields: Decodable {
        var type: UInt8
        var engine, session: UInt64
        var client, offset, length, cp, rs, upper, lower: UInt64?
        var claims: [[UInt64]]?
        var reason: UInt8?
        var hext, text: [[Text]]?
    }
    /// A tag or a value.
    enum Text: Decodable {
        case number(UInt8)
        case hex(String)
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(UInt8.self) {
                self = .number(number)
            } else {
                self = .hex(try container.decode(String.self))
            }
        }
    }
    struct Segment: Decodable {
        var from, proxy, header_hex: String
        var length: Int
        var hex: String?
        var fields: Fields?
    }
    struct Case: Decodable, CustomTestStringConvertible {
        var name: String
        var segments: [Segment]
        var testDescription: String { name }
    }
    var cases: [Case]

    static let all: [Case] = {
        let home = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let path =
            ProcessInfo.processInfo.environment["VECTORS_ION_SEGMENTS"]
            ?? home.appending(path: "Vectors/ion_segments.json").path
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return (try? JSONDecoder().decode(IonVectors.self, from: data).cases) ?? []
    }()
}

/// Bytes of hex.
func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)!
    }
}

extension LTPSegment {
    /// What the vector says, with these data.
    init(_ fields: IonVectors.Fields, data: [UInt8]) {
        let content: Content
        switch fields.type {
        case 0...7:
            content = .data(
                Piece(
                    type: fields.type, client: fields.client!, offset: fields.offset!, data: data,
                    checkpoint: fields.cp ?? 0, report: fields.rs ?? 0))
        case 8:
            content = .report(
                Report(
                    serial: fields.rs!, checkpoint: fields.cp!, upper: fields.upper!, lower: fields.lower!,
                    claims: fields.claims!.map { .init(offset: $0[0], length: $0[1]) }))
        case 9: content = .reportAck(fields.rs!)
        case 12, 14:
            content = .cancel(
                by: fields.type == 12 ? .sender : .receiver, LTPReason(rawValue: fields.reason!))
        case 13, 15: content = .cancelAck(of: fields.type == 13 ? .sender : .receiver)
        default: content = .undefined(fields.type)
        }
        self.init(LTPSession(engine: fields.engine, number: fields.session), content)
        headerExtensions = (fields.hext ?? []).map(LTPExtension.init(vector:))
        trailerExtensions = (fields.text ?? []).map(LTPExtension.init(vector:))
    }
}

extension LTPExtension {
    init(vector: [IonVectors.Text]) {
        guard case .number(let tag) = vector[0], case .hex(let hex) = vector[1] else { fatalError("\(vector)") }
        self.init(tag: tag, value: bytes(hex: hex))
    }
}

@Suite("IonSegmentVectors")
struct IonSegmentVectors {
    @Test("the file is there")
    func there() { #expect(!IonVectors.all.isEmpty) }

    @Test(
        "every segment is read to the fields that stand beside it, and written to the same bytes",
        arguments: IonVectors.all)
    func decode(_ one: IonVectors.Case) throws {
        for segment in one.segments {
            var whole = bytes(hex: segment.hex ?? segment.header_hex)
            guard let fields = segment.fields else {
                #expect(throws: LTPSegmentError.self) { try LTPSegment(whole.span.bytes) }
                continue
            }
            // Data that the file leaves out count for nothing here: zeros stand for them.
            let isWhole = segment.hex != nil
            if !isWhole, fields.type < 8 { whole += [UInt8](repeating: 0, count: Int(fields.length!)) }
            #expect(isWhole && fields.type < 8 || whole.count <= segment.length)
            let read = try LTPSegment(whole.span.bytes)
            var data: [UInt8] = []
            if case .data(let piece) = read.content { data = piece.data }
            #expect(data.count == Int(fields.length ?? 0))
            #expect(read == LTPSegment(fields, data: data))
            // Stray bytes behind a report are not written again.
            #expect(read.bytes == Array(whole.prefix(read.bytes.count)))
            #expect(read.bytes.count == whole.count || fields.type == 8)
        }
    }

    /// The reports of this engine on what the vector says was sent; zeros stand for the data, since only places count.
    private func answers(_ one: IonVectors.Case, from sender: String, of engine: UInt64) throws -> [LTPSegment.Report] {
        let world = try World(2)
        let ours = Int(3 - engine)
        try world.open(client: 5, at: ours)
        for segment in one.segments where segment.from == sender && segment.proxy != "drop" {
            guard let fields = segment.fields, fields.type < 8 || fields.type == 9 else { continue }
            let data = [UInt8](repeating: 0, count: Int(fields.length ?? 0))
            world.inject(LTPSegment(fields, data: data), to: ours, from: Int(engine))
            world.run(until: world.tyme + 0.1)
        }
        return world.reports(ours)
    }

    @Test(
        "what ION was sent brings from this engine reports of the same meaning",
        arguments: [
            ("red-1200", "ION engine 1", 1), ("red-1", "ION engine 1", 1), ("mixed-5000-3000", "ION engine 1", 1),
            ("asynchronous-report", "forged peer", 2), ("extensions", "forged peer", 2),
        ] as [(String, String, UInt64)])
    func reports(name: String, sender: String, engine: UInt64) throws {
        let one = try #require(IonVectors.all.first { $0.name == name })
        var expected: [[UInt64]] = []
        for segment in one.segments where segment.from != sender && segment.fields?.type == 8 {
            let fields = segment.fields!
            let meaning = [fields.cp!, fields.lower!, fields.upper!] + fields.claims!.flatMap { $0 }
            if !expected.contains(meaning) { expected.append(meaning) }
        }
        let reports = try answers(one, from: sender, of: engine)
        var meanings: [[UInt64]] = []
        for report in reports {
            let meaning =
                [report.checkpoint, report.lower, report.upper]
                + report.claims.flatMap { [$0.offset, $0.length] }
            if !meanings.contains(meaning) { meanings.append(meaning) }
        }
        #expect(meanings == expected && !expected.isEmpty)
    }
}
