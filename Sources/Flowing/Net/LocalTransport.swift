import Doing
import Wiring

/// A transport that gives back what it was sent: what a local layer of flows rides on, both ends in one process.
///
/// Nothing is lost. It has no room for more than its limit until its owner has received.
public final class LocalTransport: DatagramTransport {
    /// The address of both ends.
    public static let address = Address.host(0)
    /// Bytes that are under way at most.
    public static let room = 4 << 20

    private var bytes: [UInt8] = []
    private var firstByte = 0
    /// A train's bytes and its segment.
    private var trains: [(count: Int, segment: Int)] = []
    private var firstTrain = 0
    private weak var owner: Doer?
    private var isOpen = false
    public private(set) var statistics = TransportStatistics()

    /// A transport that is not open.
    public init() {}

    public let limits = TrainLimits(segments: 64, bytes: 65_472, datagram: 65_472)
    public var readiness: Readiness { .wakes }
    public var isEmpty: Bool { firstTrain == trains.count }

    public func open(for doer: Doer?) throws(TransportError) {
        owner = doer
        isOpen = true
    }

    public func close() {
        isOpen = false
        (bytes, firstByte, trains, firstTrain) = ([], 0, [], 0)
    }

    public func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        guard isOpen else { throw .notOpen(subject: "local transport") }
        guard firstTrain < trains.count else { return nil }
        let train = trains[firstTrain]
        out.append(contentsOf: bytes.span.bytes.extracting(firstByte..<firstByte + train.count))
        (firstByte, firstTrain) = (firstByte + train.count, firstTrain + 1)
        let whole = Train(peer: Self.address, segment: train.segment)
        statistics.received.count(whole.count(of: train.count), bytes: train.count)
        if firstTrain == trains.count {
            bytes.removeAll(keepingCapacity: true)
            trains.removeAll(keepingCapacity: true)
            (firstByte, firstTrain) = (0, 0)
        }
        return whole
    }

    public func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        guard isOpen else { throw .notOpen(subject: "local transport") }
        guard train.peer == Self.address else {
            statistics.refused += 1
            return Sending(taken: 0, .refused(Refusal(.badAddress)))
        }
        guard self.bytes.count < Self.room else {
            statistics.full += 1
            return Sending(taken: 0, .full)
        }
        self.bytes.append(contentsOf: bytes)
        trains.append((bytes.byteCount, train.segment))
        statistics.sent.count(train.count(of: bytes.byteCount), bytes: bytes.byteCount)
        owner?.wake()
        return Sending(taken: bytes.byteCount)
    }
}
