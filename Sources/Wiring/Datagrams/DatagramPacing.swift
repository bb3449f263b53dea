import Doing

/// How fast a ``CoreDoer`` may send: a rate, and how much may leave at once.
///
/// It is a token bucket over tyme, so the rate holds at every tock. At a coarse tock what the rate allows in one tock
/// leaves at once, even if that is more than ``burst``.
public struct DatagramPacing: Hashable, Sendable {
    /// Bytes a second, above 0.
    public var bytesPerSecond: Double
    /// Bytes that may leave at once after a pause, at least 1. The queue of a UDP socket holds 212,992 unless said
    /// otherwise.
    public var burst: Int
    /// Bytes that every datagram costs beside its own, at least 0: a socket's queue charges small datagrams with much
    /// more than they hold.
    public var overhead: Int

    /// A rate and a burst.
    ///
    /// - Throws: ``TransportError/badValue(name:value:allowed:)`` that names the value.
    public init(bytesPerSecond: Double, burst: Int = 128 << 10, overhead: Int = 0) throws(TransportError) {
        guard bytesPerSecond > 0, bytesPerSecond < .infinity else {
            throw .badValue(name: "bytes per second", value: "\(bytesPerSecond)", allowed: "finite and above 0")
        }
        guard burst >= 1 else { throw .badValue(name: "burst", value: "\(burst)", allowed: "at least 1") }
        guard overhead >= 0 else { throw .badValue(name: "overhead", value: "\(overhead)", allowed: "at least 0") }
        self.bytesPerSecond = bytesPerSecond
        self.burst = burst
        self.overhead = overhead
    }

    /// What a UDP peer with the system's default buffers takes without loss: 8 MB/s, 96 KiB at once, and 1,024 bytes
    /// more for each datagram.
    public static let udp = try! DatagramPacing(bytesPerSecond: 8e6, burst: 96 << 10, overhead: 1024)
}

/// What a ``DatagramPacing`` has left.
@usableFromInline struct PacingState {
    /// Bytes that may leave; below 0 after a datagram that was larger than what was left.
    @usableFromInline var credit = 0.0
    /// When ``credit`` was reckoned last.
    @usableFromInline var tyme = -Tyme.infinity

    @usableFromInline init() {}

    /// What a train may be that is sent at this tyme, nil if none may.
    ///
    /// - Parameter tock: seconds until the next chance to send.
    @usableFromInline @inline(never) mutating func room(
        under pacing: DatagramPacing, _ all: TrainLimits, tock: Double, at tyme: Tyme
    ) -> TrainLimits? {
        let most = max(Double(pacing.burst), pacing.bytesPerSecond * tock)
        if self.tyme == -.infinity {
            credit = most
        } else {
            credit = min(most, credit + max(0, tyme - self.tyme) * pacing.bytesPerSecond)
        }
        self.tyme = tyme
        guard credit > 0 else { return nil }
        var limits = all
        let bytes = Int(min(credit, 1e9))
        if pacing.overhead > 0 { limits.segments = max(1, min(all.segments, bytes / pacing.overhead)) }
        limits.bytes = min(all.bytes, max(bytes, all.datagram))
        return limits
    }

    @usableFromInline mutating func spend(_ bytes: Int, _ datagrams: Int, under pacing: DatagramPacing) {
        credit -= Double(bytes) + Double(datagrams) * Double(pacing.overhead)
    }

    /// When there is credit again.
    @usableFromInline func wakeTyme(under pacing: DatagramPacing) -> Tyme {
        credit > 0 ? tyme : tyme + (1 - credit) / pacing.bytesPerSecond
    }
}
