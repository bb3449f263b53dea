import Wiring

/// A management frame: how two ends of a layer begin a flow and, on our own layers, end it.
///
/// ```
/// endpoint 0 u32 | s_eid u32 | d_eid u32 | response i32 | bandwidth u64
/// | delay, loss, ber, max_gap, timeout u32 each | code u8 | availability u8 | in_order u8         47 bytes, big-endian
/// ```
/// A request goes on with the MD5 of the name and an ``OAPHeader``, an answer with an ``OAPHeader``.
///
/// - Source: Ouroboros 0.23.0, `ipcpd-udp4`, observed on loopback.
struct FlowManagement: Hashable {
    /// What the frame asks for or tells.
    enum Code: UInt8 {
        /// A flow to a name, please. `source` is the asker's endpoint.
        case request = 1
        /// The answer. `source` is the asker's endpoint, `destination` that of who answers.
        case reply = 2
        /// Our own layers: the same two, so that a stray Ouroboros node never mistakes one.
        case ownRequest = 0x21
        case ownReply = 0x22
        /// Our own layers: a place in a broadcast, please.
        case ownJoin = 0x23
        /// Our own layers: the flow is over. `source` is the sender's endpoint, `destination` the receiver's.
        case close = 0x24
        /// Our own layers: the answer to a close, with the ends as the close had them.
        case closed = 0x25
    }

    /// Bytes.
    static let size = 47

    var code: Code
    var source: UInt32
    var destination: UInt32
    /// 0 for yes.
    var response: Int32
    var qos: QoSSpec

    init(_ code: Code, source: UInt32, destination: UInt32 = 0, response: Int32 = 0, qos: QoSSpec = .zero) {
        (self.code, self.source, self.destination) = (code, source, destination)
        (self.response, self.qos) = (response, qos)
    }

    /// Reads the frame at the front of `bytes`; nil if it is cut short or of an unknown code.
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= Self.size, let code = bytes.byte(at: 44).flatMap(Code.init) else { return nil }
        func word(_ offset: Int) -> UInt32 { bytes.bigEndian(UInt32.self, at: offset) ?? 0 }
        self.init(code, source: word(4), destination: word(8), response: Int32(bitPattern: word(12)))
        qos.bandwidth = bytes.bigEndian(UInt64.self, at: 16) ?? 0
        (qos.delay, qos.loss, qos.bitErrors) = (word(24), word(28), word(32))
        (qos.maxGap, qos.timeout) = (word(36), word(40))
        qos.availability = bytes.byte(at: 45) ?? 0
        qos.inOrder = bytes.byte(at: 46) ?? 0
    }

    /// Appends the 47 bytes.
    func write(into out: inout OutputRawSpan) {
        for word in [0, source, destination, UInt32(bitPattern: response)] { out.append(bigEndian: word) }
        out.append(bigEndian: qos.bandwidth)
        for word in [qos.delay, qos.loss, qos.bitErrors, qos.maxGap, qos.timeout] { out.append(bigEndian: word) }
        for byte in [code.rawValue, qos.availability, qos.inOrder] { out.append(byte, as: UInt8.self) }
    }
}
