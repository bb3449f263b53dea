import Testing
import Wiring

@testable import Flowing

@Suite("Digests and checksums give the published values")
struct DigestTests {
    static let alphabet = "abcdefghijklmnopqrstuvwxyz"

    /// RFC 1321 §A.5.
    @Test(
        "MD5",
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (alphabet, "c3fcd3d76192e4007dfb496cca67e13b"),
            (alphabet.uppercased() + alphabet + "0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"),
            (String(repeating: "1234567890", count: 8), "57edf4a22be3c955ac49da2e2107b67a"),
        ])
    func md5(_ text: String, _ digest: String) { #expect(hex(MD5.digest(Array(text.utf8))) == digest) }

    /// FIPS 180-4, and NIST's example values.
    @Test(
        "SHA-384",
        arguments: [
            (
                "abc",
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
            ),
            (
                "",
                "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"
            ),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
                    + "mnopqrstnopqrstu",
                "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"
            ),
        ])
    func sha384(_ text: String, _ digest: String) {
        let bytes = Array(text.utf8)
        let found = SHA384.digest(bytes.span.bytes)
        #expect(hex(found) == digest)
    }

    /// The check value of the CRC catalogue, and zlib.
    @Test(
        "CRC-32",
        arguments: [
            ("", 0), ("123456789", 0xCBF4_3926), ("hello", 0x3610_A686),
            ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
        ] as [(String, UInt32)])
    func crc32(_ text: String, _ sum: UInt32) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            let front = CRC32.checksum(bytes.span.bytes.extracting(0..<cut))
            let whole = CRC32.checksum(bytes.span.bytes.extracting(cut..<bytes.count), from: front)
            #expect(whole == sum)
        }
    }

    @Test("numbers that go round compare across the edge, and a window's edge is the nearest")
    func serial() {
        #expect(UInt32.max.isBefore(0) && !UInt32(0).isBefore(.max) && !UInt32(5).isBefore(5))
        #expect(UInt32(0xFFFF_FFFE).edge(low: 0x3E) == 0x3E)
        #expect(UInt32(0x0100_0000).edge(low: 0xFF_FFFF) == 0x00FF_FFFF)
        #expect(UInt32(7).edge(low: 7) == 7)
    }
}
