import Doing

/// Gives `operation` `seconds` of tyme; beyond that it is cancelled.
///
/// ```swift
/// let reply = try await within(2.0) {
///     questions.send("how many?")
///     return try await answers.next()
/// }
/// ```
/// The operation runs as a child task in the same loop, while the caller waits for it; so it may use what the caller
/// may, and it has ended when this returns. If it comes to its end in spite of the deadline its result counts.
///
/// - Parameters:
///   - seconds: at least 0; with 0 the operation begins cancelled. NaN is a programmer's error.
///   - operation: what is to be done.
/// - Throws: ``DeadlinePassed`` if the deadline made it end with a `CancellationError`; else what `operation` threw.
public nonisolated(nonsending) func within<Result>(
    _ seconds: Double, _ operation: nonisolated(nonsending) @escaping () async throws -> Result
) async throws -> Result {
    precondition(seconds >= 0, "within(\(seconds)): must not be negative")
    let loop = unsafe CoLoop.here("within(_:_:)").pointee.loop.takeUnretainedValue()
    let deadline = unsafe loop.state.pointee.tyme + seconds
    // Caller and child share what they hold, but never at the same time, and on one thread.
    nonisolated(unsafe) let operation = operation
    nonisolated(unsafe) let alarm = unsafe loop.state.take()
    defer { unsafe loop.state.give(alarm) }
    let box = Box<Result>()
    await withTaskGroup(of: Void.self) { group in
        group.addTask {
            unsafe loop.setAlarm(alarm, deadline)
            do { box.result = unsafe .success(try await operation()) } catch { box.result = .failure(error) }
            unsafe loop.stopAlarm(alarm)
        }
    }
    do { return try box.result!.get() } catch is CancellationError where unsafe alarm.pointee.outcome == .late {
        throw DeadlinePassed(deadline: deadline)
    }
}

extension CoLoop {
    /// Has the current task cancelled at `deadline`.
    fileprivate func setAlarm(_ alarm: Wait, _ deadline: Tyme) {
        unsafe withUnsafeCurrentTask { task in
            if let task = unsafe task {
                let handle = UnsafeMutablePointer<UnsafeCurrentTask>.allocate(capacity: 1)
                unsafe handle.initialize(to: task)
                unsafe alarm.pointee.alarm = unsafe handle
            }
            if unsafe deadline > state.pointee.tyme { return unsafe state.setDeadline(alarm, deadline) }
            unsafe alarm.pointee.outcome = .late
            unsafe task?.cancel()
        }
    }

    fileprivate func stopAlarm(_ alarm: Wait) {
        unsafe alarm.pointee.alarm?.deinitialize(count: 1)
        unsafe alarm.pointee.alarm?.deallocate()
        unsafe alarm.pointee.alarm = nil
        if unsafe alarm.pointee.heapSlot >= 0 { unsafe state.pointee.deadlines.remove(alarm) }
    }
}
