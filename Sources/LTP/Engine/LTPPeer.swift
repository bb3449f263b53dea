import Doing
import Wiring

/// An engine at the other end of a link, and how to talk to it. Seconds are seconds of tyme.
///
/// Change what you want and give it to ``LTPEngine/add(_:)``, or to ``LTPEngine/update(_:)`` at run time.
public struct LTPPeer: Hashable, Sendable {
    /// Its number.
    public var engine: UInt64
    /// Where segments to it go. What comes from another host is not from it; the port counts for nothing, since ION
    /// sends from any.
    public var address: Address
    /// Bytes of a datagram at most, from 32 on.
    public var mtu = 1400
    /// Bytes a second at most, with all heads of LTP; nil for as fast as the transport takes them.
    ///
    /// LTP hears of a loss only a round trip later, so nothing but this keeps a sender from flooding a receiver: 8 MB/s
    /// is what an ION with its default socket buffer keeps up with.
    public var rate: Double? = 8_000_000
    /// Bytes that leave at once after a pause, where there is a rate.
    public var burst = 65_536
    /// Bytes of red data to it, of all blocks, that are under way at most until a report tells of them; nil for no
    /// bound.
    ///
    /// A checkpoint stands then in every quarter of it, so that reports come as fast as the receiver reads, and the
    /// sender goes no faster: right on a short link to a peer with as large a socket buffer. Of no use over light
    /// minutes; and ION 4.1.3 takes too many checkpoints for a fault.
    public var window: Int?
    /// Seconds that light takes to it, one way.
    public var lightTime = 0.0
    /// Seconds that a segment lies at either end until it is answered, at most. A segment is repeated after twice the
    /// sum of light time and margin.
    public var margin = 0.5
    /// How often a checkpoint, a report or a cancellation is repeated before the session is given up.
    public var retries = 20
    /// Rounds of retransmission of one block before it is given up.
    public var cycles = 1000
    /// A checkpoint in every so many segments of the red part, beside the one at its end; 0 for none.
    public var checkpointEvery = 0
    /// Seconds that a report with gaps waits for segments that were overtaken.
    public var deferral = 0.02
    /// How often checkpoints and control segments are sent ahead of any timer, 1 to 8: more than once spares round
    /// trips where many are lost.
    public var copies = 1
    /// Bytes of red part that are taken from it at most.
    public var redLimit = 256 << 20
    /// Bytes of red part that room is made for at the first segment of a block, so that it need not grow.
    public var expectedRed = 0
    /// Blocks under way to it at most; more wait.
    public var exports = 1024
    /// Blocks that wait at most; more are refused.
    public var waiting = 65_536
    /// Blocks under way from it at most.
    public var imports = 16_384
    /// Bytes that those may take together.
    public var importBytes = 1 << 30
    /// Seconds without a segment after which a block from it is given up; nil for two timers more than are waited for.
    public var idleLimit: Double?
    /// How segments are authenticated, both ways; nil for not at all, and what the peer puts in is then passed over.
    public var authentication: LTPAuthentication?
    /// Bytes of the cookie that this engine puts into each session with the peer, so that nobody who does not see the
    /// session can say anything in it; 0 for none, and cookies of the peer are then passed over. At most 64.
    ///
    /// A cookie is of little use alone against those who see the link: authenticate as well.
    ///
    /// - Source: RFC 5327, 2.2.
    public var cookieBytes = 0
    /// When there is a link; empty for always. Outside of them nothing is sent, and timers stand still.
    public var contacts: [LTPContact] = []

    /// The peer `engine` at `address`, with the default of everything else.
    public init(engine: UInt64, address: Address) {
        self.engine = engine
        self.address = address
    }

    /// Seconds until a segment is repeated.
    public var timeout: Double { 2 * (lightTime + margin) }

    /// Seconds without a segment after which a block is given up.
    var patience: Double { idleLimit ?? Double(retries + 2) * timeout + 10 }

