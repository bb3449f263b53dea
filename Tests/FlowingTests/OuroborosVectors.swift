import Foundation
import Testing
import Wiring

@testable import Flowing

/// Bytes of hex.
func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)!
    }
}

/// Hex of bytes.
func hex(_ bytes: [UInt8]) -> String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }

/// Reads from arrays.
extension FRCTHeader {
    init?(_ bytes: [UInt8]) {
        guard let header = FRCTHeader(bytes.span.bytes) else { return nil }
        self = header
    }
}
extension FlowManagement {
    init?(_ bytes: [UInt8]) {
        guard let frame = FlowManagement(bytes.span.bytes) else { return nil }
        self = frame
    }
}
extension OAPHeader {
    init?(_ bytes: ArraySlice<UInt8>, isAnswer: Bool) {
        let copy = Array(bytes)
        guard let header = OAPHeader(copy.span.bytes, isAnswer: isAnswer) else { return nil }
        self = header
    }
}
extension NameHash {
    init?(_ bytes: [UInt8], at offset: Int) {
        guard let hash = NameHash(bytes.span.bytes, at: offset) else { return nil }
        self = hash
    }
}

/// What `write` appends.
func written(_ write: (inout OutputRawSpan) -> Void) -> [UInt8] {
    Burst().lend {
        write(&$0)
        return [UInt8]($0.bytes)
    }
}

/// `ouroboros.json`.
struct OuroborosFile: Decodable {
    struct Frame: Decodable {
        var name: String
        var oecho_md5, hex: String?
        var packets: [String]?
    }
    var frames: [Frame]

    static let frames: [Frame] = {
        let home = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let path =
            ProcessInfo.processInfo.environment["VECTORS_OUROBOROS"]
            ?? home.appending(path: "Vectors/ouroboros.json").path
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return (try? JSONDecoder().decode(OuroborosFile.self, from: data).frames) ?? []
    }()

    static func bytes(_ name: String) throws -> [UInt8] {
        try FlowingTests.bytes(hex: #require(frames.first { $0.name == name }?.hex))
    }
}

@Suite("OuroborosVectors")
struct OuroborosVectors {
    static let requests: [(name: String, qos: QoSSpec)] = [
        ("FLOW_REQ raw", .raw), ("FLOW_REQ ordered", .bestEffort),
        ("FLOW_REQ reliable", QoSSpec(loss: 0, inOrder: true)),
        ("FLOW_REQ reliable crc", QoSSpec(loss: 0, bitErrors: 0, inOrder: true)),
    ]
    static let id = NameHash([UInt8](0..<16), at: 0)!
    static let stamp: UInt64 = 1_700_000_000_000_000_000

    @Test("the file is there")
    func there() { #expect(OuroborosFile.frames.count == 6) }

    @Test("a request is built to the same bytes, and read back to what it was built from", arguments: requests)
    func request(_ one: (name: String, qos: QoSSpec)) throws {
        let golden = try OuroborosFile.bytes(one.name)
        let name = NameHash("oecho")
        let management = FlowManagement(.request, source: 65, qos: one.qos)
        let oap = OAPHeader(id: Self.id, stamp: Self.stamp)
        let tail = oap.bytes
        let built = written {
            management.write(into: &$0)
            name.write(into: &$0)
            $0.append(contentsOf: tail.span.bytes)
        }
        #expect(hex(built) == hex(golden))
        #expect(FlowManagement(golden) == management)
        #expect(NameHash(golden, at: FlowManagement.size) == name)
        #expect(OAPHeader(golden[63...], isAnswer: false) == oap)
    }

    @Test("an answer is built to the same bytes: it names the request by its hash")
    func reply() throws {
        let golden = try OuroborosFile.bytes("FLOW_REPLY ok")
        let request = OAPHeader(id: Self.id, stamp: Self.stamp).bytes
        let management = FlowManagement(.reply, source: 65, destination: 70)
        let oap = OAPHeader(id: Self.id, stamp: Self.stamp + 5, requestHash: SHA384.digest(request.span.bytes))
        let tail = oap.bytes
        let built = written {
            management.write(into: &$0)
            $0.append(contentsOf: tail.span.bytes)
        }
        #expect(hex(built) == hex(golden))
        #expect(FlowManagement(golden) == management)
        #expect(OAPHeader(golden[47...], isAnswer: true) == oap)
    }

    @Test("packets of a reliable flow: the first starts the run, and the number goes round")
    func packets() throws {
        let golden = try #require(OuroborosFile.frames.last?.packets).map { bytes(hex: $0) }
        for (index, word) in ["one", "two", "three"].enumerated() {
            let header = FRCTHeader(
                index == 0 ? [.data, .startsRun] : .data, sequence: 0xFFFF_FFFE &+ UInt32(index))
            let payload = Array(word.utf8)
            let built = written {
                header.write(into: &$0)
                $0.append(contentsOf: payload.span.bytes)
            }
            #expect(hex(built) == hex(golden[index]))
            #expect(FRCTHeader(golden[index]) == header)
        }
    }

    @Test("a frame that is cut short anywhere is not read, nor is one of another version")
    func short() throws {
        let golden = try OuroborosFile.bytes("FLOW_REPLY ok")
        for count in 0..<golden.count {
            let part = Array(golden.prefix(count))
            #expect((FlowManagement(part) == nil) == (count < FlowManagement.size))
            if count > 47 { #expect(OAPHeader(part[47...], isAnswer: true) == nil) }
            #expect((FRCTHeader(part) == nil) == (count < FRCTHeader.size))
        }
        #expect(FRCTHeader([0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
        var unknown = golden
        unknown[44] = 7
        #expect(FlowManagement(unknown) == nil)
    }
}
