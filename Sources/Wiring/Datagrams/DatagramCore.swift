import Doing

/// A protocol as a value: it eats datagrams and tyme, and yields datagrams and events. No clock, no sockets.
///
/// The owner, usually a ``CoreDoer``, calls ``opened(_:at:)`` once the transport is open. Then it calls in every pass,
/// in this order, at one tyme:
///
/// 1. ``tick(at:)``: the tyme is now this.
/// 2. ``handle(_:_:at:)`` with every train that has arrived.
/// 3. ``expire(at:)``: all of it was taken in, so timers that are due run. An answer that was already in the socket has
///    stopped its timer by then. A pass may leave it out while ``wakeTyme`` is later.
/// 4. ``pollEvent()`` until it is nil.
/// 5. ``poll(into:_:at:)`` until it is nil, each train followed by ``sent(_:_:at:)``.
///
/// It passes again at ``wakeTyme``, and when something arrives. A pass may answer the first train before it takes in
/// the others: then 4 and 5 come before 3 as well. Before the transport closes it calls ``closing(at:)``, and then 4
/// and 5 for the last time.
///
/// Nothing from outside makes a core throw or trap: a bad datagram is a counted drop.
///
/// Only ``handle(_:_:at:)``, ``poll(into:_:at:)``, ``sent(_:_:at:)`` and ``wakeTyme`` must be written, and
/// ``pollEvent()`` and ``hasEvents`` where there are events. ``DatagramQueue`` and ``Deadlines`` do most of the work.
public protocol DatagramCore {
    /// What the core tells its user; `Never` if it tells nothing.
    associatedtype Event

    /// The transport is open: what one train and one datagram may be. Called again if the doer enters again.
    mutating func opened(_ limits: TrainLimits, at tyme: Tyme)

    /// The tyme is now `tyme`: never less than at the last call. First in every pass, and before the doer lends its
    /// core for a change from outside, so that a core always knows when it is touched. It runs no timer.
    mutating func tick(at tyme: Tyme)

    /// Takes in a train. Its bytes are valid for the call only.
    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme)

    /// Everything that had arrived was taken in: runs the timers that are due. A flood that never ends puts this off
    /// for no longer than one pass.
    mutating func expire(at tyme: Tyme)

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
    /// ``Sending/Outcome/full`` the owner stops polling until there is room. A refused datagram is dropped, or kept for
    /// later, but not yielded again at once: the owner stops polling a core that does.
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme)

    /// There may be room again for peers that were full.
    mutating func unblock()

    /// The transport is about to close: say goodbye. Events and trains are polled once more.
    mutating func closing(at tyme: Tyme)

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

extension DatagramCore {
    /// Does nothing.
    @inlinable public mutating func opened(_ limits: TrainLimits, at tyme: Tyme) {}
    /// Does nothing.
    @inlinable public mutating func tick(at tyme: Tyme) {}
    /// Does nothing.
    @inlinable public mutating func expire(at tyme: Tyme) {}
    /// Does nothing.
    @inlinable public mutating func closing(at tyme: Tyme) {}
    /// Does nothing: for a core that nobody blocks.
    @inlinable public mutating func unblock() {}
    /// Nothing waits for a peer.
    @inlinable public var isBlocked: Bool { false }
}

extension DatagramCore where Event == Never {
    /// There are no events.
    @inlinable public mutating func pollEvent() -> Never? { nil }
    /// There are no events.
    @inlinable public var hasEvents: Bool { false }
}

/// A core that drives another one and states only what it changes: everything else is handed on as it is.
///
/// ```swift
/// struct Counting<Base: DatagramCore>: WrappedCore {
///     var base: Base
///     var bytes = 0
///     mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
///         self.bytes += bytes.byteCount
///         base.handle(bytes, train, at: tyme)
///     }
/// }
/// ```
public protocol WrappedCore: DatagramCore {
    /// The core that does the work.
    associatedtype Base: DatagramCore where Base.Event == Event
    /// The core that does the work.
    var base: Base { get set }
}

extension WrappedCore {
    @inlinable public mutating func opened(_ limits: TrainLimits, at tyme: Tyme) { base.opened(limits, at: tyme) }
    @inlinable public mutating func tick(at tyme: Tyme) { base.tick(at: tyme) }
    @inlinable public mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        base.handle(bytes, train, at: tyme)
    }
    @inlinable public mutating func expire(at tyme: Tyme) { base.expire(at: tyme) }
    @inlinable public mutating func poll(
        into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme
    ) -> Train? { base.poll(into: &out, limits, at: tyme) }
    @inlinable public mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        base.sent(sending, train, at: tyme)
    }
    @inlinable public mutating func unblock() { base.unblock() }
    @inlinable public mutating func closing(at tyme: Tyme) { base.closing(at: tyme) }
    @inlinable public mutating func pollEvent() -> Event? { base.pollEvent() }
    @inlinable public var hasEvents: Bool { base.hasEvents }
    @inlinable public var wakeTyme: Tyme? { base.wakeTyme }
    @inlinable public var isBlocked: Bool { base.isBlocked }
}
