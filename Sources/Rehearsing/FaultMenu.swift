import Simming

/// Which faults suit a scenario.
public struct FaultMenu: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Datagrams are lost, one by one, in bursts, by number, or as too long.
    public static let losing = FaultMenu(rawValue: 1)
    /// Datagrams come twice.
    public static let duplicating = FaultMenu(rawValue: 2)
    /// Datagrams come late, or overtake each other.
    public static let delaying = FaultMenu(rawValue: 4)
    /// Bits are turned, and datagrams cut short.
    public static let altering = FaultMenu(rawValue: 8)
    /// Ways are cut, or slow.
    public static let parting = FaultMenu(rawValue: 16)
    /// Datagrams are held back until the window ends.
    public static let holding = FaultMenu(rawValue: 32)
    /// Transports have no room for a time.
    public static let crowding = FaultMenu(rawValue: 64)
    /// Transports refuse for good, and readers are slow.
    public static let refusing = FaultMenu(rawValue: 128)
    /// Hosts stand still for a time.
    public static let pausing = FaultMenu(rawValue: 256)
    /// Hosts crash, and boot again.
    public static let crashing = FaultMenu(rawValue: 512)
    /// Byte streams are reset.
    public static let resetting = FaultMenu(rawValue: 1024)

    /// All of them but ``resetting``, for which only scenarios with byte streams have a use: `[.all, .resetting]`.
    public static let all = FaultMenu(rawValue: 1023)
    /// Those under which every datagram arrives in the end, as it was sent.
    public static let lossless: FaultMenu = [.duplicating, .delaying, .holding, .crowding, .pausing]

    /// Whether an effect is on it.
    public func offers(_ effect: Fault.Effect) -> Bool { contains(FaultMenu(of: effect)) }

    /// The kind of an effect.
    init(of effect: Fault.Effect) {
        switch effect {
        case .loss, .burst, .drop, .mtu: self = .losing
        case .duplicate: self = .duplicating
        case .reorder, .delay: self = .delaying
        case .corrupt, .truncate: self = .altering
        case .cut, .rate: self = .parting
        case .hold: self = .holding
        case .full, .enobufs, .peerFull: self = .crowding
        case .unreachable, .slow: self = .refusing
        case .pause: self = .pausing
        case .crash: self = .crashing
        case .reset: self = .resetting
        }
    }
}

extension FaultPlan {
    /// Whether a datagram could fail to arrive as it was sent.
    public var canLose: Bool {
        faults.contains { !FaultMenu.lossless.offers($0.effect) || $0.until == .infinity }
    }
}

extension Fault {
    /// The same fault in the first or the second half of its window, for ``shrink(_:tries:simpler:fails:)``; on whole
    /// milliseconds, so that it can be written down.
    public var simpler: [Fault] {
        let (first, last) = ((from * 1000).rounded(.up), (min(until, 86_400) * 1000).rounded(.down))
        guard last - first >= 2 else { return [] }
        let middle = ((first + last) / 2).rounded(.down) / 1000
        var halves = [self, self]
        halves[0].until = middle
        halves[1].from = middle
        return halves
    }
}
