import Peering

/// Two peers in one program: red sends a memo over UDP, blu prints it.
func hello() throws {
    let red = try PeerMemoer()
    let blu = try PeerMemoer()
    blu.onEvent = { blu, event, _ in
        guard case .memo(let memo) = event else { return }
        print("blu has \"\(memo.text ?? "")\"")
        blu.doist?.requestStop()
    }
    try red.core.memoit("hello", to: blu.wire.address)
    try Doist([red, blu]).run(limit: 10, pace: .real)
}
