import Doing

/// The bodies that wait for an `Inbox` or a `Promise`, in order of registration.
final class CoWaiters: Waiters {
    private let waits = WaitList.make()

    deinit { waits.deallocate() }

    /// Those of an inbox or a promise, which has some from its first wait on.
    static func of(_ waiters: inout (any Waiters)?) -> CoWaiters {
        if let waiters { return unsafeDowncast(waiters, to: CoWaiters.self) }
        let made = CoWaiters()
        waiters = made
        return made
    }

    var isEmpty: Bool { waits.pointee.first == nil }

    func append(_ wait: Wait) { waits.append(wait) }

    func resumeFirst(with hand: Int, _ call: StaticString) {
        guard let wait = waits.pointee.first else { return }
        wait.pointee.hand = hand
        resume(wait, .ready, call)
    }

    func resumeAll(_ call: StaticString) {
        while let wait = waits.pointee.first { resume(wait, .late, call) }
    }

    private func resume(_ wait: Wait, _ outcome: WaitState.Outcome, _ call: StaticString) {
        wait.pointee.loop._withUnsafeGuaranteedRef { loop in
            loop.checkThread(call)
            loop.resolve(wait, outcome)
        }
    }
}
