import Dispatch
import Doing
import Foundation
import Hosting
import Peering

/// A peer that sends a memo to itself and ends when it has come.
private func echoing() throws -> Doist {
    let peer = try PeerMemoer()
    peer.onEvent = { peer, event, _ in
        if case .memo(let memo) = event { print("heard \"\(memo.text ?? "")\"") }
        peer.doist?.requestStop()
    }
    try peer.core.memoit("from my own loop", to: peer.wire.address)
    return try Doist(limit: 10, pace: RealPace(), doers: [peer])
}

/// A loop of one's own: a turn when the time has come that the last turn named, or when the descriptor is readable.
func ownLoop() throws {
    let doist = try echoing()
    var turn = try doist.turn()
    while !turn.isDone {
        var watched = pollfd(fd: doist.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        _ = poll(&watched, 1, turn.wait.map { Int32(min(($0 * 1000).rounded(.up), 60_000)) } ?? -1)
        turn = try doist.turn()
    }
}

/// Foundation's run loop, which the main thread of an app has.
@MainActor func runLoop() throws {
    let hosted = try echoing().attach(to: RunLoop.main)
    while !hosted.isDone { _ = RunLoop.main.run(mode: .default, before: .distantFuture) }
}

/// The main queue of Dispatch, in a program that never returns from it.
@MainActor func dispatch() throws {
    let hosted = try echoing().attach(to: DispatchQueue.main)
    hosted.onEnd = { error in exit(error == nil ? 0 : 1) }
    withExtendedLifetime(hosted) { dispatchMain() }
}

/// A task: the executor is not blocked while the doist sleeps.
@MainActor func task() async throws { try await echoing().run(pace: RealPace()) }
