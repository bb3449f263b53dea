import DemoKit
import Doing
import Flowing
import Wiring

/// The application of `flow-peer`: serves a name, or asks for it, and knows when it is done.
final class FlowTalk: Doer {
    private let net: FlowNet
    private let options: FlowPeerOptions
    private let place: String
    private let describe: (Address) -> String
    private let reporter: Reporter
    private let set = FlowSet()
    private let queue = FlowEventQueue()
    private var flows: [Flow] = []
    private var sent = 0
    private var received = 0
    private var wrong = 0
    private var failure: FlowEnd?
    /// Packets that found no room yet, by flow.
    private var echoes: [(flow: Flow, bytes: [UInt8])] = []
    /// When it ends; nil while there is something to do.
    private var end: Tyme?
    private var isEnding = false

    init(_ net: FlowNet, _ options: FlowPeerOptions, at place: String, describe: @escaping (Address) -> String) {
        (self.net, self.options, self.place, self.describe) = (net, options, place, describe)
        reporter = Reporter(json: options.json, to: options.sink)
        super.init()
        set.reader = self
        net.acceptor = self
    }

    override func enter(_ tyme: Tyme) throws {
        var line = JSONLine(event: "ready")
        line.add("address", place)
        reporter.say(line, "at \(place)")
        switch options.mode {
        case .accept: try net.serve(options.name)
        case .alloc: watch(net.alloc(options.name, qos: options.qos))
        case .join:
            if options.to == nil { try net.registerBroadcast(options.name) }
            watch(net.join(options.name, qos: options.qos))
        }
    }

    private func watch(_ flow: Flow) {
        flows.append(flow)
        set.add(flow)
        if flow.isUp { tell(of: flow) }
        if let end = flow.end { fail(end) }
    }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        while let flow = net.accept() { watch(flow) }  // up at once: told there
        set.wait(queue)
        while let (flow, type) = queue.next() { hear(flow, type) }
        while let echo = echoes.first {
            guard case .full = echo.flow.write(echo.bytes) else {
                sent += 1
                echoes.removeFirst()
                continue
            }
            break
        }
        if options.mode != .accept, failure == nil { send() }
        return conclude(tyme)
    }

    private func hear(_ flow: Flow, _ type: FlowEventType) {
        switch type {
        case .alloc: if options.mode != .accept { tell(of: flow) }
        case .packet: if let bytes = flow.read() { take(bytes, flow) }
        case .up: break
        case .down, .dealloc, .peer:
            guard let end = flow.end, end != .closed else { return }
            var line = JSONLine(event: "down")
            line.add("reason", "\(end)")
            reporter.say(line, "\(flow.name): \(end)")
            if options.mode != .accept, end != .peerClosed || received < total { failure = end }
        }
    }

    private func fail(_ end: FlowEnd) {
        failure = end
        var line = JSONLine(event: "down")
        line.add("reason", "\(end)")
        reporter.say(line, "\(options.name): \(end)")
    }

    private func take(_ bytes: [UInt8], _ flow: Flow) {
        if options.mode == .alloc, bytes != packet(received) { wrong += 1 }
        received += 1
        var line = JSONLine(event: "read")
        line.add("length", bytes.count)
        let digest = options.json ? SHA256.hex(bytes) : ""
        line.add("sha256", digest)
        reporter.say(line, "read \(bytes.count) bytes")
        guard options.mode == .accept, options.echoes else { return }
        if echoes.isEmpty, case .written = flow.write(bytes) { sent += 1 } else { echoes.append((flow, bytes)) }
    }

    private var total: Int { options.count ?? 1 }

    /// Packet i is the bytes (i + k) mod 256.
    private func packet(_ number: Int) -> [UInt8] {
        (0..<options.messageSize).map { UInt8(truncatingIfNeeded: number + $0) }
    }

    /// A flow that may lose packets waits for each to come back; a reliable one has many under way.
    private func send() {
        guard let flow = flows.first, flow.isUp else { return }
        let ahead = options.mode == .join ? total : flow.qos.isReliable ? 64 : 1
        while sent < total, options.mode == .join || sent - received < ahead {
            guard case .written = flow.write(packet(sent)) else { return }
            sent += 1
        }
    }

    private func conclude(_ tyme: Tyme) -> Recurrence {
        var isDone = failure != nil
        switch options.mode {
        case .accept: isDone = isDone || received >= options.count ?? .max && echoes.isEmpty
        case .alloc: isDone = isDone || received >= total
        case .join: isDone = isDone || sent >= total && options.to != nil
        }
        if isDone, end == nil { end = tyme + (failure == nil ? options.hold : 0) }
        guard let end else { return .park(until: .infinity) }
        guard tyme >= end else { return .park(until: end) }
        if !isEnding {
            isEnding = true
            for flow in flows { flow.dealloc() }
        }
        // What was written still leaves, and the peer is told.
        if tyme >= end + 3 || flows.allSatisfy(\.isSettled) { doist?.requestStop() }
        return .park(until: tyme + 0.01)
    }

    private func tell(of flow: Flow) {
        var line = JSONLine(event: "flow")
        line.add("name", flow.name)
        line.add("peer", flow.peer.isNone ? nil : describe(flow.peer))
        var qos = JSONLine()
        let spec = flow.qos
        qos.add("delay", Int(spec.delay))
        qos.add("bandwidth", Int(clamping: spec.bandwidth))
        qos.add("availability", Int(spec.availability))
        qos.add("loss", Int(spec.loss))
        qos.add("ber", Int(spec.bitErrors))
        qos.add("in_order", Int(spec.inOrder))
        qos.add("max_gap", Int(spec.maxGap))
        qos.add("timeout", Int(spec.timeout))
        line.add("qos", qos)
        reporter.say(line, "a flow for \(flow.name) with \(describe(flow.peer))")
    }

    /// Prints the last line.
    ///
    /// - Returns: true if everything was done.
    func report() -> Bool {
        let core = net.layers[0].core
        var line = JSONLine(event: "end")
        line.add("sent", sent)
        line.add("received", received)
        var drops = JSONLine()
        for (reason, count) in core.statistics.drops { drops.add("\(reason)", count) }
        line.add("drops", drops)
        line.add("repeats", core.statistics.repeats)
        line.add("wrong", wrong)
        reporter.say(line, "sent \(sent), received \(received)")
        let isDone =
            switch options.mode {
            case .accept: received >= options.count ?? 0
            case .alloc: received >= total
            case .join: sent >= total
            }
        return failure == nil && wrong == 0 && isDone
    }
}
