import Framing
import Synchronization

/// The one message of `frame-peer`: plain bytes, of the type that the command line says.
struct DemoMessage: LengthTypeMessage {
    private static let chosen = Mutex<FrameType>(2)
    static var type: FrameType { chosen.withLock { $0 } }
    /// Once, before any connection.
    static func choose(_ type: FrameType) { chosen.withLock { $0 = type } }

    var bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }
    init(unpacking body: [UInt8]) throws(BodyError) { bytes = body }
    func pack(into body: inout [UInt8]) { body += bytes }
}
