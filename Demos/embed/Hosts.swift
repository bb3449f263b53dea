import Dispatch
import Doing
import Foundation
import Sockets

/// A loop of one's own: poll(2) on the doist's descriptor, for as long as the turn says.
func ownLoop(_ exchange: Exchange) throws {
    let doist = exchange.doist
    while true {
        let turn = try doist.turn()
        if turn.isDone { return }
        // Other descriptors of the program would stand beside this one.
        var watched = pollfd(fd: doist.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        let milliseconds = turn.wait.map { Int32(min(($0 * 1000).rounded(.up), 86_400_000)) }
        _ = poll(&watched, 1, milliseconds ?? -1)
    }
}

/// A Foundation RunLoop on the main thread: a timer for the deadline, and a dispatch source for the descriptor.
@MainActor func runLoop(_ exchange: Exchange, end: @escaping @MainActor ((any Error)?) -> Never) -> Never {
    let host = Host(exchange.doist)
    // One timer that is moved: on Linux a run loop to which a firing timer adds another spins.
    let timer = Timer(timeInterval: 1e9, repeats: true) { _ in MainActor.assumeIsolated { host.turn() } }
    RunLoop.main.add(timer, forMode: .default)
    host.onWait = { timer.fireDate = $0.map { Date(timeIntervalSinceNow: $0) } ?? .distantFuture }
    host.onEnd = { [unowned host] in end(host.error) }
    guard let descriptor = exchange.doist.descriptor else { end(nil) }
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .main)
    source.setEventHandler { MainActor.assumeIsolated { host.turn() } }
    source.activate()
    host.turn()
    while true { _ = RunLoop.main.run(mode: .default, before: .distantFuture) }
}

/// Dispatch alone: sources on the main queue, which never returns.
@MainActor func dispatch(_ exchange: Exchange, end: @escaping @MainActor ((any Error)?) -> Never) -> Never {
    let host = Host(exchange.doist)
    let timer = DispatchSource.makeTimerSource(queue: .main)
    timer.setEventHandler { MainActor.assumeIsolated { host.turn() } }
    timer.activate()
    host.onWait = { wait in
        timer.schedule(deadline: wait.map { .now() + $0 } ?? .distantFuture, leeway: .microseconds(100))
    }
    host.onEnd = { [unowned host] in end(host.error) }
    guard let descriptor = exchange.doist.descriptor else { end(nil) }
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .main)
    source.setEventHandler { MainActor.assumeIsolated { host.turn() } }
    source.activate()
    host.turn()
    dispatchMain()
}

/// What a run loop and Dispatch have in common: turns, and a timer for the next.
@MainActor final class Host {
    private let doist: Doist
    private(set) var isDone = false
    private(set) var error: (any Error)?
    /// Moves the timer that calls ``turn()`` so many seconds ahead, or out of the way.
    var onWait: (Double?) -> Void = { _ in }
    /// Called once the run is over.
    var onEnd: () -> Never = { preconditionFailure("a host without an end") }

    init(_ doist: Doist) { self.doist = doist }

    func turn() {
        guard !isDone else { return }
        do {
            let turn = try doist.turn()
            if turn.isDone { return end() }
            onWait(turn.wait)
        } catch {
            self.error = error
            end()
        }
    }

    private func end() {
        isDone = true
        onEnd()
    }
}

/// Swift concurrency: the doist runs inside a task, another task ticks beside it, and the executor is never blocked.
@MainActor func concurrency(_ exchange: Exchange) async throws -> Int {
    let ticks = Task { @MainActor in
        var count = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(50))
            count += 1
        }
        return count
    }
    defer { ticks.cancel() }
    try await exchange.doist.run(pace: exchange.pace)
    ticks.cancel()
    return await ticks.value
}
