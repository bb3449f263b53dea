/// Makes and checks signatures. Memoing has none of its own: `Signing` brings Ed25519, ``TestSigner`` a toy.
///
/// Messages are lent and results are values, so that a gram costs no allocation.
public protocol Signer {
    /// The key that signatures made with `seed` are checked with.
    ///
    /// - Throws: ``SignerError``.
    func verifyKey(of seed: Seed) throws(SignerError) -> VerifyKey

    /// Signs `message`.
    ///
    /// - Parameters:
    ///   - message: any bytes, valid for the call.
    ///   - seed: the secret.
    ///   - verifyKey: the key that belongs to it.
    /// - Throws: ``SignerError``.
    func sign(_ message: RawSpan, seed: Seed, verifyKey: VerifyKey) throws(SignerError) -> Signature

    /// True if `signature` is one of `message` under `key`. Never traps, whatever the three are.
    func verify(_ signature: Signature, of message: RawSpan, key: VerifyKey) -> Bool
}

/// Why nothing can be signed.
public enum SignerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No library that signs was found: what was looked for, and the package that brings it.
    case libraryMissing(looked: [String], package: String)
    /// The library is there, but lacks a function.
    case symbolMissing(library: String, symbol: String)
    /// The library could not be made ready, or refused; its code.
    case failed(call: String, code: Int)

    public var description: String {
        switch self {
        case .libraryMissing(let looked, let package):
            "no library for signatures: none of \(looked.joined(separator: ", ")) can be loaded; install \(package)"
        case .symbolMissing(let library, let symbol): "\(library) has no function \(symbol)"
        case .failed(let call, let code): "\(call) failed with \(code)"
        }
    }
}
