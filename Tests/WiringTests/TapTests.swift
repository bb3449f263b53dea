import Doing
import Testing

@testable import Wiring

/// A transport that hands out prepared trains and takes a set number of bytes.
struct Scripted: DatagramTransport {
    var incoming: [(train: Train, bytes: [UInt8])] = []
    var sendings: [Sending] = []
    var sentTrains: [[UInt8]] = []
    var limits = TrainLimits(segments: 4, bytes: 64, datagram: 16)
    var readiness = Readiness.polled
    var statistics = TransportStatistics()
    var isOpen = false
    var openError: TransportError?
    var receiveError: TransportError?
    /// Whether it tells that nothing is there, and how often it was asked for a train.
    var tellsEmpty = false
    var looks = 0

    var isEmpty: Bool { tellsEmpty && incoming.isEmpty }
    mutating func open(for doer: Doer?) throws(TransportError) {
        if let openError { throw openError }
        isOpen = true
    }
    mutating func close() { isOpen = false }
    mutating func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        looks += 1
        if let receiveError { throw receiveError }
        guard !incoming.isEmpty else { return nil }
        let (train, bytes) = incoming.removeFirst()
        out.append(contentsOf: bytes.span.bytes)
        return train
    }
    mutating func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        let sending = sendings.isEmpty ? Sending(taken: bytes.byteCount) : sendings.removeFirst()
        sentTrains.append((0..<sending.taken).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
        return sending
    }
}

@Suite("Taps")
struct TapTests {
    let peer = Address.host(1)

    @Test("a tapped transport is empty when its base says so")
    func empty() {
        var wire = Tapped(Scripted(), WireLog())
        #expect(!wire.isEmpty)
        wire.base.tellsEmpty = true
        #expect(wire.isEmpty)
        wire.base.incoming = [(Train(peer: peer, segment: 1), [1])]
        #expect(!wire.isEmpty)
    }

    @Test("a log shows what was received and what of a train was taken, a datagram a record")
    func log() throws {
        let log = WireLog()
        var wire = Tapped(Scripted(), log)
        let burst = Burst()
        wire.base.incoming = [(Train(peer: peer, segment: 2), [1, 2, 3]), (Train(peer: peer, segment: 0), [])]
        wire.base.sendings = [Sending(taken: 4, .full)]
        try burst.lend { (out: inout OutputRawSpan) throws(TransportError) in
            #expect(try wire.receive(into: &out, at: 0.5)?.segment == 2)
            out.removeAll()
            _ = try wire.receive(into: &out, at: 0.75)
            #expect(try wire.receive(into: &out, at: 0.75) == nil)
        }
        let bytes: [UInt8] = [9, 9, 8, 8, 7]
        #expect(try wire.send(bytes.span.bytes, Train(peer: peer, segment: 2), at: 1).outcome == .full)
        #expect(
            log.records == [
                .init(tyme: 0.5, direction: .rx, peer: peer, bytes: [1, 2]),
                .init(tyme: 0.5, direction: .rx, peer: peer, bytes: [3]),
                .init(tyme: 0.75, direction: .rx, peer: peer, bytes: []),
                .init(tyme: 1, direction: .tx, peer: peer, bytes: [9, 9]),
                .init(tyme: 1, direction: .tx, peer: peer, bytes: [8, 8]),
            ])
        log.clear()
        #expect(log.records.isEmpty)
    }

    @Test("a log keeps within its bound and counts what had to go")
    func bound() {
        let log = WireLog(directions: [.tx], limit: 1000)
        let bytes = [UInt8](repeating: 7, count: 36)
        for i in 0..<500 {
            log.see(bytes.span.bytes, Train(peer: peer, segment: 36), .tx, at: Double(i))
            log.see(bytes.span.bytes, Train(peer: peer, segment: 36), .rx, at: Double(i))
        }
        #expect(log.records.map(\.tyme) == (490..<500).map(Double.init))
        #expect(log.dropped == 490)
    }

    @Test("hio's text form has direction, peer and bytes on their lines")
    func text() {
        let record = WireLog.Record(tyme: 0, direction: .rx, peer: .host(2, port: 5), bytes: Array("hi".utf8))
        #expect(record.text == "\nrx host2:5:\nhi\n")
    }

    @Test("a closure sees each datagram; switched off, nobody does")
    func closure() throws {
        var seen: [Int] = []
        var wire = Tapped(Scripted(), ClosureTap { bytes, _, _, _ in seen.append(bytes.byteCount) })
        let bytes: [UInt8] = [1, 2, 3, 4, 5]
        _ = try wire.send(bytes.span.bytes, Train(peer: peer, segment: 2), at: 0)
        wire.tap = nil
        _ = try wire.send(bytes.span.bytes, Train(peer: peer, segment: 2), at: 0)
        #expect(seen == [2, 2, 1])
    }
}
