import CSockets
import Synchronization
import Wiring

/// A thread that sleeps in the poller for a task, so that the task's executor stays free.
///
/// One task at a time sleeps here. The thread waits for orders in between and uses no processor.
final class Sleeper: Sendable {
    @safe private struct State {
        var sleeping: UnsafeContinuation<Void, Never>?
        var deadline: Double?
        /// Number of the sleep under way, and of the last one that was cancelled.
        var number = 0
        var cancelled = 0
        var isEnded = false
    }

    /// The C thread, joined in ``end()``; written once, before anybody else knows the sleeper.
    @safe private struct Handle: @unchecked Sendable {
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
        let context = unsafe Unmanaged.passRetained(self)
        let thread = unsafe csk_thread_start(
            { unsafe Unmanaged<Sleeper>.fromOpaque($0!).takeRetainedValue().work() }, unsafe context.toOpaque(), &error)
        guard let thread = unsafe thread else {
            unsafe context.release()
            throw .failed("pthread_create", -error, "sleeper")
        }
        handle.withLock { unsafe $0.thread = unsafe thread }
    }

    /// Ends the thread and waits for it. A task that sleeps is woken.
    func end() {
        state.withLock { $0.isEnded = true }
        orders.kick()
        let thread = unsafe handle.withLock { handle in
            defer { unsafe handle.thread = nil }
            return unsafe handle.thread
        }
        if let thread = unsafe thread { unsafe csk_thread_join(thread) }
    }

    /// Returns at the deadline, when the poller has something, or when the task is cancelled.
    nonisolated(nonsending) func sleep(until deadline: Double?) async throws(TransportError) {
        let number = state.withLock { state in
            unsafe precondition(state.sleeping == nil, "two tasks wait for one pace")
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            unsafe await withUnsafeContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isEnded || state.cancelled >= number { return true }
                    unsafe state.sleeping = unsafe continuation
                    state.deadline = deadline
                    return false
                }
                if isOver { unsafe continuation.resume() } else { orders.kick() }
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
                unsafe (state.deadline, state.sleeping != nil, state.cancelled >= state.number, state.isEnded)
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
        let sleeping = unsafe state.withLock { state in
            defer { unsafe state.sleeping = nil }
            return unsafe state.sleeping
        }
        unsafe sleeping?.resume()
    }
}
