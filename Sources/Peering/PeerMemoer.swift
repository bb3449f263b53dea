import Doing
import Memoing
import Sockets
import Wiring

/// Sends and receives memos over UDP: a memoer, a socket, and the doer that joins them.
///
/// ```swift
/// let peer = try PeerMemoer(port: 5501)   // PeerMemoer() takes any port that is free
/// peer.onEvent = { peer, event, tyme in … }
/// try peer.core.memoit("hello", to: .ip4(0x7F00_0001, port: 5502))
/// try Doist([peer]).run(limit: 1.0, pace: .real)
/// ```
/// It is a `CoreDoer`: `core` is the memoer, `wire` the socket.
///
/// - Source: hio `core/udp/peermemoing.py`, `PeerMemoer` and `PeerMemoerDoer`.
public typealias PeerMemoer = CoreDoer<Memoer, UDPPeer>

/// hio's name for the doer of a ``PeerMemoer``, which here is one with it.
public typealias PeerMemoerDoer = PeerMemoer

/// Sends and receives memos over Unix datagrams.
///
/// - Source: hio `core/uxd/peermemoing.py`, `PeerMemoer` and `PeerMemoerDoer`.
public typealias UXDPeerMemoer = CoreDoer<Memoer, UXDPeer>

extension CoreDoer where Core == Memoer, Wire == UDPPeer {
    /// A peer for memos on a UDP port, with the defaults that suit UDP: grams of 1,240 bytes; plain memos leave at
    /// `DatagramPacing.udp`, sure ones as fast as their acks come.
    ///
    /// - Parameters:
    ///   - port: of this host; 0, the default, for any that is free: then the socket is opened at once, as hio does, so
    ///     that `wire.address` is known.
    ///   - host: a numeric address of this host; empty for every IPv4 interface.
    ///   - kind: what memos are sent as where it is not said: plain ones, or sure ones, which arrive or say why not.
    ///   - random: for mids that nobody can guess. A program that must replay hands in a generator with a seed.
    /// - Throws: `TransportError` for a host that is no numeric address; `MemoError`.
    public convenience init(
        port: UInt16 = 0, host: String = "127.0.0.1", kind: MemoKind = .plain, random: some RandomSource = .system
    ) throws {
        self.init(try Memoer(kind: kind, random: random), over: try UDPPeer(host: host, port: port))
        if port == 0 { try wire.open() }
        if !kind.isSure { pacing = .udp }
    }
}

extension CoreDoer where Core == Memoer, Wire == UXDPeer {
    /// A peer for memos at a Unix path, with the defaults that suit Unix datagrams: grams of 65,535 bytes, and no
    /// pacing, since the kernel holds the sender back and loses nothing.
    ///
    /// - Parameters:
    ///   - path: where its socket stands; other peers name it as their destination.
    ///   - kind: what memos are sent as where it is not said.
    ///   - random: for mids that nobody can guess.
    /// - Throws: `TransportError` for a path that no socket can have; `MemoError`.
    public convenience init(path: UXDPath, kind: MemoKind = .plain, random: some RandomSource = .system) throws {
        self.init(try Memoer(kind: kind, random: random), over: try UXDPeer(at: path))
        if kind.isSure { core.sureDefaults.control = .none(window: 64) }
    }
}

/// Opens a peer for memos without a doist, lends it to `body`, and closes it on every way out: for programs that
/// service it by hand.
///
/// - Source: hio `core/udp/peermemoing.py`, `openPM`.
public func withPeerMemoer<R>(
    port: UInt16, host: String = "127.0.0.1", kind: MemoKind = .plain, random: some RandomSource = .system,
    _ body: (inout Memoer, inout UDPPeer) throws -> R
) throws -> R {
    var memoer = try Memoer(kind: kind, random: random)
    return try withPeer(try UDPPeer(host: host, port: port)) { peer in
        memoer.opened(peer.limits, at: 0)
        return try body(&memoer, &peer)
    }
}
