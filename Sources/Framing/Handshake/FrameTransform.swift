/// Changes whole messages on their way: encrypts, compresses, signs. Both ends have the same ones in the same order.
///
/// ``HandshakeCore`` applies them in their order to what is sent, and in reverse to what comes.
///
/// - Source: PyPI tinyproto 3.0, its plugins.
public protocol FrameTransform {
    /// A message of ours, on its way out.
    ///
    /// - Throws: anything; the message is not sent, and the caller gets the error.
    func outgoing(_ message: [UInt8]) throws -> [UInt8]

    /// What has come, on its way in.
    ///
    /// - Throws: anything: nothing is delivered, and the connection fails with ``FrameError/transform(_:)``.
    func incoming(_ message: [UInt8]) throws -> [UInt8]
}
