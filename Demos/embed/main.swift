import DemoKit
import Dispatch
import Foundation
import Sockets

let usage = """
    Usage: embed own|runloop|dispatch|async

    Runs two memo peers on real UDP sockets inside a host's own loop, for about a second:

      own        a loop of one's own: poll(2) on the doist's descriptor
      runloop    a Foundation RunLoop on the main thread
      dispatch   Dispatch sources on the main queue
      async      a task beside other tasks, on the main actor

    Prints what happens and how much processor time it took: a host that spins would show there.
    Ends with status 0 if every memo came back, 1 if not, 2 for bad words. Ctrl-C ends it in order.
    """

/// Prints the sum and ends with the status that it deserves.
@MainActor func finish(_ exchange: Exchange, since start: Double, error: (any Error)?) -> Never {
    let pace = RealPace()
    let used = Double(clock()) / Double(CLOCKS_PER_SEC)
    let percent = (used / (pace.now() - start) * 1000).rounded() / 10
    if let error { print("error: \(error)") }
    print("\(exchange.isComplete ? "all" : "not all") \(Exchange.count) memos came back")
    print("processor time: \((used * 10_000).rounded() / 10) ms, \(percent) % of the time that passed")
    checkPrinted("embed")
    exit(exchange.isComplete && error == nil ? 0 : 1)
}

var words = Arguments()
if words.wantsHelp {
    print(usage)
    checkPrinted("embed")
    exit(0)
}
let host = words.word()
do {
    try words.finish()
    guard let host, ["own", "runloop", "dispatch", "async"].contains(host) else {
        throw UsageError("which host? \(host.map { "\"\($0)\" is none" } ?? "none given")")
    }
    let pace = RealPace(stopOn: [.interrupt, .terminate])
    let start = pace.now()
    let exchange = try Exchange(pace: pace) { print($0) }
    print("two peers in \(host):")
    switch host {
    case "own":
        try ownLoop(exchange)
    case "runloop":
        runLoop(exchange) { finish(exchange, since: start, error: $0) }
    case "dispatch":
        dispatch(exchange) { finish(exchange, since: start, error: $0) }
    default:
        Task { @MainActor in
            do {
                let turns = try await concurrency(exchange)
                print("  the other task ran \(turns) times meanwhile")
                finish(exchange, since: start, error: nil)
            } catch {
                finish(exchange, since: start, error: error)
            }
        }
        dispatchMain()
    }
    finish(exchange, since: start, error: nil)
} catch let error as UsageError {
    complain("embed: \(error)\n(embed --help says what there is)")
    exit(2)
} catch {
    complain("embed: \(error)")
    exit(1)
}
