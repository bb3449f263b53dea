/// What one direction of a link does to datagrams.
///
/// ```swift
/// var link = SimLink(delay: 0.025, jitter: 0.005, loss: 0.1)
/// link.duplicate = 0.01
/// ```
/// The first five figures are the model of ``LinkModel``. The others draw from streams of their own, so that changing
/// one of them moves no other draw.
///
/// Figures may be anything until the link is used; ``check()`` tells whether they can be.
public struct SimLink: Hashable, Sendable {
    /// Seconds that every datagram is on its way; 0...1,000,000.
    public var delay: Double
    /// Seconds that a datagram is on its way beyond ``delay`` at most, each span equally likely; 0...1,000,000.
    public var jitter: Double
    /// How likely a datagram is lost; 0...1.
    public var loss: Double
    /// Bits a second, each datagram counting 28 bytes more for its heads; 0 for as fast as can be, else 1...10^15.
    public var rate: Double
    /// Bytes that wait for a link with a ``rate`` at most; what finds no room is dropped. 0...2^40.
    public var queueBytes: Int
    /// Bytes of the longest datagram that gets through; longer ones vanish. Nil for no bound.
    public var mtu: Int?
    /// How likely a datagram that arrives does so twice; 0...1. The copy has a delay of its own.
    public var duplicate = 0.0
    /// How likely a datagram is held up by ``reorderBy``; 0...1.
    public var reorder = 0.0
    /// Seconds; 0...1,000,000.
    public var reorderBy = 0.01
    /// How likely one to four bits of a datagram are turned; 0...1.
    public var corrupt = 0.0
    /// How likely a datagram is cut short, to any length that is less; 0...1.
    public var truncate = 0.0
    /// Losses that come in bursts, beside ``loss``; nil for none.
    public var burst: BurstLoss?

    /// A link; without figures it is ideal.
    public init(
        delay: Double = 0, jitter: Double = 0, loss: Double = 0, rate: Double = 0, queueBytes: Int = 625_000,
        mtu: Int? = nil
    ) {
        self.delay = delay
        self.jitter = jitter
        self.loss = loss
        self.rate = rate
        self.queueBytes = queueBytes
        self.mtu = mtu
    }

    /// Whether the figures can be used.
    ///
    /// - Throws: ``SimLinkError`` naming the first that cannot.
    public func check() throws(SimLinkError) {
        for (name, span) in [("delay", delay), ("jitter", jitter), ("reorderBy", reorderBy)] {
            guard span >= 0, span <= 1_000_000 else {
                throw SimLinkError(name: name, value: span, allowed: "seconds from 0 to 1000000")
            }
        }
        try SimLink.checkProbabilities([
            ("loss", loss), ("duplicate", duplicate), ("reorder", reorder), ("corrupt", corrupt),
            ("truncate", truncate),
        ])
        try burst?.check()
        guard rate == 0 || rate >= 1 && rate <= 1e15 else {
            throw SimLinkError(name: "rate", value: rate, allowed: "0, or bits a second from 1 to 1e15")
        }
        guard queueBytes >= 0, queueBytes <= 1 << 40 else {
            throw SimLinkError(name: "queueBytes", value: Double(queueBytes), allowed: "bytes from 0 to 2^40")
        }
        if let mtu, mtu < 1 { throw SimLinkError(name: "mtu", value: Double(mtu), allowed: "bytes, at least 1") }
    }

    static func checkProbabilities(_ named: [(String, Double)]) throws(SimLinkError) {
        for (name, value) in named where !(value >= 0 && value <= 1) {
            throw SimLinkError(name: name, value: value, allowed: "a probability from 0 to 1")
        }
    }

    /// Nothing but the model of ``LinkModel``.
    var isPlain: Bool {
        mtu == nil && duplicate == 0 && reorder == 0 && corrupt == 0 && truncate == 0 && burst == nil
    }
}
