import CoDoing
import Doing
import Flowing

/// Flows by name: a server echoes a line, a client asks it. Both are in one process here.
func flows() throws {
    let net = FlowNet([.local()])
    try net.serve("oecho")
    let server = LinearDoer { _ in
        while let flow = try await net.accept() {
            guard let line = try await flow.readline() else { continue }
            print("the server hears \"\(line)\"")
            try await flow.write(Array(line.utf8))
            flow.dealloc()
        }
    }
    let client = LinearDoer { doer in
        try await net.withFlow("oecho", qos: .data) { flow in
            try await flow.write(Array("hello".utf8))
            print("the client hears \"\(try await flow.readline() ?? "")\"")
        }
        doer.doist?.requestStop()
    }
    try Doist(net.doers + [server, client]).run(limit: 10)
}
