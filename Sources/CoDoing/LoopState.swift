import Doing

/// The fields of a ``CoLoop``, in raw memory: in a class each use would be checked for exclusivity.
struct LoopState {
    var jobs = JobQueue()
    /// Sleeps, timeouts and alarms.
    var deadlines = WaitHeap()
    /// Waits for the next tick.
    let ticks = WaitList.make()
    /// Waits that were resolved between slots; they go on, in this order, at the start of the next slot.
    let resolved = WaitList.make()
    /// Records that are free, linked by `next`.
    var spares: Wait?
    /// How many waits were registered.
    var registered: UInt64 = 0
    /// The tyme of the slot under way or of the last one.
    var tyme = 0.0
    var isInSlot = false
    /// Jobs run and waits that did not suspend, in this slot.
    var steps = 0
    var stepLimit = 0

    /// Which task is that of the body, and its wait.
    var root = TaskIdentity.none
    var rootWait: Wait?
    /// The body has come to its end, with this error.
    var isFinished = false
    var error: (any Error)?
    /// It is being closed by force.
    var isClosing = false
    /// Why no more jobs are run.
    var fault: CoError?

    /// Gives back all memory.
    func free() {
        var next = spares
        while let wait = next {
            next = wait.pointee.next
            wait.deinitialize(count: 1)
            wait.deallocate()
        }
        jobs.free()
        ticks.deallocate()
        resolved.deallocate()
    }
}

/// Which task one is: its address.
///
/// Only for comparing, while the task lives; an `UnsafeCurrentTask` itself would keep it alive.
struct TaskIdentity: Equatable {
    static let none = TaskIdentity(address: 0)

    /// The task that runs this.
    @inline(__always)
    static var current: TaskIdentity {
        withUnsafeCurrentTask { TaskIdentity(address: unsafeBitCast($0, to: UInt.self)) }
    }

    private let address: UInt
}
