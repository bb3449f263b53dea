import CSockets
import Synchronization
import Wiring

/// A thread that sleeps in the poller for a task, so that the task's executor stays free.
///
/// One task at a time sleeps here. The thread waits for orders in between and uses no processor.
final class Sleeper: Sendable {
    private struct State {
        var sleeping: UnsafeContinuation<Void, Never>?
        var deadline: Double?
        /// Number of the sleep under way, and of the last one that was cancelled.
        var number = 0
        var cancelled = 0
        var isEnded = false
    }

    /// The C thread, joined in ``end()``; written once, before anybody else knows the sleeper.
    private struct Handle: @unchecked Sendable {
        var thread: OpaquePointer?
    }

    private let poller: Int32
    private let orders = Kick()
    private let state = Mutex(State())
    private let handle = Mutex(Handle())

    init(_ poller: Int32) throws(TransportError) {
        self.poller = poller
        guard orders.error == 0 else { throw .failed("eventfd", -orders.error, "sleeper") }
        var error: Int32 = 0
        let context = Unmanaged.passRetained(self)
        let thread = csk_thread_start(
            { Unmanaged<Sleeper>.fromOpaque($0!).takeRetainedValue().work() }, context.toOpaque(), &error)
        guard let thread else {
            context.release()
            throw .failed("pthread_create", -error, "sleeper")
        }
        handle.withLock { $0.thread = thread }
    }

    /// Ends the thread and waits for it. A task that sleeps is woken.
    func end() {
        state.withLock { $0.isEnded = true }
        orders.kick()
        let thread = handle.withLock { handle in
            defer { handle.thread = nil }
            return handle.thread
        }
        if let thread { csk_thread_join(thread) }
    }

    /// Returns at the deadline, when the poller has something, or when the task is cancelled.
    nonisolated(nonsending) func sleep(until deadline: Double?) async throws(TransportError) {
        let number = state.withLock { state in
            precondition(state.sleeping == nil, "two tasks wait for one pace")
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isEnded || state.cancelled >= number { return true }
                    state.sleeping = continuation
                    state.deadline = deadline
                    return false
                }
                if isOver { continuation.resume() } else { orders.kick() }
            }
        } onCancel: {
            state.withLock { $0.cancelled = max($0.cancelled, number) }
            orders.kick()
        }
    }

    /// The thread's life.
    private func work() {
        while true {
            let (deadline, isSleeping, isOver, isEnded) = state.withLock { state in
                (state.deadline, state.sleeping != nil, state.cancelled >= state.number, state.isEnded)
            }
            if isEnded || (isSleeping && isOver) { resume() }
            if isEnded { return }
            if !isSleeping || isOver {
                // Nobody sleeps: wait for orders alone, for as long as it takes.
                _ = csk_wait_readable(orders.readEnd, -1, -1)
                orders.drain()
                continue
            }
            let ready = csk_wait_readable(poller, orders.readEnd, RealPace.nanoseconds(until: deadline))
            if ready & 2 != 0, ready > 0 { orders.drain() }
            if ready > 0, ready & 1 != 0 { resume() }
            if ready == 0, RealPace.nanoseconds(until: deadline) == 0 { resume() }
        }
    }

    private func resume() {
        let sleeping = state.withLock { state in
            defer { state.sleeping = nil }
            return state.sleeping
        }
        sleeping?.resume()
    }
}
