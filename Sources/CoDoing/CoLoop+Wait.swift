import Doing

/// Waiting, and the end of it.
extension CoLoop {
    /// A fresh record.
    func take() -> Wait {
        let wait: Wait
        if let spare = state.pointee.spares {
            wait = spare
            state.pointee.spares = spare.pointee.next
        } else {
            wait = .allocate(capacity: 1)
        }
        wait.initialize(to: WaitState(loop: .passUnretained(self)))
        return wait
    }

    func give(_ wait: Wait) {
        wait.pointee.next = state.pointee.spares
        state.pointee.spares = wait
    }

    /// Sets when the wait ends at the latest.
    func setDeadline(_ wait: Wait, _ deadline: Tyme) {
        wait.pointee.deadline = deadline
        guard deadline < .infinity else { return }
        state.pointee.registered &+= 1
        wait.pointee.order = state.pointee.registered
        state.pointee.deadlines.insert(wait)
    }

    /// Suspends the current task until the wait is resolved.
    ///
    /// The body itself needs no cancellation handler, since only ``close(at:)`` cancels it; its children do.
    @inline(__always)
    nonisolated(nonsending) func suspend(_ wait: Wait) async {
        if state.pointee.root == .current {
            state.pointee.rootWait = wait
            await withUnsafeContinuation { wait.pointee.continuation = $0 }
            state.pointee.rootWait = nil
        } else {
            await suspendChild(wait)
        }
    }

    @inline(never)
    private nonisolated(nonsending) func suspendChild(_ wait: Wait) async {
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
        if state.pointee.isInSlot {
            wait.pointee.continuation.unsafelyUnwrapped.resume()
        } else {
            state.pointee.resolved.append(wait)
            doer.wake()
        }
    }

    /// What every wait begins with: throws if the task is cancelled, and counts.
    @inline(__always)
    nonisolated(nonsending) func checkCancellation() async throws(CancellationError) {
        guard _slowPath(Task.isCancelled) else { return }
        try await refuse()
    }

    @inline(never)
    private nonisolated(nonsending) func refuse() async throws(CancellationError) {
        await countStep()
        throw CancellationError()
    }

    /// Counts a wait that does not suspend.
    ///
    /// Beyond the limit it does, for ever: nothing else can stop such a loop.
    @inline(__always)
    nonisolated(nonsending) func countStep() async {
        state.pointee.steps &+= 1
        if _slowPath(state.pointee.steps > state.pointee.stepLimit) { await abandon() }
    }

    @inline(never)
    private nonisolated(nonsending) func abandon() async {
        let steps = state.pointee.stepLimit
        state.pointee.fault =
            Task.isCancelled
            ? .ignoresCancellation(doer: doer.name, steps: steps) : .endless(doer: doer.name, steps: steps)
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }
}
