/// Loss in bursts: a way that is good or bad, and changes between the two from datagram to datagram.
///
/// On average a bad spell lasts 1 / ``leave`` datagrams, and `enter / (enter + leave)` of all datagrams fall into one.
///
/// - Source: Gilbert 1960, Elliott 1963.
public struct BurstLoss: Hashable, Sendable {
    /// How likely a good way is bad from the next datagram on; 0...1.
    public var enter: Double
    /// How likely a bad way is good from the next datagram on; 0...1.
    public var leave: Double
    /// How likely a datagram is lost while the way is bad; 0...1.
    public var loss: Double

    /// Bursts.
    public init(enter: Double, leave: Double, loss: Double = 1) {
        self.enter = enter
        self.leave = leave
        self.loss = loss
    }

    /// - Throws: ``SimLinkError`` naming the first figure that is no probability.
    func check() throws(SimLinkError) {
        try SimLink.checkProbabilities([("burst enter", enter), ("burst leave", leave), ("burst loss", loss)])
    }
}
