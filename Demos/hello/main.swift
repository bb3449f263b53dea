import Peering

let red = try PeerMemoer()
let blu = try PeerMemoer()
blu.onEvent = { _, event, tyme in if case .memo(let memo) = event { print(tyme, memo.text ?? "", memo.source) } }
try red.core.memoit("hello", to: blu.wire.address)
try Doist([red, blu]).run(limit: 1.0, pace: .real)
