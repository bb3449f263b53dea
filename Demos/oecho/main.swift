// Ouroboros' oecho in Swift. `oecho --listen` serves the name, `oecho` says hello to it: over the UDP layer of
// Ouroboros 0.23 on this host, the server at 127.0.0.1, the client at 127.0.0.2.
import CoDoing
import Doing
import Flowing
import Foundation
import Sockets
import Wiring

let isServer = CommandLine.arguments.contains("--listen")
if CommandLine.arguments.contains("--help") {
    print("Usage: oecho [--listen]\n\n  serves, or asks, the name oecho over Ouroboros 0.23's UDP layer on this host")
    exit(0)
}
let core = FlowCore(.ouroborosUDP023, random: Xoshiro256(seed: UInt64.random(in: 0...(.max))))
core.utc = { _ in UInt64(Date().timeIntervalSince1970 * 1e9) }
let socket = try UDPPeer(Address(isServer ? "127.0.0.1:3435" : "127.0.0.2:3435"))
let server = try Address("127.0.0.1:3435")
let net = FlowNet([FlowLayer("udp", core, over: socket, directory: FlowDirectory { _ in server })])

final class Server: CoDoer {
    let net: FlowNet
    init(_ net: FlowNet) {
        self.net = net
        super.init()
    }

    override nonisolated(nonsending) func perform() async throws {
        net.bind("oecho")
        try net.register("oecho")
        while let flow = try await net.accept() {
            guard let line = try await flow.readline() else { continue }
            print("New flow. Message from client: \(line)")
            try await flow.write(Array(line.utf8))
            flow.dealloc()
        }
    }
}

final class Client: CoDoer {
    let net: FlowNet
    init(_ net: FlowNet) {
        self.net = net
        super.init()
    }

    override nonisolated(nonsending) func perform() async throws {
        try await net.withFlow("oecho") { flow in
            try await flow.write(Array("Hello, PyOuroboros!".utf8))
            print("Got \(try await flow.readline() ?? "nothing")")
        }
        doist?.requestStop()
    }
}

try Doist(pace: RealPace(stopOn: [.interrupt, .terminate]), doers: net.doers + [isServer ? Server(net) : Client(net)])
    .run()
