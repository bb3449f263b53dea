import Peering

/// A doist beside a server: requests of other threads come in through a mailbox, `stop()` ends it in order.
/// A service of swift-service-lifecycle has this shape: `run()` is its run, and its graceful shutdown calls `stop()`.
final class MemoService: Sendable {
    private let outbox = Mailbox<String>(limit: 4096)
    private let stopping = Mailbox<Void>(limit: 1)

    /// From any thread; false if it has too much to do.
    func send(_ text: String) -> Bool { outbox.post(text) }
    func stop() { stopping.post(()) }

    /// Until `stop()`. `RealPace()` takes no signals: they are the server's.
    func run() async throws {
        let peer = try PeerMemoer()
        peer.onEvent = { _, event, _ in if case .memo(let memo) = event { print("heard \"\(memo.text ?? "")\"") } }
        let sender = MailboxDoer(outbox) { text, _ in
            try peer.core.memoit(text, to: peer.wire.address)
            return .again
        }
        let stopper = MailboxDoer(stopping) { _, _ in
            peer.doist?.requestStop()
            return .done
        }
        try await Doist([sender, stopper, peer]).run(pace: RealPace())
        print("ended in order")
    }
}

func server() async throws {
    let service = MemoService()
    async let running: Void = service.run()
    _ = service.send("from another thread")
    try await Task.sleep(for: .milliseconds(200))
    service.stop()
    try await running
}
