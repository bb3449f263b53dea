import Doing
import Simming
import Testing
import Wiring

@testable import Flowing

@Suite("Flows")
struct FlowTests {
    static let wires: [FlowWire] = [.own, .ouroborosUDP023]

    @Test("a flow is up one round trip after it was asked for, and each packet arrives whole", arguments: wires)
    func raw(_ wire: FlowWire) throws {
        let world = try World(wire)
        let start = world.doist.tyme
        let (flow, other) = try world.connect()
        #expect(world.doist.tyme - start <= 0.05 + 4.0 / 1024)
        #expect(other.name == "oecho" && other.qos.inOrder == 0)
        for count in [1, 3, 1000, 8980] { #expect(flow.write(packet(7, count)) == .written(max(4, count))) }
        try world.run(0.03)
        for count in [1, 3, 1000, 8980] { #expect(other.read() == packet(7, count)) }
        #expect(other.read() == nil && other.state == .up)
        other.write("back")
        try world.run(0.03)
        #expect(flow.readline() == "back")
    }

    @Test("a part of a packet is read, and the rest of it stays; or a part is refused")
    func parts() throws {
        let world = try World()
        let (flow, other) = try world.connect()
        flow.write("Grüße, Welt")
        flow.write(Array("0123456789".utf8))
        try world.run(0.03)
        #expect(other.rxQueueLength == 2)
        // Three bytes would cut the ü in two.
        #expect(other.readline(3) == "Gr" && other.readline() == "üße, Welt")
        var bytes: [UInt8] = []
        other.flags = .noPartialRead
        #expect(other.read(4, into: &bytes) == .tooSmall(need: 10))
        other.flags = []
        #expect(other.read(4, into: &bytes) == .message(isLast: false) && bytes == Array("0123".utf8))
        #expect(other.read(into: &bytes) == .message(isLast: true) && bytes == Array("456789".utf8))
        #expect(other.read(into: &bytes) == .empty)
    }

    @Test("flags: read only, write only, down, and no partial write")
    func flags() throws {
        let world = try World()
        let (flow, other) = try world.connect()
        flow.flags = .readOnly
        #expect(flow.write("x") == .notAllowed)
        flow.flags = .noPartialWrite
        #expect(flow.write([UInt8](repeating: 1, count: 9000)) == .tooLarge(limit: 8980))
        flow.flags = []
        #expect(flow.write([UInt8](repeating: 1, count: 9000)) == .written(8980))
        other.flags = .writeOnly
        try world.run(0.03)
        #expect(other.rxQueueLength == 0 && world.serverCore.statistics[.unwanted] == 1)
        flow.flags = .down
        var bytes: [UInt8] = []
        #expect(flow.write("x") == .notAllowed && flow.read(into: &bytes) == .notAllowed)
        #expect(throws: TymeError.self) { try flow.setReceiveTimeout(-1) }
        try flow.setSendTimeout(2)
        #expect(flow.sendTimeout == 2 && flow.receiveTimeout == nil)
    }

    @Test("an unknown name is refused: by our directory at once, by the peer after a round trip")
    func unknown() throws {
        let world = try World()
        #expect(world.client.alloc("nowhere").state == .down(.refused(.unknownName)))
        let flow = world.client.alloc("nobody")
        try world.run(until: { !(flow.state == .pending) }, within: 1)
        #expect(flow.state == .down(.refused(.unknownName)))
        #expect(world.doist.tyme <= 0.06)
        #expect(world.serverCore.statistics[.unknownName] == 1)
        #expect(world.clientCore.flows == 0 && world.serverCore.flows == 0)
    }

    @Test("Ouroboros is silent about unknown names: no answer in time, after requests further and further apart")
    func silence() throws {
        let world = try World(.ouroborosUDP023)
        let flow = world.client.alloc("nobody", timeout: 3)
        try world.run(3.1)
        #expect(flow.state == .down(.noAnswer))
        // At 0, 0.25, 0.75, 1.75.
        #expect(world.serverCore.statistics[.unknownName] == 4)
        #expect(world.clientCore.flows == 0)
    }

    @Test("a request that is refused says so, and so does one that nobody accepts")
    func refused() throws {
        let world = try World()
        let flow = world.client.alloc("oecho", data: [1, 2, 3])
        try world.run(0.03)
        #expect(world.server.deny(7))
        try world.run(0.03)
        #expect(flow.state == .down(.refused(.denied(7))))
        let other = world.client.alloc("oecho", timeout: 100)
        try world.run(70)
        #expect(other.state == .down(.refused(.busy)))
        #expect(world.client.alloc("oecho", data: packet(0, 1025)).end == .refused(.dataTooLong(limit: 1024)))
        #expect(world.clientCore.flows == 0 && world.serverCore.flows == 0)
    }

    @Test("what goes with the request and with the answer arrives")
    func data() throws {
        let world = try World()
        let flow = world.client.alloc("oecho", data: Array("hello".utf8))
        try world.run(0.03)
        let other = try #require(world.server.accept(data: Array("welcome".utf8)))
        try world.run(0.03)
        #expect(other.data == Array("hello".utf8) && flow.data == Array("welcome".utf8))
    }

    @Test("on our own layers the peer is told of the end: it reads what has come, and then that it is over")
    func close() throws {
        let world = try World()
        let (flow, other) = try world.connect(.data)
        for number in 0..<100 { flow.write(packet(number)) }
        flow.dealloc()
        #expect(flow.state == .down(.closed) && flow.write("x") == .down(.closed))
        try world.run(0.5)
        #expect(flow.isSettled && other.end == .peerClosed)
        for expected in 0..<100 { #expect(other.read().map(number) == expected) }
        var bytes: [UInt8] = []
        #expect(other.read(into: &bytes) == .down(.peerClosed))
        #expect(world.clientCore.flows == 0 && world.serverCore.flows == 0)
    }

    @Test("who accepts a flow and ends it at once is heard, even where the answer is lost")
    func closedAtOnce() throws {
        for loss in [0, 0.4] {
            let world = try World(.own, SimLink(delay: 0.025, loss: loss), seed: 9)
            let flows = (0..<20).map { _ in world.client.alloc("oecho", timeout: 60) }
            try world.run(
                until: {
                    while let other = world.server.accept() { other.dealloc() }
                    return flows.allSatisfy { $0.end != nil }
                }, within: loss == 0 ? 0.2 : 20)
            #expect(flows.allSatisfy { $0.end == .peerClosed }, "\(flows.map(\.state))")
            try world.run(30)
            #expect(world.clientCore.flows == 0 && world.serverCore.flows == 0)
        }
    }

    @Test("a flow is allocated again and again with the same object")
    func again() throws {
        let world = try World()
        let (flow, other) = try world.connect(.data)
        #expect(throws: FlowEnd.refused(.inUse)) { try flow.alloc("oecho") }
        flow.dealloc()
        try world.run(0.2)
        try flow.alloc("oecho", qos: .bestEffort)
        try world.run(0.03)
        let third = try #require(world.server.accept())
        try world.run(0.03)
        #expect(flow.isUp && third !== other && flow.qos == .bestEffort)
        #expect(throws: FlowEnd.layerClosed) { try Flow().alloc("x") }
    }

    @Test("in one process: a local layer, both ends in one net")
    func local() throws {
        let net = FlowNet([.local()])
        try net.serve("oecho", in: "local")
        #expect(throws: FlowNetError.noLayer("other")) { try net.register("x", in: "other") }
        let doist = Doist(tock: 1.0 / 32)
        try doist.enter(net.doers)
        let flow = net.alloc("oecho", qos: .data)
        for _ in 0..<3 { try doist.recur() }
        let other = try #require(net.accept())
        for _ in 0..<3 { try doist.recur() }
        flow.write("Hello")
        for _ in 0..<3 { try doist.recur() }
        #expect(other.readline() == "Hello")
        #expect(net.alloc("elsewhere").state == .pending)
        for _ in 0..<4 { try doist.recur() }
        #expect(net.layers[0].core.flows == 2)
    }
}
