import Doing

/// An async doer from a closure.
///
/// ```swift
/// let inbox = Inbox<String>()
/// let reader = LinearDoer { doer in
///     let line = try await inbox.next(timeout: 2)
///     print("\(doer.name): \(line ?? "nothing came")")
/// }
/// ```
/// The closure may hold what is not Sendable: it runs on the doist's thread as everything of its doer does.
///
/// A closure that is written where an actor is in force, such as the main actor, is isolated to that actor and would
/// run there, outside of the loop; its doer then fails with ``CoError/isolated(doer:)`` instead. Make the doer in a
/// `nonisolated` function, which may be called from anywhere.
open class LinearDoer: CoDoer {
    /// What it does: it is handed the doer.
    public typealias Work = @isolated(any) (CoDoer) async throws -> Void

    private let work: Work

    /// A doer with tock 0 that is done when `work` returns.
    public init(_ work: @escaping Work) {
        self.work = work
        super.init()
    }

    /// A named doer that is done when `work` returns.
    ///
    /// - Throws: `TymeError.tock(_:)` unless `tock` is finite and not negative.
    public init(
        name: String, tock: Double = 0.0, temp: Bool? = nil, _ work: @escaping Work
    ) throws(TymeError) {
        self.work = work
        try super.init(name: name, tock: tock, temp: temp)
    }

    public final override nonisolated(nonsending) func perform() async throws {
        guard work.isolation == nil else { throw CoError.isolated(doer: name) }
        // Nobody else runs meanwhile: the closure has no actor, and so runs in the loop.
        nonisolated(unsafe) let (work, doer) = (work, self)
        try await unsafe work(doer)
    }
}
