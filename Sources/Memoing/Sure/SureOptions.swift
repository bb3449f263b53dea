import Doing
import Wiring

/// How sure memos are sent to one destination, or to all.
public struct SureOptions: Hashable, Sendable {
    /// Whether memos are repeated until they are acknowledged.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Not at all: the memo goes out as a plain or signed one, and has no outcome.
        case off
        /// As ``required``, but a destination that was never heard is tried ``SureOptions/probes`` times only: for
        /// peers that may be plain ones, to whom each try of a memo of one gram is another memo.
        case bestEffort
        /// Until it is acknowledged, or given up after ``SureOptions/tries``.
        case required
    }

    /// Whether memos are repeated.
    public var mode = Mode.required
    /// What holds the sending back.
    public var control = SureControl.newReno
    /// Bytes a second to the destination at most, whatever ``control`` finds, with 28 a datagram for its IP and UDP
    /// headers, 1 or more; nil for no ceiling.
    ///
    /// A window grows with every ack, so a receiver that acknowledges what has not arrived yet draws more than the path
    /// carries (RFC 9000 §21.4). Gram numbers cannot be skipped to find it out; a ceiling bounds what it can draw.
    public var ceiling: Int?
    /// Repetitions without any progress after which a memo is given up; nil for as many as the loss asks for that is
    /// seen: 20, where much is lost up to 60, and 60 where nothing was ever heard.
    public var tries: Int?
    /// Repetitions to a destination that was never heard, in ``Mode/bestEffort``.
    public var probes = 2
    /// Seconds after ``Memoer/memoit(_:to:as:kind:)-([UInt8],_,_,_)`` at which a memo is given up, more than 0; nil for
    /// never.
    public var deadline: Tyme?
    /// Seconds to wait for the first ack of a destination, before there is an estimate: more than 0, at most an hour.
    public var patience: Tyme = 1
    /// One memo after the other: the next one starts when the one before is over. Otherwise memos overtake each other.
    public var isOrdered = false
    /// Who must have signed the acks of signed memos; nil for whoever did first, if ``pins``.
    public var vid: Vid?
    /// Whether the first good signature decides who must sign the acks to come.
    public var pins = true

    /// The defaults.
    public init() {}

    /// Refuses values that make no sense.
    ///
    /// - Throws: ``MemoError/badOption(_:value:)``.
    public func check() throws(MemoError) {
        func require(_ isGood: Bool, _ name: String, _ value: Double) throws(MemoError) {
            if !isGood { throw .badOption(name, value: value) }
        }
        switch control {
        case .newReno, .delayReno: break
        case .rate(let bytes): try require((1...1 << 40).contains(bytes), "control.rate", Double(bytes))
        case .none(let window):
            try require((1...SureControl.mostInFlight).contains(window), "control.none", Double(window))
        }
        if let ceiling { try require((1...1 << 40).contains(ceiling), "ceiling", Double(ceiling)) }
        if let tries { try require((0...1 << 20).contains(tries), "tries", Double(tries)) }
        try require((0...1 << 20).contains(probes), "probes", Double(probes))
        if let deadline { try require(deadline > 0 && deadline <= 1e9, "deadline", deadline) }
        try require(patience > 0 && patience <= 3600, "patience", patience)
    }
}

/// Whether sure memos of a peer are answered.
public enum AckPolicy: String, Hashable, Sendable, CaseIterable {
    /// Every sure gram asks for an ack, and gets one. Nothing else does: an unasked ack ends a hio 0.7.20 process.
    case solicited
    /// Never. The sender will not know that its memos arrived.
    case never
}

/// How a sure memo ended. Every sure memo that was taken ends once.
public struct SureOutcome: Hashable, Sendable, CustomStringConvertible {
    /// What became of it.
    public enum Result: Hashable, Sendable {
        /// It was handed to the inbox of the destination. Whether anyone has read it there is another question.
        case delivered
        /// The destination will not take it; it was not delivered, unless the reason is ``SureRefusal/stale``.
        case refused(SureRefusal)
        /// Given up; the destination was heard, but never said that it has the memo. It may have it.
        case timedOut
        /// Given up; the destination was never heard. It may have the memo, as a plain peer has.
        case neverHeard
        /// It could not be sent, or not once more. If all of it had left before, it may have arrived.
        case localError(MemoFailure.Reason)
        /// The memoer was closed. The destination may have the memo.
        case closed
        /// It was taken back by ``Memoer/cancel(_:)``. If all of it had left before, it may have arrived.
        case cancelled
        /// A later memo of the same ``MemoOptions/key`` took its place. If all of it had left before, it may have
        /// arrived.
        case superseded

        /// The word of `memo-peer`'s outcome event.
        public var word: String {
            switch self {
            case .delivered: "delivered"
            case .refused: "refused"
            case .timedOut: "timedOut"
            case .neverHeard: "neverHeard"
            case .localError: "localError"
            case .closed: "closed"
            case .cancelled: "cancelled"
            case .superseded: "superseded"
            }
        }

        /// What it alone says of whether the memo has arrived, where all of it has left.
        fileprivate var mayHaveArrived: Bool {
            switch self {
            case .delivered, .timedOut, .neverHeard, .closed, .cancelled, .superseded, .refused(.stale): true
            case .refused: false
            case .localError: false
            }
        }
    }

    /// The memo.
    public var mid: Mid
    /// Where it was to go.
    public var destination: Address
    /// What became of it.
    public var result: Result
    /// Whether the memo is in the inbox of its destination, or may be. False where nothing but a refusal came from
    /// there, or a gram of it has never left. It is what was known when the memo ended; a destination that crashes may
    /// refuse what it had.
    public var mayHaveArrived: Bool

    /// An outcome; without a word on whether the memo may have arrived, what `result` alone says of it.
    public init(mid: Mid, destination: Address, result: Result, mayHaveArrived: Bool? = nil) {
        self.mid = mid
        self.destination = destination
        self.result = result
        self.mayHaveArrived = mayHaveArrived ?? result.mayHaveArrived
    }

    /// True where the memo was not said to be delivered, and may have been all the same.
    public var isIndeterminate: Bool { result != .delivered && mayHaveArrived }

    public var description: String { "memo \(mid) to \(destination): \(result)" }
}
