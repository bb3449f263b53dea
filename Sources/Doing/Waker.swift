import Synchronization

/// Wakes one doer, or just turns the doist, from any thread.
///
/// ``Doist/waker(for:)`` makes one. What other threads asked is taken at the start of a pass, where it acts like
/// ``Doer/wake()``, and ends the sleep of the pace.
public final class Waker: Sendable {
    private let board: WakeBoard
    private let key: Int?

    init(board: WakeBoard, key: Int?) {
        self.board = board
        self.key = key
    }

    deinit {
        if let key { board.retire(key) }
    }

    /// Wakes the doer, if it is one's waker, and ends the sleep of the pace.
    ///
    /// Harmless at any time; several wakes before the next pass are one.
    public func wake() { board.post(key) }

    /// Ends the run like a limit: every exit runs.
    ///
    /// Before the first run it ends that one; after a run it does nothing, so that a stop that comes too late does not
    /// hit the next.
    public func requestStop() { board.requestStop() }
}

/// Where wakers leave their wishes for the thread of the doist.
final class WakeBoard: Sendable {
    private struct State {
        var keys: [Int] = []
        /// Which keys stand in `keys`; never walked, so its order is nowhere to be seen.
        var noted: Set<Int> = []
        var retired: [Int] = []
        var isStopRequested = false
        var kicker: (any Sendable & Kicker)?
    }

    struct News {
        var keys: [Int]
        var retired: [Int]
        var isStopRequested: Bool
    }

    private let state = Mutex(State())
    private let hasNews = Atomic(false)

    /// Sets what ends the sleep, or nil.
    func connect(_ kicker: (any Sendable & Kicker)?) { state.withLock { $0.kicker = kicker } }

    func post(_ key: Int?) {
        leave { state in
            if let key, state.noted.insert(key).inserted { state.keys.append(key) }
        }
    }

    func requestStop() { leave { $0.isStopRequested = true } }

    /// Drops a stop that was meant for a run that is over.
    func clearStop() { state.withLock { $0.isStopRequested = false } }

    func retire(_ key: Int) {
        state.withLock { $0.retired.append(key) }
        hasNews.store(true, ordering: .releasing)
    }

    /// The keys that are nobody's any more, without the wishes.
    func takeRetired() -> [Int] {
        state.withLock { state in
            let free = state.retired.filter { !state.noted.contains($0) }
            state.retired.removeAll { !state.noted.contains($0) }
            return free
        }
    }

    private func leave(_ note: (inout State) -> Void) {
        let kicker = state.withLock { state in
            note(&state)
            return state.kicker
        }
        hasNews.store(true, ordering: .releasing)
        kicker?.kick()
    }

    /// Whether ``take()`` may have something: one load.
    var mayHaveNews: Bool { hasNews.load(ordering: .relaxed) }

    /// What has come since the last time; one load if nothing has.
    func take() -> News? {
        guard hasNews.load(ordering: .relaxed), hasNews.exchange(false, ordering: .acquiring) else { return nil }
        return state.withLock { state in
            let news = News(keys: state.keys, retired: state.retired, isStopRequested: state.isStopRequested)
            state.keys = []
            state.noted = []
            state.retired = []
            state.isStopRequested = false
            return news
        }
    }
}
