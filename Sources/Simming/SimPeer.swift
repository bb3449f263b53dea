import Containers
import Doing
import Wiring

/// A datagram peer of a simulated network: the same face as a real one.
///
/// ``SimHost/peer(port:buffer:)`` makes it. Whoever drives it is woken when something has arrived. Datagrams that came
/// one behind the other from one sender and are equally long are received as one train.
public final class SimPeer: DatagramTransport {
    /// Bytes of the longest datagram, as UDP has it.
    public static let largestDatagram = 65_507
    /// Bytes of the longest train.
    public static let largestTrain = 65_535
    /// Datagrams in one train at most.
    public static let mostInTrain = 64
    /// Bytes of the receive buffer where nothing else is said.
    public static let defaultBuffer = 4 << 20

    /// The host that it belongs to.
    public let host: SimHost
    /// Where datagrams come from and go to.
    public let address: Address
    private let net: SimNet
    private let socket: Socket

    init(host: SimHost, port: UInt16, buffer: Int) {
        precondition(buffer > 0, "receive buffer of \(buffer) bytes: expected at least 1")
        self.host = host
        net = host.net
        address = .host(UInt64(host.number), port: port)
        socket = .allocate()
        socket.initialize(to: SocketState(host: Int32(host.number), port: port, bufferLimit: buffer))
    }

    deinit {
        close()
        socket.free()
    }

    public let limits = TrainLimits(segments: mostInTrain, bytes: largestTrain, datagram: largestDatagram)

    /// It wakes its doer when something arrives, and when there is room again.
    public var readiness: Readiness { .wakes }

    public var statistics: TransportStatistics { socket.pointee.statistics }

    /// Datagrams that the receive buffer had no room for. One counts its bytes and 64 more.
    public var bufferDrops: Int { socket.pointee.bufferDrops }

    /// Bytes in the receive buffer, each datagram counting 64 more.
    public var bufferedBytes: Int { socket.pointee.queued }

    /// Whether it is at its port.
    public var isOpen: Bool { socket.pointee.isOpen }

    /// Takes its port.
    ///
    /// - Parameter doer: who is woken when something arrives; held weakly.
    /// - Throws: `TransportError.badValue` if another peer of the host has the port, or if the doer would wait for
    ///   ever, since the net is in no doist that has entered.
    public func open(for doer: Doer?) throws(TransportError) {
        if doer != nil { try net.requireScheduled(for: description) }
        if !isOpen {
            guard net.bind(socket) else {
                throw .badValue(
                    name: "port", value: "\(address.port)", allowed: "one that no open peer of \(host.name) has")
            }
            socket.pointee.isOpen = true
        }
        socket.pointee.owner = doer
    }

    /// Leaves its port. What it has not received is lost.
    public func close() {
        guard isOpen else { return }
        socket.pointee.isOpen = false
        socket.pointee.owner = nil
        net.unbind(socket)
    }

    /// Whether nothing has arrived that was not received.
    public var isEmpty: Bool {
        socket.pointee.head < 0 && socket.pointee.retryAt == Micros.never && socket.pointee.isOpen
    }

    public func receive(into out: inout OutputRawSpan, at tyme: Tyme) throws(TransportError) -> Train? {
        guard isOpen else { throw .notOpen(subject: description) }
        return net.receive(from: socket, into: &out, at: tyme)
    }

    public func send(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) throws(TransportError) -> Sending {
        guard isOpen else { throw .notOpen(subject: description) }
        return net.send(bytes, train, from: socket, at: tyme)
    }

    /// When what was refused, or held back from a slow reader, is worth another try.
    public var wakeTyme: Tyme? {
        let retryAt = socket.pointee.retryAt
        return retryAt < Micros.never ? Micros.tyme(of: retryAt) : nil
    }

    public func describe(_ address: Address) -> String { net.describe(address) }
}

extension SimPeer: CustomStringConvertible {
    /// `red:1`
    public var description: String { net.describe(address) }
}
