/// The secret that an Ed25519 key pair is made of: 32 bytes, or `A` and 43 characters.
///
/// Printing a seed shows no secret.
///
/// - Source: hio `core/memo/memoing.py`, `_encodeQSS`; RFC 8032 §5.1.5.
public struct Seed: Hashable, Sendable {
    let material: Bytes32

    /// Reads `A` and 43 characters.
    ///
    /// - Throws: ``CodecError``.
    public init(text: String) throws(CodecError) { material = try Bytes32(text, code: "A", field: "seed") }

    /// A seed of 32 bytes.
    ///
    /// - Throws: ``CodecError`` for another code than `A` or another size.
    public init(raw: [UInt8], code: String = "A") throws(CodecError) {
        guard code == "A" else { throw .wrongCode(field: "seed", code: code) }
        material = try Bytes32(raw, field: "seed")
    }

    /// The 32 bytes.
    public var raw: [UInt8] { material.bytes }

    /// 44 characters.
    public var text: String { material.text(code: 0) }

    /// Lends the 32 bytes to `body`, without allocating.
    public func withBytes<R>(_ body: (RawSpan) -> R) -> R {
        var words = InlineWords4(material)
        return unsafe withUnsafeBytes(of: &words) { body(unsafe $0.bytes) }
    }
}

extension Seed: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Not the secret.
    public var description: String { "Seed(secret)" }
    /// Not the secret.
    public var debugDescription: String { description }
    /// Not the secret.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
