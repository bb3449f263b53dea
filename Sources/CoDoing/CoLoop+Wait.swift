import Doing

/// Suspends the current task; `body` keeps what resumes it.
///
/// This is `withUnsafeContinuation`; where the compiler is known to have it, in the form that stays where its caller
/// is. The other goes to the caller's executor first, where the caller is already, and to find that out takes a sixth
/// of a switch. The name of that form is the standard library's own business, so no later compiler is asked for it.
@inline(__always)
nonisolated(nonsending) func suspend(_ body: (UnsafeContinuation<Void, Never>) -> Void) async {
    #if compiler(<6.4)
        await unsafe _unsafeInheritExecutor_withUnsafeContinuation(body)
    #else
        await withUnsafeContinuation(body)
    #endif
}

/// Waiting, and the end of it.
///
/// What is hot is written so that a wait has one async frame: each more costs as much as a few function calls.
extension LoopFields {
    /// A fresh record.
    @inline(__always)
    func take() -> Wait {
        let wait = unsafe pointee.spares ?? .allocate(capacity: 1)
        if unsafe pointee.spares != nil { unsafe pointee.spares = unsafe wait.pointee.next }
        unsafe wait.initialize(to: WaitState(loop: pointee.loop))
        return unsafe wait
    }

    /// A record with a deadline, or nil if that has come.
    func take(until deadline: Tyme) -> Wait? {
        guard unsafe deadline > pointee.tyme else { return nil }
        let wait = unsafe take()
        unsafe setDeadline(wait, deadline)
        return unsafe wait
    }

    /// A record that waits for the next tick: for the pass after this one, or for the doer's own tock, which may be too
    /// small to change the tyme.
    @inline(__always)
    func takeTick() -> Wait? {
        let tock = unsafe pointee.owner._withUnsafeGuaranteedRef { $0.tock }
        guard tock == 0 else { return unsafe take(until: pointee.tyme + tock) }
        let wait = unsafe take()
        unsafe wait.pointee.deadline = unsafe pointee.tyme
        unsafe pointee.ticks.append(wait)
        return unsafe wait
    }

    /// Takes a record back and answers how the wait came out.
    @inline(__always)
    @discardableResult
    func give(_ wait: Wait) -> WaitState.Outcome {
        unsafe wait.pointee.next = unsafe pointee.spares
        unsafe pointee.spares = unsafe wait
        return unsafe wait.pointee.outcome
    }

    /// Sets when the wait ends at the latest.
    func setDeadline(_ wait: Wait, _ deadline: Tyme) {
        unsafe wait.pointee.deadline = deadline
        guard deadline < .infinity else { return }
        unsafe pointee.registered &+= 1
        unsafe wait.pointee.order = unsafe pointee.registered
        unsafe pointee.deadlines.insert(wait)
    }

    /// Whether this is the task of the body, not a child of it.
    ///
    /// It needs no cancellation handler, since only ``close(at:)`` cancels it.
    @inline(__always)
    var isRoot: Bool { unsafe pointee.root == pointee.running }

    /// Whether the current task is cancelled.
    @inline(__always)
    func isCancelled(isRoot: Bool) -> Bool { unsafe isRoot ? pointee.isClosing : Task.isCancelled }

    /// The body waits: to be called where its continuation is made.
    @inline(__always)
    func suspendRoot(_ wait: Wait, _ continuation: UnsafeContinuation<Void, Never>) {
        unsafe wait.pointee.continuation = unsafe continuation
        unsafe pointee.rootWait = unsafe wait
    }

    /// A child waits, until the wait is resolved.
    @inline(never)
    nonisolated(nonsending) func suspendChild(_ wait: Wait) async {
        let loop = unsafe pointee.loop.takeUnretainedValue()
        nonisolated(unsafe) let wait = unsafe wait
        await withTaskCancellationHandler {
            await unsafe suspend { unsafe wait.pointee.continuation = unsafe $0 }
        } onCancel: {
            loop.checkThread("the cancellation of a task of a CoDoer")
            unsafe loop.resolve(wait, .cancelled)
        }
    }

    /// Counts a wait of a task that is cancelled, whose caller throws: an error that came from here would cost every
    /// wait the room for one, since its size is not known before it runs.
    @inline(never)
    nonisolated(nonsending) func refuse() async {
        if unsafe countStep() { await unsafe abandon() }
    }

    /// Counts a wait that does not suspend; answers whether it is one too many, which is to be abandoned.
    @inline(__always)
    func countStep() -> Bool {
        unsafe pointee.steps &+= 1
        return unsafe _slowPath(pointee.steps > pointee.stepLimit)
    }

    /// Suspends the current task for ever: nothing else can stop a loop of waits that do not suspend.
    @inline(never)
    nonisolated(nonsending) func abandon() async {
        let (steps, name) = unsafe (pointee.stepLimit, pointee.owner.takeUnretainedValue().name)
        unsafe pointee.fault =
            Task.isCancelled
            ? .ignoresCancellation(doer: name, steps: steps) : .endless(doer: name, steps: steps)
        await unsafe withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }
}

extension CoLoop {
    /// Ends a wait, unless it has ended: in the slot under way if there is one, else in the next.
    func resolve(_ wait: Wait, _ outcome: WaitState.Outcome) {
        guard unsafe wait.pointee.outcome == .pending else { return }
        unsafe wait.pointee.outcome = outcome
        if let list = unsafe wait.pointee.list { unsafe list.remove(wait) }
        if unsafe wait.pointee.heapSlot >= 0 { unsafe state.pointee.deadlines.remove(wait) }
        if unsafe state.pointee.rootWait == wait { unsafe state.pointee.rootWait = nil }
        if unsafe state.pointee.isInSlot {
            unsafe wait.pointee.continuation.unsafelyUnwrapped.resume()
        } else {
            unsafe state.pointee.resolved.append(wait)
            doer.wake()
        }
    }
}
