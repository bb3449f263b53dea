import Doing

/// Gives `operation` `seconds` of tyme; beyond that it is cancelled.
///
/// ```swift
/// let reply = try await within(2.0) {
///     try await call.send(request)
///     return try await inbox.next()
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
    let loop = CoLoop.here("within(_:_:)").pointee.loop.takeUnretainedValue()
    let deadline = loop.state.pointee.tyme + seconds
    // Caller and child share what they hold, but never at the same time, and on one thread.
    nonisolated(unsafe) let operation = operation
    nonisolated(unsafe) let alarm = loop.state.take()
    defer { loop.state.give(alarm) }
    let box = Box<Result>()
    await withTaskGroup(of: Void.self) { group in
        group.addTask {
            loop.setAlarm(alarm, deadline)
            do { box.result = .success(try await operation()) } catch { box.result = .failure(error) }
            loop.stopAlarm(alarm)
        }
    }
    do { return try box.result!.get() } catch is CancellationError where alarm.pointee.outcome == .late {
        throw DeadlinePassed(deadline: deadline)
    }
}

extension CoLoop {
    /// Has the current task cancelled at `deadline`.
    fileprivate func setAlarm(_ alarm: Wait, _ deadline: Tyme) {
        withUnsafeCurrentTask { task in
            if let task {
                let handle = UnsafeMutablePointer<UnsafeCurrentTask>.allocate(capacity: 1)
                handle.initialize(to: task)
                alarm.pointee.alarm = handle
            }
            if deadline > state.pointee.tyme { return state.setDeadline(alarm, deadline) }
            alarm.pointee.outcome = .late
            task?.cancel()
        }
    }

    fileprivate func stopAlarm(_ alarm: Wait) {
        alarm.pointee.alarm?.deinitialize(count: 1)
        alarm.pointee.alarm?.deallocate()
        alarm.pointee.alarm = nil
        if alarm.pointee.heapSlot >= 0 { state.pointee.deadlines.remove(alarm) }
    }
}
