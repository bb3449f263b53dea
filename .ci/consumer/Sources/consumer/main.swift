import Charting
import CoDoing
import Doing
import Framing
import Hummingbird
import Logging
import Memoing
import NIOCore
import Rehearsing
import Signing
import Simming
import Sockets
import Taping
import Tracing
import Wiring

/// Sends a memo from one UDP peer to another in one doist, beside a logger and a tracer of other packages.
let log = Logger(label: "consumer")
let limit = TimeAmount.seconds(10)
let red = CoreDoer(
    Memoer(random: SystemGenerator()), over: try UDPPeer(host: "127.0.0.1", port: 0))
let blu = CoreDoer(
    Memoer(random: SystemGenerator()), over: try UDPPeer(host: "127.0.0.1", port: 0))
try red.wire.open()
try blu.wire.open()
let doist = try Doist(limit: Double(limit.nanoseconds) / 1e9, doers: [red, blu])
var heard = ""
blu.onEvent = { _, event, _ in
    guard case .memo(let memo) = event else { return }
    heard = memo.text ?? ""
    doist.requestStop()
}
try red.core.memoit("hello, neighbour", to: blu.wire.address)
try withSpan("memo") { _ in try doist.run(pace: .real) }
log.info("heard: \(heard)")
guard heard == "hello, neighbour" else { fatalError("heard \"\(heard)\"") }
