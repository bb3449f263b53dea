import Doing

/// A wait of an async body: the record that timers, inboxes and cancellation share.
///
/// Raw memory like the deeds of `Doing`. A record belongs to the one async frame that waits, which takes it from its
/// loop and gives it back; whoever resolves it first takes it out of every list, so nobody else finds it again.
typealias Wait = UnsafeMutablePointer<WaitState>

/// See ``Wait``.
@unsafe struct WaitState {
    /// How a wait came out.
    enum Outcome: UInt8 {
        case pending
        /// What it waited for is there.
        case ready
        /// Its deadline came first.
        case late
        case cancelled
    }

    /// The loop of the body that waits.
    let loop: Unmanaged<CoLoop>
    /// Set while the body is suspended.
    var continuation: UnsafeContinuation<Void, Never>?
    /// For a deadline around a piece of a body: the task to cancel. By a pointer, since the size of a task's handle is
    /// known to the run time only, and then that of this record would be too.
    var alarm: UnsafeMutablePointer<UnsafeCurrentTask>?
    var deadline = Tyme.infinity
    /// Breaks ties between equal deadlines: the number of the registration.
    var order: UInt64 = 0
    /// Index in the heap of deadlines, or -1.
    var heapSlot = -1
    /// The list in which it stands, and its neighbours there.
    var list: UnsafeMutablePointer<WaitList>?
    var previous: Wait?
    var next: Wait?
    /// For an inbox: where the element lies that was handed to it.
    var hand = 0
    var outcome = Outcome.pending
}

/// Waits in order of registration.
@unsafe struct WaitList {
    private(set) var first: Wait?
    private var last: Wait?

    static func make() -> UnsafeMutablePointer<WaitList> {
        let list = UnsafeMutablePointer<WaitList>.allocate(capacity: 1)
        unsafe list.initialize(to: WaitList())
        return unsafe list
    }

    mutating func link(_ wait: Wait) {
        unsafe wait.pointee.previous = unsafe last
        unsafe wait.pointee.next = nil
        if let last = unsafe last { unsafe last.pointee.next = unsafe wait } else { unsafe first = unsafe wait }
        unsafe last = unsafe wait
    }

    mutating func unlink(_ wait: Wait) {
        let (previous, next) = unsafe (wait.pointee.previous, wait.pointee.next)
        if let previous = unsafe previous {
            unsafe previous.pointee.next = unsafe next
        } else {
            unsafe first = unsafe next
        }
        if let next = unsafe next {
            unsafe next.pointee.previous = unsafe previous
        } else {
            unsafe last = unsafe previous
        }
        unsafe wait.pointee.previous = nil
        unsafe wait.pointee.next = nil
    }
}

extension UnsafeMutablePointer<WaitList> {
    func append(_ wait: Wait) {
        unsafe wait.pointee.list = unsafe self
        unsafe pointee.link(wait)
    }

    func remove(_ wait: Wait) {
        unsafe pointee.unlink(wait)
        unsafe wait.pointee.list = nil
    }
}
