import Peering

/// Blu answers every memo. A handler is given its peer, so that it need not capture it.
func reply() throws {
    let red = try PeerMemoer()
    let blu = try PeerMemoer()
    blu.onEvent = { blu, event, _ in
        guard case .memo(let memo) = event, let text = memo.text else { return }
        try blu.core.memoit(text.uppercased(), to: memo.source)
    }
    red.onEvent = { red, event, _ in
        guard case .memo(let memo) = event else { return }
        print("red hears \"\(memo.text ?? "")\"")
        red.doist?.requestStop()
    }
    try red.core.memoit("who is there?", to: blu.wire.address)
    try Doist([red, blu]).run(limit: 10, pace: .real)
}
