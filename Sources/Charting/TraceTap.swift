import Doing
import Wiring

/// Writes what passes a real transport into a ``Trace``: one event a datagram.
///
/// ```swift
/// let trace = Trace()
/// let wire = Tapped(try UDPPeer(port: 5501), TraceTap(trace, "red", at: red))
/// ```
public final class TraceTap: Tap {
    private let trace: Trace
    private let lane: Trace.Lane
    private let marks: TraceEvent.Marks
    /// The address at this end; set it once it is known, as after a peer at port 0 has opened.
    public var local: Address

    /// - Parameters:
    ///   - trace: where it writes.
    ///   - name: the name of the lane, and of the address if there is one.
    ///   - local: the address at this end.
    ///   - isStream: what it sees are bytes of a stream, as a `TappedStream` has them, and no datagrams.
    public init(_ trace: Trace, _ name: String, at local: Address = .none, isStream: Bool = false) {
        self.trace = trace
        marks = isStream ? .stream : []
        self.local = local
        lane = trace.lane(name)
        if !local.isNone { trace.name(local, name) }
    }

    public func see(_ bytes: RawSpan, _ train: Train, _ direction: TapDirection, at tyme: Tyme) {
        let kind: TraceEvent.Kind = direction == .tx ? .sent : .received
        let event = TraceEvent(kind, at: tyme, lane: lane, local: local, peer: train.peer, marks: marks)
        train.forEachDatagram(of: bytes) { trace.record(event, $0) }
    }
}
