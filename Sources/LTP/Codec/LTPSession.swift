/// The name of a session: the engine that sends the block, and the number that it gave to the session.
///
/// - Source: RFC 5326, 3.1.
public struct LTPSession: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The engine that sends the block, in every segment of the session, whoever sends the segment.
    public var engine: UInt64
    /// The number of the session.
    public var number: UInt64

    /// Session `number` of `engine`.
    public init(engine: UInt64, number: UInt64) {
        self.engine = engine
        self.number = number
    }

    public static func < (a: LTPSession, b: LTPSession) -> Bool { (a.engine, a.number) < (b.engine, b.number) }

    /// `7.42`
    public var description: String { "\(engine).\(number)" }
}

/// Which of the two ends of a session.
public enum LTPEnd: String, Hashable, Sendable, CaseIterable {
    /// The one that sends the block.
    case sender
    /// The one that receives it.
    case receiver

    /// The other one.
    public var other: LTPEnd { self == .sender ? .receiver : .sender }
}

/// Who of the two engines did something.
public enum LTPParty: String, Hashable, Sendable, CaseIterable {
    /// This engine, or its user.
    case us
    /// The engine at the other end.
    case peer
}

/// Why a session was cancelled. Any byte can be read; those with a name can be meant.
///
/// - Source: RFC 5326, 3.2.4.
public struct LTPReason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// USR_CNCLD: the user cancelled it.
    public static let user = LTPReason(rawValue: 0)
    /// UNREACH: nobody has opened the client service.
    public static let unreachable = LTPReason(rawValue: 1)
    /// RLEXC: a segment was repeated as often as allowed.
    public static let retransmissionLimit = LTPReason(rawValue: 2)
    /// MISCOLORED: red data where green was, or the reverse.
    public static let miscolored = LTPReason(rawValue: 3)
    /// SYS_CNCLD: a fault or a bound of the engine.
    public static let system = LTPReason(rawValue: 4)
    /// RXMTCYCEXC: data were retransmitted in as many rounds as allowed.
    public static let cycleLimit = LTPReason(rawValue: 5)

    /// `user`, `unreachable`, …, or `reason 9`.
    public var description: String {
        let names = ["user", "unreachable", "retransmission limit", "miscolored", "system", "cycle limit"]
        return Int(rawValue) < names.count ? names[Int(rawValue)] : "reason \(rawValue)"
    }
}
