import Doing
import Synchronization

/// The executor of one async doer: its jobs wait here until the doer's slot in a pass, and run there first in, first
/// out.
///
/// Made anew each time the doer starts. It is Sendable because an executor must be; all but ``enqueue(_:)`` is for the
/// thread that runs the doist, and `enqueue` traps on any other.
@safe final class CoLoop: TaskExecutor, @unchecked Sendable {
    let state: LoopFields
    private var task: Task<Void, Never>?
    /// The thread of the doist, the only one that may bring jobs.
    private let owner: OwnerThread
    /// No job is taken any more.
    private let isClosed = Atomic(false)

    var doer: CoDoer { unsafe state.pointee.owner.takeUnretainedValue() }

    init(_ doer: CoDoer, at tyme: Tyme) {
        owner = doer.doist?.ownerThread ?? OwnerThread()
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: LoopState(loop: .passUnretained(self), owner: .passUnretained(doer)))
        unsafe state.pointee.tyme = tyme
        unsafe state.pointee.stepLimit = doer.stepLimit
    }

    deinit {
        unsafe state.pointee.free()
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    // MARK: - Where am I

    /// The fields of the loop of the async doer whose body calls this.
    @inline(__always)
    static func here(_ call: StaticString) -> LoopFields {
        guard let loop = unsafe Seats.current(currentThread()) else { notHere(call) }
        return unsafe loop
    }

    @inline(never)
    private static func notHere(_ call: StaticString) -> Never {
        fatalError(
            "\(call) outside of the loop of a CoDoer: not in its body, or in a task that has left it, \(strayed)")
    }

    /// Traps if the slot under way is on another thread.
    func checkThread(_ call: StaticString) {
        guard unsafe !state.pointee.isInSlot || owner.isOwner(currentThread()) else {
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
        unsafe state.pointee.jobs.append(UnownedJob(job))
        if unsafe !state.pointee.isInSlot { doer.wake() }
    }

    // MARK: - The slot

    /// Makes the task of the body, which is then the first job of the slot under way.
    private func start() {
        nonisolated(unsafe) let doer = doer
        task = Task(executorPreference: self) { [self] in
            unsafe state.pointee.root = unsafe state.pointee.running
            do {
                try await unsafe doer.perform()
            } catch {
                unsafe state.pointee.error = error
            }
            unsafe state.pointee.isFinished = true
        }
    }

    /// All that the body can do at `tyme`; answers what it waits for.
    func run(at tyme: Tyme) throws -> Recurrence {
        enterSlot(at: tyme)
        if task == nil { start() }
        resumeResolved()
        if unsafe state.pointee.deadlines.firstDeadline <= tyme { resumeDue() }
        if unsafe state.pointee.ticks.pointee.first != nil { resumeTicks() }
        drain()
        leaveSlot()
        if let fault = unsafe state.pointee.fault { throw fault }
        if unsafe state.pointee.isFinished {
            if let error = unsafe state.pointee.error { throw error }
            return .done
        }
        return unsafe state.pointee.ticks.pointee.first != nil
            ? .again : .park(until: state.pointee.deadlines.firstDeadline)
    }

    /// Cancels the body and lets it run to its end.
    ///
    /// - Throws: what the body threw, but for a `CancellationError`; ``CoError`` if it cannot be brought to its end.
    func close(at tyme: Tyme) throws {
        defer {
            isClosed.store(true, ordering: .relaxed)
            task = nil
        }
        guard unsafe !state.pointee.isFinished else { return }
        let wasReported = unsafe state.pointee.fault != nil
        unsafe state.pointee.fault = nil
        enterSlot(at: tyme)
        resumeResolved()
        unsafe state.pointee.isClosing = true
        task?.cancel()
        if let wait = unsafe state.pointee.rootWait { unsafe resolve(wait, .cancelled) }
        drain()
        leaveSlot()
        if wasReported { return }
        if let fault = unsafe state.pointee.fault {
            throw CoError.ignoresCancellation(doer: doer.name, steps: fault.steps)
        }
        guard unsafe state.pointee.isFinished else { throw CoError.stillWaiting(doer: doer.name) }
        if let error = unsafe state.pointee.error, !(error is CancellationError) { throw error }
    }

    @inline(__always)
    private func enterSlot(at tyme: Tyme) {
        unsafe precondition(!state.pointee.isInSlot, "\(doer.name) is run or closed by its own body")
        let here = currentThread()
        owner.note(here)
        unsafe state.pointee.around = unsafe Seats.enter(state, here)
        unsafe state.pointee.tyme = tyme
        unsafe state.pointee.isInSlot = true
        unsafe state.pointee.steps = 0
    }

    @inline(__always)
    private func leaveSlot() {
        unsafe state.pointee.isInSlot = false
        unsafe Seats.leave(currentThread(), for: state.pointee.around)
    }

    private func drain() {
        let executor = unsafe asUnownedTaskExecutor()
        let limit = unsafe state.pointee.stepLimit
        while unsafe state.pointee.fault == nil, let job = unsafe state.pointee.jobs.popFirst() {
            unsafe state.pointee.running = unsafe unsafeBitCast(job, to: UInt.self)
            unsafe job.runSynchronously(on: executor)
            unsafe state.pointee.steps &+= 1
            if unsafe _slowPath(state.pointee.steps > limit), unsafe state.pointee.jobs.count > 0,
                unsafe state.pointee.fault == nil
            {
                unsafe state.pointee.fault = .endless(doer: doer.name, steps: limit)
            }
        }
    }

    private func resumeResolved() {
        while let wait = unsafe state.pointee.resolved.pointee.first {
            unsafe state.pointee.resolved.remove(wait)
            unsafe wait.pointee.continuation.unsafelyUnwrapped.resume()
        }
    }

    private func resumeDue() {
        let tyme = unsafe state.pointee.tyme
        while let wait = unsafe state.pointee.deadlines.popDue(at: tyme) {
            if let task = unsafe wait.pointee.alarm {
                unsafe wait.pointee.outcome = .late
                unsafe task.pointee.cancel()
            } else {
                unsafe resolve(wait, .late)
            }
        }
    }

    /// A wait for the next tick keeps the tyme of its registration, since in real time there are extra passes at the
    /// same tyme; where tyme stands still every pass is a tick.
    private func resumeTicks() {
        let tyme = unsafe state.pointee.tyme
        while let wait = unsafe state.pointee.ticks.pointee.first,
            unsafe wait.pointee.deadline < tyme || doer.doist?.tock == 0
        {
            unsafe resolve(wait, .ready)
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
