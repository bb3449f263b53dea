import Doing
import Wiring

/// A datagram that a rule decides upon.
public struct SimDatagram: Hashable, Sendable {
    /// What a rule decides.
    public enum Verdict: Hashable, Sendable {
        /// Nothing; the next rule is asked.
        case deliver
        /// It is dropped, before it takes any time of the link.
        case drop
        /// It is held up by so many seconds, 0...1,000,000, beyond what its link does.
        case delay(Double)
        /// It arrives twice, if it does.
        case duplicate
        /// Bits of it are turned.
        case corrupt
        /// Only so many of its bytes arrive, at least 0.
        case truncate(Int)
    }

    /// When it is sent.
    public let tyme: Tyme
    /// Who sends it.
    public let from: Address
    /// Where it goes.
    public let to: Address
    /// How many went this way before, segments of streams among them.
    public let number: Int
    /// The first of the net's kinds that it is of, or nil.
    public let kind: String?
    /// How many of its kind went this way before; of all, if it is of none.
    public let numberOfKind: Int
    /// Its bytes.
    public let bytes: [UInt8]
}
