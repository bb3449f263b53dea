/// What became of a train that was handed to ``DatagramTransport/send(_:_:at:)``.
public struct Sending: Hashable, Sendable {
    /// Bytes taken from the front of the train: whole datagrams. They are gone; do not send them again.
    public var taken: Int
    /// Why no more were taken.
    public var outcome: Outcome

    /// What stopped, if anything did.
    public enum Outcome: Hashable, Sendable {
        /// Everything was taken.
        case sent
        /// The transport has no room now, for any peer. Keep the rest.
        case full
        /// This peer has no room now; others may. Keep the rest.
        case peerFull
        /// The first datagram that was not taken will not be taken later either.
        case refused(Refusal)
    }

    /// - Parameters:
    ///   - taken: bytes taken from the front.
    ///   - outcome: why no more were.
    @inlinable public init(taken: Int, _ outcome: Outcome = .sent) {
        self.taken = taken
        self.outcome = outcome
    }
}

/// Why a datagram cannot be sent to its peer.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of refusal that a protocol treats apart.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// Longer than the way to this peer carries (EMSGSIZE).
        case tooLarge
        /// Nobody there, or no way there (ECONNREFUSED, ENOENT, EHOSTUNREACH, ENETUNREACH …).
        case unreachable
        /// Not permitted (EPERM, EACCES).
        case denied
        /// The address is of a family that this transport does not speak, or one it has forgotten.
        case badAddress
        /// The system refused for another reason: see ``Refusal/code``.
        case other
    }

    /// What kind of refusal.
    public var reason: Reason
    /// The system's error number; 0 if the transport itself refused.
    public var code: Int32

    /// A refusal with the system's error number behind it.
    @inlinable public init(_ reason: Reason, code: Int32 = 0) {
        self.reason = reason
        self.code = code
    }

    /// `unreachable (errno 111)`
    public var description: String { code == 0 ? reason.rawValue : "\(reason.rawValue) (errno \(code))" }
}
