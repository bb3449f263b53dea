import Containers
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
    /// What has come and was not taken. A doer that makes itself its `reader` may park; linear code of CoDoing awaits
    /// `try await point.inbox.next().get()`.
    public let inbox = Inbox<Result<LTPArrival, LTPError>>(limit: Int.max)
    private weak var host: (any LTPHost)?
    /// Bytes of what waits, in order.
    private var sizes = Fifo<Int>()
    private var bytes = 0

    init(_ client: UInt64, of host: any LTPHost) {
        self.client = client
        self.host = host
    }

    /// How many arrivals wait.
    public var count: Int { inbox.count }

    /// How many bytes wait.
    public var waitingBytes: Int {
        while sizes.count > inbox.count, let size = sizes.popFirst() { bytes -= size }
        return bytes
    }

    /// Gives a block to be sent to the same client service of a peer.
    ///
    /// - Parameters:
    ///   - block: its bytes, at least one; not copied.
    ///   - peer: the number of the peer.
    ///   - red: how many bytes must arrive whole, from the first on; nil for all.
    ///   - client: the client service there; nil for the number of this one.
    ///   - joining: how it may be joined with others that are sent so; nil to let it leave at once.
    /// - Returns: a ticket, which ends once. Blocks that are joined have the same one.
    /// - Throws: ``LTPError/closed``, and what ``LTPEngine/send(_:to:client:red:joining:)`` throws.
    @discardableResult
    public func send(
        _ block: [UInt8], to peer: UInt64, red: Int? = nil, client: UInt64? = nil, joining: LTPJoining? = nil
    ) throws(LTPError) -> LTPTicket {
        guard isOpen, let host else { throw .closed }
        return try host.send(block, to: peer, client: client ?? self.client, red: red, joining)
    }

    /// The next arrival, oldest first; nil if there is none now.
    ///
    /// - Throws: ``LTPError/aborted`` once for each ``interrupt()``; ``LTPError/closed`` if it is closed and nothing
    ///   waits.
    public func receive() throws(LTPError) -> LTPArrival? {
        guard let arrival = inbox.popFirst() else {
            guard isOpen else { throw .closed }
            return nil
        }
        return try arrival.get()
    }

    /// Gives back the storage of a red part that is of no more use, so that the next one need not be made anew.
    public func give(_ bytes: consuming [UInt8]) { host?.give(bytes) }

    /// Ends a waiting: one ``receive()``, that of whoever waits or else the one behind what waits already, throws
    /// ``LTPError/aborted``. Nothing is closed.
    public func interrupt() { push(.failure(.aborted), 0) }

    /// Takes no more blocks, and cancels those that are on their way. What waits can still be received.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        host?.closed(self)
        inbox.close()
    }

    func arrive(_ arrival: LTPArrival) {
        switch arrival {
        case .red(let red): push(.success(arrival), red.bytes.count)
        case .green(let green): push(.success(arrival), green.bytes.count)
        case .canceled: push(.success(arrival), 0)
        }
    }

    private func push(_ arrival: Result<LTPArrival, LTPError>, _ size: Int) {
        sizes.append(size)
        bytes += size
        inbox.send(arrival)
    }
}
