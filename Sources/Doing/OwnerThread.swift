import Synchronization

/// Which thread this is, linked by name since nothing here imports a C library.
@_silgen_name("pthread_self")
package func currentThread() -> UInt

/// The thread that runs a doist now, or ran it last.
///
/// A doist inside a task may go on with another thread after each wait. Whoever must tell its own thread from a foreign
/// one asks here; any thread may.
package final class OwnerThread: Sendable {
    private let number = Atomic<UInt>(0)

    package init() {}

    /// The thread that calls this runs the doist from now on.
    @inline(__always)
    package func note(_ thread: UInt = currentThread()) { number.store(thread, ordering: .relaxed) }

    /// Whether `thread` runs the doist.
    @inline(__always)
    package func isOwner(_ thread: UInt) -> Bool { number.load(ordering: .relaxed) == thread }
}
