import Testing

@testable import Memoing

/// Acks on the wire: what they look like, and what is none.
@Suite struct AckTests {
    static let mid = Mid(high: 0x0001_0203_0405_0607, low: 0x0809_0A0B_0C0D_0E0F)
    static let more = Ack(
        mid: mid, trigger: 9,
        body: .init(base: 3, credit: 771, heard: 8, lag: 1250, held: [0x740000]))

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test("the two acks that are written down come out byte for byte, in both domains, and are read back")
    func vectors() throws {
        let text = "bAAIAAAJ0AAAAQIDBAUGBwgJCgsMDQ4PAAAAAAADAAMDAAAIAATidAAA"
        #expect(try Ack(Array(text.utf8)) == Self.more)
        #expect(String(decoding: Self.more.bytes(in: .text), as: UTF8.self) == text)
        let binary = "6c0008000009d000000102030405060708090a0b0c0d0e0f0000000000030003030000080004e2740000"
        #expect(Self.hex(Self.more.bytes(in: .binary)) == binary)
        #expect(try Ack(Self.more.bytes(in: .binary)) == Self.more)
        let done = Ack(
            mid: Self.mid, trigger: 41, body: .init(status: .done, base: 42, credit: 42, heard: 44, lag: 0))
        #expect(
            String(decoding: done.bytes(in: .text), as: UTF8.self)
                == "bAAIAAAp0AAAAQIDBAUGBwgJCgsMDQ4PABAAAAAqAAAqAAAsAAAA")
    }

    @Test("an ack of a head only has 32 bytes in text, 24 in binary")
    func head() throws {
        let ack = Ack(mid: Self.mid, trigger: 5)
        #expect(ack.bytes(in: .text).count == 32)
        #expect(ack.bytes(in: .binary).count == 24)
        #expect(try Ack(ack.bytes(in: .text)) == ack)
    }

    @Test("what is out of reach of an ack is told by one that begins at it")
    func far() throws {
        let body = Ack.Body(base: 3, credit: 9000, held: [1 << 23, 0x000001], start: 772)
        for domain in [Domain.text, .binary] {
            #expect(try Ack(Ack(mid: Self.mid, trigger: 0, body: body).bytes(in: domain)).body == body)
        }
        var near = body
        near.start = 771
        #expect(throws: AckError.notCanonical) {
            try Ack(Ack(mid: Self.mid, trigger: 0, body: near).bytes(in: .text))
        }
        var hollow = body
        hollow.held[0] = 1
        #expect(throws: AckError.notCanonical) {
            try Ack(Ack(mid: Self.mid, trigger: 0, body: hollow).bytes(in: .text))
        }
    }

    @Test("a sheaf names up to 49 further memos")
    func sheaf() throws {
        let further = (0..<UInt64(Ack.mostFurther)).map { Mid(high: $0, low: ~$0) }
        let ack = Ack(
            mid: Self.mid, trigger: 0, body: .init(status: .done, base: 1, credit: 1, further: further))
        let bytes = ack.bytes(in: .text)
        #expect(try Ack(bytes) == ack)
        #expect(bytes.count == 32 + 20 + 49 * 24)
    }

    @Test("what is no ack is refused with its reason, whatever byte is wrong")
    func refused() {
        let good = Self.more.bytes(in: .binary)
        func wrong(_ index: Int, _ byte: UInt8) -> [UInt8] {
            var bytes = good
            bytes[index] = byte
            return bytes
        }
        // Version, status, flags; the last word of the bitmap; credit below base.
        #expect(throws: AckError.unknown) { try Ack(wrong(24, 0x04)) }
        #expect(throws: AckError.unknown) { try Ack(wrong(25, 0x40)) }
        #expect(throws: AckError.unknown) { try Ack(wrong(26, 0x07)) }
        #expect(throws: AckError.notCanonical) { try Ack(wrong(39, 0)) }
        #expect(throws: AckError.notCanonical) { try Ack(wrong(28, 4)) }
        #expect(throws: AckError.badLength(41)) { try Ack(Array(good.dropLast())) }
        var text = Self.more.bytes(in: .text)
        text[40] = 0x2B
        #expect(throws: AckError.badBody) { try Ack(text) }
    }
}
