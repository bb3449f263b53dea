#if canImport(SwiftUI)
    import Peering
    import SwiftUI

    /// A view that runs a doist for as long as it is shown; the button posts to it from the main actor.
    struct MemoView: View {
        let outbox = Mailbox<String>()
        @State private var heard: [String] = []

        var body: some View {
            VStack {
                Button("Send") { outbox.post("hello") }
                List(heard, id: \.self) { Text($0) }
            }
            .task {
                do { try await run() } catch { heard.append("\(error)") }
            }
        }

        private func run() async throws {
            let peer = try PeerMemoer()
            peer.onEvent = { _, event, _ in
                if case .memo(let memo) = event { heard.append(memo.text ?? "") }
            }
            let here = peer.wire.address
            let sender = MailboxDoer(outbox) { text, _ in
                try peer.core.memoit(text, to: here)
                return .again
            }
            try await Doist([sender, peer]).run(pace: RealPace())
        }
    }
#endif
