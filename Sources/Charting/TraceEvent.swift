import Doing
import Wiring

/// One thing that happened.
public struct TraceEvent: Hashable, Sendable {
    /// What happened.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// A datagram was handed to the network: `bytes` are as they were sent, ``TraceEvent/fate`` says what becomes
        /// of it.
        case sent
        /// A datagram was received by its owner: `bytes` are as they came.
        case received
        /// A datagram that was on its way was dropped where it would have arrived: ``TraceEvent/fate`` says why.
        case dropped
        /// The network took no datagram: ``TraceEvent/fate`` says why.
        case refused
        /// A remark; `bytes` are its UTF-8.
        case note
        /// A doer entered, recurred, or ended in one of the ways.
        case enter, recur, clean, cease, abort, exit
        /// A host stopped, went on, crashed, started again.
        case paused, resumed, crashed, restarted

        /// Whether the hash takes it in: all but what doers do.
        public var isHashed: Bool {
            switch self {
            case .sent, .received, .dropped, .refused, .note, .paused, .resumed, .crashed, .restarted: true
            case .enter, .recur, .clean, .cease, .abort, .exit: false
            }
        }
    }

    /// What becomes of a datagram.
    public enum Fate: UInt8, Hashable, Sendable, CaseIterable {
        /// Not known, or nothing to be said.
        case none
        /// It arrives at ``TraceEvent/due``.
        case arrives
        /// Lost by chance.
        case lost
        /// Dropped by a rule that named it.
        case ruled
        /// Dropped since the queue of the link was full.
        case queueFull
        /// Dropped since the way is cut.
        case cut
        /// Longer than the way carries.
        case tooLarge
        /// Nobody is there.
        case nobody
        /// The receiver's buffer was full.
        case bufferFull
        /// The sender's transport has no room.
        case full
        /// This peer has no room.
        case peerFull
        /// Held until it is released.
        case held
        /// The host was down.
        case down
    }

    /// What happened to a datagram on its way, beside its fate.
    public struct Marks: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// It is a second copy.
        public static let duplicate = Marks(rawValue: 1)
        /// Some of its bits were turned.
        public static let corrupted = Marks(rawValue: 2)
        /// It was cut short.
        public static let truncated = Marks(rawValue: 4)
        /// It was held up longer than its link would.
        public static let delayed = Marks(rawValue: 8)
        /// It is no datagram, but a segment of a byte stream.
        public static let stream = Marks(rawValue: 16)
        /// It opens a stream, or answers that.
        public static let opens = Marks(rawValue: 32)
        /// Nothing comes behind it: its sender's half of the stream ends.
        public static let ends = Marks(rawValue: 64)
        /// It resets the stream.
        public static let resets = Marks(rawValue: 128)
    }

    /// When.
    public var tyme: Tyme
    /// In which extra pass at this tyme; 0 for the pass that ticks, as always in simulated time.
    public var extra: UInt32
    /// Who did it, or to whom it happened.
    public var lane: Trace.Lane
    /// What.
    public var kind: Kind
    /// What becomes of the datagram.
    public var fate: Fate
    /// What happened to it on its way.
    public var marks: Marks
    /// The address at this end; `Address.none` where there is none.
    public var local: Address
    /// The address at the other end; `Address.none` where there is none.
    public var peer: Address
    /// When a datagram that was sent arrives; 0 otherwise.
    public var due: Tyme
    /// What joins a ``Kind/sent`` with its ``Kind/received``: the number of the datagram in its network, from 1; 0 if
    /// there is no such number. A copy has the number of its original.
    public var flight: UInt64

    /// An event; what does not matter is left out.
    public init(
        _ kind: Kind, at tyme: Tyme, extra: UInt32 = 0, lane: Trace.Lane, local: Address = .none,
        peer: Address = .none, fate: Fate = .none, marks: Marks = [], due: Tyme = 0, flight: UInt64 = 0
    ) {
        self.kind = kind
        self.tyme = tyme
        self.extra = extra
        self.lane = lane
        self.local = local
        self.peer = peer
        self.fate = fate
        self.marks = marks
        self.due = due
        self.flight = flight
    }
}
