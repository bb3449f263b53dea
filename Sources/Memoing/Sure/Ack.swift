/// An acknowledgement of a sure memo, as a value.
///
/// An ack names the gram whose arrival triggered it, and that gram is thereby acknowledged. With a ``body`` it also
/// tells all that the receiver holds of the memo. What two acks of one memo say can always be joined: an old, repeated
/// or overtaken one changes nothing.
public struct Ack: Hashable, Sendable {
    /// The memo.
    public var mid: Mid
    /// The number of the gram that triggered it.
    public var trigger: Int
    /// What the receiver holds; nil in an ack of a head only.
    public var body: Body?

    /// An ack.
    public init(mid: Mid, trigger: Int, body: Body? = nil) {
        self.mid = mid
        self.trigger = trigger
        self.body = body
    }

    /// How far a memo has come.
    public enum Status: UInt8, Hashable, Sendable, CaseIterable {
        /// Grams are missing.
        case more = 0
        /// The memo is in the receiver's inbox.
        case done = 1
        /// The receiver will not take the memo.
        case refused = 2
        /// The memo is older than those that the receiver remembers: it may have been delivered, or not.
        case stale = 3
    }

    /// All but the head.
    public struct Body: Hashable, Sendable {
        /// How far the memo has come.
        public var status: Status
        /// Why it was refused: 0 to 63, see ``SureRefusal``.
        public var reason: UInt8
        /// The trigger was there already.
        public var isDuplicate: Bool
        /// The lowest gram number that is not held; the count of grams when the memo is complete.
        public var base: Int
        /// The lowest gram number that is not accepted now; it never falls.
        public var credit: Int
        /// Grams of this memo that were heard, with duplicates, at most 2^24 − 1.
        public var heard: Int
        /// Microseconds from the arrival of the trigger to the sending of this ack, at most 2^24 − 1.
        public var lag: Int
        /// What is held above ``base``: bit 23 of word 0 is gram `base + 1`, and so on. At most 32 words of 24 bits;
        /// the last is not 0.
        public var held: [UInt32]
        /// The number that the first bit of ``held`` stands for, if that is not `base + 1`: a gram that is held, out of
        /// reach of the other kind of ack. ``held`` has 31 words at most then.
        public var start: Int?
        /// Further memos of the same sender that are complete: the sheaf. Not together with ``held``.
        public var further: [Mid]

        /// A body.
        public init(
            status: Status = .more, reason: UInt8 = 0, isDuplicate: Bool = false, base: Int, credit: Int,
            heard: Int = 0, lag: Int = 0, held: [UInt32] = [], start: Int? = nil, further: [Mid] = []
        ) {
            self.status = status
            self.reason = reason
            self.isDuplicate = isDuplicate
            self.base = base
            self.credit = credit
            self.heard = heard
            self.lag = lag
            self.held = held
            self.start = start
            self.further = further
        }

        /// The gram that the first bit of ``held`` stands for.
        var firstBit: Int { start ?? base + 1 }
    }

    /// Words of 24 bits in ``Body/held`` at most.
    public static let mostHeldWords = 32
    /// How many grams above the base one ack can report: 768.
    public static let reach = mostHeldWords * 24
    /// How many grams from ``Body/start`` on one ack can report: 744.
    public static let farReach = (mostHeldWords - 1) * 24
    /// Memos that one ack names beside its own at most.
    public static let mostFurther = 49
}

/// Why a receiver refused a sure memo, as the ack says it.
public enum SureRefusal: Hashable, Sendable, CustomStringConvertible {
    /// No strict UTF-8, and the receiver takes text only.
    case notText
    /// Longer than the receiver takes.
    case tooLarge
    /// Of more grams than the receiver takes.
    case tooManyGrams
    /// The receiver has no room for it.
    case capacity
    /// Nothing new of it came for too long.
    case expired
    /// Older than the memos that the receiver remembers: delivered or not, nobody knows.
    case stale
    /// A reason of a later version.
    case other(UInt8)

    init(reason: UInt8) {
        switch reason {
        case 1: self = .notText
        case 2: self = .tooLarge
        case 3: self = .tooManyGrams
        case 4: self = .capacity
        case 5: self = .expired
        default: self = .other(reason)
        }
    }

    /// The number on the wire.
    var reason: UInt8 {
        switch self {
        case .notText: 1
        case .tooLarge: 2
        case .tooManyGrams: 3
        case .capacity: 4
        case .expired: 5
        case .stale: 0
        case .other(let reason): reason
        }
    }

    public var description: String {
        switch self {
        case .notText: "not text"
        case .tooLarge: "too large"
        case .tooManyGrams: "too many grams"
        case .capacity: "no room"
        case .expired: "expired"
        case .stale: "stale"
        case .other(let reason): "reason \(reason)"
        }
    }
}
