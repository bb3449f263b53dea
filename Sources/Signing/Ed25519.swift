import Memoing

#if canImport(CryptoKit)
    import CryptoKit
#endif

/// Ed25519 signatures (RFC 8032): by CryptoKit where there is one, elsewhere by libsodium, loaded when asked for.
///
/// Nothing is linked, so a program that only sends plain memos runs where there is neither. libsodium's signatures are
/// the same for the same message and seed, as RFC 8032 has them; CryptoKit adds randomness to each, which every
/// verifier accepts.
public struct Ed25519: Signer, Sendable {
    #if canImport(CryptoKit)
        /// CryptoKit is part of the system.
        public init() throws(SignerError) {}
    #else
        let sodium: Sodium

        /// The first of libsodium's libraries that can be loaded.
        ///
        /// - Throws: `SignerError.libraryMissing` names what was looked for and what to install.
        public init() throws(SignerError) { try self.init(libraries: SodiumLibrary.names) }

        /// The first of `libraries` that can be loaded: names as the system's loader takes them.
        ///
        /// - Throws: `SignerError`.
        public init(libraries: [String]) throws(SignerError) { sodium = try Sodium(libraries: libraries) }
    #endif
}

#if canImport(CryptoKit)
    extension Ed25519 {
        public func verifyKey(of seed: Seed) throws(SignerError) -> VerifyKey {
            do {
                let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed.raw)
                return try VerifyKey(raw: Array(key.publicKey.rawRepresentation))
            } catch {
                throw .failed(call: "Curve25519.Signing.PrivateKey", code: 0)
            }
        }

        public func sign(_ message: RawSpan, seed: Seed, verifyKey: VerifyKey) throws(SignerError) -> Signature {
            do {
                let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed.raw)
                let bytes = unsafe message.withUnsafeBytes { unsafe Array($0) }
                return try Signature(raw: Array(key.signature(for: bytes)))
            } catch {
                throw .failed(call: "Curve25519.Signing.PrivateKey.signature", code: 0)
            }
        }

        public func verify(_ signature: Signature, of message: RawSpan, key: VerifyKey) -> Bool {
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key.raw) else { return false }
            let bytes = unsafe message.withUnsafeBytes { unsafe Array($0) }
            return key.isValidSignature(signature.raw, for: bytes)
        }
    }
#else
    extension Ed25519 {
        public func verifyKey(of seed: Seed) throws(SignerError) -> VerifyKey { try sodium.verifyKey(of: seed) }

        public func sign(_ message: RawSpan, seed: Seed, verifyKey: VerifyKey) throws(SignerError) -> Signature {
            try sodium.sign(message, seed: seed, verifyKey: verifyKey)
        }

        public func verify(_ signature: Signature, of message: RawSpan, key: VerifyKey) -> Bool {
            sodium.verify(signature, of: message, key: key)
        }
    }
#endif
