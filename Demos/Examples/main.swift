import Dispatch
import Foundation

enum Body {
    case plain(@MainActor () throws -> Void)
    case task(@MainActor () async throws -> Void)
}

let examples: [(name: String, about: String, body: Body)] = [
    ("hello", "two peers, one memo", .plain(hello)),
    ("own-doer", "a doer of your own", .plain(ownDoer)),
    ("retry", "a retry tymer as a doer", .plain(retry)),
    ("reply", "a peer that answers", .plain(reply)),
    ("sure", "memos that arrive, or say why not", .plain(sure)),
    ("signed", "memos of those you know", .plain(signed)),
    ("own-protocol", "a request/response protocol of your own", .plain(ownProtocol)),
    ("frames", "length-type frames over TCP", .plain(frames)),
    ("linear", "async code run by the doist", .plain(linear)),
    ("own-loop", "in a loop of your own", .plain(ownLoop)),
    ("run-loop", "in Foundation's run loop", .plain(runLoop)),
    ("dispatch", "on the main queue of Dispatch", .plain(dispatch)),
    ("task", "in a task", .task(task)),
    ("server", "beside a server of other threads", .task(server)),
    ("record", "a real run, recorded and replayed", .plain(record)),
    ("blocks", "LTP over ten light minutes", .plain(blocks)),
    ("flows", "flows by name", .plain(flows)),
]

guard CommandLine.arguments.count == 2, let one = examples.first(where: { $0.name == CommandLine.arguments[1] }) else {
    print("Usage: examples NAME\n")
    for example in examples {
        print("  \(example.name.padding(toLength: 14, withPad: " ", startingAt: 0))\(example.about)")
    }
    exit(CommandLine.arguments.contains("--help") ? 0 : 2)
}
func fail(_ error: any Error) -> Never {
    print("examples \(CommandLine.arguments[1]): \(error)")
    exit(1)
}
switch one.body {
case .plain(let run):
    do { try run() } catch { fail(error) }
case .task(let run):
    Task {
        do { try await run() } catch { fail(error) }
        exit(0)
    }
    dispatchMain()
}
