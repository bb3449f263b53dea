/// The keys of a signer: hio's `Keyage`.
///
/// A pair without a seed can verify only.
///
/// - Source: hio `core/memo/memoing.py`, `Keyage(qvk, qss)`.
public struct KeyPair: Hashable, Sendable {
    /// What others check signatures with.
    public var verifyKey: VerifyKey
    /// What signatures are made with; nil where it is not ours.
    public var seed: Seed?

    /// - Parameters:
    ///   - verifyKey: what others check with.
    ///   - seed: what is signed with. That the two belong together is not checked here.
    public init(verifyKey: VerifyKey, seed: Seed? = nil) {
        self.verifyKey = verifyKey
        self.seed = seed
    }

    /// The pair that `signer` makes of `seed`.
    ///
    /// - Throws: what ``Signer/verifyKey(of:)`` throws.
    public init(seed: Seed, signer: some Signer) throws(SignerError) {
        self.init(verifyKey: try signer.verifyKey(of: seed), seed: seed)
    }
}
