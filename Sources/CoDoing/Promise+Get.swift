import Doing

extension Promise {
    /// Waits for the value; several bodies may.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, or was before.
    public nonisolated(nonsending) func get() async throws(CancellationError) -> Value {
        let loop = CoLoop.here("Promise.get()")
        let isRoot = loop.isRoot
        if loop.isCancelled(isRoot: isRoot) {
            await loop.refuse()
            throw CancellationError()
        }
        if let value {
            if loop.countStep() { await loop.abandon() }
            return value
        }
        let wait = loop.take()
        CoWaiters.of(&waiters).append(wait)
        if isRoot {
            await suspend { loop.suspendRoot(wait, $0) }
        } else {
            await loop.suspendChild(wait)
        }
        guard loop.give(wait) != .cancelled, let value else { throw CancellationError() }
        return value
    }
}
