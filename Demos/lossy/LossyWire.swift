import Charting
import DemoKit
import Doing
import Simming
import Wiring

/// A real transport behind a bad link, with a trace that says of each datagram what became of it.
///
/// It sends datagram by datagram, since it learns of a loss only from the count of the link.
final class LossyWire<Base: DatagramTransport>: DatagramTransport {
    /// What both ends know of what is on its way, so that what arrives is told from another sending of the same bytes.
    final class Journal {
        fileprivate var next: UInt64 = 1
        fileprivate var flying: [[UInt8]: [UInt64]] = [:]
    }

    private let faulty: Faulty<Base>
    private let journal: Journal
    private let trace: Trace
    private let lane: Trace.Lane
    /// The address at this end, once it is known.
    var local = Address.none
    /// The transport that does the work.
    var base: Base { faulty.base }

    init(_ base: Base, link: SimLink, seed: UInt64, trace: Trace, name: String, journal: Journal) throws {
        faulty = try Faulty(base, link: link, seed: seed)
        self.journal = journal
        self.trace = trace
        lane = trace.lane(name)
    }

    var limits: TrainLimits { TrainLimits(segments: 1, bytes: faulty.limits.bytes, datagram: faulty.limits.datagram) }
    var readiness: Readiness { faulty.readiness }
    var statistics: TransportStatistics { faulty.statistics }
    func open(for doer: Doer?) throws(TransportError) { try faulty.open(for: doer) }
    func close() { faulty.close() }
    func roomDescriptor(whileBlocked isBlocked: Bool) -> Int32? { faulty.roomDescriptor(whileBlocked: isBlocked) }
    func clearRoom() { faulty.clearRoom() }
    var wakeTyme: Tyme? { faulty.wakeTyme }
    func describe(_ address: Address) -> String { faulty.describe(address) }

    func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        guard let train = try faulty.receive(into: &out, at: tyme) else { return nil }
        train.forEachDatagram(of: out.bytes) { datagram in
            var event = TraceEvent(.received, at: tyme, lane: lane, local: local, peer: train.peer)
            let key = datagram.withUnsafeBytes { Array($0) }
            if let flights = journal.flying[key], let flight = flights.first {
                event.flight = flight
                // The last number stays for a second copy.
                if flights.count > 1 { journal.flying[key]?.removeFirst() }
            }
            trace.record(event, datagram)
        }
        return train
    }

    func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        let before = faulty.traffic
        let sending = try faulty.send(bytes, train, at: tyme)
        let after = faulty.traffic
        guard after.sent > before.sent else { return sending }
        let isGone = after.dropped > before.dropped
        var event = TraceEvent(.sent, at: tyme, lane: lane, local: local, peer: train.peer)
        event.fate = !isGone ? .none : after.queueFull > before.queueFull ? .queueFull : .lost
        event.flight = journal.next
        journal.next += 1
        if !isGone { journal.flying[bytes.withUnsafeBytes { Array($0) }, default: []].append(event.flight) }
        trace.record(event, bytes)
        return sending
    }
}
