import Containers
import Doing
import Wiring

/// A control segment that waits to be sent. `echo` are the cookies of the segment that is answered, encoded: a session
/// that has ended has no others.
enum Control {
    case reportAck(LTPSession, serial: UInt64, echo: [UInt8])
    case cancelAck(LTPSession, of: LTPEnd, echo: [UInt8])
    /// A report of the import in this row, if it is still this session.
    case report(Int32, LTPSession, place: Int)
    /// The cancellation of the session in this row, if it still is this session.
    case cancel(Int32, LTPSession, by: LTPEnd)
}

extension Control {
    /// What it acknowledges, if it does.
    var ack: WaitingAck? {
        switch self {
        case .reportAck(let id, let serial, _): .report(id, serial)
        case .cancelAck(let id, let end, _): .cancel(id, end)
        case .report, .cancel: nil
        }
    }
}

/// An export by its row, if it still is the one of this number.
struct ExportEntry {
    var row: Int32
    var number: UInt64
}

/// An acknowledgement that waits to be sent: of which report, or of the cancellation by which end.
enum WaitingAck: Hashable {
    case report(LTPSession, UInt64)
    case cancel(LTPSession, LTPEnd)
}

/// What an engine knows of a peer.
struct PeerRow {
    var peer: LTPPeer
    /// The host of its address, whatever the port.
    var host: Address
    var counters = LTPCounters()
    /// Control segments, which go before data.
    var control = Fifo<Control>()
    /// Acknowledgements among them. Who repeats a segment because its acknowledgement still waits here gets no second
    /// one: else a queue that is longer than a timer would grow by what it is late with, for ever.
    var acks: Set<WaitingAck> = []
    /// What authentication needs, if there is any.
    var security: PeerSecurity?
    /// Exports with something to send, in turn.
    var sending = Fifo<ExportEntry>()
    /// Blocks that have no session yet.
    var waiting = Fifo<ExportEntry>()
    var exports = 0
    /// Red bytes that have left and that no report has told of.
    var unreported: UInt64 = 0
    var imports = 0
    var importBytes = 0
    /// Imports with one segment so far, the oldest first: those that go first when the table is full.
    var embryos = Fifo<(row: Int32, session: LTPSession)>()

    /// Whether it stands in the queue of peers with something to send.
    var isReady = false
    /// The transport has no room for it.
    var isBlocked = false
    /// This engine may send to it; it sends to this engine.
    var sends = true
    var hears = true
    var rate: Double?
    /// Bytes that may leave now, where there is a rate.
    var credit: Double
    var creditAt = -Tyme.infinity
    /// The credit was used up: what has come since counts in full, however long a tick is.
    var isStarved = false

    init(_ peer: LTPPeer) {
        self.peer = peer
        host = peer.address.with(port: 0)
        rate = peer.rate
        credit = Double(peer.burst)
        security = peer.authentication.map { PeerSecurity($0) }
    }

    /// Takes on what was changed of the peer.
    mutating func update(_ peer: LTPPeer) {
        self.peer = peer
        host = peer.address.with(port: 0)
        rate = peer.rate
        credit = min(credit, Double(peer.burst))
        security = peer.authentication.map { PeerSecurity($0) }
    }

    /// Whether its segments need no extensions.
    @inline(__always) var isPlain: Bool { security == nil && peer.cookieBytes == 0 }

    var hasMore: Bool { !control.isEmpty || !sending.isEmpty }

    /// Red bytes that may leave for the first time.
    @inline(__always) var allowance: UInt64 {
        guard let window = peer.window else { return .max }
        return UInt64(window) > unreported ? UInt64(window) - unreported : 0
    }

    /// What a segment that leaves now is waited for.
    func timing(at tyme: Tyme) -> Timing {
        Timing(
            now: tyme, answerLeaves: tyme + peer.lightTime + peer.margin, deadline: tyme + peer.timeout,
            isSuspended: !hears, retries: peer.retries)
    }

    /// Brings the credit up to `tyme`.
    mutating func refill(at tyme: Tyme) {
        guard let rate else { return }
        guard creditAt > -.infinity else { return creditAt = tyme }
        guard tyme > creditAt else { return }
        let span = isStarved ? min(tyme - creditAt, 0.25) : tyme - creditAt
        let most = isStarved ? max(Double(peer.burst), rate * span) : Double(peer.burst)
        credit = min(credit + rate * span, most)
        creditAt = tyme
    }

    /// When a datagram may leave again.
    func creditReturns(at tyme: Tyme) -> Tyme {
        guard let rate, credit <= 0 else { return tyme }
        // What control segments have borrowed, they need not pay back as a whole before the next may leave.
        let lacking = control.isEmpty ? -credit : -credit - Double(peer.burst)
        return max((tyme + lacking / rate).nextUp, tyme.nextUp)
    }
}
