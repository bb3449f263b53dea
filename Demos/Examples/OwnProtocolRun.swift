import Doing
import Sockets
import Wiring

/// The protocol of `OwnProtocol.swift` over UDP. Its test, and a sweep over seeds, stand in `Tests/ExamplesTests`.
func ownProtocol() throws {
    let red = CoreDoer(Asker(), over: try UDPPeer(port: 0))
    let blu = CoreDoer(Asker(), over: try UDPPeer(port: 0))
    try blu.wire.open()
    blu.core.answer = { "\($0.count) letters" }
    red.onEvent = { red, answer, _ in
        print("answer \(answer.number): \(answer.text)")
        red.doist?.requestStop()
    }
    red.core.ask("how long is this?", of: blu.wire.address)
    try Doist([red, blu]).run(limit: 10, pace: .real)
}
