import Doing

/// One thing that goes wrong: what, where, and when.
///
/// As text: the effect and its figures, the place, the window, and a number, of which the last three may be left out:
/// `loss 0.3 red>blu 0..5 #2`. ``Effect`` lists the effects; seconds, bytes and probabilities are plain numbers.
///
/// A fault draws from a stream of its own, which starts from the seed of the network, the ``number`` of the fault and
/// the direction. Its n-th draw belongs to the n-th datagram of the direction. So removing one fault from a plan, or
/// changing its window, moves no draw of another.
public struct Fault: Hashable, Sendable {
    /// What goes wrong.
    public enum Effect: Hashable, Sendable {
        /// `loss P`: each datagram is lost with probability P, beside what the link loses.
        case loss(Double)
        /// `burst ENTER LEAVE LOSS`: losses that come in bursts.
        case burst(BurstLoss)
        /// `duplicate P`: a datagram that arrives does so twice.
        case duplicate(Double)
        /// `reorder P S`: a datagram is held up by S seconds, so that later ones overtake it.
        case reorder(Double, by: Double)
        /// `corrupt P`: one to four bits of a datagram are turned.
        case corrupt(Double)
        /// `truncate P`: a datagram is cut to any length that is less.
        case truncate(Double)
        /// `delay S JITTER`: S seconds more, and up to JITTER seconds beyond.
        case delay(Double, jitter: Double)
        /// `cut`: what is sent, or would arrive, is dropped. `red>blu` is a one-way partition, `red|blu` a whole one.
        case cut
        /// `hold`: what is sent arrives when the window ends, at the earliest; in a window without end never.
        case hold
        /// `drop K KIND`: the K-th datagram of this kind in the window is dropped, counted from 1 over the whole place;
        /// the kind `any` is every datagram.
        case drop(Int, kind: String)
        /// `mtu B`: datagrams of more than B bytes vanish.
        case mtu(Int)
        /// `rate R QUEUE`: R bits a second behind a queue of QUEUE bytes, instead of what the link does.
        case rate(Double, queueBytes: Int)
        /// `full`: the transport of the host takes nothing: `Sending.Outcome.full`.
        case full
        /// `enobufs`: the same as a system does that lacks memory for it (ENOBUFS).
        case enobufs
        /// `peerfull`: the peers there have no room: `Sending.Outcome.peerFull`.
        case peerFull
        /// `unreachable`: sending there is refused.
        case unreachable
        /// `reset P`: a segment of a byte stream is, with probability P, cut short anywhere, and the connection reset
        /// behind what is left of it.
        case reset(Double)
        /// `slow N bytes` or `slow N datagrams`: the peers of the host take so many a second.
        case slow(Double, Measure)
        /// `pause`: the doers of the host stand still; at the end of the window they go on.
        case pause
        /// `crash`: the host ends without a word, with all that it had not stored elsewhere; at the end of the window
        /// it boots again.
        case crash
    }

    /// What a slow reader is slow in.
    public enum Measure: String, Hashable, Sendable, CaseIterable {
        case bytes, datagrams
    }

    /// Where it goes wrong.
    public enum Place: Hashable, Sendable {
        /// `*`, or left out: everywhere.
        case everywhere
        /// `red>blu`, `red>*` or `*>blu`: one direction; nil is any host.
        case way(from: String?, to: String?)
        /// `red|blu`: both directions.
        case between(String, String)
        /// `red`: a host. For effects on datagrams, all that it sends.
        case host(String)
    }

    /// What goes wrong.
    public var effect: Effect
    /// Where.
    public var place: Place
    /// From which tyme on, in seconds, at least 0.
    public var from: Tyme
    /// Before which tyme; infinite for ever.
    public var until: Tyme
    /// Names its stream of random numbers, from 1; 0 for its place in its plan, counted from 1.
    public var number: Int

    /// A fault.
    public init(
        _ effect: Effect, _ place: Place = .everywhere, from: Tyme = 0, until: Tyme = .infinity, number: Int = 0
    ) {
        self.effect = effect
        self.place = place
        self.from = from
        self.until = until
        self.number = number
    }

    /// The names of hosts in it.
    public var hosts: [String] {
        switch place {
        case .everywhere: []
        case .way(let from, let to): [from, to].compactMap { $0 }
        case .between(let one, let other): [one, other]
        case .host(let name): [name]
        }
    }

    /// Whether it concerns the direction from one host to another.
    func covers(from: String, to: String) -> Bool {
        switch place {
        case .everywhere: from != to
        case .way(let source, let target): (source ?? from) == from && (target ?? to) == to && from != to
        case .between(let one, let other): (one, other) == (from, to) || (other, one) == (from, to)
        case .host(let name): name == from && from != to
        }
    }

    /// Whether it concerns a host, for effects that do so.
    func covers(host: String) -> Bool {
        switch place {
        case .everywhere: true
        case .host(let name): name == host
        case .way, .between: false
        }
    }
}

extension Fault.Effect {
    /// The first words of all effects.
    static let words = [
        "loss", "burst", "duplicate", "reorder", "corrupt", "truncate", "delay", "cut", "hold", "drop", "mtu", "rate",
        "full", "enobufs", "peerfull", "unreachable", "reset", "slow", "pause", "crash",
    ]

    /// Whether it happens to hosts, not to datagrams on their way.
    var isOfHosts: Bool {
        switch self {
        case .slow, .pause, .crash: true
        default: false
        }
    }
}