    /// - Throws: ``LTPError/badValue(name:value:allowed:)`` for the first value that cannot be used.
    public func check() throws(LTPError) {
        try LTPPeer.check("mtu", mtu, 32...65_507)
        if let rate, !(rate.isFinite && rate >= 1) {
            throw .badValue(name: "rate", value: "\(rate)", allowed: "at least 1 byte a second, finite, or nil")
        }
        for (name, seconds) in [("lightTime", lightTime), ("margin", margin), ("deferral", deferral)] {
            try LTPPeer.check(name, seconds)
        }
        if let idleLimit { try LTPPeer.check("idleLimit", idleLimit) }
        if timeout == 0 {
            throw .badValue(name: "margin", value: "0", allowed: "more than 0 where light takes no time")
        }
        try LTPPeer.check("burst", burst, 1...1 << 30)
        if let window { try LTPPeer.check("window", window, 1...1 << 40) }
        try LTPPeer.check("retries", retries, 0...10_000)
        try LTPPeer.check("cycles", cycles, 1...1_000_000)
        try LTPPeer.check("checkpointEvery", checkpointEvery, 0...1 << 30)
        try LTPPeer.check("copies", copies, 1...8)
        try LTPPeer.check("redLimit", redLimit, 0...1 << 40)
        try LTPPeer.check("expectedRed", expectedRed, 0...redLimit)
        try LTPPeer.check("exports", exports, 1...1 << 24)
        try LTPPeer.check("waiting", waiting, 0...1 << 24)
        try LTPPeer.check("imports", imports, 1...1 << 24)
        try LTPPeer.check("importBytes", importBytes, 1...1 << 40)
        try LTPPeer.check("cookieBytes", cookieBytes, 0...CookieJar.longest)
        try authentication?.check()
        var last = -Tyme.infinity
        for contact in contacts {
            guard contact.from >= last, contact.to > contact.from, contact.from.isFinite else {
                throw .badValue(name: "contacts", value: "\(contact)", allowed: "contacts in order that do not overlap")
            }
            last = contact.to
        }
    }

    fileprivate static func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(LTPError) {
        guard allowed.contains(value) else {
            throw .badValue(name: name, value: "\(value)", allowed: "\(allowed.lowerBound) to \(allowed.upperBound)")
        }
    }

    fileprivate static func check(_ name: String, _ seconds: Double) throws(LTPError) {
        guard seconds >= 0, seconds <= 1e9 else {
            throw .badValue(name: name, value: "\(seconds)", allowed: "0 to 10^9 seconds")
        }
    }
}

/// A time in which there is a link.
public struct LTPContact: Hashable, Sendable {
    /// From this tyme on.
    public var from: Tyme
    /// Until this tyme.
    public var to: Tyme
    /// Bytes a second meanwhile; nil for the peer's.
    public var rate: Double?

    /// A contact, in both directions.
    public init(from: Tyme, to: Tyme, rate: Double? = nil) {
        self.from = from
        self.to = to
        self.rate = rate
    }
}

/// Blocks that are small, and that may wait a moment, leave as one: their bytes one behind the other, so whoever reads
/// them must know where each ends. Only what is sent with this is joined; nothing else is ever held back.
public struct LTPJoining: Hashable, Sendable {
    /// The joined block leaves when it has as many bytes, from 1 on.
    public var bytes: Int
    /// Seconds after its first block at which it leaves with what it has.
    public var seconds: Double

    /// Joins up to `bytes` for `seconds`.
    public init(bytes: Int = 65_536, seconds: Double = 0.1) {
        self.bytes = bytes
        self.seconds = seconds
    }

    /// - Throws: ``LTPError/badValue(name:value:allowed:)``.
    func check() throws(LTPError) {
        try LTPPeer.check("joining.bytes", bytes, 1...1 << 30)
        try LTPPeer.check("joining.seconds", seconds)
    }
}

/// What is done with segments of engines that are no peers.
public enum LTPStrangers: Hashable, Sendable {
    /// They are dropped and counted.
    case drop
    /// Each becomes a peer like this one, with its own number and the address that it came from, up to so many.
    case accept(like: LTPPeer, most: Int)
}

/// Bounds of an engine that are not those of one peer.
public struct LTPLimits: Hashable, Sendable {
    /// Sessions from others that are remembered after their end, so that late segments do not open them anew.
    public var closedSessions = 65_536
    /// Seconds that they are remembered; nil for as long as their sender may repeat something.
    public var closedMemory: Double?
    /// Sessions that ``LTPEngine/closedRows`` tells of.
    public var closedRows = 256
    /// Blocks that a client service has been given and its user has not taken, at most: with more the engine opens no
    /// new session for it, and the sender tries again.
    public var unread = 1024
    /// Bytes of those at most.
    public var unreadBytes = 1 << 30
    /// Events that wait to be polled, with which green segments are dropped.
    public var events = 65_536
    /// Bytes of storage that was given back, kept for blocks to come.
    public var spareBytes = 256 << 20
    /// Runs that what has arrived of a block may have, with gaps between.
    public var runs = 65_536
    /// Reports of one session.
    public var reports = 8192
    /// Control segments that wait for one peer.
    public var control = 16_384

    /// The defaults.
    public init() {}
}
