import Dispatch
import Doing
import Foundation

/// A doist that runs in the loop of an app: see `doist.attach(to:)`.
///
/// It has one timer, for the tyme at which somebody is next due, and one source, for what wakes the doist: a datagram,
/// or a change made from outside. All of it belongs to the thread of the loop.
public final class HostedDoist {
    /// What runs.
    public let doist: Doist
    /// Called once when the run is over, with what a doer threw.
    public var onEnd: (((any Error)?) -> Void)?
    /// Whether the run is over.
    public private(set) var isDone = false

    private var source: (any DispatchSourceRead)?
    private var dispatchTimer: (any DispatchSourceTimer)?
    private var timer: Timer?

    /// Makes the first turn, which enters the doers.
    private init(_ doist: Doist) { self.doist = doist }

    /// The queue's own timer; sources on the queue.
    fileprivate convenience init(_ doist: Doist, on queue: DispatchQueue) throws {
        self.init(doist)
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.setEventHandler { [weak self] in self?.turn() }
        timer.activate()
        dispatchTimer = timer
        try begin(on: queue)
    }

    /// A timer of the run loop that is moved: on Linux, a loop to which a firing timer adds another one spins.
    fileprivate convenience init(_ doist: Doist, in loop: RunLoop, mode: RunLoop.Mode) throws {
        self.init(doist)
        let box = Unowned(self)
        let timer = Timer(timeInterval: 1e9, repeats: true) { _ in box.hosted?.turn() }
        loop.add(timer, forMode: mode)
        self.timer = timer
        try begin(on: .main)
    }

    private func begin(on queue: DispatchQueue) throws {
        let first = try doist.turn()
        guard !first.isDone, let descriptor = doist.descriptor else {
            queue.async { [box = Unowned(self, keeps: true)] in box.hosted?.end(nil) }
            return
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        let box = Unowned(self)
        source.setEventHandler { box.hosted?.turn() }
        source.activate()
        self.source = source
        wait(first.wait)
    }

    /// Ends the run in order: every doer's exit runs. ``onEnd`` is called.
    public func detach() {
        guard !isDone else { return }
        doist.requestStop()
        turn()
    }

    private func turn() {
        guard !isDone else { return }
        do {
            let turn = try doist.turn()
            if turn.isDone { return end(nil) }
            wait(turn.wait)
        } catch {
            end(error)
        }
    }

    private func wait(_ seconds: Double?) {
        timer?.fireDate = seconds.map { Date(timeIntervalSinceNow: $0) } ?? .distantFuture
        dispatchTimer?.schedule(
            deadline: seconds.map { .now() + $0 } ?? .distantFuture, leeway: .microseconds(100))
    }

    private func end(_ error: (any Error)?) {
        guard !isDone else { return }
        isDone = true
        source?.cancel()
        dispatchTimer?.cancel()
        timer?.invalidate()
        let onEnd = onEnd
        self.onEnd = nil
        onEnd?(error)
    }

    deinit {
        source?.cancel()
        dispatchTimer?.cancel()
        timer?.invalidate()
    }
}

/// Lets handlers, which must be Sendable, hold what belongs to the one thread that they all run on.
private final class Unowned: @unchecked Sendable {
    weak var hosted: HostedDoist?
    private let kept: HostedDoist?

    init(_ hosted: HostedDoist, keeps: Bool = false) {
        self.hosted = hosted
        kept = keeps ? hosted : nil
    }
}

extension Doist {
    /// Runs this doist in a run loop, which must be the main thread's.
    ///
    /// Call it on the main thread. Its doers are entered at once. Keep what it returns, or the run stands still.
    ///
    /// - Parameters:
    ///   - loop: `RunLoop.main`.
    ///   - mode: in which mode of the loop; `.common` also runs it while a window is dragged.
    /// - Returns: the run, with a hook for its end.
    /// - Throws: what an enter threw; what `turn()` throws of a doist without a pace of real time.
    public func attach(to loop: RunLoop, mode: RunLoop.Mode = .default) throws -> HostedDoist {
        precondition(loop === RunLoop.main && Thread.isMainThread, "a doist is attached to the main run loop, there")
        return try HostedDoist(self, in: loop, mode: mode)
    }

    /// Runs this doist on a queue, which must be serial: the main queue, or one of your own.
    ///
    /// Call it on that queue. Its doers are entered at once. Keep what it returns, or the run stands still.
    ///
    /// - Parameter queue: the queue.
    /// - Returns: the run, with a hook for its end.
    /// - Throws: what an enter threw; what `turn()` throws of a doist without a pace of real time.
    public func attach(to queue: DispatchQueue) throws -> HostedDoist {
        dispatchPrecondition(condition: .onQueue(queue))
        return try HostedDoist(self, on: queue)
    }
}
