import Doing

/// A protocol as a value: it eats datagrams and tyme, and yields datagrams and events. No clock, no sockets.
///
/// The owner, usually a ``CoreDoer``, calls in this order, at one tyme:
///
/// 1. ``handle(_:_:at:)`` with every train that has arrived;
/// 2. ``pollEvent()`` until it is nil;
/// 3. ``poll(into:_:at:)`` until it is nil, each train followed by ``sent(_:_:at:)``;
/// 4. and again at ``wakeTyme``, or when something arrives.
///
/// Nothing from outside makes a core throw or trap: a bad datagram is a counted drop.
public protocol DatagramCore {
    /// What the core tells its user.
    associatedtype Event

    /// Takes in a train. Its bytes are valid for the call only.
    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme)

    /// Appends the next train to `out`, or returns nil if nothing is to be sent now.
    ///
    /// The core does not count a datagram as sent before ``sent(_:_:at:)`` says so; polled again without it, it
    /// yields the same datagrams.
    ///
    /// - Parameters:
    ///   - out: empty room for ``TrainLimits/bytes`` bytes.
    ///   - limits: what one train may be.
    ///   - tyme: now.
    /// - Returns: to whom, and how long each datagram is.
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train?

    /// Says what became of the train that the last poll yielded.
    ///
    /// After ``Sending/Outcome/peerFull`` the core yields nothing for this peer until ``unblock()``; after
    /// ``Sending/Outcome/full`` the owner stops polling until there is room.
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme)

    /// There may be room again for peers that were full.
    mutating func unblock()

    /// The next event, oldest first, or nil.
    mutating func pollEvent() -> Event?

    /// True while ``pollEvent()``, or a queue that the core has for its user, would yield something.
    var hasEvents: Bool { get }

    /// When the core next has something to do if nothing arrives: nil for never, a tyme in the past for now.
    ///
    /// Calling earlier is harmless; calling later delays what is due. Peers that are full do not count.
    var wakeTyme: Tyme? { get }

    /// True while datagrams wait for peers that were full.
    var isBlocked: Bool { get }
}
