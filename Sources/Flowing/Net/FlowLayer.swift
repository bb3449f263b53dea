import Doing
import Wiring

/// A layer of a ``FlowNet``: a core, the one doer that drives it, and a directory of names.
public final class FlowLayer {
    /// Its name, for `register(_:in:)`.
    public let name: String
    /// The protocol.
    public let core: FlowCore
    /// What drives it.
    public let doer: Doer
    /// Where names are served.
    public let directory: FlowDirectory

    /// A layer over a transport: `ouroborosUDP023` over UDP, or one of our own over anything.
    ///
    /// - Parameters:
    ///   - name: for `register(_:in:)`; the name of one layer of a net only.
    ///   - core: the protocol.
    ///   - wire: what it rides on.
    ///   - directory: where names are served.
    ///   - burst: room for one train; share one among the doers of a doist.
    public convenience init<Wire: DatagramTransport>(
        _ name: String, _ core: FlowCore, over wire: Wire, directory: FlowDirectory = FlowDirectory(),
        burst: Burst = Burst()
    ) {
        self.init(name, core, drivenBy: CoreDoer(core, over: wire, burst: burst), directory: directory)
    }

    /// A layer whose core is driven by `doer`, maybe through another core: `OverMemos(core, by: memoer)`.
    ///
    /// The layer takes the doer's `onEvent`.
    public init<Core: DatagramCore, Wire: DatagramTransport>(
        _ name: String, _ core: FlowCore, drivenBy doer: CoreDoer<Core, Wire>,
        directory: FlowDirectory = FlowDirectory()
    ) where Core.Event == FlowNotice {
        (self.name, self.core, self.doer, self.directory) = (name, core, doer, directory)
        core.owner = doer
        doer.onEvent = { doer, notice, _ in
            core.tell(notice)
            doer.core.unblock()  // the doer learns that its core has changed
        }
    }

    /// A layer in this process: whoever serves a name there is found at once.
    public static func local(
        _ name: String = "local", random: Xoshiro256 = Xoshiro256(seed: 0), burst: Burst = Burst()
    ) -> FlowLayer {
        let core = FlowCore(.own, random: random)
        let directory = FlowDirectory { _ in LocalTransport.address }
        return FlowLayer(name, core, over: LocalTransport(), directory: directory, burst: burst)
    }
}

extension FlowCore {
    /// Calls whoever wants to be called.
    func tell(_ notice: FlowNotice) {
        isTelling = true
        defer { isTelling = false }
        guard let flow = notice.flow else { return onOffer?() ?? () }
        flow.onEvent?(flow, notice.type)
    }

    /// Answers requests for `name`; nobody accepts flows for it before ``bind(_:)``.
    public func register(_ name: String) {
        let hash = NameHash(name)
        if names[hash] == nil { names[hash] = FlowName(text: name) }
    }

    /// No longer answers requests for `name`; its flows stay.
    public func unregister(_ name: String) { names[NameHash(name)] = nil }

    /// Makes `name` that of a broadcast with its hub here.
    public func registerBroadcast(_ name: String) {
        let hash = NameHash(name)
        if names[hash]?.group == nil { names[hash] = FlowName(text: name, group: FlowGroup()) }
    }

    /// Flows for `name` are accepted here, if it is registered.
    ///
    /// - Returns: whether it is.
    @discardableResult public func bind(_ name: String) -> Bool {
        let hash = NameHash(name)
        guard names[hash] != nil, names[hash]?.group == nil else { return false }
        names[hash]!.isBound = true
        return true
    }
}
