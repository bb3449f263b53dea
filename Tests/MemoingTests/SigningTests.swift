import Doing
import Memoing
import Signing
import Testing

@Suite struct SigningTests {
    #if !canImport(CryptoKit)
        @Test("without a library the error says what was looked for and what to install")
        func missingLibrary() throws {
            let looked = ["libnosuch.so.1", "libnosuch.so"]
            let error = SignerError.libraryMissing(looked: looked, package: "libsodium23")
            #expect(throws: error) { try Ed25519(libraries: looked) }
            #expect(error.description.contains("libsodium23") && error.description.contains("libnosuch.so.1"))
            #expect(throws: SignerError.libraryMissing(looked: [], package: "libsodium23")) {
                try Ed25519(libraries: [])
            }
        }

        @Test("a library that lacks the functions is named, with the function")
        func wrongLibrary() {
            #expect(throws: SignerError.symbolMissing(library: "libm.so.6", symbol: "crypto_sign_seed_keypair")) {
                try Ed25519(libraries: ["libnosuch.so", "libm.so.6"])
            }
        }
    #endif

    /// RFC 8032 §7.1, tests 1 to 3.
    static let published: [(seed: String, key: String, message: String, signature: String)] = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                + "387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                + "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ]

    @Test("the published keys and signatures come out, and only they verify", .enabled(if: hasEd25519))
    func published() throws {
        let signer = try Ed25519()
        for vector in Self.published {
            let seed = try Seed(raw: unhex(vector.seed))
            let key = try signer.verifyKey(of: seed)
            #expect(hex(key.raw) == vector.key)
            let message = unhex(vector.message)
            let expected = try Signature(raw: unhex(vector.signature))
            #if !canImport(CryptoKit)
                let made = try signer.sign(message.span.bytes, seed: seed, verifyKey: key)
                #expect(made == expected)
            #endif
            try check(signer, expected, message, key)
        }
    }

    @Test("the toy signer is deterministic, and refuses what was changed")
    func toy() throws {
        let signer = TestSigner()
        var random = SplitMix64(seed: 8)
        for length in [0, 1, 7, 8, 9, 64, 1000] {
            let seed = try Seed(raw: MemoerTests.bytes(32, seed: random.next()))
            let key = signer.verifyKey(of: seed)
            let message = MemoerTests.bytes(length, seed: random.next())
            let first = signer.sign(message.span.bytes, seed: seed, verifyKey: key)
            let second = signer.sign(message.span.bytes, seed: seed, verifyKey: key)
            #expect(first == second)
            try check(signer, first, message, key)
        }
    }

    /// A good signature verifies; one bit changed anywhere, or another key, and it does not.
    private func check(_ signer: some Signer, _ signature: Signature, _ message: [UInt8], _ key: VerifyKey) throws {
        func isGood(_ signature: Signature, _ message: [UInt8], _ key: VerifyKey) -> Bool {
            signer.verify(signature, of: message.span.bytes, key: key)
        }
        #expect(isGood(signature, message, key))
        for index in 0..<64 {
            var raw = signature.raw
            raw[index] ^= 1 << UInt8(index & 7)
            #expect(!isGood(try Signature(raw: raw), message, key))
        }
        for index in message.indices {
            var other = message
            other[index] ^= 0x10
            #expect(!isGood(signature, other, key))
        }
        #expect(!isGood(signature, message + [0], key))
        var raw = key.raw
        raw[3] ^= 1
        #expect(!isGood(signature, message, try VerifyKey(raw: raw)))
    }
}
