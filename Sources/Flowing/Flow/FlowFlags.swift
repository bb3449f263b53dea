/// What may be done with a flow: Ouroboros' `FlowProperties`.
///
/// Nothing here ever blocks, so ``nonBlocking`` changes nothing; it is here so that its name is.
public struct FlowFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    /// Flags by their bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// It is only read from: a write is refused.
    public static let readOnly = FlowFlags(rawValue: 1)
    /// It is only written to: a read finds nothing, and what comes is dropped.
    public static let writeOnly = FlowFlags(rawValue: 2)
    /// Both: neither of the two.
    public static let readWrite: FlowFlags = []
    /// It stands still: neither reads nor writes, until the flag is taken away.
    public static let down = FlowFlags(rawValue: 4)
    /// Always so.
    public static let nonBlockingRead = FlowFlags(rawValue: 8)
    /// Always so.
    public static let nonBlockingWrite = FlowFlags(rawValue: 16)
    /// Always so.
    public static let nonBlocking: FlowFlags = [.nonBlockingRead, .nonBlockingWrite]
    /// A read with room for less than a packet is an error and leaves it, instead of the part that fits.
    public static let noPartialRead = FlowFlags(rawValue: 32)
    /// A write of more than a packet is an error, instead of the part that fits.
    public static let noPartialWrite = FlowFlags(rawValue: 64)
}

/// What a read found.
public enum FlowRead: Hashable, Sendable {
    /// A packet, or a part of one; the rest of it comes with the next read unless this was the last part.
    case message(isLast: Bool)
    /// Nothing is there now.
    case empty
    /// The packet is longer than what was asked for, and parts are not wanted: ``FlowFlags/noPartialRead``.
    case tooSmall(need: Int)
    /// The flow may not be read now: ``FlowFlags/writeOnly`` or ``FlowFlags/down``.
    case notAllowed
    /// Nothing is there, and nothing will come.
    case down(FlowEnd)
}

/// What became of a write.
public enum FlowWrite: Hashable, Sendable {
    /// So many bytes leave as one packet: all of them, or as many as a packet holds.
    case written(Int)
    /// Too much waits already; try again later. Nothing was taken.
    case full
    /// More than a packet holds, and parts are not wanted: ``FlowFlags/noPartialWrite``. Nothing was taken.
    case tooLarge(limit: Int)
    /// The flow may not be written now: ``FlowFlags/readOnly``, ``FlowFlags/down``, or it is not up yet.
    case notAllowed
    /// The flow is over.
    case down(FlowEnd)
}
