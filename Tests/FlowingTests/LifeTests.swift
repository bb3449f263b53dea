import Doing
import Testing
import Wiring

@testable import Flowing

@Suite("Who outlives whom")
struct LifeTests {
    @Test("flows outlive their layer, and members their broadcast: nothing of a layer that is gone is touched")
    func flowsOutliveTheirLayer() throws {
        var flows: [Flow] = []
        var members: [Flow] = []
        weak var gone: FlowCore?
        do {
            let net = FlowNet([.local()])
            try net.serve("oecho")
            try net.registerBroadcast("news")
            let doist = Doist(tock: 1.0 / 32)
            try doist.enter(net.doers)
            flows = (0..<3).map { _ in net.alloc("oecho", qos: .data) }
            for _ in 0..<4 { try doist.recur() }
            while let other = net.accept() { flows.append(other) }
            for _ in 0..<4 { try doist.recur() }
            members = [net.join("news"), net.join("news")]
            net.unregister("news")
            members[0].dealloc()
            #expect(flows.count == 6 && flows.allSatisfy(\.isUp) && members[1].isUp)
            gone = net.layers[0].core
        }
        #expect(gone == nil)
        for flow in flows + members {
            #expect(flow.core == nil)
            flow.write("x")
            _ = flow.read()
            flow.flags = .down
            flow.dealloc()
        }
    }

    @Test("a flow that nobody holds is held by its layer until it is over, and then by nobody")
    func nobodyHolds() throws {
        let net = FlowNet([.local()])
        try net.serve("oecho")
        let doist = Doist(tock: 1.0 / 32)
        try doist.enter(net.doers)
        weak var flow: Flow?
        flow = net.alloc("oecho")
        for _ in 0..<4 { try doist.recur() }
        #expect(flow != nil)
        net.accept()?.dealloc()
        for _ in 0..<64 where net.layers[0].core.flows > 0 { try doist.recur() }
        for _ in 0..<4 { try doist.recur() }
        #expect(flow == nil && net.layers[0].core.flows == 0)
    }
}
