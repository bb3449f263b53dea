/// An Ed25519 verification key: 32 bytes, or `B` and 43 characters.
///
/// - Source: hio `core/memo/memoing.py`, `_encodeQVK`; RFC 8032 §5.1.5.
public struct VerifyKey: Hashable, Sendable, CustomStringConvertible {
    let material: Bytes32

    init(_ material: Bytes32) { self.material = material }

    /// Reads `B` and 43 characters.
    ///
    /// - Throws: ``CodecError``.
    public init(text: String) throws(CodecError) { material = try Bytes32(text, code: "B", field: "verify key") }

    /// A key of 32 bytes.
    ///
    /// - Throws: ``CodecError`` for another code than `B` or another size.
    public init(raw: [UInt8], code: String = "B") throws(CodecError) {
        guard code == "B" else { throw .wrongCode(field: "verify key", code: code) }
        material = try Bytes32(raw, field: "verify key")
    }

    /// The 32 bytes.
    public var raw: [UInt8] { material.bytes }

    /// 44 characters.
    public var text: String { material.text(code: 1) }

    /// The text.
    public var description: String { text }

    /// Lends the 32 bytes to `body`, without allocating.
    public func withBytes<R>(_ body: (RawSpan) -> R) -> R {
        var words = InlineWords4(material)
        return unsafe withUnsafeBytes(of: &words) { body(unsafe $0.bytes) }
    }
}

/// Four words in the order of their bytes.
struct InlineWords4 {
    var a, b, c, d: UInt64

    init(_ material: Bytes32) {
        (a, b) = (material.a.bigEndian, material.b.bigEndian)
        (c, d) = (material.c.bigEndian, material.d.bigEndian)
    }
}
