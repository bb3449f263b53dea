import Doing

/// The fields of a ``CoLoop``.
///
/// What bodies call goes to them and not to the loop, which would be retained and released each time.
typealias LoopFields = UnsafeMutablePointer<LoopState>

/// See ``LoopFields``; in raw memory, since in a class each use would be checked for exclusivity.
@unsafe struct LoopState {
    /// Whose they are; it outlives every job of it.
    let loop: Unmanaged<CoLoop>
    /// The task of the body holds its doer, so there is one as long as a job of it can run.
    let owner: Unmanaged<CoDoer>
    var jobs = unsafe JobQueue()
    /// Sleeps, timeouts and alarms.
    var deadlines = unsafe WaitHeap()
    /// Waits for the next tick.
    let ticks = unsafe WaitList.make()
    /// Waits that were resolved between slots; they go on, in this order, at the start of the next slot.
    let resolved = unsafe WaitList.make()
    /// Records that are free, linked by `next`.
    var spares: Wait?
    /// How many waits were registered.
    var registered: UInt64 = 0
    /// The tyme of the slot under way or of the last one.
    var tyme = 0.0
    var isInSlot = false
    /// The loop of the slot around this one: a body may close another doer.
    var around: LoopFields?
    /// Jobs run and waits that did not suspend, in this slot.
    var steps = 0
    var stepLimit = 0

    /// The address of the job that runs: a task is its own job, so this tells which task it is.
    var running: UInt = 0
    /// The same of the task of the body, and its wait.
    var root: UInt = 0
    var rootWait: Wait?
    /// The body has come to its end, with this error.
    var isFinished = false
    var error: (any Error)?
    /// It is being closed by force.
    var isClosing = false
    /// Why no more jobs are run.
    var fault: CoError?

    init(loop: Unmanaged<CoLoop>, owner: Unmanaged<CoDoer>) {
        unsafe self.loop = unsafe loop
        unsafe self.owner = unsafe owner
    }

    /// Gives back all memory.
    func free() {
        var next = unsafe spares
        while let wait = unsafe next {
            unsafe next = unsafe wait.pointee.next
            unsafe wait.deinitialize(count: 1)
            unsafe wait.deallocate()
        }
        unsafe jobs.free()
        unsafe deadlines.free()
        unsafe ticks.deallocate()
        unsafe resolved.deallocate()
    }
}
