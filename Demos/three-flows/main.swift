// Three flows in one set, in one process and in simulated time: whoever speaks is heard, in the order of speaking.
import Doing
import Flowing

/// Accepts flows and says something on each after a while.
final class Speaker: Doer {
    let net: FlowNet
    private var flows: [Flow] = []

    init(_ net: FlowNet) {
        self.net = net
        super.init()
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while let flow = net.accept() { flows.append(flow) }
        guard flows.count == 3, tyme >= 1 else { return .again }
        for flow in flows.reversed() { flow.write("\(flow.qos.isReliable ? "reliable" : "raw") at \(tyme)") }
        if tyme >= 2 { for flow in flows { flow.dealloc() } }
        return tyme >= 2 ? .done : .park(until: tyme + 0.5)
    }
}

/// Watches the three until all are over.
final class Watcher: Doer {
    private let set = FlowSet()
    private let queue = FlowEventQueue()
    private let flows: [Flow]
    private var left = 3

    init(_ net: FlowNet) {
        flows = [QoSSpec.raw, .data, .raw].map { net.alloc("speaker", qos: $0) }
        super.init()
        for flow in flows { set.add(flow) }
        set.reader = self
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        set.wait(queue)
        while let (flow, type) = queue.next() {
            let number = flows.firstIndex(of: flow)! + 1
            print("\(tyme) flow \(number): \(type) \(type == .packet ? flow.readline() ?? "" : "")")
            if type == .dealloc { left -= 1 }
        }
        if left == 0 { doist?.requestStop() }
        return .park(until: .infinity)
    }
}

let net = FlowNet([.local()])
try net.serve("speaker")
let speaker = Speaker(net)
try Doist(limit: 10, doers: net.doers + [speaker, Watcher(net)]).run()
