import Doing

/// What comes to a client service.
public enum LTPArrival: Hashable, Sendable {
    /// A red part, whole.
    case red(LTPRed)
    /// A green segment.
    case green(LTPGreen)
    /// A block was cancelled before its red part was whole.
    case canceled(LTPSession, LTPReason, by: LTPParty)
}

/// A client service of an engine: where its user sends and receives.
///
/// ```swift
/// let point = try proxy.open(5)
/// let ticket = try point.send([1, 2, 3], to: 2)
/// if let arrival = try point.receive() { … }
/// ```
/// Closing it, or its proxy, cancels the blocks that come to it. It belongs to the thread of the doist.
public final class LTPAccessPoint {
    /// The number of the client service.
    public let client: UInt64
    /// Whether it takes blocks.
    public private(set) var isOpen = true
    /// A doer that is woken when something comes, or it is interrupted or closed: it may park instead of looking.
    public weak var reader: Doer?
    private weak var host: (any LTPHost)?
    private var arrivals = Fifo<LTPArrival>()
    private var isInterrupted = false
    /// Bytes of red parts that wait.
    private(set) var waitingBytes = 0

    init(_ client: UInt64, of host: any LTPHost) {
        self.client = client
        self.host = host
    }

    /// How many arrivals wait.
    public var count: Int { arrivals.count }

    /// Gives a block to be sent to the same client service of a peer.
    ///
    /// - Parameters:
    ///   - block: its bytes, at least one; not copied.
    ///   - peer: the number of the peer.
    ///   - red: how many bytes must arrive whole, from the first on; nil for all.
    ///   - client: the client service there; nil for the number of this one.
    /// - Returns: a ticket, which ends once.
    /// - Throws: ``LTPError/closed``, and what ``LTPEngine/send(_:to:client:red:)`` throws.
    @discardableResult
    public func send(
        _ block: [UInt8], to peer: UInt64, red: Int? = nil, client: UInt64? = nil
    ) throws(LTPError) -> LTPTicket {
        guard isOpen, let host else { throw .closed }
        return try host.send(block, to: peer, client: client ?? self.client, red: red)
    }

    /// The next arrival, oldest first; nil if there is none now.
    ///
    /// - Throws: ``LTPError/aborted`` once after ``interrupt()``; ``LTPError/closed`` if it is closed and nothing waits.
    public func receive() throws(LTPError) -> LTPArrival? {
        if isInterrupted {
            isInterrupted = false
            throw .aborted
        }
        guard let arrival = arrivals.popFirst() else {
            guard isOpen else { throw .closed }
            return nil
        }
        if case .red(let red) = arrival { waitingBytes -= red.bytes.count }
        host?.took(self)
        return arrival
    }

    /// Gives back the storage of a red part that is of no more use, so that the next one need not be made anew.
    public func give(_ bytes: consuming [UInt8]) { host?.give(bytes) }

    /// Ends a waiting: the next ``receive()`` throws ``LTPError/aborted``. Nothing is closed.
    public func interrupt() {
        isInterrupted = true
        reader?.wake()
    }

    /// Takes no more blocks, and cancels those that are on their way. What waits can still be received.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        host?.closed(self)
        reader?.wake()
    }

    func arrive(_ arrival: LTPArrival) {
        if case .red(let red) = arrival { waitingBytes += red.bytes.count }
        arrivals.append(arrival)
        reader?.wake()
    }
}
