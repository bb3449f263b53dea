import Charting
import Doing
import Wiring

/// A listener whose connections are shown to a trace, each in a lane of its own.
struct TracedListener<Base: StreamListener>: StreamListener {
    private var base: Base
    private let trace: Trace?
    private var count = 0

    /// - Parameters:
    ///   - base: does the work.
    ///   - trace: where what passes is noted; nil for nowhere.
    init(_ base: Base, _ trace: Trace?) {
        self.base = base
        self.trace = trace
    }

    var readiness: Readiness { base.readiness }
    var wakeTyme: Tyme? { base.wakeTyme }
    var address: Address { base.address }
    mutating func open(for doer: Doer?) throws(TransportError) { try base.open(for: doer) }
    mutating func close() { base.close() }

    mutating func accept(at tyme: Tyme) throws(TransportError) -> TappedStream<Base.Stream, TraceTap>? {
        guard let stream = try base.accept(at: tyme) else { return nil }
        count += 1
        return stream.traced(trace, "server \(count)")
    }
}

extension StreamTransport {
    /// The same stream, whose bytes are shown to a trace.
    func traced(_ trace: Trace?, _ name: String) -> TappedStream<Self, TraceTap> {
        TappedStream(self, trace.map { TraceTap($0, name, at: local, isStream: true) })
    }
}
