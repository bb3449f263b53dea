import Doing

/// A doer whose work is written as linear async code, run by the doist on its one thread.
///
/// ```swift
/// final class Client: CoDoer {
///     let inbox = Inbox<String>()
///     var reply = ""
///
///     override nonisolated(nonsending) func perform() async throws {
///         try await sleep(for: 0.5)
///         reply = try await inbox.next()
///     }
/// }
/// ```
/// All that the body does happens in the doer's slot of a pass; while it waits the doer is parked and costs nothing.
/// It is done when ``perform()`` returns; an error that it throws is the doer's. When the doer is closed, the body is
/// cancelled and runs to its end before ``exit(_:)`` returns. After that it may be scheduled again.
///
/// Where a closure will do, take a ``LinearDoer``. Child tasks that use the doer itself are those of ``together(_:_:)``
/// and ``withChildren(returning:_:)``.
@safe open class CoDoer: Doer {
    /// Where the loop is held, if there is one: raw memory, since each use of a field would be checked for exclusivity.
    private final let cell: UnsafeMutablePointer<Unmanaged<CoLoop>?> = {
        let cell = UnsafeMutablePointer<Unmanaged<CoLoop>?>.allocate(capacity: 1)
        unsafe cell.initialize(to: nil)
        return unsafe cell
    }()

    /// The most steps that its tasks may take in one slot of a pass, at least 1.
    ///
    /// Beyond it the doer fails with a ``CoError`` instead of holding up the doist.
    public final var stepLimit = 1_000_000 {
        didSet {
            precondition(stepLimit > 0, "stepLimit is \(stepLimit), must be at least 1")
            unsafe cell.pointee?.takeUnretainedValue().state.pointee.stepLimit = stepLimit
        }
    }

    /// What it does, from its first recur on.
    ///
    /// Wait with ``sleep(for:)``, ``sleep(until:)``, ``nextTick()`` and `Inbox.next()`; task groups, `async let` and
    /// ``within(_:_:)`` stay in the loop, a bare `Task {}` and `Task.sleep` do not and trap when they come back.
    ///
    /// The base class returns at once.
    open nonisolated(nonsending) func perform() async throws {}

    /// Runs the body as far as it goes; it parks until its nearest sleep, or a wake, unless it waits for a tick.
    public final override func recur(_ tyme: Tyme) throws -> Recurrence {
        if let loop = unsafe cell.pointee { return try unsafe loop._withUnsafeGuaranteedRef { try $0.run(at: tyme) } }
        let loop = CoLoop(self, at: tyme)
        unsafe cell.pointee = unsafe .passRetained(loop)
        return try loop.run(at: tyme)
    }

    /// Cancels the body and lets it run to its end.
    ///
    /// An override calls `super`.
    ///
    /// - Throws: what the body threw, but for a `CancellationError`; ``CoError`` if it does not come to its end.
    open override func cease(_ tyme: Tyme) throws { try close(tyme) }

    /// Cancels the body and lets it run to its end, if that was not done; it is called after an abort too.
    ///
    /// An override calls `super`.
    open override func exit(_ tyme: Tyme) throws { try close(tyme) }

    private final func close(_ tyme: Tyme) throws {
        guard let loop = unsafe cell.pointee else { return }
        defer {
            unsafe cell.pointee = nil
            unsafe loop.release()
        }
        try unsafe loop.takeUnretainedValue().close(at: tyme)
    }

    deinit {
        unsafe cell.pointee?.release()
        unsafe cell.deallocate()
    }
}
