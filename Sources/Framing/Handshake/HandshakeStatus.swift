/// The bytes of the handshaken protocol that are no message.
///
/// - Source: PyPI tinyproto 3.0, as its wire behaves.
public enum HandshakeStatus {
    /// Hello, and the answer to a size: go on.
    public static let ok: UInt8 = 0xFF
    /// Instead of a hello: the server has as many connections as it takes.
    public static let connectionLimit: UInt8 = 0xFE
    /// The answer to a size that is too large.
    public static let error: UInt8 = 0x00
    /// The largest size that can be said: so a size never begins with f1 to ff.
    public static let largestSize: UInt32 = 0xF0FF_FFFF
}
