import Containers
import Doing
import Wiring

/// One direction between two hosts, or from a host to itself.
struct WayState {
    var model: LinkModel
    let from: Int32
    let to: Int32
    /// Datagrams sent so far: the number of the next one.
    var number: UInt64 = 0
    /// The link does nothing beyond its model, and nobody looks at its datagrams.
    var isPlain = true
    /// Who was found last at which port, as long as nobody came or went since.
    var foundPort: UInt16 = 0
    var found: Socket?
    var foundAt: UInt64 = .max
    var statistics = SimStatistics()
    /// It is cut, or holds what is sent, by hand.
    var isCut = false
    var isHeld = false
    /// What is held until it is released: first and last, or -1.
    var heldHead: Int32 = -1
    var heldTail: Int32 = -1
    /// Some fault may cut it, so that arrivals are looked at.
    var hasCuts = false
}

/// What the network keeps of a ``SimPeer`` while it is open, in memory of the peer's own.
typealias Socket = Handle<SocketState>

/// See ``Socket``.
struct SocketState {
    let host: Int32
    let port: UInt16
    /// Bytes that the receive buffer holds.
    let bufferLimit: Int
    var isOpen = false
    /// The doer that is woken when something arrives. Peers outlive doers.
    weak var owner: Doer?
    /// The receive buffer: first and last, or -1.
    var head: Int32 = -1
    var tail: Int32 = -1
    var queued = 0
    /// Something arrived in the pass under way.
    var isTouched = false
    /// Where the last train went, and by which way.
    var lastPeer = Address.none
    var lastWay: Int32 = -1
    var statistics = TransportStatistics()
    var bufferDrops = 0
    /// When it is worth to try again what was not possible: to send, or to read for a slow reader.
    var retryAt = Micros.never
    /// When a slow reader may read again.
    var nextRead = Int64.min
}

/// What the network touches with every datagram: in raw memory, so that no access to it is checked.
struct NetState {
    var flights: Flights
    var ways = RawList<WayState>()
    /// Host n stands at n - 1.
    var hosts = RawList<HostState>()
    /// Who got something in the pass under way, in order.
    var touched = RawList<Socket>()
    /// When the net runs next if nothing is sent: ``Micros/never`` for never, `Int64.min` while it runs or was woken.
    var parkedUntil = Int64.min
    /// Counts up whenever a peer opens or closes.
    var bindings: UInt64 = 0
    /// Datagrams sent so far in the whole network.
    var number: UInt64 = 0

    init(memoryLimit: Int) { flights = Flights(limit: memoryLimit) }

    mutating func free() {
        flights.free()
        ways.free()
        hosts.free()
        touched.free()
    }
}
