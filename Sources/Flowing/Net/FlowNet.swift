import Doing
import Wiring

/// The face of flows: layers, the names that are served in them, and flows to names.
///
/// ```swift
/// let net = FlowNet([.local()])
/// try net.serve("oecho", in: "local")            // register and bind
/// let flow = net.alloc("oecho", qos: .data)
/// try Doist(net.doers + [mine]).run()
/// ```
/// It owns one doer a layer; schedule its ``doers`` like any others. One thread owns it.
public final class FlowNet {
    /// Seconds in which an answer must come, unless said otherwise.
    public static let patience = 10.0

    /// The layers, in the order in which a name is looked for.
    public private(set) var layers: [FlowLayer] = []
    /// Called when a request waits to be accepted, outside of any parsing: call ``accept(data:)`` until it is nil.
    public var onOffer: ((FlowNet) -> Void)?
    /// Woken when a request waits to be accepted.
    public weak var acceptor: Doer?
    private var bound: Set<String> = []
    private var hashes: [String: NameHash] = [:]
    var offered: Inbox<Bool>?

    /// A net of these layers.
    public init(_ layers: [FlowLayer] = []) { for layer in layers { add(layer) } }

    /// One doer a layer.
    public var doers: [Doer] { layers.map(\.doer) }

    /// Adds a layer; schedule its doer.
    public func add(_ layer: FlowLayer) {
        layers.append(layer)
        layer.core.onOffer = { [weak self] in self?.tellOffer() }
        for name in bound.sorted() { layer.core.bind(name) }
    }

    /// The layer of this name.
    public func layer(_ name: String) -> FlowLayer? { layers.first { $0.name == name } }

    private func tellOffer() {
        onOffer?(self)
        acceptor?.wake()
        offered?.send(true)
    }

    // MARK: Names

    /// Answers requests for `name` in a layer, of those that are given, or in all of them.
    ///
    /// - Throws: ``FlowNetError/noLayer(_:)``.
    public func register(_ name: String, in names: String...) throws(FlowNetError) {
        for layer in try find(names) {
            layer.core.register(name)
            if bound.contains(name) { layer.core.bind(name) }
        }
    }

    /// Makes `name` that of a broadcast whose hub is here: members elsewhere find it by their directories.
    ///
    /// - Throws: ``FlowNetError/noLayer(_:)``.
    public func registerBroadcast(_ name: String, in names: String...) throws(FlowNetError) {
        for layer in try find(names) { layer.core.registerBroadcast(name) }
    }

    /// No longer answers requests for `name`; its flows stay.
    public func unregister(_ name: String) { for layer in layers { layer.core.unregister(name) } }

    /// Flows for `name` are accepted here, wherever it is, or will be, registered.
    public func bind(_ name: String) {
        bound.insert(name)
        for layer in layers { layer.core.bind(name) }
    }

    /// Registers and binds at once.
    ///
    /// - Throws: ``FlowNetError/noLayer(_:)``.
    public func serve(_ name: String, in names: String...) throws(FlowNetError) {
        for layer in try find(names) { layer.core.register(name) }
        bind(name)
    }

    private func find(_ names: [String]) throws(FlowNetError) -> [FlowLayer] {
        guard !names.isEmpty else { return layers }
        var found: [FlowLayer] = []
        for name in names {
            guard let layer = layer(name) else { throw .noLayer(name) }
            found.append(layer)
        }
        return found
    }

    // MARK: Flows

    /// Asks for a flow to `name`, in the first layer whose directory knows it.
    ///
    /// - Parameters:
    ///   - name: who is asked.
    ///   - qos: what is promised.
    ///   - timeout: seconds in which an answer must come.
    ///   - data: goes with the request; the acceptor finds it in ``Flow/data``.
    /// - Returns: a flow that is pending, or over already: refused, where nobody knows the name.
    @discardableResult public func alloc(
        _ name: String, qos: QoSSpec = .raw, timeout: Double = patience, data: [UInt8] = []
    ) -> Flow {
        let flow = Flow(of: self)
        alloc(flow, name, qos: qos, timeout: timeout, data: data)
        return flow
    }

    func alloc(_ flow: Flow, _ name: String, qos: QoSSpec, timeout: Double, data: [UInt8], joins: Bool = false) {
        (flow.name, flow.qos, flow.state, flow.phase) = (name, qos, .pending, .over)
        guard timeout >= 0 else { return flow.finish(.noAnswer, .down) }
        let hash = hash(name)
        for layer in layers {
            if joins, let group = layer.core.names[hash]?.group {
                return layer.core.joinHere(flow, group, qos: qos)
            }
            guard let peer = layer.directory[name] else { continue }
            return layer.core.alloc(flow, name, hash, at: peer, qos: qos, timeout: timeout, data: data, joins: joins)
        }
        flow.finish(.refused(.unknownName), .down)
    }

    /// The hash of a name, which is reckoned once.
    private func hash(_ name: String) -> NameHash {
        if let hash = hashes[name] { return hash }
        if hashes.count >= 4096 { hashes = [:] }
        let hash = NameHash(name)
        hashes[name] = hash
        return hash
    }

    /// Takes part in a broadcast: what one member writes, every other reads once. Not on Ouroboros' UDP layer.
    ///
    /// - Parameters:
    ///   - name: of the broadcast.
    ///   - qos: what is promised.
    ///   - timeout: seconds in which the hub must answer.
    @discardableResult public func join(_ name: String, qos: QoSSpec = .raw, timeout: Double = patience) -> Flow {
        let flow = Flow(of: self)
        alloc(flow, name, qos: qos, timeout: timeout, data: [], joins: true)
        return flow
    }

    /// Accepts the oldest request for a bound name; nil if none waits.
    ///
    /// - Parameter data: goes with the answer; the asker finds it in ``Flow/data``. At most ``FlowLimits/data`` bytes
    ///   of it.
    public func accept(data: [UInt8] = []) -> Flow? { takeOffer(data) }

    func takeOffer(_ data: [UInt8]) -> Flow? {
        for layer in layers {
            guard let flow = layer.core.nextOffer() else { continue }
            flow.net = self
            layer.core.accept(flow, data: Array(data.prefix(layer.core.limits.data)))
            return flow
        }
        return nil
    }

    /// Refuses the oldest request for a bound name; false if none waits.
    @discardableResult public func deny(_ number: Int32 = 1) -> Bool {
        for layer in layers {
            guard let flow = layer.core.nextOffer() else { continue }
            layer.core.deny(flow, .denied(number))
            return true
        }
        return false
    }

    /// Ends a flow: the same as ``Flow/dealloc()``.
    public func dealloc(_ flow: Flow) { flow.dealloc() }
}

/// What cannot be done with a ``FlowNet``.
public enum FlowNetError: Error, Hashable, Sendable {
    /// There is no layer of this name.
    case noLayer(String)
}
