import Doing

/// The bodies that wait for an `Inbox` or a `Promise`, in order of registration.
@safe final class CoWaiters: Waiters {
    private let waits = unsafe WaitList.make()

    deinit { unsafe waits.deallocate() }

    /// Those of an inbox or a promise, which has some from its first wait on.
    static func of(_ waiters: inout (any Waiters)?) -> CoWaiters {
        if let waiters { return unsafe unsafeDowncast(waiters, to: CoWaiters.self) }
        let made = CoWaiters()
        waiters = made
        return made
    }

    var isEmpty: Bool { unsafe waits.pointee.first == nil }

    func append(_ wait: Wait) { unsafe waits.append(wait) }

    func resumeFirst(with hand: Int, _ call: StaticString) {
        guard let wait = unsafe waits.pointee.first else { return }
        unsafe wait.pointee.hand = hand
        unsafe resume(wait, .ready, call)
    }

    func resumeAll(_ call: StaticString) {
        while let wait = unsafe waits.pointee.first { unsafe resume(wait, .late, call) }
    }

    private func resume(_ wait: Wait, _ outcome: WaitState.Outcome, _ call: StaticString) {
        unsafe wait.pointee.loop._withUnsafeGuaranteedRef { loop in
            loop.checkThread(call)
            unsafe loop.resolve(wait, outcome)
        }
    }
}
