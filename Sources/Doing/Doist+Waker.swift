/// A doer that other threads may wake.
struct WakeTarget {
    weak var doer: Doer?
}

extension Doist {
    /// A waker that turns the doist without waking a doer: after a stop was requested, or to have a mailbox looked at.
    public var waker: Waker { Waker(board: board, key: nil) }

    /// A waker that any thread may use to wake `doer`.
    ///
    /// It does not keep the doer alive.
    public func waker(for doer: Doer) -> Waker {
        takeRetired()
        if let key = freeTargets.popLast() {
            wakeTargets[key] = WakeTarget(doer: doer)
            return Waker(board: board, key: key)
        }
        wakeTargets.append(WakeTarget(doer: doer))
        return Waker(board: board, key: wakeTargets.count - 1)
    }

    /// Carries out what other threads have asked since the last pass.
    func takeNews() {
        guard let news = board.take() else { return }
        carryOut(news)
    }

    private func takeRetired() {
        guard freeTargets.isEmpty else { return }
        forget(board.takeRetired())  // and no wakes: this may be in mid-pass, where none from outside may come
    }

    private func carryOut(_ news: WakeBoard.News) {
        for key in news.keys {
            guard let doer = wakeTargets[key].doer else { continue }
            if engine.pointee.isRecorded, engine.pointee.isBusy { doer.deed.tellWake(engine) }
            doer.wake()
        }
        forget(news.retired)
        if news.isStopRequested { isStopRequested = true }
    }

    private func forget(_ retired: [Int]) {
        for key in retired {
            wakeTargets[key].doer = nil
            freeTargets.append(key)
        }
    }
}
