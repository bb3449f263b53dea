import Doing

extension Promise {
    /// Waits for the value; several bodies may.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, or was before.
    public nonisolated(nonsending) func get() async throws(CancellationError) -> Value {
        let loop = unsafe CoLoop.here("Promise.get()")
        let isRoot = unsafe loop.isRoot
        if unsafe loop.isCancelled(isRoot: isRoot) {
            await unsafe loop.refuse()
            throw CancellationError()
        }
        if let value {
            if unsafe loop.countStep() { await unsafe loop.abandon() }
            return value
        }
        let wait = unsafe loop.take()
        unsafe CoWaiters.of(&waiters).append(wait)
        if isRoot {
            await unsafe suspend { unsafe loop.suspendRoot(wait, $0) }
        } else {
            await unsafe loop.suspendChild(wait)
        }
        guard unsafe loop.give(wait) != .cancelled, let value else { throw CancellationError() }
        return value
    }
}
