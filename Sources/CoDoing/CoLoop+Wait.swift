import Doing

/// Waiting, and the end of it.
///
/// What is hot is written so that a wait has one async frame: each more costs as much as a few function calls.
extension CoLoop {
    /// A fresh record.
    @inline(__always)
    func take() -> Wait {
        let wait = state.pointee.spares ?? .allocate(capacity: 1)
        if state.pointee.spares != nil { state.pointee.spares = wait.pointee.next }
        wait.initialize(to: WaitState(loop: .passUnretained(self)))
        return wait
    }

    /// A record with a deadline, or nil if that has come.
    func take(until deadline: Tyme) -> Wait? {
        guard deadline > state.pointee.tyme else { return nil }
        let wait = take()
        setDeadline(wait, deadline)
        return wait
    }

    /// Takes a record back and answers how the wait came out.
    @inline(__always)
    @discardableResult
    func give(_ wait: Wait) -> WaitState.Outcome {
        wait.pointee.next = state.pointee.spares
        state.pointee.spares = wait
        return wait.pointee.outcome
    }

    /// Sets when the wait ends at the latest.
    func setDeadline(_ wait: Wait, _ deadline: Tyme) {
        wait.pointee.deadline = deadline
        guard deadline < .infinity else { return }
        state.pointee.registered &+= 1
        wait.pointee.order = state.pointee.registered
        state.pointee.deadlines.insert(wait)
    }

    /// Whether this is the task of the body, not a child of it.
    ///
    /// It needs no cancellation handler, since only ``close(at:)`` cancels it.
    @inline(__always)
    var isRoot: Bool { state.pointee.root == state.pointee.running }

    /// Whether the current task is cancelled.
    @inline(__always)
    func isCancelled(isRoot: Bool) -> Bool { isRoot ? state.pointee.isClosing : Task.isCancelled }

    /// The body waits: to be called where its continuation is made.
    @inline(__always)
    func suspendRoot(_ wait: Wait, _ continuation: UnsafeContinuation<Void, Never>) {
        wait.pointee.continuation = continuation
        state.pointee.rootWait = wait
    }

    /// A child waits, until the wait is resolved.
    @inline(never)
    nonisolated(nonsending) func suspendChild(_ wait: Wait) async {
        nonisolated(unsafe) let wait = wait
        await withTaskCancellationHandler {
            await withUnsafeContinuation { wait.pointee.continuation = $0 }
        } onCancel: {
            self.checkThread("the cancellation of a task of a CoDoer")
            self.resolve(wait, .cancelled)
        }
    }

    /// Ends a wait, unless it has ended: in the slot under way if there is one, else in the next.
    func resolve(_ wait: Wait, _ outcome: WaitState.Outcome) {
        guard wait.pointee.outcome == .pending else { return }
        wait.pointee.outcome = outcome
        if let list = wait.pointee.list { list.remove(wait) }
        if wait.pointee.heapSlot >= 0 { state.pointee.deadlines.remove(wait) }
        if state.pointee.rootWait == wait { state.pointee.rootWait = nil }
        if state.pointee.isInSlot {
            wait.pointee.continuation.unsafelyUnwrapped.resume()
        } else {
            state.pointee.resolved.append(wait)
            doer.wake()
        }
    }

    /// A wait of a task that is cancelled: counts, and throws.
    @inline(never)
    nonisolated(nonsending) func refuse() async -> CancellationError {
        if countStep() { await abandon() }
        return CancellationError()
    }

    /// Counts a wait that does not suspend; answers whether it is one too many, which is to be abandoned.
    @inline(__always)
    func countStep() -> Bool {
        state.pointee.steps &+= 1
        return _slowPath(state.pointee.steps > state.pointee.stepLimit)
    }

    /// Suspends the current task for ever: nothing else can stop a loop of waits that do not suspend.
    @inline(never)
    nonisolated(nonsending) func abandon() async {
        let steps = state.pointee.stepLimit
        state.pointee.fault =
            Task.isCancelled
            ? .ignoresCancellation(doer: doer.name, steps: steps) : .endless(doer: doer.name, steps: steps)
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }
}
