import CSockets
import Wiring

/// What a stream socket is asked for, by whoever connects and by a listener for those that it takes.
public struct StreamOptions: Hashable, Sendable {
    /// Small writes leave at once (TCP_NODELAY). On by default: a core hands over whole batches, so that waiting for
    /// more only delays them. Off, the system joins small writes while earlier ones are unanswered. Unix streams never
    /// wait.
    public var sendsAtOnce: Bool
    /// Seconds of silence, 1...32,767, after which the system asks the other end whether it lives; it asks four times,
    /// a quarter of it apart, before the connection is lost. Nil, the default, for never. TCP only.
    public var keepAlive: Int?
    /// Bytes that the kernel may hold for sending; nil leaves it to the system, which adapts it.
    public var sendBufferSize: Int?
    /// Bytes that the kernel may hold before they are read; nil leaves it to the system, which adapts it.
    public var receiveBufferSize: Int?
    /// Seconds of tyme that connecting to one address may take, above 0.
    public var connectTimeout: Double

    /// The defaults: batches leave at once, the rest is the system's choice, ten seconds to connect.
    public init(
        sendsAtOnce: Bool = true, keepAlive: Int? = nil, sendBufferSize: Int? = nil, receiveBufferSize: Int? = nil,
        connectTimeout: Double = 10
    ) {
        self.sendsAtOnce = sendsAtOnce
        self.keepAlive = keepAlive
        self.sendBufferSize = sendBufferSize
        self.receiveBufferSize = receiveBufferSize
        self.connectTimeout = connectTimeout
    }

    func check() throws(TransportError) {
        try Self.check("keepAlive", keepAlive, in: 1...32_767)
        try Self.check("sendBufferSize", sendBufferSize, in: 1...1 << 30)
        try Self.check("receiveBufferSize", receiveBufferSize, in: 1...1 << 30)
        guard connectTimeout > 0, connectTimeout.isFinite else {
            throw .badValue(name: "connectTimeout", value: "\(connectTimeout)", allowed: "seconds above 0")
        }
    }

    private static func check(_ name: String, _ value: Int?, in range: ClosedRange<Int>) throws(TransportError) {
        guard let value, !range.contains(value) else { return }
        throw .badValue(name: name, value: "\(value)", allowed: "\(range.lowerBound)...\(range.upperBound)")
    }

    /// Sets all of it; 0 or a negated error number.
    func apply(to descriptor: Int32, isTCP: Bool) -> Int32 {
        for (option, size) in [(CSK_SEND_BUFFER, sendBufferSize), (CSK_RECEIVE_BUFFER, receiveBufferSize)] {
            guard let size else { continue }
            let result = csk_set(descriptor, Int32(option), Int32(size))
            if result < 0 { return result }
        }
        guard isTCP else { return 0 }
        if sendsAtOnce {
            let result = csk_stream_set(descriptor, Int32(CSK_NO_DELAY), 1)
            if result < 0 { return result }
        }
        guard let keepAlive else { return 0 }
        return csk_stream_set(descriptor, Int32(CSK_KEEP_ALIVE), Int32(keepAlive))
    }
}
