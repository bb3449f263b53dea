import Doing

/// The tyme of the pass in which the body of the async doer is running.
///
/// - Precondition: called from the body of a ``CoDoer`` or a child task of it, as are all functions here.
public var currentTyme: Tyme { unsafe CoLoop.here("currentTyme").pointee.tyme }

/// Waits until `seconds` of tyme have gone.
///
/// It goes on in the first pass whose tyme is at least now + `seconds`; 0 gives way to what is ready and goes on in the
/// same pass. Sleeps with the same deadline end in the order in which they began. To repeat something without drift
/// add to the deadline yourself and use ``sleep(until:)``.
///
/// - Parameter seconds: at least 0; infinity sleeps until it is cancelled. NaN is a programmer's error.
/// - Throws: `CancellationError` when the task is cancelled, or was before.
public nonisolated(nonsending) func sleep(for seconds: Double) async throws(CancellationError) {
    precondition(seconds >= 0, "sleep(for: \(seconds)): must not be negative")
    let loop = unsafe CoLoop.here("sleep(for:)")
    let isRoot = unsafe loop.isRoot
    if unsafe loop.isCancelled(isRoot: isRoot) {
        await unsafe loop.refuse()
        throw CancellationError()
    }
    guard let wait = unsafe loop.take(until: loop.pointee.tyme + seconds) else { return await Task.yield() }
    if isRoot {
        await unsafe suspend { unsafe loop.suspendRoot(wait, $0) }
    } else {
        await unsafe loop.suspendChild(wait)
    }
    if unsafe loop.give(wait) == .cancelled { throw CancellationError() }
}

/// Waits until tyme has reached `deadline`.
///
/// A deadline that has come gives way to what is ready and goes on in the same pass.
///
/// - Parameter deadline: any tyme but NaN; infinity sleeps until it is cancelled.
/// - Throws: `CancellationError` when the task is cancelled, or was before.
public nonisolated(nonsending) func sleep(until deadline: Tyme) async throws(CancellationError) {
    precondition(!deadline.isNaN, "sleep(until: nan)")
    let loop = unsafe CoLoop.here("sleep(until:)")
    let isRoot = unsafe loop.isRoot
    if unsafe loop.isCancelled(isRoot: isRoot) {
        await unsafe loop.refuse()
        throw CancellationError()
    }
    guard let wait = unsafe loop.take(until: deadline) else { return await Task.yield() }
    if isRoot {
        await unsafe suspend { unsafe loop.suspendRoot(wait, $0) }
    } else {
        await unsafe loop.suspendChild(wait)
    }
    if unsafe loop.give(wait) == .cancelled { throw CancellationError() }
}

/// Waits for the next tick: the next pass in which the doer is due by its tock.
///
/// With a tock of 0 that is the next pass but for the extra passes of real time; else it is `sleep(for: tock)`.
///
/// - Throws: `CancellationError` when the task is cancelled, or was before.
public nonisolated(nonsending) func nextTick() async throws(CancellationError) {
    let loop = unsafe CoLoop.here("nextTick()")
    let isRoot = unsafe loop.isRoot
    if unsafe loop.isCancelled(isRoot: isRoot) {
        await unsafe loop.refuse()
        throw CancellationError()
    }
    guard let wait = unsafe loop.takeTick() else { return await Task.yield() }
    if isRoot {
        await unsafe suspend { unsafe loop.suspendRoot(wait, $0) }
    } else {
        await unsafe loop.suspendChild(wait)
    }
    if unsafe loop.give(wait) == .cancelled { throw CancellationError() }
}
