import Doing
import Memoing
import Sockets
import Wiring

let red = CoreDoer(Memoer(random: .system), over: try UDPPeer(port: 5501))
let blu = CoreDoer(Memoer(random: .system), over: try UDPPeer(port: 5502))
blu.onEvent = { _, event, tyme in if case .memo(let memo) = event { print(tyme, memo.text ?? "", memo.source) } }
try red.core.memoit("hello", to: blu.wire.wanted)
try Doist([red, blu]).run(limit: 1.0, pace: .real)
