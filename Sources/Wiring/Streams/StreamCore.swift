import Doing

/// A protocol over one stream as a value: it eats bytes and tyme, and yields bytes and events. No clock, no sockets.
///
/// The words mean the same as in ``DatagramCore``. The owner, usually a ``StreamDoer``, calls ``connected(at:)`` once,
/// and then in every pass, in this order, at one tyme:
///
/// 1. ``tick(at:)``: the tyme is now this.
/// 2. ``handle(_:at:)`` with what has come, unless ``wantsInput`` is false; ``ended(at:)`` once when the other end has
///    sent its last.
/// 3. ``expire(at:)``: all of it was taken in, so timers that are due run.
/// 4. ``pollEvent()`` until it is nil.
/// 5. ``lendOutput(_:)`` and, with what was taken of it, ``sent(_:at:)``, until nothing is left or there is no room.
/// 6. What ``closing`` says, once all output is gone.
///
/// What is read is answered before more is read, so 2, 4 and 5 may take turns. Before the doer is closed from outside,
/// it calls ``closing(at:)``, and then 4 and 5 once more. Nothing from outside makes a core throw or trap.
public protocol StreamCore {
    /// What the core tells its user.
    associatedtype Event

    /// The connection stands.
    mutating func connected(at tyme: Tyme)

    /// Takes in bytes, which are valid for the call only.
    mutating func handle(_ bytes: RawSpan, at tyme: Tyme)

    /// The other end has sent its last.
    mutating func ended(at tyme: Tyme)

    /// The connection is over in both directions: nothing comes and nothing goes any more.
    mutating func lost(_ loss: StreamLoss, at tyme: Tyme)

    /// The tyme is now `tyme`: never less than at the last call. First in every pass, and before the doer lends its
    /// core for a change from outside. It runs no timer.
    mutating func tick(at tyme: Tyme)

    /// Everything that had come was taken in: runs the timers that are due.
    mutating func expire(at tyme: Tyme)

    /// The doer is about to be closed from outside: say goodbye. Events and output are polled once more.
    mutating func closing(at tyme: Tyme)

    /// False while the core wants no more bytes, for instance because its user or its output is behind: then nothing
    /// is read, and the other end comes to a stop.
    var wantsInput: Bool { get }

    /// Lends all bytes that are to be sent, or as many of them as lie together; none if nothing is to be sent.
    func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R

    /// So many bytes of the front of the output are gone.
    mutating func sent(_ count: Int, at tyme: Tyme)

    /// What is to become of the connection when the output is gone.
    var closing: StreamClosing { get }

    /// The next event, oldest first, or nil.
    mutating func pollEvent() -> Event?

    /// True while ``pollEvent()`` would yield something.
    var hasEvents: Bool { get }

    /// When the core next has something to do if nothing comes: nil for never.
    var wakeTyme: Tyme? { get }
}

extension StreamCore {
    /// Does nothing.
    public mutating func connected(at tyme: Tyme) {}
    /// Does nothing.
    public mutating func lost(_ loss: StreamLoss, at tyme: Tyme) {}
    /// Does nothing.
    @inlinable public mutating func tick(at tyme: Tyme) {}
    /// Does nothing.
    @inlinable public mutating func expire(at tyme: Tyme) {}
    /// Does nothing.
    public mutating func closing(at tyme: Tyme) {}
}

extension StreamCore where Event == Never {
    /// There are no events.
    @inlinable public mutating func pollEvent() -> Never? { nil }
    /// There are no events.
    @inlinable public var hasEvents: Bool { false }
}

/// What a core wants to become of its connection.
public enum StreamClosing: Hashable, Sendable {
    /// It stays.
    case open
    /// Our half ends once the output is gone; the other half is read on.
    case finish
    /// Both halves end once the output is gone.
    case close
    /// It is thrown away at once, output and all.
    case reset
}
