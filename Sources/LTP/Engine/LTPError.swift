/// What a user of LTP is told by a thrown error.
public enum LTPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No peer of this number was added.
    case unknownEngine(UInt64)
    /// A value that cannot be used: what it is, what it was, and what is allowed.
    case badValue(name: String, value: String, allowed: String)
    /// The block has more bytes, or needs a longer segment, than the peer is said to take.
    case tooLarge(bytes: Int, limit: Int)
    /// As many blocks to this peer wait as may.
    case busy(limit: Int)
    /// The client service is open already.
    case alreadyOpen(client: UInt64)
    /// The access point or the proxy was closed.
    case closed
    /// The waiting was interrupted; nothing is closed.
    case aborted
    /// The block was cancelled: why, and by whom.
    case canceled(LTPReason, by: LTPParty)

    public var description: String {
        switch self {
        case .unknownEngine(let engine): "engine \(engine) is no peer"
        case .badValue(let name, let value, let allowed): "\(name) \(value): expected \(allowed)"
        case .tooLarge(let bytes, let limit): "\(bytes) bytes, at most \(limit)"
        case .busy(let limit): "\(limit) blocks wait already"
        case .alreadyOpen(let client): "client service \(client) is open already"
        case .closed: "closed"
        case .aborted: "aborted"
        case .canceled(let reason, let party): "cancelled by \(party.rawValue): \(reason)"
        }
    }
}
