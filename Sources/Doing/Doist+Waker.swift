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
        guard freeTargets.isEmpty, let news = board.take() else { return }
        carryOut(news)
    }

    private func carryOut(_ news: WakeBoard.News) {
        for key in news.keys { wakeTargets[key].doer?.wake() }
        for key in news.retired {
            wakeTargets[key].doer = nil
            freeTargets.append(key)
        }
        if news.isStopRequested { isStopRequested = true }
    }
}
