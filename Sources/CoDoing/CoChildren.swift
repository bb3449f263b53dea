import Doing

/// Child tasks of an async doer that may use what it uses, Sendable or not; see ``withChildren(returning:_:)``.
public struct CoChildren<Result> {
    private var group: ThrowingTaskGroup<Carried<Result>, any Error>
    private let loop: CoLoop

    fileprivate init(_ group: ThrowingTaskGroup<Carried<Result>, any Error>, _ loop: CoLoop) {
        (self.group, self.loop) = (group, loop)
    }

    /// Starts a child; it runs from the next suspension of its parent on, after those that were forked before it.
    public mutating func fork(_ operation: nonisolated(nonsending) @escaping () async throws -> Result) {
        // It runs in the same loop, so never at the same time as its parent.
        nonisolated(unsafe) let operation = operation
        group.addTask(executorPreference: loop) { unsafe Carried(value: try await operation()) }
    }

    /// The result of the next child that ends; nil if there is none left.
    ///
    /// - Throws: what that child threw.
    public mutating nonisolated(nonsending) func next() async throws -> Result? { try await group.next()?.value }

    /// Cancels all of them: each of their waits throws `CancellationError`.
    public func cancelAll() { group.cancelAll() }
}

/// Gives `body` children to fork, and waits for all of them: a task group for the one thread of the doist.
///
/// ```swift
/// let sum = try await withChildren(returning: Int.self) { children in
///     for name in ["tea", "milk"] { children.fork { try await shop.price(of: name).get() } }
///     var sum = 0
///     while let price = try await children.next() { sum += price }
///     return sum
/// }
/// ```
/// Children run in the same loop as their parent and change turns only at an `await`, so nothing that they share need
/// be Sendable. Where all that is wanted are the results of all, ``together(_:)`` is shorter.
///
/// - Returns: what `body` returned, when the last child has ended.
/// - Throws: what `body` threw; the children were cancelled then, and have ended. An error of a child is thrown by
///   ``CoChildren/next()`` only.
public nonisolated(nonsending) func withChildren<Result, Value>(
    returning: Result.Type, _ body: nonisolated(nonsending) (inout CoChildren<Result>) async throws -> Value
) async throws -> Value {
    let loop = unsafe CoLoop.here("withChildren(returning:_:)").pointee.loop.takeUnretainedValue()
    return try await withThrowingTaskGroup(of: Carried<Result>.self) { group in
        var children = CoChildren(group, loop)
        return try await body(&children)
    }
}

/// Carries what need not be Sendable from a child task to its parent in the same loop.
private struct Carried<Value>: @unchecked Sendable {
    let value: Value
}
