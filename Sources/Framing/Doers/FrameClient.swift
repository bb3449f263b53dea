import Doing
import Wiring

/// A client of length-type frames.
public typealias LengthTypeClient<Wire: StreamTransport> = FrameClient<LengthTypeCore, Wire>
/// A client of handshaken frames.
public typealias HandshakeClient<Wire: StreamTransport> = FrameClient<HandshakeCore, Wire>

/// Connects to a server of frames, and connects again when that is over, if it is told to.
///
/// ```swift
/// let client = LengthTypeClient(words, again: try .reconnecting(seed: 1)) { try TCPStream(host: "127.0.0.1", port:
/// 7000) } client.on.up = { connection, _ in try? connection.send(Hello()) }
/// ```
/// It has one connection at a time; several connections are several clients, in one doist or DoDoer. It is done when
/// its connection is over and there will be no other.
public final class FrameClient<Core: FrameCore, Wire: StreamTransport>: DoDoer {
    /// One of its connections.
    public typealias Connection = FrameConnection<Core, Wire>

    private let roster: FrameRoster<Core, Wire>
    private let dialer: FrameDialer<Core, Wire>

    /// - Parameters:
    ///   - again: how long to wait before it connects again; nil for one connection only.
    ///   - burst: room for one read.
    ///   - core: makes the protocol of a connection.
    ///   - wire: makes what a connection rides on; not open yet.
    @inlinable public convenience init(
        again: RetryTymer? = nil, burst: Burst = Burst(), core: @escaping () -> Core,
        over wire: @escaping () throws -> Wire
    ) {
        self.init(again, core, wire, make: { StreamDoer($0, over: $1, burst: burst) })
    }

    @usableFromInline init(
        _ again: RetryTymer?, _ core: @escaping () -> Core, _ wire: @escaping () throws -> Wire,
        make: @escaping (Core, Wire) -> StreamDoer<Core, Wire>
    ) {
        roster = FrameRoster(make)
        dialer = FrameDialer(roster, again, core: core, wire: wire)
        super.init(doers: [dialer])
        dialer.owner = self
    }

    /// What is called when something happens.
    public var on: FrameHooks<Core, Wire> { roster.hooks }

    /// Doers that live beside a connection: see ``FrameServer/serve``.
    public var serve: ((Connection) -> [Doer])? {
        get { roster.serve }
        set { roster.serve = newValue }
    }

    /// Its connection, from the attempt to connect until it is over.
    public var connection: Connection? { roster.connections.last }
    /// Attempts to connect so far.
    public var attempts: Int { dialer.attempts }
    /// When it tries again; nil while it does not wait.
    public var retryTyme: Tyme? { dialer.retryTyme }
    /// Why the last stream could not even be made; nil if it could.
    public var error: (any Error)? { dialer.error }

    /// Connects no more; a connection that stands is closed once all is sent.
    public func stop() {
        dialer.stop()
        connection?.close()
    }
}

extension FrameClient where Core == LengthTypeCore {
    /// A client of length-type frames.
    ///
    /// - Parameters:
    ///   - messages: what it understands.
    ///   - limits: what a connection may hold, and how long it waits.
    ///   - again: how long to wait before it connects again; nil for one connection only.
    ///   - wire: makes what a connection rides on; not open yet.
    @inlinable public convenience init(
        _ messages: LengthTypeProtocol, limits: FrameLimits = .client, again: RetryTymer? = nil,
        over wire: @escaping () throws -> Wire
    ) {
        self.init(again: again, core: { LengthTypeCore(messages, limits: limits) }, over: wire)
    }
}

extension FrameClient where Core == HandshakeCore {
    /// A client of handshaken frames.
    ///
    /// - Parameters:
    ///   - transforms: what changes whole messages on their way.
    ///   - limits: what a connection may hold, and how long it waits.
    ///   - again: how long to wait before it connects again; nil for one connection only.
    ///   - wire: makes what a connection rides on; not open yet.
    @inlinable public convenience init(
        transforms: [any FrameTransform] = [], limits: FrameLimits = .client, again: RetryTymer? = nil,
        over wire: @escaping () throws -> Wire
    ) {
        self.init(again: again, core: { HandshakeCore(transforms: transforms, limits: limits) }, over: wire)
    }
}
