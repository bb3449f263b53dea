#if !canImport(CryptoKit)
    import Memoing

    /// Four functions of libsodium, found at run time.
    ///
    /// - Source: libsodium, `crypto_sign.h`. A secret key is there the seed with the verification key behind it.
    @safe struct Sodium: Sendable {
        private typealias SeedKeypair =
            @Sendable @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeRawPointer) -> Int32
        private typealias Sign =
            @Sendable @convention(c) (
                UnsafeMutableRawPointer, UnsafeMutablePointer<UInt64>?, UnsafeRawPointer, UInt64, UnsafeRawPointer
            ) -> Int32
        private typealias Verify =
            @Sendable @convention(c) (UnsafeRawPointer, UnsafeRawPointer, UInt64, UnsafeRawPointer) -> Int32

        private typealias Clear = @Sendable @convention(c) (UnsafeMutableRawPointer, Int) -> Void

        /// Clears a secret for good: the compiler may leave out a store that nobody reads.
        private let clear: Clear
        private let seedKeypair: SeedKeypair
        private let signDetached: Sign
        private let verifyDetached: Verify

        init(libraries: [String]) throws(SignerError) {
            let library = try SodiumLibrary(libraries)
            unsafe seedKeypair = try unsafe library.find("crypto_sign_seed_keypair", as: SeedKeypair.self)
            unsafe signDetached = try unsafe library.find("crypto_sign_detached", as: Sign.self)
            unsafe verifyDetached = try unsafe library.find("crypto_sign_verify_detached", as: Verify.self)
            unsafe clear = try unsafe library.find("sodium_memzero", as: Clear.self)
            try library.start()
        }

        func verifyKey(of seed: Seed) throws(SignerError) -> VerifyKey {
            var code: Int32 = 0
            var key = [UInt8](repeating: 0, count: 32)
            var secret = SecretKey()
            unsafe withUnsafeMutableBytes(of: &secret) { secret in
                unsafe key.withUnsafeMutableBytes { key in
                    seed.withBytes { seed in
                        unsafe seed.withUnsafeBytes { seed in
                            code = unsafe seedKeypair(key.baseAddress!, secret.baseAddress!, seed.baseAddress!)
                        }
                    }
                }
                unsafe clear(secret.baseAddress!, secret.count)
            }
            guard code == 0, let made = try? VerifyKey(raw: key) else {
                throw .failed(call: "crypto_sign_seed_keypair", code: Int(code))
            }
            return made
        }

        func sign(_ message: RawSpan, seed: Seed, verifyKey: VerifyKey) throws(SignerError) -> Signature {
            var secret = SecretKey()
            var room = SecretKey()
            var code: Int32 = 0
            unsafe withUnsafeMutableBytes(of: &secret) { secret in
                seed.withBytes { unsafe $0.withUnsafeBytes { unsafe secret.copyMemory(from: $0) } }
                let back = unsafe UnsafeMutableRawBufferPointer(rebasing: secret[32...])
                verifyKey.withBytes { unsafe $0.withUnsafeBytes { unsafe back.copyMemory(from: $0) } }
                unsafe withUnsafeMutableBytes(of: &room) { room in
                    unsafe message.withUnsafeBytes { message in
                        // libsodium reads nothing where the length is 0, but wants a pointer.
                        let bytes = unsafe message.baseAddress ?? UnsafeRawPointer(secret.baseAddress!)
                        code = unsafe signDetached(
                            room.baseAddress!, nil, bytes, UInt64(message.count), secret.baseAddress!)
                    }
                }
                unsafe clear(secret.baseAddress!, secret.count)
            }
            guard code == 0 else { throw .failed(call: "crypto_sign_detached", code: Int(code)) }
            return unsafe withUnsafeBytes(of: &room) { Signature(unsafe $0.bytes) }
        }

        func verify(_ signature: Signature, of message: RawSpan, key: VerifyKey) -> Bool {
            signature.withBytes { signature in
                key.withBytes { key in
                    unsafe signature.withUnsafeBytes { signature in
                        unsafe key.withUnsafeBytes { key in
                            unsafe message.withUnsafeBytes { message in
                                let bytes = unsafe message.baseAddress ?? key.baseAddress!
                                return unsafe verifyDetached(
                                    signature.baseAddress!, bytes, UInt64(message.count), key.baseAddress!) == 0
                            }
                        }
                    }
                }
            }
        }
    }

    /// Sixty-four bytes on the stack.
    private struct SecretKey {
        var words = (
            UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0)
        )
    }
#endif
