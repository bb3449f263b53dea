import Doing
import Synchronization

/// The executor of one async doer: its jobs wait here until the doer's slot in a pass, and run there first in, first
/// out.
///
/// Made anew each time the doer starts. It is Sendable because an executor must be; all but ``enqueue(_:)`` is for the
/// thread that runs the doist, and `enqueue` traps on any other.
final class CoLoop: TaskExecutor, @unchecked Sendable {
    let state: LoopFields
    private var task: Task<Void, Never>?
    /// The thread of the doist, the only one that may bring jobs.
    private let owner: OwnerThread
    /// No job is taken any more.
    private let isClosed = Atomic(false)

    var doer: CoDoer { state.pointee.owner.takeUnretainedValue() }

    init(_ doer: CoDoer, at tyme: Tyme) {
        owner = doer.doist?.ownerThread ?? OwnerThread()
        state = .allocate(capacity: 1)
        state.initialize(to: LoopState(loop: .passUnretained(self), owner: .passUnretained(doer)))
        state.pointee.tyme = tyme
        state.pointee.stepLimit = doer.stepLimit
    }

    deinit {
        state.pointee.free()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    // MARK: - Where am I

    /// The fields of the loop of the async doer whose body calls this.
    @inline(__always)
    static func here(_ call: StaticString) -> LoopFields {
        guard let loop = Seats.current(currentThread()) else { notHere(call) }
        return loop
    }

    @inline(never)
    private static func notHere(_ call: StaticString) -> Never {
        fatalError(
            "\(call) outside of the loop of a CoDoer: not in its body, or in a task that has left it, \(strayed)")
    }

    /// Traps if the slot under way is on another thread.
    func checkThread(_ call: StaticString) {
        guard !state.pointee.isInSlot || owner.isOwner(currentThread()) else {
            fatalError("\(call) on another thread than that of the doist: post to a Mailbox instead")
        }
    }

    private static let strayed: StaticString = """
        probably a bare Task {}, Task.sleep, a stream or continuation fed by another thread, or an actor with an \
        executor of its own: use a task group, sleep(for:), an Inbox, and from other threads a Mailbox
        """

    // MARK: - The executor

    func enqueue(_ job: consuming ExecutorJob) {
        if _slowPath(isClosed.load(ordering: .relaxed)) { return }  // reported already, when it was closed
        guard _fastPath(owner.isOwner(currentThread())) else {
            fatalError("a task of a CoDoer resumed on another thread, \(CoLoop.strayed)")
        }
        state.pointee.jobs.append(UnownedJob(job))
        if !state.pointee.isInSlot { doer.wake() }
    }

    // MARK: - The slot

    /// Makes the task of the body, which is then the first job of the slot under way.
    private func start() {
        nonisolated(unsafe) let doer = doer
        task = Task(executorPreference: self) { [self] in
            state.pointee.root = state.pointee.running
            do {
                try await doer.perform()
            } catch {
                state.pointee.error = error
            }
            state.pointee.isFinished = true
        }
    }

    /// All that the body can do at `tyme`; answers what it waits for.
    func run(at tyme: Tyme) throws -> Recurrence {
        enterSlot(at: tyme)
        if task == nil { start() }
        resumeResolved()
        if state.pointee.deadlines.firstDeadline <= tyme { resumeDue() }
        if state.pointee.ticks.pointee.first != nil { resumeTicks() }
        drain()
        leaveSlot()
        if let fault = state.pointee.fault { throw fault }
        if state.pointee.isFinished {
            if let error = state.pointee.error { throw error }
            return .done
        }
        return state.pointee.ticks.pointee.first != nil ? .again : .park(until: state.pointee.deadlines.firstDeadline)
    }

    /// Cancels the body and lets it run to its end.
    ///
    /// - Throws: what the body threw, but for a `CancellationError`; ``CoError`` if it cannot be brought to its end.
    func close(at tyme: Tyme) throws {
        defer {
            isClosed.store(true, ordering: .relaxed)
            task = nil
        }
        guard !state.pointee.isFinished else { return }
        let wasReported = state.pointee.fault != nil
        state.pointee.fault = nil
        enterSlot(at: tyme)
        resumeResolved()
        state.pointee.isClosing = true
        task?.cancel()
        if let wait = state.pointee.rootWait { resolve(wait, .cancelled) }
        drain()
        leaveSlot()
        if wasReported { return }
        if let fault = state.pointee.fault {
            throw CoError.ignoresCancellation(doer: doer.name, steps: fault.steps)
        }
        guard state.pointee.isFinished else { throw CoError.stillWaiting(doer: doer.name) }
        if let error = state.pointee.error, !(error is CancellationError) { throw error }
    }

    @inline(__always)
    private func enterSlot(at tyme: Tyme) {
        precondition(!state.pointee.isInSlot, "\(doer.name) is run or closed by its own body")
        let here = currentThread()
        owner.note(here)
        state.pointee.around = Seats.enter(state, here)
        state.pointee.tyme = tyme
        state.pointee.isInSlot = true
        state.pointee.steps = 0
    }

    @inline(__always)
    private func leaveSlot() {
        state.pointee.isInSlot = false
        Seats.leave(currentThread(), for: state.pointee.around)
    }

    private func drain() {
        let executor = asUnownedTaskExecutor()
        let limit = state.pointee.stepLimit
        while state.pointee.fault == nil, let job = state.pointee.jobs.popFirst() {
            state.pointee.running = unsafeBitCast(job, to: UInt.self)
            job.runSynchronously(on: executor)
            state.pointee.steps &+= 1
            if _slowPath(state.pointee.steps > limit), state.pointee.jobs.count > 0, state.pointee.fault == nil {
                state.pointee.fault = .endless(doer: doer.name, steps: limit)
            }
        }
    }

    private func resumeResolved() {
        while let wait = state.pointee.resolved.pointee.first {
            state.pointee.resolved.remove(wait)
            wait.pointee.continuation.unsafelyUnwrapped.resume()
        }
    }

    private func resumeDue() {
        let tyme = state.pointee.tyme
        while let wait = state.pointee.deadlines.popDue(at: tyme) {
            if let task = wait.pointee.alarm {
                wait.pointee.outcome = .late
                task.pointee.cancel()
            } else {
                resolve(wait, .late)
            }
        }
    }

    /// A wait for the next tick keeps the tyme of its registration, since in real time there are extra passes at the
    /// same tyme; where tyme stands still every pass is a tick.
    private func resumeTicks() {
        let tyme = state.pointee.tyme
        while let wait = state.pointee.ticks.pointee.first,
            wait.pointee.deadline < tyme || doer.doist?.tock == 0
        {
            resolve(wait, .ready)
        }
    }
}

extension CoError {
    fileprivate var steps: Int {
        switch self {
        case .endless(_, let steps), .ignoresCancellation(_, let steps): steps
        case .stillWaiting, .isolated: 0
        }
    }
}
