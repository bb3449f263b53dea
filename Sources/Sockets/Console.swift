import CSockets
import Doing
import Wiring

/// Reads lines from standard input, or another descriptor, as a doer: it never waits for one.
///
/// ```swift
/// let console = Console { event, _ in
///     if case .line(let text) = event { talk.say(text) }
/// }
/// try Doist(doers: [talk, console]).run(pace: .real)
/// ```
///
/// Under a pace it sleeps until there is input; a regular file, which no poller can watch, and input without a pace are
/// looked at in every tick. It ends with the input, after the event that says so.
///
/// The flags of the descriptor are left alone. They belong to the open file, which the shell and other processes share,
/// and often the output too: a program that makes them non-blocking breaks its own printing, and leaves a broken
/// terminal behind if it is killed. A terminal or pipe is opened once more instead; where that cannot be done, only
/// what is there already is read.
///
/// A line has a bound, and so has the work of a pass.
///
/// - Source: hio `core/serial/serialing.py`, `Console`, `ConsoleDoer`.
@safe public final class Console: Doer {
    /// Bytes of the longest line that is handed on, its line feed not counted.
    public static let lineLimit = 65_536
    /// Bytes read in one pass at most.
    static let budget = 65_536

    private let source: Int32
    private let onEvent: (ConsoleEvent, Tyme) -> Void
    private var lines: LineSplitter
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
    /// The source opened once more, or the source itself; -1 outside of enter and exit.
    private var descriptor: Int32 = -1
    private var watch = DescriptorWatch()
    private var mayWatch = true

    /// Reads nothing while true, so that what cannot be dealt with yet stays where it is. Off at first.
    public var isPaused = false {
        didSet { if isPaused != oldValue { wake() } }
    }

    /// - Parameters:
    ///   - descriptor: what to read; 0 is standard input. It is not closed.
    ///   - lineLimit: bytes of the longest line that is handed on, at least 1.
    ///   - onEvent: called with every line and with the end.
    public init(
        descriptor: Int32 = 0, lineLimit: Int = Console.lineLimit,
        onEvent: @escaping (ConsoleEvent, Tyme) -> Void
    ) {
        precondition(lineLimit >= 1, "line limit \(lineLimit): expected at least 1")
        source = descriptor
        lines = LineSplitter(limit: lineLimit)
        self.onEvent = onEvent
        super.init()
    }

    deinit {
        closeOwn()
        unsafe room.deallocate()
    }

    /// Whether somebody may be typing: the source is a terminal.
    public var isTerminal: Bool { csk_is_terminal(source) == 1 }

    /// Opens the source once more, if it can be.
    override public func enter(_ tyme: Tyme) throws {
        let own = csk_console_open(source)
        descriptor = own >= 0 ? own : source
        mayWatch = true
        lines = LineSplitter(limit: lines.limit)
    }

    /// Tells of the lines that have come.
    override public func recur(_ tyme: Tyme) throws -> Recurrence {
        if isPaused {
            watch.end(for: self)
            return .park(until: .infinity)
        }
        var left = Self.budget
        while left > 0, !isPaused {
            let count = unsafe csk_console_read(descriptor, room.baseAddress, min(left, room.count))
            switch count {
            case 1...:
                left -= count
                unsafe lines.take(UnsafeRawBufferPointer(rebasing: room[..<count])) { onEvent($0, tyme) }
            case 0: return end(nil, tyme)
            case -Int(EAGAIN): return rest()
            case -Int(EINTR): continue
            default: return end(Int32(truncatingIfNeeded: -count), tyme)
            }
        }
        return goOn()  // the budget ended the pass
    }

    /// Lets go of what enter opened.
    override public func exit(_ tyme: Tyme) throws {
        watch.end(for: self)
        closeOwn()
    }

    private func end(_ code: Int32?, _ tyme: Tyme) -> Recurrence {
        if let last = lines.end() { onEvent(last, tyme) }
        onEvent(.end(code: code), tyme)
        return .done
    }

    /// Sleeps until there is more, where something can tell.
    private func rest() -> Recurrence {
        if mayWatch {
            // A regular file is taken by no poller.
            do { try watch.set(descriptor, for: self) } catch { mayWatch = false }
        }
        return watch.isOn ? .park(until: .infinity) : .again
    }

    private func closeOwn() {
        if descriptor >= 0, descriptor != source { _ = csk_close(descriptor) }
        descriptor = -1
    }
}
