/// A signature: 64 bytes, or `0B` and 86 characters.
///
/// - Source: hio `core/memo/memoing.py`, `_encodeSGN`; RFC 8032 §5.1.6.
public struct Signature: Hashable, Sendable, CustomStringConvertible {
    var r, s: Bytes32

    /// Reads `0B` and 86 characters.
    ///
    /// - Throws: ``CodecError``.
    public init(text: String) throws(CodecError) {
        guard text.hasPrefix("0B") else { throw .wrongCode(field: "signature", code: String(text.prefix(2))) }
        let bytes = try Base64URL.bytes(text, field: "signature", size: 88)
        guard bytes[1] & 15 == 0 else { throw .nonzeroPad(field: "signature") }
        unsafe self.init(bytes.span.bytes, at: 2)
    }

    /// A signature of 64 bytes.
    ///
    /// - Throws: ``CodecError`` for another code than `0B` or another size.
    public init(raw: [UInt8], code: String = "0B") throws(CodecError) {
        guard code == "0B" else { throw .wrongCode(field: "signature", code: code) }
        guard raw.count == 64 else { throw .wrongSize(field: "signature", have: raw.count, need: 64) }
        unsafe self.init(raw.span.bytes)
    }

    /// The 64 bytes from `at` on; `bytes` must have them.
    public init(_ bytes: borrowing RawSpan, at: Int = 0) {
        precondition(at >= 0 && bytes.byteCount - 64 >= at, "signature: \(bytes.byteCount) bytes, need 64 from \(at)")
        r = Bytes32(bytes, at: at)
        s = Bytes32(bytes, at: at + 32)
    }

    /// The 64 bytes.
    public var raw: [UInt8] { r.bytes + s.bytes }

    /// 88 characters.
    public var text: String { Base64URL.text([0xD0, 0x10] + raw) }

    /// The text.
    public var description: String { text }

    /// Lends the 64 bytes to `body`, without allocating.
    public func withBytes<R>(_ body: (RawSpan) -> R) -> R {
        var words = (InlineWords4(r), InlineWords4(s))
        return unsafe withUnsafeBytes(of: &words) { body(unsafe $0.bytes) }
    }
}

extension Signature {
    /// 32 bytes, and 32 zeros behind them.
    init(_ material: Bytes32) {
        r = material
        s = Bytes32(a: 0, b: 0, c: 0, d: 0)
    }
}
