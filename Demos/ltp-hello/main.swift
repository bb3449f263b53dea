import CoDoing
import Doing
import LTP
import Memoing
import Sockets
import Wiring

// Two nodes of LTP, each with client service 1, as two Python scripts with pyion would be: start `ltp-hello recv` in
// one shell, then `ltp-hello send` in another.

func place(_ engine: UInt64) -> Address { .ip4(0x7F00_0001, port: 1112 + UInt16(engine)) }

func node(_ here: UInt64, with there: UInt64) throws -> LTPProxy<UDPPeer> {
    var random = SystemGenerator()
    let peer = LTPPeer(engine: there, address: place(there))
    return try LTPProxy(
        engine: here, over: try UDPPeer(place(here)), peers: [peer], random: Xoshiro256(seed: random.next()))
}

func send() throws {
    let proxy = try node(1, with: 2)
    let point = try proxy.open(1)
    let user = LinearDoer { doer in
        let ticket = try point.send(Array("hello from engine 1".utf8), to: 2)
        print("session \(ticket.session):", try await ticket.end.get())
        doer.doist?.requestStop()
    }
    try Doist([proxy.doer, user]).run(limit: 30, pace: .real)
}

func receive() throws {
    let proxy = try node(2, with: 1)
    let point = try proxy.open(1)
    let user = LinearDoer { doer in
        guard case .red(let red) = try await point.inbox.next().get() else { return }
        print("from engine \(red.session.engine):", String(decoding: red.bytes, as: UTF8.self))
        try await CoDoing.sleep(for: 1)  // so that the sender hears of it
        doer.doist?.requestStop()
    }
    try Doist([proxy.doer, user]).run(limit: 30, pace: .real)
}

if CommandLine.arguments.last == "send" { try send() } else { try receive() }
